"""Who is calling the token and revoke endpoints: client authentication by Basic header or by body, never by both.

Each half of the Basic value is form-urlencoded (RFC 6749 section 2.3.1).
"""

import base64
import binascii
import hmac
from urllib.parse import unquote_plus

from flask import Request

from app.sandbox.config import Config
from app.sandbox.errors import OAuthRefused


def form_of(request: Request) -> dict[str, str]:
    """The form, each parameter once. Raises OAuthRefused for repeats, query parameters and other content types."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise OAuthRefused("invalid_request", "the body must be application/x-www-form-urlencoded")
    if request.query_string:
        raise OAuthRefused("invalid_request", "parameters belong in the body")
    for name, values in request.form.lists():
        if len(values) > 1:
            raise OAuthRefused("invalid_request", f"parameter {name[:40]} was repeated")
    return {name: value for name, value in request.form.items() if value}


def authenticate(request: Request, form: dict[str, str], config: Config) -> str:
    """Check the client; answers how it authenticated, `basic` or `body`. Raises OAuthRefused."""
    header = request.headers.get("Authorization")
    in_body = "client_secret" in form
    if header is not None and in_body:
        raise OAuthRefused("invalid_request", "client credentials in the header and in the body")
    if header is not None:
        client_id, secret = _basic(header)
        if form.get("client_id", client_id) != client_id:
            raise OAuthRefused("invalid_request", "two different client ids")
    else:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    known = _same(client_id, config.client_id)
    if not (_same(secret, config.client_secret) and known):
        raise OAuthRefused("invalid_client", "unknown client or wrong secret", status=401)
    return "basic" if header is not None else "body"


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _basic(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise OAuthRefused("invalid_client", "unreadable Authorization header", status=401)
    return unquote_plus(client_id), unquote_plus(secret)
