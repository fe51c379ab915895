"""Codes in the person's language, and browsers by name."""

import pytest
from flask import Flask

from app.web.agents import browser_name
from app.web.words import WORDS, kind, words


@pytest.fixture(autouse=True)
def _english(app: Flask) -> object:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


def test_known_codes_become_words() -> None:
    assert words("PaymentReminder", "document_type") == "Payment reminder"
    assert words("reconnect_needed", "connection") == "Reconnect needed"


@pytest.mark.parametrize("kind_of_code", sorted(WORDS))
def test_unknown_codes_are_shown_as_they_came(kind_of_code: str) -> None:
    assert words("Never\u202eSeen", kind_of_code) == "Never\ufffdSeen"


def test_no_code_is_a_dash() -> None:
    assert words(None, "send_mode") == words("", "send_mode") == "–"


@pytest.mark.parametrize(
    ("document_type", "sub_type", "text"),
    [
        ("Invoice", "Debit", "Invoice"),
        ("Invoice", "Credit", "Credit note"),
        ("Invoice", None, "Invoice"),
        ("ApplicationResponse", "RecipientReject", "Response: rejected"),
        ("TransportPlan", "Provisional", "TransportPlan: Provisional"),
        (None, None, "–"),
    ],
)
def test_a_document_says_what_it_is(document_type: str | None, sub_type: str | None, text: str) -> None:
    assert kind(document_type, sub_type) == text


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120 Safari/537.36 Edg/120",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari on iPhone"),
        ("Chrome/1", "Chrome"),
        ("Linux", "Linux"),
        ("curl/8.0", "curl/8.0"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_so_that_its_person_knows_it(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name
