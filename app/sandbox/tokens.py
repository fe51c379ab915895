"""Making access tokens, id_tokens and the token endpoint's answer, in the documented shape (pagero-api section 2.3)."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any
from uuid import uuid4

from app.sandbox.grants import Grant
from app.sandbox.world import World


def token_answer(
    world: World, grant: Grant, grant_type: str, *, old_refresh: str | None, state: str | None
) -> dict[str, Any]:
    """The JSON answer for `grant`, with the knobs applied. `old_refresh`: the token that was just presented, if any."""
    knobs = world.knobs
    access_token = _access_token(world, grant)
    refresh_token = _refresh_token(world, grant, old_refresh)
    answer: dict[str, Any] = {
        "id_token": None,
        "token_type": "bearer",
        "access_token": access_token,
        "refresh_token": refresh_token,
        "scope": "",
        "claims": "publicid",
        "expires_in": int(knobs.access_token_seconds),
    }
    if knobs.id_token and "openid" in grant.scope:
        answer["id_token"] = _id_token(world, grant, access_token, state)
    for name in ("id_token", "refresh_token", "access_token"):
        world.ledger.note(name, answer[name])
        if answer[name] is None:
            del answer[name]
    if knobs.token_answer_for in ("", grant_type):
        answer |= knobs.token_answer
        for name in knobs.token_answer_without:
            answer.pop(name, None)
    return answer


def _access_token(world: World, grant: Grant) -> str:
    """A JWT, or by knob an opaque token."""
    knobs, now = world.knobs, world.now()
    expires_at = now + knobs.access_token_seconds
    if knobs.opaque_access_tokens:
        token = f"_0XBPWQQ_{uuid4()}"
    else:
        claims = {
            "jti": str(uuid4()),
            "iss": world.config.issuer,
            "sub": grant.person.username,
            "aud": "pagero-api",
            "publicid": grant.person.publicid,
            "scope": " ".join(sorted(grant.scope)),
            "iat": int(now),
            "exp": int(expires_at),
            "purpose": "access_token",
        }
        token = world.keys.current.sign(_altered(claims, knobs.access_token_claims, knobs.access_token_claims_without))
    world.grants.issue_access(token, grant, expires_at)
    return token


def _refresh_token(world: World, grant: Grant, old: str | None) -> str | None:
    knobs = world.knobs
    if not (knobs.refresh_token_on_login if old is None else knobs.refresh_token_on_refresh):
        return None
    if old is not None and knobs.same_refresh_token:
        return old
    return world.grants.issue_refresh(grant)


def _id_token(world: World, grant: Grant, access_token: str, state: str | None) -> str:
    """OpenID Connect Core section 2, with Curity's usual claims."""
    knobs, now = world.knobs, int(world.now())
    claims: dict[str, Any] = {
        "iss": world.config.issuer,
        "aud": world.config.client_id,
        "azp": world.config.client_id,
        "sub": grant.person.username,
        "exp": now + 3600,
        "nbf": now,
        "iat": now,
        "auth_time": grant.auth_time,
        "jti": str(uuid4()),
        "acr": "urn:se:curity:authentication:html-form:sandbox",
        "amr": "urn:se:curity:authentication:html-form:sandbox",
        "at_hash": half_hash(access_token),
        "delegation_id": grant.id,
        "purpose": "id",
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    if state is not None:
        claims["s_hash"] = half_hash(state)
    claims = _altered(claims, knobs.id_token_claims, knobs.id_token_claims_without)
    if knobs.id_token_signature == "good":
        return world.keys.current.sign(claims)
    return world.keys.sign_badly(claims, knobs.id_token_signature)


def half_hash(text: str) -> str:
    """The left half of SHA-256, base64url: at_hash and s_hash (OpenID Connect Core section 3.1.3.6)."""
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).decode().rstrip("=")


def _altered(claims: dict[str, Any], extra: dict[str, Any], without: list[str]) -> dict[str, Any]:
    return {name: value for name, value in (claims | extra).items() if name not in without}
