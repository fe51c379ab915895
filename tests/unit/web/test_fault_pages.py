"""Every fault has a page: what happened, whose trouble it is, one way forward, the request's number; in both languages.

They are drawn without a database, signed in or out, and repeat nothing of what the request said.
"""

from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from flask import Flask, g
from flask_babel import refresh

from app import errors
from app.errors import SIGN_IN_REASONS, AppError, SignInFailed
from app.models import ReconnectReason
from app.settings import Settings
from app.web import problems

CANARY = "canary-in-the-query"


def kinds_of(kind: type[AppError]) -> Iterator[type[AppError]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds_of(each)


PAGERO = [kind("list documents", 500, 3) for kind in kinds_of(errors.PageroError)]
OTHERS = [
    AppError(),
    errors.RequestRefused(),
    errors.NotFound(),
    errors.CsrfRefused(),
    errors.TooManyRequests(7),
    errors.NotSignedIn(),
    errors.StorageUnavailable(),
    errors.SealBroken(),
    errors.Disconnected(),
    errors.Frozen(),
]
RECONNECT = [errors.ReconnectNeeded(reason) for reason in ReconnectReason]
SIGN_IN = [SignInFailed(reason, "detail", "/documents") for reason in SIGN_IN_REASONS]
EVERY = PAGERO + OTHERS + RECONNECT + SIGN_IN


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"database_url": type(settings.database_url)("sqlite:////nowhere/at/all.db")})


def page_of(app: Flask, problem: AppError, language: str = "en", method: str = "GET") -> BeautifulSoup:
    headers = {"Accept-Language": language, "Accept": "text/html"}
    with app.test_request_context(f"/documents?reference={CANARY}", headers=headers, method=method):
        refresh()  # pytest-flask keeps one context, and so one language, for a whole test
        g.request_id = "request-1"
        answer = problems.draw(problem)
    assert answer.status_code == problem.status
    text = answer.get_data(as_text=True)
    assert CANARY not in text
    return BeautifulSoup(text, "html5lib")


def complaints_about(page: BeautifulSoup, language: str) -> list[str]:
    heading = page.select_one("h1")
    said = heading.get_text(strip=True) if heading else ""
    wanted = {
        "language": page.html is not None and page.html.get("lang") == language,
        "one heading": len(page.select("h1")) == 1 and said,
        "title": page.title is not None and page.title.get_text(strip=True).startswith(said),
        "what happened": page.select("main p"),
        "whose trouble": [part for part in page.select(".whose") if part.get_text(strip=True)],
        "one way forward": len(page.select("main a, main form")) == 1,
        "request id": page.main is not None and "request-1" in page.main.get_text(),
    }
    return [what for what, is_there in wanted.items() if not is_there]


def named(problem: AppError) -> str:
    return f"{type(problem).__name__}-{problem.reason}"


@pytest.mark.parametrize("language", ["en", "sv"])
def test_every_fault_page_says_all_it_must_without_a_database(app: Flask, language: str) -> None:
    complaints = {named(problem): complaints_about(page_of(app, problem, language), language) for problem in EVERY}
    assert {name: found for name, found in complaints.items() if found} == {}


def test_who_can_do_nothing_is_not_told_to_try_again(app: Flask) -> None:
    ways = {problem.reason: str(page_of(app, problem).select("main a")[0]["href"]) for problem in SIGN_IN}
    assert ways == {
        problem.reason: "/" if problem.offer == "operator" else "/auth/login?next=/documents" for problem in SIGN_IN
    }


def test_trying_again_keeps_the_address_without_repeating_it(app: Flask) -> None:
    problem = errors.PageroTimedOut("list documents")
    assert page_of(app, problem).select("main a")[0]["href"] == ""
    assert page_of(app, problem, method="POST").select("main a")[0]["href"] == "/"


def test_reconnecting_leads_back_to_the_page(app: Flask) -> None:
    problem = errors.ReconnectNeeded(ReconnectReason.ENDED_AT_PAGERO)
    assert page_of(app, problem).select("main a")[0]["href"] == "/auth/login?next=/documents"
    assert page_of(app, problem, method="POST").select("main a")[0]["href"] == "/auth/login?next=/"


def test_a_pause_that_is_asked_for_is_told(app: Flask) -> None:
    assert "7 seconds" in page_of(app, errors.TooManyRequests(7)).get_text()
    assert "3 sekunder" in page_of(app, errors.PageroBusy("list documents", 429, 3), "sv").get_text()


def test_no_fault_page_is_a_plain_one(app: Flask) -> None:
    """The page of last resort stands for a broken template: no fault may end there."""
    assert all(page_of(app, problem).select("footer.site-foot") for problem in EVERY)
