"""Userinfo and the public keys."""

from flask import Blueprint, Response, g

from app.sandbox.bearer import caller
from app.sandbox.serving import as_json, served
from app.sandbox.world import the_world

blueprint = Blueprint("userinfo", __name__)


@blueprint.route("/oauth/v2/oauth-userinfo", methods=["GET", "POST"])
@served("userinfo")
def userinfo() -> Response:
    """OpenID Connect Core section 5.3. Refuses as the API does."""
    world = the_world()
    person = caller(world)
    g.call.person = person.username
    claims = {
        "sub": person.username,
        "publicid": person.publicid,
        "name": person.full_name,
        "preferred_username": person.username,
    }
    claims |= world.knobs.userinfo_claims
    return as_json({name: value for name, value in claims.items() if name not in world.knobs.userinfo_claims_without})


@blueprint.get("/oauth/v2/oauth-anonymous/jwks")
@served("jwks")
def jwks() -> Response:
    """RFC 7517 section 5."""
    return as_json(the_world().keys.jwks())
