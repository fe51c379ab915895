"""Pagero's files: paths and verbs (pagero-api.md, 4.1 to 4.4).

Refuses ids that are not letters, digits and dashes. A POST is sent once: whoever gets a fault whose `maybe_processed`
is true has to look whether it had its effect. Parts are asked for without the Status filter, which would make "none"
mean two things (section 6, row 24).
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from app.errors import NotFound, PageroGarbled
from app.pagero.file_records import File, FilePage, FileParts
from app.pagero.multipart import Multipart, Payload
from app.pagero.records import is_id

if TYPE_CHECKING:
    from app.pagero.api import PageroApi

FILES = "/file/v1/files"
FILEPARTS = "/file/v1/fileparts"
MOST_PARTS = 100
SLOWEST_BYTES_PER_SECOND = 1_000_000
"""An upload slower than this is given up, and its outcome is then unknown."""


class PageroFiles:
    """Calls with an access token. Every method raises PageroError subclasses; ids of another form raise NotFound."""

    def __init__(self, api: "PageroApi") -> None:
        self._api = api

    def upload(self, token: str, payload: Payload, fields: dict[str, str]) -> File:
        """Send one file, once. Its id is never empty: an answer without one raises PageroGarbled."""
        operation = "upload file"
        form = Multipart(fields, payload)
        reply = self._api.post(
            token,
            FILES,
            operation,
            headers={"Content-Type": form.content_type, "Content-Length": str(form.length_bytes)},
            body=form.pieces(),
            more_seconds=payload.size_bytes / SLOWEST_BYTES_PER_SECOND,
        )
        file = File.from_json(_object(reply.body, operation, reply.status))
        if not file.id:
            raise PageroGarbled(operation, reply.status)
        return file

    def list(self, token: str, limit: int, offset: int = 0, seconds: float | None = None) -> FilePage:
        """Files, newest first in the order Pagero gives them. The path is by convention, nobody documents it."""
        operation = "list files"
        query = (("limit", str(limit)), ("offset", str(offset)))
        data = self._api.read_json(token, FILES, operation, query, seconds)
        return FilePage.from_json(_listed(data, operation), offset)

    def one(self, token: str, file_id: str, seconds: float | None = None) -> File:
        """One file. Raises PageroNotFound when this account has none of that id."""
        operation = "read file"
        file = File.from_json(self._api.read_json(token, f"{FILES}/{_checked(file_id)}", operation, (), seconds))
        if file.id != file_id:
            raise PageroGarbled(operation, HTTPStatus.OK)
        return file

    def parts(self, token: str, file_id: str, seconds: float | None = None) -> FileParts:
        """What of a file is not a document: at most 100 parts, and how many there are."""
        operation = "list fileparts"
        path = f"{FILES}/{_checked(file_id)}/fileparts"
        data = self._api.read_json(token, path, operation, (("limit", str(MOST_PARTS)),), seconds)
        return FileParts.from_json(_listed(data, operation))

    def act(self, token: str, part_id: str, action: str) -> None:
        """Restart or Cancel a stopped part, once. Any 2xx is done."""
        body = orjson.dumps({"action": action})
        headers = {"Content-Type": "application/json"}
        self._api.post(token, f"{FILEPARTS}/{_checked(part_id)}/action", "act on filepart", headers=headers, body=body)


def _checked(text: str) -> str:
    if not is_id(text):
        raise NotFound
    return text


def _object(body: bytes, operation: str, status: int) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except ValueError:
        raise PageroGarbled(operation, status) from None
    if not isinstance(data, dict):
        raise PageroGarbled(operation, status)
    return data


def _listed(data: dict[str, Any], operation: str) -> dict[str, Any]:
    items = data.get("items")
    if type(items) is not list or not all(type(item) is dict for item in items):
        raise PageroGarbled(operation, HTTPStatus.OK)
    return data
