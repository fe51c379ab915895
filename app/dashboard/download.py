"""A target document on its way through: streamed, always an attachment, never anything a browser would run.

Only listed headers pass. The first bytes are awaited before the answer begins, so that a refusal is still a page.
"""

import re
from collections.abc import Iterator
from itertools import chain

from flask import Response

from app.pagero.wire import Streamed

TYPES = {  # what may be named to the browser, and how such a file is called
    "application/xml": "xml",
    "text/xml": "xml",
    "application/pdf": "pdf",
    "application/json": "json",
    "application/zip": "zip",
}
UNKNOWN_TYPE = "application/octet-stream"
SANDBOXED = "sandbox; default-src 'none'; frame-ancestors 'none'"
LENGTH = re.compile(r"[0-9]{1,12}")
UNSAFE_NAME = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 80


def attachment(streamed: Streamed, document_id: str) -> Response:
    """The answer that passes `streamed` on and closes it at the end. Raises PageroError before the first byte."""
    try:
        beginning = next(streamed.chunks, b"")
    except BaseException:
        streamed.close()
        raise
    media_type = streamed.headers.get("content-type", "").partition(";")[0].strip().lower()
    answer = Response(_bytes(beginning, streamed.chunks), direct_passthrough=True)
    answer.headers["Content-Type"] = media_type if media_type in TYPES else UNKNOWN_TYPE
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename(document_id, media_type)}"'
    answer.headers["Content-Security-Policy"] = SANDBOXED
    answer.headers["X-Content-Type-Options"] = "nosniff"
    length = streamed.headers.get("content-length", "")
    if LENGTH.fullmatch(length):
        answer.headers["Content-Length"] = length
    answer.call_on_close(streamed.close)
    return answer


def taken_along(blocks: Iterator[bytes], name: str, content_type: str) -> Response:
    """A file of ours that grows while it is sent."""
    answer = Response(blocks, direct_passthrough=True)
    answer.headers["Content-Type"] = content_type
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Security-Policy"] = SANDBOXED
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def filename(document_id: str, media_type: str) -> str:
    """A name every system accepts: the document's id and what kind of file it is."""
    stem = UNSAFE_NAME.sub("-", document_id)[:LONGEST_NAME].strip(".-") or "document"
    return f"{stem}.{TYPES.get(media_type, 'bin')}"


def _bytes(beginning: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    return chain([beginning] if beginning else [], rest)
