"""Filters within the page, order, several documents as one ZIP, a list as CSV; over real HTTP."""

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import Browser
from tests.support.sandbox import Sandbox
from tests.support.served import Served

MEBIBYTE = 2**20


@pytest.fixture
def anna(browser: Browser) -> Browser:
    browser.sign_in("anna", next="/account")
    return browser


def boxes(browser: Browser, query: str = "direction=Sent&documentType=Invoice") -> list[str]:
    page = browser.get(f"/documents?{query}")
    return [str(box["value"]) for box in page.soup.select("td.pick input")]


def post(browser: Browser, values: list[str]) -> Any:
    token = browser.get("/documents").form("/documents/zip").fields["csrf_token"]
    return browser.raw("POST", "/documents/zip", data={"csrf_token": token, "document": values})


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_chosen_documents_come_as_one_zip_named_by_their_numbers(anna: Browser, sandbox: Sandbox) -> None:
    values = boxes(anna)[:3]
    answer = post(anna, values)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="documents.zip"'
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    files = unpacked(answer.content)
    assert set(files) == {f"{value.split(' ', 1)[1]}.xml" for value in values}
    assert all(b"<" in content for content in files.values())
    assert sandbox.calls(endpoint="fetch") == []


def test_what_is_missing_in_the_zip_is_said_inside(anna: Browser, sandbox: Sandbox) -> None:
    values = [*boxes(anna)[:1], "00000000-0000-4000-8000-000000000000 GONE-1"]
    files = unpacked(post(anna, values).content)
    assert len(files) == 2
    assert b"GONE-1: missing (not_found)" in files["_problems.txt"]


def test_choosing_nothing_is_said(anna: Browser) -> None:
    assert post(anna, []).status_code == 400


def test_a_zip_needs_the_token_of_the_form(anna: Browser) -> None:
    assert anna.raw("POST", "/documents/zip", data={"document": boxes(anna)[:1]}).status_code == 403


def test_the_whole_list_is_one_csv(anna: Browser) -> None:
    page = anna.get("/documents?direction=Sent&limit=10")
    answer = anna.raw("GET", str(page.soup.select_one("a[data-export]")["href"]))  # type: ignore[index]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    total = anna.get("/api/documents?direction=Sent").json()["meta"]["total"]
    assert len(rows) == len({row["id"] for row in rows}) == total
    assert {row["direction"] for row in rows} == {"Sent"}


def test_a_csv_that_breaks_off_says_so_in_its_last_row(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.fail_next(endpoint="documents", status=500, count=9)
    lines = anna.raw("GET", "/documents/export.csv").content.decode("utf-8-sig").splitlines()
    assert lines[-1] == '"The list is incomplete: Pagero gave no more."'


def test_a_swedish_csv_is_one_a_swedish_spreadsheet_opens(anna: Browser) -> None:
    anna.http.headers["Accept-Language"] = "sv"
    assert anna.raw("GET", "/documents/export.csv").content.startswith("\ufeffid;created_at;".encode())


def test_hostile_names_are_no_formulas(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(hostile_names=True)
    text = anna.raw("GET", "/documents/export.csv").content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [cell[:40] for cell in cells if cell[:1] in ("=", "+", "@", "\t")] == []


def test_without_a_connection_nothing_is_taken_along(anna: Browser) -> None:
    values = boxes(anna)[:1]
    anna.submit(anna.get("/account/disconnect").form("/account/disconnect"))
    token = anna.get("/account").form("/auth/logout").fields["csrf_token"]
    assert anna.raw("GET", "/documents/export.csv").status_code == 409
    assert anna.raw("POST", "/documents/zip", data={"csrf_token": token, "document": values}).status_code == 409


def test_filters_of_the_page_say_that_they_are_so(anna: Browser) -> None:
    page = anna.get("/documents?limit=50&mode=Test")
    assert 0 < len(page.rows) < 50
    assert "Other pages were not looked at." in page.text
    assert "mode=Test" in page.link("Next")
    assert "No document on this page fits" in anna.get("/documents?partner=nobody-at-all").text
    assert anna.get("/documents?mode=x", status=400)


def test_order_is_offered_only_where_the_list_is_whole(anna: Browser) -> None:
    assert not anna.get("/documents?limit=10").soup.select("thead a")
    page = anna.get("/documents?documentType=PaymentReminder&limit=100&sort=number")
    numbers = [link.get_text() for link in page.soup.select(".rows a.main-link")]
    assert numbers == sorted(numbers, key=str.casefold)
    turned = anna.click(page, "Document ↑")
    assert [link.get_text() for link in turned.soup.select(".rows a.main-link")] == numbers[::-1]


def test_a_download_of_any_size_passes_through_and_memory_stays_flat(
    served: Callable[..., Served], sandbox: Sandbox, new_browser: Callable[..., Browser]
) -> None:
    """A quarter of the 2 GiB that are promised, so that the test stays quick: what grows would have shown."""
    site = served(workers=1)
    anna = new_browser(site)
    anna.sign_in("anna", next="/account")
    item = anna.get("/api/documents?direction=Sent&limit=1").json()["items"][0]
    path = f"/documents/{item['id']}/target"
    assert anna.raw("GET", path).ok  # warm
    pid = site.instances[0].workers[0]
    before = resident(pid)
    sandbox.knobs(target_bytes=512 * MEBIBYTE)
    with anna.http.get(site.base + path, stream=True, timeout=120) as answer:
        received, most = 0, before
        for piece in answer.iter_content(MEBIBYTE):
            received += len(piece)
            most = max(most, resident(pid))
    assert received == 512 * MEBIBYTE
    assert most - before <= 16 * MEBIBYTE


def resident(pid: int) -> int:
    """Bytes a process holds in memory."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024
