"""Who signed in: from the id_token, else from the JWT access token, else from userinfo. Never from a guess.

Refuses an id_token that fails any check of OIDC Core, 3.1.3.7; once there is one, nothing else decides. Identities are
(issuer, subject), and the subject is `sub` wherever there is one, so that a person stays the same between the sources.
A publicid becomes the subject "publicid:…", which no `sub` may be: one person's number is not another's name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import structlog
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from app.errors import PageroError, SignInFailed
from app.pagero.oauth import TokenEndpoint
from app.pagero.records import TokenAnswer
from app.pagero.signatures import Keys, NotSigned, read_jwt
from app.pagero.texts import text_of
from app.settings import Settings

LEEWAY_SECONDS = 60
PUBLICID = "publicid:"
Source = Literal["id_token", "access_token", "userinfo"]
_NAMES = ("name", "preferred_username", "nickname", "email", "username")
_NAME_CHARACTERS = 255
_IDENTIFIER = re.compile("[^\\s\x00-\x1f\x7f-\x9f\ud800-\udfff]([^\x00-\x1f\x7f-\x9f\ud800-\udfff]{0,254})")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at Pagero: `subject` is unique within `issuer`. `display_name` is for pages, never for decisions."""

    issuer: str
    subject: str
    source: Source
    display_name: str | None


@dataclass(frozen=True, slots=True)
class _SignIn:
    answer: TokenAnswer
    nonce: str | None
    settings: Settings
    endpoint: TokenEndpoint
    now: datetime

    @property
    def keys(self) -> Keys | None:
        """None without PAGERO_JWKS_URL: then TLS to the token endpoint vouches (OIDC Core, 3.1.3.7, 6)."""
        return self.endpoint.jwks if self.settings.pagero_jwks_url else None


def identify(
    answer: TokenAnswer,
    *,
    nonce: str | None,
    settings: Settings,
    endpoint: TokenEndpoint,
    now: datetime,
    callback_iss: str | None,
) -> Identity:
    """The identity behind a token answer received just now.

    `nonce` is what was sent, None if `openid` was not asked for. `callback_iss` came through the browser and only leads
    to a warning. Raises SignInFailed (id_token_invalid, identity_missing; its detail tells the operator what to set),
    and PageroError when keys or userinfo are needed and cannot be had.
    """
    sign_in = _SignIn(answer, nonce, settings, endpoint, now)
    identity = _from_id_token(sign_in, answer.id_token) if answer.id_token is not None else _without_id_token(sign_in)
    if callback_iss is not None and callback_iss != identity.issuer:
        log.warning("sign_in.issuers_differ", callback=ascii(callback_iss[:200]), token=ascii(identity.issuer[:200]))
    return identity


def _from_id_token(sign_in: _SignIn, id_token: str) -> Identity:
    try:
        header, claims = read_jwt(id_token, sign_in.keys)
        _validate(sign_in, header, claims)
        identity = _identity(claims, _text(claims, "iss"), "id_token")
    except (NotSigned, JoseError) as error:
        raise SignInFailed("id_token_invalid", f"id_token: {error}") from None
    if identity is None:
        raise SignInFailed("id_token_invalid", "id_token: iss or sub is empty, too long or not a name")
    return _named_by_userinfo(sign_in, identity) if identity.display_name is None else identity


def _validate(sign_in: _SignIn, header: dict[str, Any], claims: dict[str, Any]) -> None:
    """OIDC Core, 3.1.3.7. Authlib checks the standard; stricter here: no second audience, no blank or odd values."""
    settings = sign_in.settings
    issuer = {"essential": True} | ({"value": settings.pagero_issuer} if settings.pagero_issuer else {})
    client_id = settings.pagero_client_id
    token = CodeIDToken(
        {name: value for name, value in claims.items() if name != "amr"},  # Curity's is a string; nothing here uses it
        header,
        options={"iss": issuer, "sub": {"essential": True}, "aud": {"essential": True, "value": client_id}},
        params={"nonce": sign_in.nonce, "client_id": client_id, "access_token": sign_in.answer.access_token},
    )
    token.validate(now=int(sign_in.now.timestamp()), leeway=LEEWAY_SECONDS)
    if claims["aud"] not in (client_id, [client_id]):
        raise NotSigned("aud names somebody else as well")
    if claims.get("azp", client_id) != client_id:
        raise NotSigned("azp is somebody else")
    if "at_hash" in claims and not _text(claims, "at_hash"):
        raise NotSigned("at_hash is empty")


def _named_by_userinfo(sign_in: _SignIn, identity: Identity) -> Identity:
    """The same person with a name, if userinfo has one. A name is not worth a failed sign-in; another `sub` is."""
    if not sign_in.settings.pagero_userinfo_url:
        return identity
    try:
        claims = sign_in.endpoint.userinfo(sign_in.answer.access_token)
    except PageroError as error:
        log.warning("sign_in.no_userinfo", fault=error.reason)
        return identity
    if claims.get("sub") != identity.subject:  # OIDC Core, 5.3.2
        raise SignInFailed("id_token_invalid", "userinfo is about another sub than the id_token")
    return Identity(identity.issuer, identity.subject, identity.source, _display_name(claims))


def _without_id_token(sign_in: _SignIn) -> Identity:
    reasons = ["no id_token came: add openid to PAGERO_SCOPE, or ask Pagero to allow it for this client"]
    for look in (_from_access_token, _from_userinfo):
        found = look(sign_in)
        if isinstance(found, Identity):
            return found
        reasons.append(found)
    raise SignInFailed("identity_missing", "; ".join(reasons))


def _from_access_token(sign_in: _SignIn) -> Identity | str:
    """The identity in a JWT access token, or why there is none. It came straight from the token endpoint over TLS."""
    try:
        _, claims = read_jwt(sign_in.answer.access_token, sign_in.keys)
    except NotSigned as error:
        return f"the access token cannot be read: {error}"
    expected, issuer = sign_in.settings.pagero_issuer, _text(claims, "iss")
    if expected and issuer and issuer != expected:
        return f"the access token's iss is {issuer[:200]!a}, PAGERO_ISSUER is another"
    identity = _identity(claims, issuer or _own_issuer(sign_in.settings), "access_token")
    return identity or "the access token has neither sub nor publicid"


def _from_userinfo(sign_in: _SignIn) -> Identity | str:
    if not sign_in.settings.pagero_userinfo_url:
        return "set PAGERO_USERINFO_URL"
    claims = sign_in.endpoint.userinfo(sign_in.answer.access_token)
    identity = _identity(claims, _own_issuer(sign_in.settings), "userinfo")
    return identity or "userinfo has neither sub nor publicid"


def _identity(claims: Mapping[str, Any], issuer: str, source: Source) -> Identity | None:
    subject = _subject(claims, source)
    if not _IDENTIFIER.fullmatch(subject) or not _IDENTIFIER.fullmatch(issuer):
        return None
    return Identity(issuer, subject, source, _display_name(claims))


def _subject(claims: Mapping[str, Any], source: Source) -> str:
    sub = _text(claims, "sub")
    if sub or source == "id_token":
        return "" if sub.startswith(PUBLICID) else sub
    publicid = claims.get("publicid")
    value = str(publicid) if type(publicid) is int else _text(claims, "publicid")
    return f"{PUBLICID}{value}" if _IDENTIFIER.fullmatch(value) else ""


def _own_issuer(settings: Settings) -> str:
    """For tokens that name none: PAGERO_ISSUER, else the origin of the token endpoint that gave them."""
    parts = urlsplit(settings.pagero_token_url)
    return settings.pagero_issuer or f"{parts.scheme}://{parts.netloc}"


def _display_name(claims: Mapping[str, Any]) -> str | None:
    texts = (text_of(claims[name], _NAME_CHARACTERS) for name in _NAMES if isinstance(claims.get(name), str))
    return next((text for text in texts if text), None)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
