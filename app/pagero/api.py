"""Pagero's API: paths and verbs (pagero-api.md, section 4). Knows nothing of accounts, connections or refreshing.

Refuses ids that are not letters, digits and dashes; answers of another shape; reading that changes something at Pagero
(documents/fetch is never called). A 401 is raised as PageroUnauthorized; tokens.access decides what follows.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import orjson

from app.errors import (
    NotFound,
    PageroBusy,
    PageroError,
    PageroFailed,
    PageroGarbled,
    PageroNotFound,
    PageroRefusedRequest,
)
from app.pagero import listings
from app.pagero.files import PageroFiles
from app.pagero.records import Document, DocumentPage, DocumentQuery, is_id
from app.pagero.statuses import api_fault
from app.pagero.tagged import Tagged, etag_of
from app.pagero.wire import Reply, Streamed, Wire
from app.settings import Settings

DOCUMENTS = "/document/v1/documents"
LIST, READ = "list documents", "read document"  # operations, as errors name them
JSON_BYTES = 5 * 1024 * 1024
TARGET_BYTES = 4 * 1024**3  # streamed: the limit ends what never ends, memory does not need it
LONGEST_PAUSE_SECONDS = 2
_PAUSE = (0.1, 0.4)  # seconds, drawn; also spreads what Retry-After would bring back at once
_REPEATABLE = frozenset({429, 502, 503, 504})
_TARGET_TYPES = "application/xml, application/pdf;q=0.9, */*;q=0.5"

T = TypeVar("T")


class PageroApi:
    """Calls with an access token. Every method raises PageroError subclasses; ids of another form raise NotFound."""

    def __init__(self, settings: Settings) -> None:
        self._total_seconds = settings.pagero_api_seconds
        self._wire = Wire(
            settings.pagero_api_url, settings.pagero_connect_seconds, settings.pagero_api_seconds, JSON_BYTES
        )
        self.files = PageroFiles(self)

    def documents(self, token: str, query: DocumentQuery) -> DocumentPage:
        """One page of documents, newest first as Pagero orders them."""
        return DocumentPage.from_json(_listed(self.read_json(token, DOCUMENTS, LIST, query.pairs())), query)

    def documents_json(self, token: str, query: DocumentQuery) -> bytes:
        """The same as Pagero wrote it: {"items": [objects], "meta": object}, other members dropped."""
        reply = self._reply(token, DOCUMENTS, LIST, query.pairs(), seconds=self._total_seconds)
        try:
            return listings.checked(reply.body)
        except ValueError:
            raise PageroGarbled(LIST, reply.status) from None

    def document(self, token: str, document_id: str) -> Document:
        """One document. Raises PageroNotFound when this account has none of that id."""
        return _same(self.read_json(token, _path(document_id), READ), document_id)

    def documents_tagged(
        self, token: str, query: DocumentQuery, etag: str | None, seconds: float
    ) -> Tagged[DocumentPage]:
        """The same as `documents`, or that what came under `etag` still holds, within `seconds`."""
        reply = self._reply(token, DOCUMENTS, LIST, query.pairs(), seconds=seconds, etag=etag)
        return _tagged(reply, LIST, lambda data: DocumentPage.from_json(_listed(data), query))

    def document_tagged(self, token: str, document_id: str, etag: str | None, seconds: float) -> Tagged[Document]:
        """The same as `document`, or that what came under `etag` still holds, within `seconds`."""
        reply = self._reply(token, _path(document_id), READ, (), seconds=seconds, etag=etag)
        return _tagged(reply, READ, lambda data: _same(data, document_id))

    def target_document(self, token: str, document_id: str) -> Streamed:
        """The document in its receiver's format, XML or PDF, as a stream to be closed. At most TARGET_BYTES."""
        path = f"{_path(document_id)}/targetdocument"
        try:
            return self._stream(token, path, _TARGET_TYPES)
        except PageroRefusedRequest as refusal:
            if refusal.status_seen != HTTPStatus.NOT_ACCEPTABLE:
                raise
        return self._stream(token, path, "*/*")

    def read_json(
        self,
        token: str,
        path: str,
        operation: str,
        query: tuple[tuple[str, str], ...] = (),
        seconds: float | None = None,
    ) -> dict[str, Any]:
        """The JSON object at a path, within `seconds` (PAGERO_API_SECONDS). Raises PageroError."""
        return _object(self._reply(token, path, operation, query, seconds=seconds or self._total_seconds), operation)

    def post(
        self,
        token: str,
        path: str,
        operation: str,
        *,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes],
        more_seconds: float = 0,
    ) -> Reply:
        """One POST, never repeated, and its 2xx answer. Raises PageroError; its `maybe_processed` tells what is known.

        On a line of its own: an idle one that Pagero has just closed would leave the outcome unknown for nothing.
        """
        reply = self._wire.exchange(
            "POST",
            path,
            operation=operation,
            headers=_headers(token, "*/*") | dict(headers),
            body=body,
            new_connection=True,
            seconds=self._total_seconds + more_seconds,
        )
        if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
            raise PageroGarbled(operation, reply.status)  # "see other" may be said of what was done
        if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            raise _fault(reply.status, reply.headers, operation)
        return reply

    def _reply(
        self,
        token: str,
        path: str,
        operation: str,
        query: tuple[tuple[str, str], ...],
        *,
        seconds: float,
        etag: str | None = None,
    ) -> Reply:
        headers = _headers(token, "application/json")
        if etag:
            headers["If-None-Match"] = etag
        return self._get(path, operation, query, headers, seconds)

    def _get(
        self,
        path: str,
        operation: str,
        query: tuple[tuple[str, str], ...],
        headers: Mapping[str, str],
        total_seconds: float,
    ) -> Reply:
        """A GET, repeated once after a short pause when Pagero is busy and does not ask for a longer one."""
        began = time.monotonic()
        reply = self._wire.exchange(
            "GET", path, operation=operation, query=query, headers=headers, seconds=total_seconds
        )
        if reply.status in _REPEATABLE and (pause := _pause(_fault(reply.status, reply.headers, operation))):
            seconds = total_seconds - (time.monotonic() - began) - pause
            if seconds > 0:
                time.sleep(pause)
                reply = self._wire.exchange(
                    "GET", path, operation=operation, query=query, headers=headers, seconds=seconds
                )
        still_holds = reply.status == HTTPStatus.NOT_MODIFIED and "If-None-Match" in headers
        if reply.status != HTTPStatus.OK and not still_holds:
            raise _fault(reply.status, reply.headers, operation)
        return reply

    def _stream(self, token: str, path: str, accept: str) -> Streamed:
        operation = "download document"
        streamed = self._wire.stream(
            "GET", path, operation=operation, headers=_headers(token, accept), limit_bytes=TARGET_BYTES
        )
        if streamed.status != HTTPStatus.OK:
            streamed.close()
            raise _fault(streamed.status, streamed.headers, operation)
        return streamed


def _object(reply: Reply, operation: str) -> dict[str, Any]:
    try:
        data = orjson.loads(reply.body)
    except ValueError:
        raise PageroGarbled(operation, reply.status) from None
    if not isinstance(data, dict):
        raise PageroGarbled(operation, reply.status)
    return data


def _listed(data: dict[str, Any]) -> dict[str, Any]:
    items, meta = data.get("items"), data.get("meta")
    if type(items) is not list or type(meta) is not dict or not all(type(item) is dict for item in items):
        raise PageroGarbled(LIST, HTTPStatus.OK)
    return {"items": items, "meta": meta}


def _same(data: dict[str, Any], document_id: str) -> Document:
    document = Document.from_json(data)
    if document.id != document_id:
        raise PageroGarbled(READ, HTTPStatus.OK)
    return document


def _tagged(reply: Reply, operation: str, read: Callable[[dict[str, Any]], T]) -> Tagged[T]:
    if reply.status == HTTPStatus.NOT_MODIFIED:
        return Tagged(None, None, 0)
    return Tagged(read(_object(reply, operation)), etag_of(reply), len(reply.body))


def _path(document_id: str) -> str:
    if not is_id(document_id):
        raise NotFound
    return f"{DOCUMENTS}/{document_id}"


def _headers(token: str, accept: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": accept}


def _fault(status: int, headers: Mapping[str, str], operation: str) -> PageroError:
    fault = api_fault(operation, status, headers)
    if isinstance(fault, PageroNotFound) and operation == LIST:
        return PageroRefusedRequest(operation, status)  # a list always exists: PAGERO_API_URL is wrong
    return fault


def _pause(fault: PageroError) -> float | None:
    """Seconds to wait before the one repeat, or None: do not repeat."""
    wait = fault.retry_after or 0
    if not isinstance(fault, PageroBusy | PageroFailed) or wait > LONGEST_PAUSE_SECONDS:
        return None
    return wait + random.uniform(*_PAUSE)  # noqa: S311  # spreads load, hides nothing
