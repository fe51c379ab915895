"""The knobs, the faults and the records: what tests of the application rely on."""

import gzip
import json
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.sandbox.calls import fingerprint
from app.sandbox.config import Config
from app.sandbox.faults import API_ENDPOINTS, NOT_PROCESSING, PROCESSING, Fault, Faults
from app.sandbox.keys import Keys
from app.sandbox.knobs import Knobs
from app.sandbox.spoiling import KINDS
from app.sandbox.world import World

from .conftest import SECRET, Pagero

JWKS = "/oauth/v2/oauth-anonymous/jwks"
LIST = "/document/v1/documents"


def calls(pagero: Pagero, query: str = "") -> list[dict[str, Any]]:
    return list((pagero.http.get(f"/_sandbox/calls?{query}").json or {})["calls"])


def test_knobs_are_answered_only_on_this_machine(pagero: Pagero) -> None:
    for address, status in (("127.0.0.1", 200), ("::1", 200), ("10.0.0.7", 404)):
        answer = pagero.http.get("/_sandbox/knobs", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"no_such_knob": 1}, {"id_token": 1}, {"token_delay_seconds": "5"}, {"token_delay_seconds": True},
        {"token_answer": []}, {"fail_next": {"endpoint": "token", "kind": "explode"}}, {"fail_next": {"kind": "lost"}},
        {"fail_next": {"endpoint": "token", "surprise": 1}}, {"fault_rates": [{"rate": 1}]},
    ],
)  # fmt: skip
def test_wrong_knobs_are_refused_and_change_nothing(pagero: Pagero, wrong: dict[str, Any]) -> None:
    before = pagero.http.get("/_sandbox/knobs").json
    assert pagero.http.post("/_sandbox/knobs", json=wrong).status_code == 400
    assert pagero.http.get("/_sandbox/knobs").json == before


def test_bodies_must_be_objects(pagero: Pagero) -> None:
    for body in ("[]", "nonsense"):
        assert pagero.http.post("/_sandbox/knobs", data=body).status_code == 400
    assert pagero.http.get("/_sandbox/calls?since=x").status_code == 400


def test_reset_puts_everything_back(pagero: Pagero) -> None:
    headers = pagero.bearer()
    pagero.turn(id_token=False, access_token_seconds=5, fail_next={"endpoint": "token", "count": 3})
    pagero.http.post("/_sandbox/reset", json={"keep_grants": True})
    told = pagero.http.get("/_sandbox/knobs").json or {}
    assert told == vars(Knobs()) | {"fail_next": []}
    assert calls(pagero) == []
    assert pagero.http.get(LIST, headers=headers).status_code == 200
    pagero.http.post("/_sandbox/reset")
    assert pagero.http.get(LIST, headers=headers).status_code == 401


def test_people_and_health_are_told(pagero: Pagero) -> None:
    told = pagero.http.get("/_sandbox/people").json or {}
    assert [person["username"] for person in told["people"]] == ["anna", "bjorn", "carla", "dmitri", "eve"]
    assert told["password"] == "sandbox"
    assert len(told["people"][1]["companies"]) == 2
    assert pagero.http.get("/_sandbox/health").json == {"status": "ok"}
    assert pagero.http.get("/nowhere").status_code == 404


def test_calls_are_recorded_with_fingerprints_only(pagero: Pagero) -> None:
    members = pagero.sign_in()
    pagero.refresh(members["refresh_token"])
    pagero.http.get(f"{LIST}?limit=3", headers={"Authorization": f"Bearer {members['access_token']}"})
    text = pagero.http.get("/_sandbox/calls").text
    assert not any(
        secret in text for secret in (*members.values(), SECRET) if isinstance(secret, str) and len(secret) > 10
    )
    [refreshed] = calls(pagero, "grant_type=refresh_token")
    assert (refreshed["token"], refreshed["person"], refreshed["status"], refreshed["auth"]) == (
        fingerprint(members["refresh_token"]), "anna", 200, "basic",
    )  # fmt: skip
    assert refreshed["started_at"] <= refreshed["ended_at"]
    [listed] = calls(pagero, f"endpoint=documents&token={fingerprint(members['access_token'])}&person=anna")
    assert (listed["query"], "headers" in listed) == ("limit=3", False)
    assert calls(pagero, f"since={listed['id']}") == []
    assert pagero.http.get("/_sandbox/counts").json["documents"] == 1  # type: ignore[index]


def test_headers_are_recorded_when_told_but_never_secrets(pagero: Pagero) -> None:
    headers = pagero.bearer()
    pagero.turn(record_headers=True)
    pagero.http.get(LIST, headers=headers | {"X-Probe": "1"})
    recorded = calls(pagero, "endpoint=documents")[0]["headers"]
    assert (recorded["x-probe"], recorded["authorization"]) == ("1", "…")


def test_a_call_is_on_record_while_it_is_served(pagero: Pagero) -> None:
    pagero.turn(delays={"jwks": 0.3})
    asking = threading.Thread(target=lambda: pagero.flask.test_client().get(JWKS))
    asking.start()
    while not (found := calls(pagero, "endpoint=jwks")):
        time.sleep(0.01)
    assert found[0]["status"] is None
    asking.join()
    assert calls(pagero, "endpoint=jwks")[0]["status"] == 200


def test_delays_delay(pagero: Pagero) -> None:
    headers = pagero.bearer()
    refresh_token = pagero.sign_in()["refresh_token"]

    def seconds(ask: Any) -> float:
        begun = time.monotonic()
        ask()
        return time.monotonic() - begun

    pagero.turn(api_delay_seconds=0.1, token_delay_seconds=0.2)
    assert seconds(lambda: pagero.http.get(LIST, headers=headers)) >= 0.1
    assert seconds(lambda: pagero.refresh(refresh_token)) >= 0.2
    pagero.turn(api_delay_seconds=0, token_delay_seconds=0, token_delay_before=True, delays={"token": 0.15})
    assert seconds(lambda: pagero.refresh("unknown")) >= 0.15
    assert seconds(lambda: pagero.http.get(LIST, headers=headers)) < 0.1


def test_a_token_is_spent_before_the_delay_unless_told_otherwise(pagero: Pagero) -> None:
    refresh_token = pagero.sign_in()["refresh_token"]
    pagero.turn(token_delay_seconds=0.3)
    asking = threading.Thread(target=lambda: pagero.refresh(refresh_token))
    asking.start()
    time.sleep(0.1)
    assert pagero.world.grants.refresh[refresh_token].spent_at is not None
    asking.join()


def test_faults_strike_their_endpoint_as_often_as_told(pagero: Pagero) -> None:
    headers = pagero.bearer()
    fault = {"endpoint": "documents", "status": 503, "count": 2, "json": {"error": "busy"}}
    pagero.http.post("/_sandbox/fail-next", json=fault | {"headers": {"Retry-After": "5"}})
    answers = [pagero.http.get(LIST, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert (answers[0].headers["Retry-After"], answers[0].json) == ("5", {"error": "busy"})


def test_faults_can_be_meant_for_a_grant_type_or_a_person(pagero: Pagero) -> None:
    pagero.turn(fail_next=[{"endpoint": "token", "grant_type": "refresh_token", "body": "no", "status": 400}])
    members = pagero.sign_in()
    answer = pagero.refresh(members["refresh_token"])
    assert (answer.status_code, answer.text) == (400, "no")
    anna, carla = pagero.bearer("anna"), pagero.bearer("carla")
    pagero.turn(fail_next={"endpoint": "api", "person": "carla", "status": 403})
    assert pagero.http.get(LIST, headers=anna).status_code == 200
    assert pagero.http.get(LIST, headers=carla).status_code == 403


def test_faults_strike_by_chance(pagero: Pagero) -> None:
    pagero.turn(fault_rates=[{"endpoint": "jwks", "rate": 0.3, "status": 500}])
    statuses = [pagero.http.get(JWKS).status_code for _ in range(100)]
    assert 15 <= statuses.count(500) <= 45
    pagero.turn(fault_rates=[{"endpoint": "*", "rate": 1, "status": 500}])
    assert pagero.http.get(JWKS).status_code == 500
    pagero.turn(fault_rates=[])
    assert pagero.http.get(JWKS).status_code == 200


def test_a_lost_answer_has_spent_the_token(pagero: Pagero) -> None:
    refresh_token = pagero.sign_in()["refresh_token"]
    for kind in ("lost", "lost_reset"):
        pagero.turn(fail_next={"endpoint": "token", "kind": kind})
        with pytest.raises(ConnectionResetError):
            pagero.refresh(refresh_token)
    assert [call["status"] for call in calls(pagero, "grant_type=refresh_token")] == [0, 0]
    assert pagero.http.get("/_sandbox/reuses").json["count"] == 1  # type: ignore[index]


def test_a_closed_connection_has_not(pagero: Pagero) -> None:
    refresh_token = pagero.sign_in()["refresh_token"]
    for kind in ("close", "reset", "hang"):
        pagero.turn(fail_next={"endpoint": "token", "kind": kind, "seconds": 0.01})
        with pytest.raises(ConnectionResetError):
            pagero.refresh(refresh_token)
    assert pagero.refresh(refresh_token).status_code == 200


def test_answers_can_be_spoiled_in_every_way(pagero: Pagero) -> None:
    real = pagero.http.get(JWKS).data

    def spoiled(**fault: Any) -> Any:
        pagero.turn(fail_next=fault | {"endpoint": "jwks"})
        return pagero.http.get(JWKS)

    assert spoiled(kind="altered", content_type="text/plain", status=299).status_code == 299
    assert spoiled(kind="altered").data == real
    assert spoiled(kind="late", seconds=0.01).data == real
    assert spoiled(kind="hang_up").data == real
    assert spoiled(kind="drip", size=100).data == real
    assert spoiled(kind="drip", body="slow", length=False).data == b"slow"
    assert gzip.decompress(spoiled(kind="gzip").data) == real
    bomb = spoiled(kind="bomb", size=2 * 1024 * 1024)
    assert (len(gzip.decompress(bomb.data)), bomb.headers["Content-Encoding"]) == (2 * 1024 * 1024, "gzip")
    assert len(spoiled(kind="huge", size=100_000).data) == 100_000
    assert "Content-Length" not in spoiled(kind="huge", size=70_000, length=False).headers
    assert spoiled(kind="html").headers["Content-Type"].startswith("text/html")
    assert spoiled(kind="redirect", status=302, location="http://x.example/").headers["Location"] == "http://x.example/"
    assert spoiled(kind="answer", body_base64="AP8=", status=200).data == b"\x00\xff"
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(spoiled(kind="junk").data.decode("latin-1"))
    with pytest.raises(ConnectionResetError):
        assert spoiled(kind="truncate", size=10).data
    processed = spoiled(kind="answer", process=True, status=500)
    assert processed.status_code == 500


def test_every_kind_of_fault_is_played() -> None:
    assert set(KINDS) == PROCESSING | NOT_PROCESSING
    assert {"documents", "upload"} <= API_ENDPOINTS


def test_a_fault_is_used_up_once_even_when_many_ask() -> None:
    faults = Faults(Random(1))
    faults.add({"endpoint": "token", "count": 50})
    struck: list[Fault] = []

    def ask() -> None:
        for _ in range(20):
            if fault := faults.next("token", None, None):
                struck.append(fault)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(struck) == 50


def test_the_ledger_holds_every_secret_and_nothing_short(tmp_path: Path, signing_keys: Keys) -> None:
    path = tmp_path / "ledger.jsonl"
    pagero = Pagero(World(Config(client_secret=SECRET, ledger=path), signing_keys))
    members = pagero.sign_in()
    pagero.refresh(members["refresh_token"])
    pagero.authorize(state="x")
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    kinds = {entry["kind"] for entry in entries}
    tokens = {"access_token", "refresh_token", "id_token"}
    assert kinds == tokens | {"client_secret", "state", "nonce", "code", "verifier", "sso_cookie"}
    values = [entry["value"] for entry in entries]
    assert len(values) == len(set(values))
    assert members["refresh_token"] in values
    assert "x" not in values
