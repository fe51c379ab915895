"""Files through real HTTP and the sandbox: sent once, followed, restarted, cancelled, and found again when lost."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from app.models import AuditEvent, FileAction, Upload
from tests.support.browser import Browser, Page
from tests.support.sandbox import Sandbox
from tests.support.served import Served

JSON = {"Accept": "application/json"}
XML = b"<Invoice><cbc:ID>INV-77</cbc:ID></Invoice>"


@pytest.fixture
def anna(browser: Browser, sandbox: Sandbox) -> Browser:
    sandbox.knobs(file_processing_seconds=0)
    browser.sign_in("anna")
    return browser


def send(browser: Browser, *contents: bytes, status: int | None = 200, form: Any = None, **changes: str) -> Page:
    """Choose files in the form and press its button."""
    filled = form or browser.get("/files/new").form("/files")
    files = [("payload", (f"file-{number}.xml", content, "text/xml")) for number, content in enumerate(contents)]
    return browser.post("/files", filled.fields | changes, status, files=files)


def upload_calls(sandbox: Sandbox) -> int:
    return len(sandbox.calls(endpoint="upload"))


def state(page: Page) -> str:
    return page.soup.select_one("#progress .tag").get_text(strip=True)  # type: ignore[union-attr]


def poll(browser: Browser, page: Page) -> dict[str, Any]:
    found: dict[str, Any] = browser.get(f"/api{page.path}").json()
    return found


def buttons(page: Page) -> list[str]:
    return [" ".join(each.get_text(" ", strip=True).split()) for each in page.soup.select("main button, main a.btn")]


def test_a_file_is_sent_as_test_and_becomes_a_document(anna: Browser, sandbox: Sandbox, site: Served) -> None:
    page = send(anna, XML, senderReference="SO 1")
    assert page.path.startswith("/files/")
    assert (page.heading, state(page)) == ("file-0.xml", "Done")
    assert anna.click(page, "INV-77").heading == "INV-77"
    row = site.stored.one(Upload)
    assert (row["send_mode"], row["reference"], row["outcome"]) == ("Test", "SO 1", "sent")
    assert upload_calls(sandbox) == 1
    assert site.stored.count(AuditEvent, action="file.uploaded", outcome="ok") == 1
    assert "file-0.xml" in anna.get("/files").text


def test_processing_is_followed_to_its_end(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(file_processing_seconds=1)
    page = send(anna, XML)
    assert state(page) == "Processing"
    assert page.soup.select_one("#progress[data-follow]")
    first = poll(anna, page)
    assert (first["state"], first["over"]) == ("processing", False)
    assert first["digest"] == page.soup.select_one("#progress")["data-digest"]  # type: ignore[index]
    time.sleep(1.1)
    last = poll(anna, page)
    assert (last["state"], last["label"], last["kind"], last["over"]) == ("done", "Done", "ok", True)
    assert last["digest"] != first["digest"]
    ended = anna.click(page, "Look again now")
    assert state(ended) == "Done"
    assert not ended.soup.select("[data-follow]")


def test_several_files_are_each_remembered_and_followed(anna: Browser, site: Served) -> None:
    page = send(anna, b"<a/>", b"<error/>", b"<await/>")
    assert page.path == "/files"
    assert len(page.soup.select("[data-follow]")) == 3
    names = {row["file_name"]: row["id"] for row in site.stored.rows(Upload)}
    assert {state(anna.get(f"/files/{names[f'file-{n}.xml']}")) for n in range(3)} == {
        "Done",
        "Stopped in error",
        "Waiting for you",
    }


def test_the_same_form_twice_sends_once(anna: Browser, sandbox: Sandbox) -> None:
    form = anna.get("/files/new").form("/files")
    first, second = send(anna, XML, form=form), send(anna, XML, form=form)
    assert first.path == second.path
    assert upload_calls(sandbox) == 1
    page = send(anna, b"<other/>", form=form, status=409)
    assert "This form has sent another file already" in page.text
    assert page.form("/files").fields["key"] != form.fields["key"]
    assert upload_calls(sandbox) == 1


def test_a_lost_answer_is_one_request_and_an_unknown_outcome_until_it_is_found(
    anna: Browser, sandbox: Sandbox, site: Served
) -> None:
    sandbox.fail_next(endpoint="upload", kind="lost")
    page = send(anna, XML, senderReference="SO 4711")
    assert state(page) == "Outcome unknown"
    assert upload_calls(sandbox) == 1
    assert "Outcome unknown" in anna.get("/attention").text
    assert poll(anna, page)["state"] == "unknown"
    candidate = page.form("/found").fields["file"]
    found = anna.submit(page.form("/found"))
    assert state(found) == "Done"
    row = site.stored.one(Upload)
    assert (row["outcome"], row["pagero_file_id"], row["reason"]) == ("sent", candidate, "found_again")
    assert upload_calls(sandbox) == 1
    assert "Outcome unknown" not in anna.get("/attention").text
    anna.submit(page.form("/found"), status=404)


def test_a_file_that_did_not_arrive_can_be_sent_again(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.fail_next(endpoint="upload", kind="close")
    page = send(anna, XML, senderReference="SO 4712")
    assert state(page) == "Outcome unknown"
    assert "none is like it" in page.text
    before = send(anna, XML, status=409)
    assert "This content was sent before" in before.text
    assert state(anna.submit(page.form("/missing"))) == "Not sent"
    assert state(send(anna, XML)) == "Done"
    assert upload_calls(sandbox) == 2


def test_the_search_for_a_lost_file_may_fail_alone(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(fail_next=[{"endpoint": "upload", "kind": "lost"}, {"endpoint": "files", "status": 500, "count": 3}])
    page = send(anna, XML)
    assert state(page) == "Outcome unknown"
    assert "This part could not be loaded" in page.text


def test_nobody_can_claim_any_file_for_a_lost_upload(anna: Browser, sandbox: Sandbox, site: Served) -> None:
    sandbox.fail_next(endpoint="upload", kind="lost")
    page = send(anna, XML, senderReference="mine")
    anna.submit(page.form("/found"), status=404, file="77000000")
    assert site.stored.one(Upload)["outcome"] == "unknown"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 400}, "Pagero refuses a file like this."),
        ({"status": 403}, "no right to this company"),
        ({"status": 429, "headers": {"Retry-After": "9"}}, "asks for a pause"),
    ],
)
def test_a_refusal_is_said_and_sent_once(anna: Browser, sandbox: Sandbox, fault: dict[str, Any], said: str) -> None:
    sandbox.fail_next(endpoint="upload", **fault)
    page = send(anna, XML)
    assert state(page) == "Not sent"
    assert said in page.text
    assert upload_calls(sandbox) == 1


def test_an_access_token_that_ran_out_is_renewed_and_the_file_sent(anna: Browser, sandbox: Sandbox) -> None:
    form = anna.get("/files/new").form("/files")
    sandbox.expire("anna")
    assert state(send(anna, XML * 20_000, form=form)) == "Done"
    assert [call["status"] for call in sandbox.calls(endpoint="upload")] == [401, 201]


def test_the_same_content_is_sent_again_only_when_that_is_meant(anna: Browser, sandbox: Sandbox) -> None:
    first = send(anna, XML)
    page = send(anna, XML, status=409)
    assert anna.click(page, "See what became of it").path == first.path
    assert send(anna, XML, form=page.form("/files"), again="yes").path != first.path
    assert upload_calls(sandbox) == 2


def test_production_asks_once_more(anna: Browser, sandbox: Sandbox, site: Served) -> None:
    page = send(anna, XML, status=422, sendMode="Production", senderReference="SO 9")
    assert "Production is legally binding" in page.text
    assert page.form("/files").fields["sendMode"] == "Production"
    assert page.form("/files").fields["senderReference"] == "SO 9"
    assert "production" not in page.form("/files").fields
    assert upload_calls(sandbox) == 0
    send(anna, XML, form=page.form("/files"), production="yes")
    assert site.stored.one(Upload)["send_mode"] == "Production"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sendingCompanyId": "other"}, "Say for which company"),
        ({"sendingCompanyId": "other", "otherCompanyId": "<b>"}, "has only letters"),
        ({"senderReference": "x" * 101}, "longer than 100"),
    ],
)
def test_mistakes_are_said_beside_the_form(anna: Browser, sandbox: Sandbox, changes: dict[str, str], said: str) -> None:
    page = send(anna, XML, status=422, **changes)
    assert "Nothing was sent" in page.text
    assert said in page.text
    assert upload_calls(sandbox) == 0


def test_a_form_without_a_file_or_with_an_empty_one_sends_nothing(anna: Browser, sandbox: Sandbox) -> None:
    assert "Choose at least one file" in send(anna, status=422).text
    assert "is empty" in send(anna, b"", status=422).text
    assert upload_calls(sandbox) == 0


def test_companies_are_offered_by_name(anna: Browser) -> None:
    page = anna.get("/files/new")
    options = {
        option.get_text(strip=True): str(option["value"]) for option in page.soup.select("#sendingCompanyId option")
    }
    assert any("Nordlicht" in name for name in options)
    assert "other" in options.values()


def test_the_company_that_is_looked_at_is_the_one_to_send_for(anna: Browser) -> None:
    page = anna.get("/companies")
    token = page.form("/auth/logout").fields["csrf_token"]
    anna.post("/companies", {"csrf_token": token, "companyId": "c-77", "name": "Our own"})
    options = {
        each.get_text(strip=True): each for each in anna.get("/files/new").soup.select("#sendingCompanyId option")
    }
    assert "Our own (c-77)" in options


def test_without_pagero_the_form_still_works_by_hand(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(fail_next=[{"endpoint": "documents", "status": 500}, {"endpoint": "files", "status": 500}])
    page = anna.get("/files/new")
    assert page.soup.select_one("input[name=otherCompanyId][required]")
    assert not page.soup.select("#sendingCompanyId")


def failed(anna: Browser) -> Page:
    page = send(anna, b"<error/>")
    assert state(page) == "Stopped in error"
    assert "Receiver has no active route" in page.text
    return page


def test_a_stopped_part_is_restarted_after_a_question(anna: Browser, sandbox: Sandbox, site: Served) -> None:
    page = failed(anna)
    question = anna.get(next(str(a["href"]) for a in page.soup.select("a[href$=restart]")))
    assert question.heading == "Restart this part?"
    assert "Send mode : Test" in question.text.replace("mode:", "mode :")
    done = anna.submit(question.form("/restart"))
    assert state(done) == "Done"
    assert "Restart · taken in by Pagero" in done.text
    again = anna.submit(question.form("/restart"))
    assert "Nothing was done" in again.text
    assert len(sandbox.calls(endpoint="action")) == 1
    assert site.stored.count(AuditEvent, action="filepart.restart", outcome="ok") == 1


def test_a_cancelled_file_is_cancelled_and_not_processing_for_ever(anna: Browser, sandbox: Sandbox) -> None:
    page = failed(anna)
    question = anna.get(next(str(a["href"]) for a in page.soup.select("a[href$=cancel]")))
    assert "This cannot be undone" in question.text
    done = anna.submit(question.form("/cancel"))
    assert state(done) == "Cancelled"
    assert not done.soup.select("[data-follow]")


def test_an_action_whose_answer_is_lost_is_said_and_not_repeated(anna: Browser, sandbox: Sandbox, site: Served) -> None:
    question = anna.get(next(str(a["href"]) for a in failed(anna).soup.select("a[href$=restart]")))
    sandbox.fail_next(endpoint="action", kind="lost")
    done = anna.submit(question.form("/restart"))
    assert "Restart · outcome unknown" in done.text
    assert state(done) == "Done"
    assert len(sandbox.calls(endpoint="action")) == 1
    assert site.stored.one(FileAction)["outcome"] == "unknown"


def test_a_question_about_a_part_that_moved_on_leads_back(anna: Browser, sandbox: Sandbox) -> None:
    page = failed(anna)
    address = next(str(a["href"]) for a in page.soup.select("a[href$=restart]"))
    anna.submit(anna.get(address).form("/restart"))
    assert "Nothing was done" in anna.get(address).text
    assert anna.raw("GET", address.replace("restart", "destroy")).status_code == 404


def test_a_file_sent_elsewhere_has_a_page_too(anna: Browser) -> None:
    page = anna.get("/files/77000001")
    assert (page.heading, state(page)) == ("File 77000001", "Stopped in error")
    assert "Nordlicht" in page.text
    assert "Anna Lindqvist" in page.text
    assert poll(anna, page)["state"] == "error"


def test_pageros_list_may_be_missing_and_the_rest_still_shows(anna: Browser, sandbox: Sandbox) -> None:
    send(anna, XML)
    sandbox.fail_next(endpoint="files", status=404)
    page = anna.get("/files")
    assert "file-0.xml" in page.text
    assert "Pagero does not know it" in page.text


def test_lists_have_pages_and_refuse_nonsense(anna: Browser) -> None:
    for number in range(11):
        send(anna, b"<a n='%d'/>" % number)
    page = anna.click(anna.get("/files"), "Next") if len(anna.get("/files").soup.select("a[rel=next]")) == 1 else None
    second = page or anna.get("/files?offset=10")
    assert "11–11 of 11" in second.text
    assert anna.get("/files?listed=10").soup.select("a[rel=prev]")
    assert "The list ends before this page" in anna.get("/files?offset=500").text
    for query in ("offset=x", "offset=-1", "listed=1e3", "offset=99999999"):
        anna.get(f"/files?{query}", status=400)


def test_what_is_missing_while_pagero_fails_is_said(anna: Browser, sandbox: Sandbox) -> None:
    page = send(anna, XML)
    sandbox.knobs(fail_next=[{"endpoint": "fileparts", "status": 500, "count": 3}])
    again = anna.get(page.path)
    assert state(again) == "Not known at the moment"
    assert "This part could not be loaded" in again.text


def test_a_pagero_that_is_slow_holds_no_page_longer_than_fifteen_seconds(
    served: Callable[..., Served], sandbox: Sandbox, new_browser: Callable[[Served], Browser]
) -> None:
    anna = new_browser(served(workers=1))
    anna.sign_in("anna")
    sandbox.knobs(api_delay_seconds=16)
    began = time.monotonic()
    paths = ("/files", "/files/new", "/attention", "/files/77000001", "/api/files/77000001")
    with ThreadPoolExecutor(len(paths)) as threads:
        answers = list(threads.map(lambda path: anna.raw("GET", path), paths))
    assert time.monotonic() - began < 15
    assert [answer.status_code for answer in answers] == [200, 200, 200, 504, 504]


def test_what_waits_is_on_one_page_with_what_to_do(anna: Browser) -> None:
    page = anna.get("/attention")
    assert "6 things wait for you." in page.text
    assert "put right what the reason names" in page.text
    assert "29001: The receiver could not be found" in page.text
    assert buttons(page).count("Restart… part 88000001") == 1
    for link in page.soup.select("article header a"):
        assert anna.get(str(link["href"])).status == 200


def test_attention_says_what_it_could_not_see(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(fail_next=[{"endpoint": "fileparts", "status": 500, "count": 40}])
    page = anna.get("/attention")
    assert "This part could not be loaded" in page.text
    assert "could not be read in time" in page.text
    assert "Nothing waits for you" not in page.text


def test_a_connection_that_ended_leads_to_connecting_again(anna: Browser, sandbox: Sandbox) -> None:
    form = anna.get("/files/new").form("/files")
    sandbox.revoke("anna")
    page = anna.get("/attention")
    assert "Connect to Pagero again" in page.text
    assert "Connect to Pagero again" in anna.get("/files").text
    assert state(send(anna, XML, form=form, otherCompanyId="c")) == "Not sent"


def test_nobody_sees_or_touches_another_persons_files(
    anna: Browser, site: Served, sandbox: Sandbox, new_browser: Callable[[Served], Browser]
) -> None:
    page = failed(anna)
    other = new_browser(site)
    other.sign_in("carla")
    other.get(page.path, status=404)
    assert other.raw("GET", f"/api{page.path}").status_code == 404
    other.get(f"/files/{site.stored.one(Upload)['pagero_file_id']}", status=404)
    token = other.get("/").form("/auth/logout").fields["csrf_token"]
    for path in ("/found", "/missing", "/parts/88000001/restart", "/parts/88000001/cancel"):
        other.post(f"{page.path}{path}", {"csrf_token": token, "key": str(uuid4())}, status=404)
    assert sandbox.calls(endpoint="action") == []
    assert "You have sent nothing from here yet" in other.get("/files").text


def test_every_form_needs_its_own_page(anna: Browser, sandbox: Sandbox, site: Served) -> None:
    page = failed(anna)
    part = f"{page.path}/parts/{next(str(a['href']) for a in page.soup.select('a[href$=restart]')).split('/')[-2]}"
    form = anna.get("/files/new").form("/files")
    before = upload_calls(sandbox)
    for path in ("/files", f"{page.path}/found", f"{page.path}/missing", f"{part}/restart", f"{part}/cancel"):
        fields = form.fields | {"csrf_token": "x"}
        assert anna.raw("POST", path, data=fields, files={"payload": ("a.xml", XML)}).status_code == 403
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert anna.raw("POST", path, data=form.fields, headers=foreign).status_code == 403
        silent = {"Origin": "null", "Sec-Fetch-Site": "same-site"}
        assert anna.raw("POST", path, data=form.fields, headers=silent).status_code == 403
    assert (upload_calls(sandbox), len(sandbox.calls(endpoint="action"))) == (before, 0)
    assert site.stored.count(Upload) == 1


def test_somebody_signed_out_sends_nothing(browser: Browser, sandbox: Sandbox) -> None:
    answer = browser.raw("POST", "/files", files={"payload": ("a.xml", XML)}, headers=JSON)
    assert answer.status_code == 401
    assert browser.raw("GET", "/api/files/77000000").status_code == 401
    assert upload_calls(sandbox) == 0


def test_a_script_gets_json(anna: Browser) -> None:
    form = anna.get("/files/new").form("/files")
    sent = anna.raw("POST", "/files", data=form.fields, files={"payload": ("a.xml", XML)}, headers=JSON)
    assert sent.status_code == 201
    assert set(sent.json()) == {"url", "follow", "name"}
    assert anna.raw("GET", sent.json()["follow"]).json()["state"] == "done"
    other = anna.get("/files/new").form("/files")
    again = anna.raw("POST", "/files", data=other.fields, files={"payload": ("a.xml", XML)}, headers=JSON)
    assert (again.status_code, again.json()["error"]) == (409, "sent_before")
    assert again.json()["earlier"] == sent.json()["url"]
    empty = anna.raw("POST", "/files", data=other.fields, files={"payload": ("a.xml", b"")}, headers=JSON)
    assert (empty.status_code, empty.json()["error"], empty.json()["earlier"]) == (422, "file_empty", None)


def test_too_large_a_form_is_refused_and_nothing_is_sent(anna: Browser, sandbox: Sandbox) -> None:
    page = send(anna, b"x" * 20_200_000, status=413)
    assert page.heading == "This is too large"
    assert upload_calls(sandbox) == 0
    language = anna.raw(
        "POST",
        "/language",
        data=b"language=sv&x=" + b"x" * 300_000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert language.status_code == 413


def test_a_large_file_goes_through_whole(anna: Browser, site: Served) -> None:
    assert state(send(anna, b"<x/>" * 4_500_000)) == "Done"
    assert site.stored.one(Upload)["size_bytes"] == 18_000_000


def test_thousands_of_parts_are_refused(anna: Browser, sandbox: Sandbox) -> None:
    fields = anna.get("/files/new").form("/files").fields
    parts = [(name, (None, value)) for name, value in fields.items()]
    parts += [(f"x{number}", (None, "1")) for number in range(10_000)]
    began = time.monotonic()
    assert anna.raw("POST", "/files", files=parts).status_code == 413
    assert time.monotonic() - began < 10
    assert upload_calls(sandbox) == 0


@pytest.mark.parametrize("body", [b"--b\r", b"\r" * 100_000, b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n"])
def test_a_body_that_is_no_form_is_refused(anna: Browser, sandbox: Sandbox, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = anna.raw("POST", "/files", data=body, headers=headers)
    assert answer.status_code in (400, 403)
    assert upload_calls(sandbox) == 0


def named(fields: dict[str, str], name: bytes) -> bytes:
    """One form whose file has a name no browser would write."""
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (key.encode(), value.encode())
        for key, value in fields.items()
    )
    return (
        parts
        + b'--b\r\nContent-Disposition: form-data; name="payload"; filename="'
        + name
        + b'"\r\n\r\n<x/>\r\n--b--\r\n'
    )


@pytest.mark.parametrize(
    "name",
    [
        b"<img src=x onerror=alert(1)>.xml",
        "\u202egpj.exe".encode(),
        b"../../etc/passwd",
        b"x" * 5_000,
        b"=cmd|'/c calc'!A0.csv",
        b'a\\"; name=\\"sendMode\\".xml',
    ],
)
def test_hostile_names_stay_names(anna: Browser, site: Served, sandbox: Sandbox, name: bytes) -> None:
    fields = anna.get("/files/new").form("/files").fields
    body = named(fields, name)
    answer = anna.raw("POST", "/files", data=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 303
    row = site.stored.one(Upload)
    assert (row["outcome"], row["send_mode"]) == ("sent", "Test")
    assert len(row["file_name"]) <= 150
    for path in (f"/files/{row['id']}", "/files", "/attention"):
        page = anna.get(path)
        assert not page.soup.select("main img, main script")


def test_a_name_that_is_no_text_is_refused(anna: Browser, sandbox: Sandbox) -> None:
    body = named(anna.get("/files/new").form("/files").fields, b"\xff\xfe.xml")
    answer = anna.raw("POST", "/files", data=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code in (400, 403)
    assert upload_calls(sandbox) == 0


def test_hostile_answers_are_shown_as_text(anna: Browser, sandbox: Sandbox) -> None:
    evil = "<script>alert(1)</script>\u202e" + "x" * 10_000
    item = {"id": evil, "sendMode": evil, "senderReference": evil, "documentType": evil, "createTime": evil}
    company = {"sendingCompany": {"id": evil, "name": evil}, "sendingUser": {"fullName": evil}}
    sandbox.fail_next(endpoint="files", status=200, json={"items": [item | company, {"id": "1"} | company], "meta": {}})
    page = anna.get("/files")
    assert not page.soup.select("main script")
    parts = {
        "items": [
            {"id": evil, "status": evil, "error": {"description": [evil]}},
            {"id": "1", "status": "Error", "error": {"description": [evil]}},
        ]
    }
    sandbox.fail_next(endpoint="fileparts", status=200, json=parts)
    page = anna.get("/files/77000001")
    assert not page.soup.select("main script")
    assert state(page) == "Stopped in error"


def test_everything_is_said_in_swedish(anna: Browser) -> None:
    anna.http.headers["Accept-Language"] = "sv"
    assert anna.get("/files").heading == "Filer"
    assert anna.get("/files/new").heading == "Skicka filer"
    assert anna.get("/attention").heading == "Kräver åtgärd"
    page = send(anna, b"<error/>")
    assert state(page) == "Stoppad av fel"
    assert poll(anna, page)["label"] == "Stoppad av fel"


def test_an_upload_is_remembered_on_both_databases(
    site_on_both: Served, sandbox: Sandbox, new_browser: Callable[[Served], Browser]
) -> None:
    sandbox.knobs(file_processing_seconds=0)
    browser = new_browser(site_on_both)
    browser.sign_in("anna")
    form = browser.get("/files/new").form("/files")
    assert send(browser, XML, form=form).path == send(browser, XML, form=form).path
    assert site_on_both.stored.count(Upload) == 1
    assert upload_calls(sandbox) == 1
