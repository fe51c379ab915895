"""What the token endpoint refuses and what it answers."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.sandbox.config import Config
from app.sandbox.keys import Keys
from app.sandbox.world import World

from .conftest import CALLBACK, SECRET, VERIFIER, Pagero

ISSUER = "http://127.0.0.1:9400/oauth/v2/oauth-anonymous"


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def test_the_answer_has_the_documented_shape(pagero: Pagero) -> None:
    answer = pagero.exchange(pagero.code())
    assert answer.headers["Cache-Control"] == "no-store"
    members = answer.json or {}
    assert set(members) == {
        "id_token", "token_type", "access_token", "refresh_token", "scope", "claims", "expires_in",
    }  # fmt: skip
    assert (members["token_type"], members["scope"], members["claims"], members["expires_in"]) == (
        "bearer", "", "publicid", 600,
    )  # fmt: skip
    assert members["refresh_token"].startswith("_1XBPWQQ_")


def test_without_openid_there_is_no_id_token(pagero: Pagero) -> None:
    assert "id_token" not in pagero.sign_in(scope="all")
    assert "id_token" not in pagero.sign_in(scope=None)
    pagero.turn(id_token=False)
    assert "id_token" not in pagero.sign_in()


def test_tokens_are_signed_by_the_published_key(pagero: Pagero) -> None:
    members = pagero.sign_in()
    keys = KeySet.import_key_set(pagero.http.get("/oauth/v2/oauth-anonymous/jwks").json)
    access = jwt.decode(members["access_token"], keys, algorithms=["RS256"])
    assert {"kid", "x5t"} <= set(access.header)
    assert access.claims["sub"] == "anna"
    assert set(access.claims) >= {"publicid", "iss", "aud", "scope", "exp", "iat", "jti"}
    claims = jwt.decode(members["id_token"], keys, algorithms=["RS256"]).claims
    assert set(claims) >= {"sub", "exp", "iat", "nbf", "auth_time", "acr", "amr", "jti"}
    assert (claims["iss"], claims["aud"], claims["azp"], claims["nonce"]) == (
        ISSUER, "sandbox-client", "sandbox-client", "nonce-of-the-test",
    )  # fmt: skip
    half = hashlib.sha256(members["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")
    assert "s_hash" in claims


def test_a_code_works_once_and_its_reuse_revokes_what_it_gave(pagero: Pagero) -> None:
    code = pagero.code()
    members = pagero.exchange(code).json or {}
    again = pagero.exchange(code)
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")  # type: ignore[index]
    assert pagero.refresh(members["refresh_token"]).status_code == 400
    headers = {"Authorization": f"Bearer {members['access_token']}"}
    assert pagero.http.get("/document/v1/documents", headers=headers).status_code == 401
    assert pagero.http.get("/_sandbox/reuses").json["reuses"][0]["kind"] == "code"  # type: ignore[index]


def test_a_code_lives_sixty_seconds(pagero: Pagero) -> None:
    first, second = pagero.code(), pagero.code()
    pagero.turn(clock_offset_seconds=59)
    assert pagero.exchange(first).status_code == 200
    pagero.turn(clock_offset_seconds=61)
    assert pagero.exchange(second).status_code == 400


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": VERIFIER[:-1] + "A"}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
    ],
)
def test_a_wrong_exchange_is_refused(pagero: Pagero, wrong: dict[str, str | None], error: str) -> None:
    form = {"code": pagero.code()} | wrong
    answer = pagero.exchange(**form)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json["error"]) == (400, error)  # type: ignore[index]


def test_a_verifier_without_a_challenge_is_refused(pagero: Pagero) -> None:
    plain = {"code_challenge": None, "code_challenge_method": None}
    assert pagero.exchange(pagero.code(**plain)).status_code == 400
    assert pagero.exchange(pagero.code(**plain), code_verifier=None).status_code == 200


def test_credentials_may_be_in_the_body(pagero: Pagero) -> None:
    form = {"grant_type": "authorization_code", "code": pagero.code(), "redirect_uri": CALLBACK}
    form |= {"code_verifier": VERIFIER, "client_id": "sandbox-client", "client_secret": SECRET}
    assert pagero.token(auth=None, **form).status_code == 200
    [call] = pagero.http.get("/_sandbox/calls?endpoint=token").json["calls"]  # type: ignore[index]
    assert call["auth"] == "body"
    assert call["parameters"] == sorted(form)


def test_credentials_in_both_places_are_refused(pagero: Pagero) -> None:
    answer = pagero.token(grant_type="refresh_token", refresh_token="x", client_secret=SECRET)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")  # type: ignore[index]
    answer = pagero.token(grant_type="refresh_token", refresh_token="x", client_id="somebody-else")
    assert answer.json["error"] == "invalid_request"  # type: ignore[index]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic " + base64.b64encode(b"sandbox-client:wrong").decode()},
        {"Authorization": "Basic " + base64.b64encode(f"other:{SECRET}".encode()).decode()},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Basic ***"},
        {"Authorization": "Bearer abc"},
    ],
)
def test_a_wrong_client_gets_401_with_a_challenge(pagero: Pagero, headers: dict[str, str]) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    answer = pagero.http.post("/oauth/v2/oauth-token", data=form, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")  # type: ignore[index]
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_both_halves_of_basic_are_form_decoded(signing_keys: Keys) -> None:
    odd = Pagero(World(Config(client_id="a:b c", client_secret="p%+&=/ü"), signing_keys))
    auth = (quote_plus("a:b c"), quote_plus("p%+&=/ü"))
    answer = odd.token(auth, grant_type="refresh_token", refresh_token="unknown")
    assert answer.json["error"] == "invalid_grant"  # type: ignore[index]


def test_repeats_query_parameters_and_other_bodies_are_refused(pagero: Pagero) -> None:
    auth = ("sandbox-client", SECRET)
    url = "/oauth/v2/oauth-token"
    repeated = pagero.http.post(
        url, data="grant_type=refresh_token&refresh_token=a&refresh_token=b", auth=auth,
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    in_query = pagero.http.post(f"{url}?grant_type=refresh_token", data={"refresh_token": "a"}, auth=auth)
    as_json = pagero.http.post(url, json={"grant_type": "refresh_token"}, auth=auth)
    for answer in (repeated, in_query, as_json):
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")  # type: ignore[index]
    assert pagero.http.get(url).status_code == 405


def test_a_refresh_token_works_once_and_rotates(pagero: Pagero) -> None:
    first = pagero.sign_in()
    second = pagero.refresh(first["refresh_token"]).json or {}
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    third = pagero.refresh(second["refresh_token"])
    assert third.status_code == 200


def test_a_spent_refresh_token_ends_the_whole_grant(pagero: Pagero) -> None:
    first = pagero.sign_in()
    second = pagero.refresh(first["refresh_token"]).json or {}
    assert pagero.refresh(first["refresh_token"]).json["error"] == "invalid_grant"  # type: ignore[index]
    assert pagero.refresh(second["refresh_token"]).status_code == 400
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert pagero.http.get("/document/v1/documents", headers=headers).status_code == 401
    told = pagero.http.get("/_sandbox/reuses").json or {}
    assert told["count"] == 1
    assert list(told["presented_more_than_once"].values()) == [2]


def test_another_persons_grant_survives_a_reuse(pagero: Pagero) -> None:
    anna, carla = pagero.sign_in("anna"), pagero.sign_in("carla")
    pagero.refresh(anna["refresh_token"])
    pagero.refresh(anna["refresh_token"])
    assert pagero.refresh(carla["refresh_token"]).status_code == 200


def test_a_spent_refresh_token_works_within_the_grace(pagero: Pagero) -> None:
    pagero.turn(reuse_grace_seconds=10)
    first = pagero.sign_in()
    pagero.refresh(first["refresh_token"])
    assert pagero.refresh(first["refresh_token"]).status_code == 200
    pagero.turn(reuse_grace_seconds=10, clock_offset_seconds=11)
    assert pagero.refresh(first["refresh_token"]).status_code == 400


def test_reuse_may_be_refused_without_revoking(pagero: Pagero) -> None:
    pagero.turn(reuse_revokes_grant=False)
    first = pagero.sign_in()
    second = pagero.refresh(first["refresh_token"]).json or {}
    assert pagero.refresh(first["refresh_token"]).status_code == 400
    assert pagero.refresh(second["refresh_token"]).status_code == 200


@pytest.mark.parametrize("knob", [{"same_refresh_token": True}, {"refresh_token_on_refresh": False}])
def test_a_refresh_token_that_is_not_replaced_stays_good(pagero: Pagero, knob: dict[str, bool]) -> None:
    pagero.turn(**knob)
    first = pagero.sign_in()
    answer = pagero.refresh(first["refresh_token"]).json or {}
    assert answer.get("refresh_token") == (first["refresh_token"] if "same_refresh_token" in knob else None)
    assert pagero.refresh(first["refresh_token"]).status_code == 200


def test_the_login_may_give_no_refresh_token(pagero: Pagero) -> None:
    pagero.turn(refresh_token_on_login=False)
    assert "refresh_token" not in pagero.sign_in()


def test_the_answer_can_be_altered_for_one_grant_type(pagero: Pagero) -> None:
    pagero.turn(token_answer={"expires_in": "600", "x": 1}, token_answer_without=["scope"])
    answer = pagero.sign_in()
    assert (answer["expires_in"], answer["x"], "scope" in answer) == ("600", 1, False)
    pagero.turn(token_answer_for="refresh_token")
    assert pagero.sign_in()["expires_in"] == 600


def test_opaque_access_tokens_work(pagero: Pagero) -> None:
    pagero.turn(opaque_access_tokens=True)
    token = pagero.sign_in()["access_token"]
    assert token.startswith("_0XBPWQQ_")
    headers = {"Authorization": f"Bearer {token}"}
    assert pagero.http.get("/document/v1/documents", headers=headers).status_code == 200


def test_claims_can_be_altered(pagero: Pagero) -> None:
    pagero.turn(
        access_token_claims={"pad": "x"}, access_token_claims_without=["sub"], id_token_claims={"aud": ["a", "b"]},
        id_token_claims_without=["nonce"],
    )  # fmt: skip
    members = pagero.sign_in()
    assert payload(members["access_token"])["pad"] == "x"
    assert "sub" not in payload(members["access_token"])
    assert payload(members["id_token"])["aud"] == ["a", "b"]
    assert "nonce" not in payload(members["id_token"])


def test_without_nonce_and_state_the_id_token_has_neither(pagero: Pagero) -> None:
    claims = payload(pagero.sign_in(nonce=None, state=None)["id_token"])
    assert "nonce" not in claims
    assert "s_hash" not in claims


@pytest.mark.parametrize("manner", ["none", "hs256", "wrong_key", "unknown_kid"])
def test_id_tokens_can_be_signed_badly(pagero: Pagero, manner: str) -> None:
    pagero.turn(id_token_signature=manner)
    keys = KeySet.import_key_set(pagero.http.get("/oauth/v2/oauth-anonymous/jwks").json)
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(pagero.sign_in()["id_token"], keys, algorithms=["RS256"])


def test_an_id_token_may_lack_its_kid(pagero: Pagero) -> None:
    pagero.turn(id_token_signature="no_kid")
    header = pagero.sign_in()["id_token"].split(".")[0]
    assert b"kid" not in base64.urlsafe_b64decode(header + "==")


def test_an_unknown_manner_of_signing_is_an_error(signing_keys: Keys) -> None:
    with pytest.raises(ValueError, match="crooked"):
        signing_keys.sign_badly({}, "crooked")


def test_keys_rotate(pagero: Pagero) -> None:
    world = World(Config(client_secret=SECRET), Keys())
    other = Pagero(world)
    old = other.sign_in()
    kid = other.http.post("/_sandbox/rotate-keys").json["kid"]  # type: ignore[index]
    keys = other.http.get("/oauth/v2/oauth-anonymous/jwks").json["keys"]  # type: ignore[index]
    assert [kid, len(keys)] == [keys[0]["kid"], 2]
    other.http.post("/_sandbox/rotate-keys", json={"keep_old": False})
    jwks = other.http.get("/oauth/v2/oauth-anonymous/jwks").json or {}
    assert len(jwks["keys"]) == 1
    with pytest.raises(JoseError):
        jwt.decode(old["id_token"], KeySet.import_key_set(jwks), algorithms=["RS256"])


def test_revoking_a_refresh_token_ends_the_grant(pagero: Pagero) -> None:
    members = pagero.sign_in()
    answer = pagero.revoke(token=members["refresh_token"], token_type_hint="refresh_token")
    assert (answer.status_code, answer.data) == (200, b"")
    assert pagero.refresh(members["refresh_token"]).status_code == 400
    headers = {"Authorization": f"Bearer {members['access_token']}"}
    assert pagero.http.get("/document/v1/documents", headers=headers).status_code == 401


def test_revoking_an_access_token_ends_only_that(pagero: Pagero) -> None:
    members = pagero.sign_in()
    pagero.revoke(token=members["access_token"])
    headers = {"Authorization": f"Bearer {members['access_token']}"}
    assert pagero.http.get("/document/v1/documents", headers=headers).status_code == 401
    assert pagero.refresh(members["refresh_token"]).status_code == 200


def test_revoke_answers_200_for_unknown_tokens_and_refuses_bad_requests(pagero: Pagero) -> None:
    assert pagero.revoke(token="unknown").status_code == 200
    assert pagero.revoke().status_code == 400
    assert pagero.revoke(token="x", token_type_hint="id_token").json["error"] == "unsupported_token_type"  # type: ignore[index]
    assert pagero.http.post("/oauth/v2/oauth-revoke", data={"token": "x"}).status_code == 401
    assert pagero.http.post("/oauth/v2/oauth-revoke?token=x", auth=("sandbox-client", SECRET)).status_code == 400


def test_revoke_takes_credentials_in_the_body_only_when_told(pagero: Pagero) -> None:
    form = {"token": "x", "client_id": "sandbox-client", "client_secret": SECRET}
    assert pagero.http.post("/oauth/v2/oauth-revoke", data=form).status_code == 401
    pagero.turn(revoke_basic_only=False)
    assert pagero.http.post("/oauth/v2/oauth-revoke", data=form).status_code == 200


def test_userinfo_tells_who_it_is(pagero: Pagero) -> None:
    headers = pagero.bearer("bjorn")
    told = pagero.http.get("/oauth/v2/oauth-userinfo", headers=headers).json or {}
    assert (told["sub"], told["name"]) == ("bjorn", "Björn Ek")
    pagero.turn(userinfo_claims={"sub": 7}, userinfo_claims_without=["name"])
    told = pagero.http.get("/oauth/v2/oauth-userinfo", headers=headers).json or {}
    assert (told["sub"], "name" in told) == (7, False)
    assert pagero.http.get("/oauth/v2/oauth-userinfo").status_code == 401


def test_the_revoke_knob_ends_one_persons_grants(pagero: Pagero) -> None:
    anna, carla = pagero.sign_in("anna"), pagero.sign_in("carla")
    assert pagero.http.post("/_sandbox/revoke", json={"person": "anna"}).json == {"revoked": 1}
    assert pagero.refresh(anna["refresh_token"]).status_code == 400
    assert pagero.refresh(carla["refresh_token"]).status_code == 200
    told = pagero.http.get("/_sandbox/grants").json or {}
    assert told == {"anna": {"live": 0, "revoked": 1}, "carla": {"live": 1, "revoked": 0}}
