"""Log lines: JSON, one per request and one per event, on standard output. The query of an address is never logged.

Standard-library loggers (urllib3, sqlalchemy, authlib, gunicorn) are written the same way. Redaction is the last step
before a line is made, also at LOG_LEVEL=DEBUG.
"""

import json
import logging
import re
import secrets
import sys
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import Any

import orjson
import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.processors import JSONRenderer, TimeStamper, add_log_level, format_exc_info
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from app.services import services
from app.settings import Settings
from app.web.addresses import client_address
from app.web.redaction import Redaction, masked

# What these loggers say at DEBUG holds addresses with queries, SQL values or PKCE verifiers.
QUIET = {
    "urllib3": logging.INFO,
    "authlib": logging.INFO,
    "sqlalchemy": logging.WARNING,
    "werkzeug": logging.WARNING,
    "psycopg": logging.WARNING,
}
GUNICORN = ("gunicorn.error", "gunicorn.access")
LONGEST_PATH = 300  # letters
REQUEST_ID_BYTES = 8
FOREIGN_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
FREQUENT_ENDPOINTS = frozenset({"static", "bootstrap.static", "health.live", "health.ready", "metrics.metrics"})


class Output:
    """Writes whole lines to what is standard output at that moment."""

    def msg(self, line: str) -> None:
        """Write one line."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    debug = info = warning = error = critical = fatal = failure = exception = log = msg


def configure_logging(settings: Settings) -> None:
    """Set up structlog and the standard library's logging for this process."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    ending: list[Processor] = [
        format_exc_info,
        TimeStamper(fmt="iso", key="at"),
        Redaction(settings),
        JSONRenderer(serializer=_json),
    ]
    structlog.configure(
        processors=[merge_contextvars, add_log_level, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: Output(),
        cache_logger_on_first_use=False,  # so that a second application of this process logs by its own settings
    )
    _route_standard_library(level, ending)


def init_app(app: Flask) -> None:
    """Name every request and write its line."""
    with app.app_context():
        level = logging.getLevelNamesMapping()[services().settings.log_level]
    app.before_request(_begin)
    app.after_request(partial(_end, level))


def _route_standard_library(level: int, ending: list[Processor]) -> None:
    handler = logging.StreamHandler(_CurrentOutput())
    before: list[Processor] = [merge_contextvars, add_log_level, structlog.stdlib.add_logger_name]
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=before, processors=[ProcessorFormatter.remove_processors_meta, *ending])
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(capture=True)
    for name, quiet in QUIET.items():
        logging.getLogger(name).setLevel(max(level, quiet))
    for name in GUNICORN:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


class _CurrentOutput:
    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def _json(event: Any, **_: Any) -> str:
    try:
        return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a character, or a number orjson does not know
        return json.dumps(event, default=str)


def _begin() -> None:
    request_id = _request_id()
    g.request_id = request_id
    g.started = perf_counter()
    clear_contextvars()
    bind_contextvars(request_id=request_id, remote_addr=client_address())


def _request_id() -> str:
    """Our own, unless a proxy we trust has named the request already."""
    if services().settings.trusted_hops:
        given = request.headers.get("X-Request-ID", "")
        if FOREIGN_REQUEST_ID.fullmatch(given):
            return given
    return secrets.token_hex(REQUEST_ID_BYTES)


def _end(level: int, answer: Response) -> Response:
    request_id = g.get("request_id", "")
    answer.headers["X-Request-ID"] = request_id
    endpoint = request.endpoint
    if level <= (logging.DEBUG if endpoint in FREQUENT_ENDPOINTS else logging.INFO):
        _write_line(answer, endpoint, request_id)
    return answer


def _write_line(answer: Response, endpoint: str | None, request_id: str) -> None:
    """Past structlog, because its way costs a small view a third of its time. The path alone could hold anything."""
    visitor = g.get("visitor")
    line = {
        "event": "request",
        "at": datetime.now(UTC).isoformat(),
        "level": "info",
        "request_id": request_id,
        "remote_addr": client_address(),
        "account_id": visitor.account_id if visitor else None,
        "method": request.method,
        "endpoint": endpoint,
        "path": masked(request.path[:LONGEST_PATH]),
        "status": answer.status_code,
        "milliseconds": round((perf_counter() - g.started) * 1000, 1),
    }
    sys.stdout.write(_json(line) + "\n")
    sys.stdout.flush()
