"""A list answer checked for its shape and passed on as it came, for scripts that want what Pagero sent.

Refuses what is not {"items": [objects], "meta": object}. The items are looked at, never built: building 25 documents
into objects and writing them out again was a tenth of a proxied view.
"""

import msgspec

OPENING_BRACE = ord("{")


class _Listing(msgspec.Struct):
    items: list[msgspec.Raw]
    meta: msgspec.Raw


class _Exactly(_Listing, forbid_unknown_fields=True):
    pass


_exactly = msgspec.json.Decoder(_Exactly)
_loosely = msgspec.json.Decoder(_Listing)


def checked(body: bytes) -> bytes:
    """The body itself, or without members beside items and meta if it has any. Raises ValueError for another shape."""
    body.decode()  # the decoder does not look into the texts it passes over
    try:
        listing, body = _read(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not all(_is_object(part) for part in (*listing.items, listing.meta)):
        raise ValueError("not objects")
    return body


def _read(body: bytes) -> tuple[_Listing, bytes]:
    try:
        return _exactly.decode(body), body
    except msgspec.ValidationError:
        listing = _loosely.decode(body)
        return listing, msgspec.json.encode(listing)


def _is_object(part: msgspec.Raw) -> bool:
    return memoryview(part)[0] == OPENING_BRACE
