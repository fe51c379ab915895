"""An answer of the API with what is needed to ask whether it still holds (ETag, RFC 9110, 8.8.3). Pure."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from app.pagero.wire import Reply

T = TypeVar("T")
LONGEST_ETAG = 200


@dataclass(frozen=True, slots=True)
class Tagged(Generic[T]):
    """A value as read, or None: what was read under the etag sent still holds."""

    value: T | None
    etag: str | None
    size_bytes: int
    """Of the body it was read from; 0 with None."""


def etag_of(reply: Reply) -> str | None:
    """The entity tag of an answer, when it is one that may be sent back."""
    etag = reply.headers.get("etag", "")
    whole = etag.removeprefix("W/")
    good = len(whole) > 2 and whole[0] == whole[-1] == '"' and len(etag) <= LONGEST_ETAG and etag.isascii()  # noqa: PLR2004
    return etag if good and etag.isprintable() else None
