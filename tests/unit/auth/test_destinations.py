"""Where a person may be sent: judged by a WHATWG URL parser, not by the code under test (catalogue A4)."""

from collections.abc import Iterator

import ada_url
import pytest
from flask import Flask

from app.auth.destinations import HOME, LONGEST_TARGET, safe_target, target_of
from tests.support.redirect_shapes import SHAPES

SITE = "https://app.test"


@pytest.fixture
def in_app(application: Flask) -> Iterator[None]:
    with application.test_request_context():
        yield


def stays_on_site(target: str) -> bool:
    """What a browser would do with this Location."""
    try:
        found = ada_url.URL(target, base=SITE)
    except ValueError:
        return True  # a browser that cannot read it goes nowhere
    return bool(found.origin == SITE)


def test_the_list_is_long_and_dangerous() -> None:
    """Else the next test would prove nothing."""
    assert len(SHAPES) >= 3000
    assert sum(not stays_on_site(shape) for shape in SHAPES) >= 300


@pytest.mark.usefixtures("in_app")
def test_no_shape_leaves_the_site() -> None:
    left = [shape for shape in SHAPES if not stays_on_site(safe_target(shape))]

    assert left == []


@pytest.mark.usefixtures("in_app")
def test_every_answer_is_a_page_of_ours_as_it_was_given() -> None:
    for shape in SHAPES:
        assert safe_target(shape) in (HOME, shape)


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/documents",
        "/documents?direction=Sent&limit=50",
        "/documents?reference=%C3%A5%C3%A4%C3%B6+1%2F2",
        "/documents?reference=100%25",
        "/documents/3f0c-1",
        "/account",
        "/admin/connections",
        "/?limit=1",
    ],
)
def test_pages_of_ours_are_kept_with_their_query(target: str) -> None:
    assert safe_target(target) == target


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "/auth/login",
        "/auth/login?next=/documents",
        "/auth/callback?code=x&state=y",
        "/auth/logout",
        "/language",  # a form, not a page
        "/api/documents",
        "/static/base.css",
        "/health/live",
        "/metrics",
        "/nothing/here",
        "/documents/",
        "/documents#fragment",
        "/documents?a=1#b",
        "documents",
        "/documents?x=%0d%0aSet-Cookie:x",
        "/documents?x=%",
        "/documents?x=%zz",
        "/docu%6dents%",
        "/documents?x=//evil.test",
        "/documents?x=" + "y" * LONGEST_TARGET,
        "/documents?x=å",
        "/documents/..%2f..",
    ],
)
def test_everything_else_becomes_the_front_page(target: str | None) -> None:
    assert safe_target(target) == HOME


@pytest.mark.usefixtures("in_app")
def test_a_route_names_its_own_target() -> None:
    assert safe_target(target_of("dashboard.documents", limit=5)) == "/documents?limit=5"
