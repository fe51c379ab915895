"""Styles and scripts: compressed, versioned, kept by browsers; and pages compressed where that is safe."""

import gzip
import re

import pytest
from flask import Flask, Response

from app.web.assets import BOOTSTRAP_PATH, FOR_EVER, accepts_gzip
from app.web.compression import init_app
from tests.support.in_process import Window

GZIP = {"Accept-Encoding": "gzip, deflate"}
OWN = GZIP | {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def addresses(window: Window) -> list[str]:
    page = window.open("/").text
    return re.findall(r'(?:href|src)="(/(?:static|bootstrap)/[^"]+)"', page)


def test_every_file_a_page_names_carries_its_version_and_may_be_kept(window: Window, addresses: list[str]) -> None:
    assert any(address.startswith(BOOTSTRAP_PATH) for address in addresses)
    for address in addresses:
        answer = window.open(address, headers=GZIP)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == FOR_EVER
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        plain = window.open(address)
        assert gzip.decompress(answer.data) == plain.data
        assert "Content-Encoding" not in plain.headers


def test_a_file_without_its_version_is_asked_for_again_and_found_unchanged(window: Window) -> None:
    answer = window.open("/static/base.css?v=old", headers=GZIP)
    assert answer.headers["Cache-Control"] == "public, no-cache"
    again = window.open("/static/base.css", headers=GZIP | {"If-None-Match": f'W/{answer.headers["ETag"]}, "x"'})
    assert (again.status_code, again.data) == (304, b"")
    assert window.open("/static/base.css", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 200


def test_head_has_no_body_and_post_is_refused(window: Window) -> None:
    assert window.open("/static/base.css", "HEAD").data == b""
    assert window.open("/static/base.css", "POST").status_code == 405


def test_all_a_first_load_needs_is_small(window: Window, addresses: list[str]) -> None:
    assert sum(len(window.open(address, headers=GZIP).data) for address in addresses) < 60_000


def test_pages_are_compressed_for_who_asked_from_our_own_pages(window: Window) -> None:
    plain = window.open("/")
    for site in ("same-origin", "none"):
        packed = window.open("/", headers=GZIP | {"Sec-Fetch-Site": site})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert len(gzip.decompress(packed.data)) == len(plain.data)
        assert packed.headers["Content-Length"] == str(len(packed.data))
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site", ""])
def test_what_another_site_made_a_browser_ask_for_is_never_compressed(window: Window, site: str) -> None:
    answer = window.open("/", headers=GZIP | {"Sec-Fetch-Site": site})
    assert "Content-Encoding" not in answer.headers


def test_fault_pages_too(window: Window) -> None:
    assert window.open("/nothing", headers=OWN).headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip", True),
        ("*", True),
        ("br, gzip;q=0.5", True),
    ],
)
def test_gzip_only_for_who_takes_it(header: str | None, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


def test_what_is_small_or_streamed_is_left_alone() -> None:
    app = Flask("small")
    init_app(app)
    app.add_url_rule("/small", "small", lambda: "x")
    app.add_url_rule("/stream", "stream", lambda: Response((b"x" * 5000 for _ in range(2)), mimetype="text/html"))
    client = app.test_client()
    for path in ("/small", "/stream"):
        assert "Content-Encoding" not in client.get(path, headers=OWN).headers
