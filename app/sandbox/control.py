"""The knobs and records under /_sandbox, for tests and ./dev. Answered only to callers on this machine."""

from typing import Any

from flask import Blueprint, Response, abort, request

from app.sandbox.people import PASSWORD, PEOPLE
from app.sandbox.serving import as_json
from app.sandbox.world import the_world

blueprint = Blueprint("control", __name__, url_prefix="/_sandbox")
LOOPBACK = ("127.0.0.1", "::1")


@blueprint.before_request
def only_here() -> None:
    """Refuse everybody who is not on the loopback interface."""
    if request.remote_addr not in LOOPBACK:
        abort(404)


@blueprint.errorhandler(ValueError)
def wrong(error: ValueError) -> Response:
    """A knob or fault that does not exist."""
    return as_json({"error": str(error)}, 400)


@blueprint.get("/health")
def health() -> Response:
    """That the sandbox answers."""
    return as_json({"status": "ok"})


@blueprint.get("/people")
def people() -> Response:
    """Who can sign in, of which companies."""
    return as_json(
        {
            "password": PASSWORD,
            "people": [
                {
                    "username": person.username,
                    "name": person.full_name,
                    "subject": person.username,
                    "publicid": person.publicid,
                    "companies": [{"id": company.id, "name": company.name} for company in person.companies],
                }
                for person in PEOPLE
            ],
        }
    )


@blueprint.get("/knobs")
def knobs() -> Response:
    """All knobs as they stand, and faults that wait."""
    world = the_world()
    return as_json(vars(world.knobs) | {"fail_next": world.faults.waiting()})


@blueprint.post("/knobs")
def turn() -> Response:
    """Change some; `fail_next` (one fault or a list) is added to the queue."""
    world = the_world()
    wanted = _body()
    faults = wanted.pop("fail_next", [])
    world.turn(wanted)
    _queue(faults)
    return knobs()


@blueprint.post("/fail-next")
def fail_next() -> Response:
    """Queue one fault: {"endpoint": "token", "kind": "answer", "status": 503, "count": 2, …}."""
    _queue(_body())
    return as_json({"fail_next": the_world().faults.waiting()})


@blueprint.post("/reset")
def reset() -> Response:
    """As at start. {"keep_grants": true} leaves people signed in and tokens good."""
    the_world().reset(keep_grants=bool(_body().get("keep_grants", False)))
    return as_json({})


@blueprint.get("/calls")
def calls() -> Response:
    """The record: ?endpoint=&grant_type=&person=&token=&since=<id>."""
    selected = the_world().calls.selected(request.args.get("endpoint"), int(request.args.get("since", "0")))
    for name in ("grant_type", "person", "token"):
        if name in request.args:
            selected = [call for call in selected if getattr(call, name) == request.args[name]]
    found = [call.as_json() for call in selected]
    return as_json({"count": len(found), "calls": found})


@blueprint.get("/counts")
def counts() -> Response:
    """How many calls of each endpoint are in the record."""
    return as_json(the_world().calls.counts())


@blueprint.get("/reuses")
def reuses() -> Response:
    """Codes and refresh tokens that came after their one use, and which refresh tokens came more than once."""
    grants = the_world().grants
    often = {token: times for token, times in grants.presented.items() if times > 1}
    return as_json({"count": len(grants.reuses), "reuses": grants.reuses, "presented_more_than_once": often})


@blueprint.get("/grants")
def grants() -> Response:
    """Whose grants live: {"person": {"live": n, "revoked": n}}."""
    return as_json(the_world().grants.summary())


@blueprint.post("/expire")
def expire() -> Response:
    """Let all access tokens, or those of {"person": …}, expire now."""
    return as_json({"expired": the_world().grants.expire_access(_body().get("person"))})


@blueprint.post("/revoke")
def revoke() -> Response:
    """End all grants of {"person": …} (of everybody without it), as when somebody revokes at Pagero."""
    return as_json({"revoked": the_world().grants.revoke_person(_body().get("person"))})


@blueprint.post("/rotate-keys")
def rotate_keys() -> Response:
    """Sign with a new key; {"keep_old": false} also withdraws the old one from the JWKS."""
    return as_json({"kid": the_world().keys.rotate(keep_old=bool(_body().get("keep_old", True)))})


def _body() -> dict[str, Any]:
    if not request.get_data():
        return {}
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - becomes a 400
    return body


def _queue(faults: Any) -> None:
    for fault in faults if isinstance(faults, list) else [faults]:
        the_world().faults.add(fault)
