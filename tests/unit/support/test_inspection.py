"""The inspection every fetched page goes through must itself be able to complain."""

import pytest
import requests

from tests.support.browser import Page
from tests.support.inspection import inspect

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'nonce-right'",
    "Cache-Control": "no-store",
}
GOOD = '<!doctype html><html lang="en"><head><title>T</title></head><body><h1>H</h1>{}</body></html>'


def page(body: str, status: int = 200, **headers: str) -> Page:
    reply = requests.Response()
    reply.status_code, reply.url, reply._content = status, "http://127.0.0.1/x", body.encode()
    reply.headers.update(HEADERS | {name.replace("_", "-"): value for name, value in headers.items()})
    return Page(reply, [])


def test_a_good_page_passes() -> None:
    inspect(page(GOOD.format('<script nonce="right">1</script>')))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<h1>second</h1>", "2 h1"),
        ('<p id="a"></p><p id="a"></p>', "id a 2 times"),
        ('<form method="post" action="/x"></form>', "without csrf_token"),
        ("<form></form>", "form without action"),
        ("<script>1</script>", "without nonce"),
        ('<script nonce="wrong">1</script>', "nonce is not the one"),
        ('<p onclick="x()">', "inline onclick"),
        ('<p style="color:red">', "inline style"),
        ('<img src="https://elsewhere.example/x.png">', "foreign resource"),
        ('<script src="//elsewhere.example/x.js"></script>', "foreign resource"),
    ],
)
def test_what_is_wrong_with_a_page_is_said(body: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        inspect(page(GOOD.format(body)))


def test_missing_headers_and_unhandled_failures_are_said() -> None:
    with pytest.raises(AssertionError, match=r"page may be cached.*unhandled failure"):
        inspect(page(GOOD.format(""), status=500, Cache_Control="private"))
