"""Exceptions become answers here and nowhere else: a page for people, JSON for scripts, one log line.

A page never shows what the query said, needs no database, and if even its template fails a plain one takes its place.
"""

from html import escape
from typing import Any

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from sqlalchemy.exc import DataError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimedOut
from structlog import get_logger
from werkzeug.exceptions import HTTPException

from app.errors import AppError, RequestRefused, SignInFailed, StorageUnavailable

STORAGE_FAULTS = (OperationalError, InterfaceError, InternalError, PoolTimedOut)
# Any other status of Werkzeug's below 500 is "bad_request".
PAGES = {404: "not_found", 413: "too_large", 429: "too_many"}
SERVER_FAULT = 500
PLAIN_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>The page could not be shown. Request id: {request_id}</p>
<p><a href="/">Go to the start page</a></p></main></body></html>
"""

log = get_logger(__name__)


class Broken(AppError):
    """An exception nobody expected: a fault of this application."""


class Refused(AppError):
    """What Flask or Werkzeug refused before a view of ours ran."""

    def __init__(self, error: HTTPException) -> None:
        super().__init__(error.name)
        self.status = error.code or SERVER_FAULT
        self.page = PAGES.get(self.status, "bad_request" if self.status < SERVER_FAULT else "broken")
        self.reason = error.name.lower().replace(" ", "_")


def init_app(app: Flask) -> None:
    """Answer every exception of this application."""
    app.register_error_handler(AppError, _answer_known)
    app.register_error_handler(HTTPException, _answer_refusal)
    app.register_error_handler(Exception, _answer_unknown)
    app.register_error_handler(DataError, _answer_unstorable)
    for fault in STORAGE_FAULTS:
        app.register_error_handler(fault, _answer_storage)


def wants_json() -> bool:
    """Whether a script asks: under /api/, or by an Accept header that names JSON and prefers it to HTML."""
    accepted = request.accept_mimetypes
    return request.path.startswith("/api/") or accepted["application/json"] > accepted["text/html"]


def draw(problem: AppError) -> Response:
    """The answer that tells of a problem, without logging it."""
    answer = _as_json(problem) if wants_json() else _as_page(problem)
    answer.status_code = problem.status
    if problem.retry_after is not None:
        answer.headers["Retry-After"] = str(problem.retry_after)
    return answer


def _answer_known(problem: AppError) -> Response:
    write = log.error if problem.status >= SERVER_FAULT else log.info
    write("problem", kind=type(problem).__name__, reason=problem.reason, detail=_detail(problem), status=problem.status)
    return draw(problem)


def _answer_refusal(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:  # noqa: PLR2004 - a redirect to the path with its slash
        return error
    answer = _answer_known(Refused(error))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "www-authenticate", "retry-after"):
            answer.headers[name] = value
    return answer


def _answer_storage(error: Exception) -> Response:
    # Without the exception's text: it would repeat the statement.
    log.error("storage_fault", fault=type(error).__name__, cause=type(getattr(error, "orig", None)).__name__)
    return draw(StorageUnavailable())


def _answer_unstorable(error: Exception) -> Response:
    """A value no column takes, such as one with NUL in it: it came with the request."""
    log.error("value_unstorable", cause=type(getattr(error, "orig", None)).__name__)
    return draw(RequestRefused("value_unstorable"))


def _answer_unknown(error: Exception) -> Response:
    log.error("unexpected", fault=type(error).__name__, exc_info=error)
    return draw(Broken())


def _detail(problem: AppError) -> str:
    return problem.detail if isinstance(problem, SignInFailed) else str(problem)


def _as_json(problem: AppError) -> Response:
    return make_response(jsonify(error=problem.reason, request_id=g.get("request_id")))


def _as_page(problem: AppError) -> Response:
    known = {"problem": problem, "request_id": g.get("request_id"), "target": getattr(problem, "target", None)}
    try:
        return make_response(render_template(f"errors/{problem.page}.html", **known))
    except Exception:  # whatever breaks a page about a fault must not hide the fault
        log.exception("page_failed", page=problem.page)
        return make_response(_plain_page(problem))


def _plain_page(problem: AppError) -> str:
    title = "Something went wrong" if problem.status >= SERVER_FAULT else "This did not work"
    return PLAIN_PAGE.format(title=title, request_id=escape(str(g.get("request_id"))))
