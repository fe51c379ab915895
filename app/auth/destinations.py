"""Where a person may be sent after signing in: a page of ours that a GET shows. Everything else becomes "/".

Addresses are never parsed and compared with our host, because parsers disagree; only listed characters are let through
and the path must be one of our own routes (catalogue A4).
"""

import re
from urllib.parse import unquote

from flask import current_app, url_for
from werkzeug.exceptions import HTTPException

from app.auth.guards import ACCESS, ADMINS, SIGNED_IN

HOME = "/"
LONGEST_TARGET = 1024
PATH = re.compile(r"/[A-Za-z0-9\-_.~!$&'()*+,;=:@%/]*")
QUERY = re.compile(r"[A-Za-z0-9\-_.~!$&'()*+,;=:@%/?]*")
BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
PLAIN_PATH = re.compile(r"[\x21-\x5b\x5d-\x7e]+")  # what a path may decode to: printable ASCII without \
DOT_SEGMENT = re.compile(r"(^|/)\.{1,2}(/|$)")


def safe_target(text: str | None) -> str:
    """`text` if it is one of our own pages, with its query, else "/"."""
    if not text or len(text) > LONGEST_TARGET:
        return HOME
    path, _, query = text.partition("?")
    return text if _is_clean_path(path) and _is_clean_query(query) and _is_page(unquote(path)) else HOME


def target_of(endpoint: str, **values: object) -> str:
    """The target that names one of our routes: its path, never with a host."""
    return url_for(endpoint, _external=False, **values)  # type: ignore[arg-type]


def _is_clean_path(path: str) -> bool:
    decoded = unquote(path)
    return (
        PATH.fullmatch(path) is not None
        and BROKEN_ESCAPE.search(path) is None
        and PLAIN_PATH.fullmatch(decoded) is not None
        and "%" not in decoded  # encoded twice: nothing of ours is
        and not any("//" in form or DOT_SEGMENT.search(form) for form in (path, decoded))
    )


def _is_clean_query(query: str) -> bool:
    return (
        QUERY.fullmatch(query) is not None
        and "//" not in query
        and BROKEN_ESCAPE.search(query) is None
        and CONTROL.search(unquote(query)) is None
    )


def _is_page(path: str) -> bool:
    """Whether a GET of this path shows a page for people who are signed in, or the front page."""
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:  # unknown, another method, or a redirect to the path with a slash more or less
        return False
    access = getattr(current_app.view_functions[endpoint], ACCESS, None)
    return access in (SIGNED_IN, ADMINS) or path == HOME
