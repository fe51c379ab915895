"""What the document API answers and refuses."""

import json
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from app.sandbox.people import FJALLFORM, KONTOR, NORDLICHT

from .conftest import Pagero

LIST = "/document/v1/documents"


@pytest.fixture
def anna(pagero: Pagero) -> dict[str, str]:
    return pagero.bearer("anna")


def got(answer: TestResponse) -> Any:
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)


def test_the_list_is_newest_first_ten_at_a_time(pagero: Pagero, anna: dict[str, str]) -> None:
    page = got(pagero.http.get(LIST, headers=anna))
    assert set(page) == {"items", "meta"}
    assert page["meta"] == {"count": 10, "limit": 10, "offset": 0, "total": page["meta"]["total"]}
    times = [item["createTime"] for item in page["items"]]
    assert times == sorted(times, reverse=True)
    assert page["meta"]["total"] > 150


def test_pages_follow_one_another_and_end(pagero: Pagero, anna: dict[str, str]) -> None:
    seen: list[str] = []
    while True:
        page = got(pagero.http.get(LIST, query_string={"limit": 100, "offset": len(seen)}, headers=anna))
        if not page["items"]:
            break
        seen += [item["id"] for item in page["items"]]
    assert len(seen) == len(set(seen)) == page["meta"]["total"]


def test_more_than_a_hundred_are_never_given(pagero: Pagero, anna: dict[str, str]) -> None:
    assert got(pagero.http.get(LIST, query_string={"limit": 5000}, headers=anna))["meta"]["limit"] == 100


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=x", "limit=٣", "offset=-1", "offset=1&offset=2", "sort=x", "direction=sent",
     "showFetchedOnly=1", "Direction=Sent"],
)  # fmt: skip
def test_what_is_not_documented_is_refused(pagero: Pagero, anna: dict[str, str], query: str) -> None:
    assert pagero.http.get(f"{LIST}?{query}", headers=anna).status_code == 400


def test_filters_filter(pagero: Pagero, anna: dict[str, str]) -> None:
    def infos(**query: Any) -> list[dict[str, Any]]:
        items = got(pagero.http.get(LIST, query_string=query | {"limit": 100}, headers=anna))["items"]
        assert items
        return [item["documentInfo"] | item for item in items]

    assert {info["direction"] for info in infos(direction="Sent")} == {"Sent"}
    two = ["PaymentReminder", "ApplicationResponse"]
    assert {info["documentType"] for info in infos(documentType=two)} == set(two)
    assert all(info["isFetched"] for info in infos(showFetchedOnly="true"))
    assert {info["isFetched"] for info in infos(showFetchedOnly="false")} == {True, False}
    one = infos(direction="Sent", companyId=NORDLICHT.id)[0]
    assert [info["id"] for info in infos(fileId=one["fileId"])] == [one["id"]]


def test_the_response_to_an_invoice_is_found_by_its_number(pagero: Pagero, anna: dict[str, str]) -> None:
    query = {"documentType": "ApplicationResponse", "direction": "Received", "limit": 100}
    [number, *_] = [
        item["documentReferences"][0]["documentIdentifier"]
        for item in got(pagero.http.get(LIST, query_string=query, headers=anna))["items"]
    ]
    found = got(pagero.http.get(LIST, query_string={"referenceDocumentIdentifier": number}, headers=anna))["items"]
    assert [item["documentInfo"]["documentIdentifier"] for item in found] == [f"AR-{number}"]


def test_another_company_is_forbidden_and_its_documents_are_not_there(pagero: Pagero, anna: dict[str, str]) -> None:
    assert pagero.http.get(LIST, query_string={"companyId": KONTOR.id}, headers=anna).status_code == 403
    theirs = got(pagero.http.get(LIST, headers=pagero.bearer("carla")))["items"][0]["id"]
    for path in (theirs, f"{theirs}/targetdocument", uuid4()):
        assert pagero.http.get(f"{LIST}/{path}", headers=anna).status_code == 404


def test_one_person_may_have_two_companies_and_another_no_documents(pagero: Pagero) -> None:
    bjorn = pagero.bearer("björn")
    totals = [
        got(pagero.http.get(LIST, query_string=query, headers=bjorn))["meta"]["total"]
        for query in ({}, {"companyId": NORDLICHT.id}, {"companyId": FJALLFORM.id})
    ]
    assert totals[0] == totals[1] + totals[2]
    assert got(pagero.http.get(LIST, headers=pagero.bearer("eve")))["items"] == []


def test_as_many_people_as_a_load_test_wants(pagero: Pagero) -> None:
    assert got(pagero.http.get(LIST, headers=pagero.bearer("load-17")))["meta"]["total"] > 150


def test_one_document_is_as_in_the_list(pagero: Pagero, anna: dict[str, str]) -> None:
    item = got(pagero.http.get(LIST, headers=anna))["items"][3]
    assert got(pagero.http.get(f"{LIST}/{item['id']}", headers=anna)) == item


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer unknown", "Bearer _0XBPWQQ_0", "Basic YTpi", "Bearer a b", "Bearer a, b"],
)
def test_no_or_bad_tokens_get_401_with_a_challenge(pagero: Pagero, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for path in (LIST, f"{LIST}/x", "/file/v1/files", "/document/v1/unknown"):
        answer = pagero.http.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_in_the_query_is_no_token(pagero: Pagero) -> None:
    token = pagero.sign_in()["access_token"]
    assert pagero.http.get(f"{LIST}?access_token={token}").status_code == 401


def test_an_expired_token_gets_401(pagero: Pagero, anna: dict[str, str]) -> None:
    pagero.turn(clock_offset_seconds=601)
    answer = pagero.http.get(LIST, headers=anna)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_tokens_expire_on_demand(pagero: Pagero, anna: dict[str, str]) -> None:
    carla = pagero.bearer("carla")
    assert pagero.http.post("/_sandbox/expire", json={"person": "anna"}).json == {"expired": 1}
    assert pagero.http.get(LIST, headers=anna).status_code == 401
    assert pagero.http.get(LIST, headers=carla).status_code == 200
    assert pagero.http.post("/_sandbox/expire").json == {"expired": 1}


def test_openid_alone_does_not_open_the_api(pagero: Pagero) -> None:
    token = pagero.sign_in(scope="openid")["access_token"]
    answer = pagero.http.get(LIST, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_other_media_types_are_not_acceptable(pagero: Pagero, anna: dict[str, str]) -> None:
    item = got(pagero.http.get(LIST, headers=anna | {"Accept": "application/*"}))["items"][0]
    for path in (LIST, f"{LIST}/{item['id']}", "/file/v1/files"):
        assert pagero.http.get(path, headers=anna | {"Accept": "application/pdf"}).status_code == 406
    target = f"{LIST}/{item['id']}/targetdocument"
    assert pagero.http.get(target, headers=anna | {"Accept": "application/pdf"}).status_code == 406
    answer = pagero.http.get(target, headers=anna | {"Accept": "application/json"})
    assert answer.headers["Content-Type"] == "application/xml"


def test_fetching_marks_documents_and_is_recorded(pagero: Pagero, anna: dict[str, str]) -> None:
    items = got(pagero.http.get(LIST, query_string={"limit": 100}, headers=anna))["items"]
    ids = [item["id"] for item in items if not item["isFetched"]][:2]
    assert pagero.http.post(f"{LIST}/fetch", json={"ids": ids}, headers=anna).status_code == 204
    assert all(got(pagero.http.get(f"{LIST}/{one}", headers=anna))["isFetched"] for one in ids)
    [call] = pagero.http.get("/_sandbox/calls?endpoint=fetch").json["calls"]  # type: ignore[index]
    assert (call["person"], call["status"]) == ("anna", 204)


def test_fetch_refuses_other_bodies(pagero: Pagero, anna: dict[str, str]) -> None:
    assert pagero.http.post(f"{LIST}/fetch", data="{}", headers=anna).status_code == 415
    for body in ({}, [], {"ids": []}, {"ids": "x"}, {"ids": [1]}):
        assert pagero.http.post(f"{LIST}/fetch", json=body, headers=anna).status_code == 400
    assert pagero.http.post(f"{LIST}/fetch", json={"ids": [str(uuid4())]}, headers=anna).status_code == 404


def test_reading_never_marks_anything(pagero: Pagero, anna: dict[str, str]) -> None:
    before = got(pagero.http.get(LIST, query_string={"limit": 100}, headers=anna))
    for item in before["items"][:5]:
        pagero.http.get(f"{LIST}/{item['id']}/targetdocument", headers=anna)
    assert got(pagero.http.get(LIST, query_string={"limit": 100}, headers=anna)) == before


def test_meta_can_lie_and_lists_can_be_long(pagero: Pagero, anna: dict[str, str]) -> None:
    pagero.turn(documents_meta={"total": 9999}, documents_meta_without=["count", "limit"])
    assert got(pagero.http.get(LIST, headers=anna))["meta"] == {"offset": 0, "total": 9999}
    pagero.turn(documents_meta={}, documents_meta_without=[], documents_count=100_000)
    page = got(pagero.http.get(LIST, query_string={"offset": 99_995}, headers=anna))
    assert (page["meta"]["total"], len({item["id"] for item in page["items"]})) == (100_000, 5)
    assert len(got(pagero.http.get(LIST, headers=anna))["items"]) == 10
    assert pagero.http.get(f"{LIST}/{page['items'][0]['id']}", headers=anna).status_code == 200
    assert pagero.http.get(f"{LIST}/{uuid4()}", headers=anna).status_code == 404
    assert got(pagero.http.get(LIST, headers=pagero.bearer("eve")))["meta"]["total"] == 0


def test_etags_are_offered_when_told(pagero: Pagero, anna: dict[str, str]) -> None:
    assert "ETag" not in pagero.http.get(LIST, headers=anna).headers
    pagero.turn(etags=True)
    etag = pagero.http.get(LIST, headers=anna).headers["ETag"]
    assert pagero.http.get(LIST, headers=anna | {"If-None-Match": etag}).status_code == 304


def test_hostile_names_are_there_only_when_told(pagero: Pagero, anna: dict[str, str]) -> None:
    assert b"<script>" not in pagero.http.get(LIST, query_string={"limit": 100}, headers=anna).data
    pagero.turn(hostile_names=True)
    items = got(pagero.http.get(LIST, query_string={"limit": 100}, headers=anna))["items"]
    numbers = [item["documentInfo"]["documentIdentifier"] for item in items]
    assert '<script>alert("name")</script>' in numbers
    assert max(map(len, numbers)) == 10_000
    for item in items[:14]:
        assert pagero.http.get(f"{LIST}/{item['id']}/targetdocument", headers=anna).status_code == 200


def test_a_target_document_can_be_made_huge(pagero: Pagero, anna: dict[str, str]) -> None:
    item = got(pagero.http.get(LIST, query_string={"documentType": "Invoice"}, headers=anna))["items"][0]
    target = f"{LIST}/{item['id']}/targetdocument"
    small = pagero.http.get(target, headers=anna).data
    pagero.turn(target_bytes=300_000)
    answer = pagero.http.get(target, headers=anna)
    assert answer.headers["Content-Length"] == "300000"
    assert len(answer.data) == 300_000
    assert b"".join(answer.data.split()) == b"".join(small.split())
    pagero.turn(target_bytes=0, target_lines=1000)
    assert pagero.http.get(target, headers=anna).data.count(b"Line>") >= 2000


def test_pages_kept_ready_are_bounded(pagero: Pagero, anna: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sandbox.api_documents.PAGES_KEPT", 2)
    for offset in range(5):
        got(pagero.http.get(LIST, query_string={"offset": offset}, headers=anna))
    assert len(pagero.world.library.pages) <= 2
