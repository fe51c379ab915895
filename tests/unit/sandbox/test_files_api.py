"""What the file API takes in, what becomes of it, and what it refuses."""

import io
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.sandbox.people import KONTOR, NORDLICHT

from .conftest import Pagero

FILES = "/file/v1/files"
XML = b"<Invoice><cbc:ID>INV-9</cbc:ID></Invoice>"


@pytest.fixture
def anna(pagero: Pagero) -> dict[str, str]:
    return pagero.bearer("anna")


def upload(pagero: Pagero, headers: dict[str, str], **changes: Any) -> TestResponse:
    parts: dict[str, Any] = {
        "payload": (io.BytesIO(XML), "INV-9.xml"), "documentType": "Invoice", "sendMode": "Test",
        "sendingCompanyId": NORDLICHT.id, "senderReference": "SO-1",
    } | changes  # fmt: skip
    given = {name: value for name, value in parts.items() if value is not None}
    return pagero.http.post(FILES, data=given, headers=headers, content_type="multipart/form-data")


def parts_of(pagero: Pagero, file_id: str, headers: dict[str, str], **query: str) -> list[dict[str, Any]]:
    answer = pagero.http.get(f"{FILES}/{file_id}/fileparts", query_string=query, headers=headers)
    assert set(answer.json["meta"]) == {"offset", "total"}  # type: ignore[index]
    return list(answer.json["items"])  # type: ignore[index]


def test_an_upload_is_answered_with_201_and_the_documented_members(pagero: Pagero, anna: dict[str, str]) -> None:
    answer = upload(pagero, anna)
    assert answer.status_code == 201
    assert set(answer.json or {}) == {
        "id", "sendingCompany", "sendingUser", "sendMode", "createTime", "documentType", "senderReference",
    }  # fmt: skip
    assert answer.json["sendingUser"]["username"] == "anna"  # type: ignore[index]


def test_an_upload_is_processed_and_becomes_a_document(pagero: Pagero, anna: dict[str, str]) -> None:
    file_id = upload(pagero, anna).json["id"]  # type: ignore[index]
    assert [part["status"] for part in parts_of(pagero, file_id, anna)] == ["Processing"]
    found = pagero.http.get("/document/v1/documents", query_string={"fileId": file_id}, headers=anna).json
    assert found["items"] == []  # type: ignore[index]
    pagero.turn(clock_offset_seconds=4)
    assert parts_of(pagero, file_id, anna) == []
    found = pagero.http.get("/document/v1/documents", query_string={"fileId": file_id}, headers=anna).json
    [document] = found["items"]  # type: ignore[index]
    assert (document["documentInfo"]["documentIdentifier"], document["sendMode"]) == ("INV-9", "Test")
    assert pagero.http.get(f"/document/v1/documents/{document['id']}", headers=anna).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"senderReference": "an error please"}, "Error"),
        ({"payload": (io.BytesIO(b"await me"), "x")}, "AwaitingInteraction"),
    ],
)
def test_uploads_can_stop_with_reasons(
    pagero: Pagero, anna: dict[str, str], changes: dict[str, Any], status: str
) -> None:
    file_id = upload(pagero, anna, **changes).json["id"]  # type: ignore[index]
    pagero.turn(clock_offset_seconds=4)
    [part] = parts_of(pagero, file_id, anna, Status="AwaitingInteraction,Error")
    assert part["status"] == status
    assert part["error"]["description"]


def test_the_outcome_of_uploads_is_a_knob(pagero: Pagero, anna: dict[str, str]) -> None:
    pagero.turn(upload_outcome="error", file_processing_seconds=0)
    file_id = upload(pagero, anna, payload=(io.BytesIO(b"plain"), "x.txt")).json["id"]  # type: ignore[index]
    assert [part["status"] for part in parts_of(pagero, file_id, anna)] == ["Error"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"payload": None}, 400),
        ({"payload": (io.BytesIO(b""), "x.xml")}, 400),
        ({"payload": "text, no file"}, 400),
        ({"documentType": "Poem"}, 400),
        ({"documentType": None}, 400),
        ({"sendMode": "production"}, 400),
        ({"sendingCompanyId": None}, 400),
        ({"sendingCompanyId": KONTOR.id}, 403),
        ({"surplus": "x"}, 400),
        ({"senderReference": ["a", "b"]}, 400),
    ],
)
def test_a_wrong_upload_is_refused(pagero: Pagero, anna: dict[str, str], changes: dict[str, Any], status: int) -> None:
    assert upload(pagero, anna, **changes).status_code == status
    assert pagero.http.get(FILES, headers=anna).json["meta"]["total"] == 7  # type: ignore[index]


def test_an_upload_must_be_multipart_and_bounded(pagero: Pagero, anna: dict[str, str]) -> None:
    assert pagero.http.post(FILES, json={}, headers=anna).status_code == 415
    pagero.flask.config["MAX_CONTENT_LENGTH"] = 100
    assert upload(pagero, anna).status_code == 413


def test_files_are_listed_newest_first_for_their_company_only(pagero: Pagero, anna: dict[str, str]) -> None:
    upload(pagero, anna)
    listed = pagero.http.get(FILES, query_string={"companyId": NORDLICHT.id}, headers=anna).json or {}
    times = [item["createTime"] for item in listed["items"]]
    assert times == sorted(times, reverse=True)
    one = listed["items"][0]
    assert pagero.http.get(f"{FILES}/{one['id']}", headers=anna).json == one
    carla = pagero.bearer("carla")
    assert pagero.http.get(f"{FILES}/{one['id']}", headers=carla).status_code == 404
    assert pagero.http.get(f"{FILES}/{one['id']}/fileparts", headers=carla).status_code == 404
    assert pagero.http.get(FILES, query_string={"companyId": KONTOR.id}, headers=anna).status_code == 403
    assert pagero.http.get(FILES, query_string={"Status": "Error"}, headers=anna).status_code == 400


def test_fileparts_are_filtered_by_status_also_across_files(pagero: Pagero, anna: dict[str, str]) -> None:
    def statuses(query: str) -> set[str]:
        answer = pagero.http.get(f"/file/v1/fileparts?limit=100&{query}", headers=anna)
        return {part["status"] for part in answer.json["items"]}  # type: ignore[index]

    assert statuses("") == {"Processing", "AwaitingInteraction", "Error"}
    assert statuses("Status=AwaitingInteraction,Error") == {"AwaitingInteraction", "Error"}
    for query in ("Status=Broken", "status=Error"):
        assert pagero.http.get(f"/file/v1/fileparts?{query}", headers=anna).status_code == 400


def test_restart_and_cancel_act_on_stopped_parts(pagero: Pagero, anna: dict[str, str]) -> None:
    stopped = pagero.http.get("/file/v1/fileparts?Status=Error", headers=anna).json["items"]  # type: ignore[index]
    first, second = stopped[0], stopped[1]
    url = "/file/v1/fileparts/{}/action"
    answer = pagero.http.post(url.format(first["id"]), json={"action": "Restart"}, headers=anna)
    assert (answer.status_code, answer.json) == (200, {})
    assert [part["status"] for part in parts_of(pagero, first["fileId"], anna)] == ["Processing"]
    assert pagero.http.post(url.format(first["id"]), json={"action": "Cancel"}, headers=anna).status_code == 409
    pagero.turn(clock_offset_seconds=4)
    found = pagero.http.get("/document/v1/documents", query_string={"fileId": first["fileId"]}, headers=anna).json
    assert len(found["items"]) == 1  # type: ignore[index]
    untyped = pagero.http.post(url.format(second["id"]), data=b'{"action":"Cancel"}', headers=anna)
    assert untyped.status_code == 200
    assert parts_of(pagero, second["fileId"], anna) == []
    assert pagero.http.post(url.format(second["id"]), json={"action": "Cancel"}, headers=anna).status_code == 404


def test_other_actions_are_refused(pagero: Pagero, anna: dict[str, str]) -> None:
    part = pagero.http.get("/file/v1/fileparts?Status=Error", headers=anna).json["items"][0]["id"]  # type: ignore[index]
    url = f"/file/v1/fileparts/{part}/action"
    for body in ({"action": "Delete"}, {"action": ["Cancel"]}, {"action": "Cancel", "x": 1}, []):
        assert pagero.http.post(url, json=body, headers=anna).status_code == 400
    assert pagero.http.post(url, data={"action": "Cancel"}, headers=anna).status_code == 415
    assert pagero.http.post(url, json={"action": "Cancel"}, headers=pagero.bearer("carla")).status_code == 404


def test_reset_forgets_uploads(pagero: Pagero, anna: dict[str, str]) -> None:
    upload(pagero, anna)
    pagero.http.post("/_sandbox/reset", json={"keep_grants": True})
    assert pagero.http.get(FILES, headers=anna).json["meta"]["total"] == 7  # type: ignore[index]
