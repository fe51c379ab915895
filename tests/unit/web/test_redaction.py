"""What the last step before a log line hides, and what it must leave readable."""

import secrets
from uuid import uuid4

import pytest

from app.settings import Settings
from app.web.redaction import MASK, Redaction, masked, secrets_of

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"


@pytest.fixture
def redaction(settings: Settings) -> Redaction:
    return Redaction(settings)


@pytest.mark.parametrize(
    "text",
    [
        f"GET /callback?code={'a1' * 16}&state=short HTTP/1.1",
        "client_secret=abc&x=1",
        "code%3Dabc",
        '{"refresh_token": "abc"}',
        "{'state': 'abc'}",
        "Authorization: Bearer abc.def-ghi",
        "Basic c2FuZGJveDpzZWNyZXQ=",
        "Cookie: session=abc",
        f"the token was {JWT}.",
        f"opaque {secrets.token_urlsafe(32)}A1",
        "postgresql://app:hunter2hunter2@db/x",
    ],
)
def test_text_that_looks_like_a_secret_is_hidden(text: str) -> None:
    hidden = masked(text)

    assert MASK in hidden
    assert not any(part in hidden for part in ("abc", "a1a1", "eyJ", "c2Fu", "hunter2"))


@pytest.mark.parametrize(
    "text",
    [
        "renewed",
        "/documents/12345",
        str(uuid4()),
        f"/admin/connections/{uuid4()}/disconnect",
        "sign_in_that_took_rather_long_because_of_its_name",
        "PageroRefusedRequestException",
        "2026-03-01T10:16:00.123456Z",
        "status code 500 for list documents",
    ],
)
def test_ordinary_text_stays_readable(text: str) -> None:
    assert masked(text) == text


def test_a_name_that_means_a_secret_hides_any_value(redaction: Redaction) -> None:
    event = redaction(None, "info", {"event": "x", "access_token": "ab", "Set-Cookie": "c=1", "code_verifier": b"ab"})

    assert event == {"event": "x", "access_token": MASK, "Set-Cookie": MASK, "code_verifier": MASK}


def test_states_that_are_words_and_numbers_are_no_secrets(redaction: Redaction) -> None:
    event = {"state": "reconnect_needed", "status_code": 200, "code": None, "token_calls": 3}

    assert redaction(None, "info", dict(event)) == event


def test_secrets_hide_in_nested_values_and_objects(redaction: Redaction) -> None:
    class Holder:
        def __str__(self) -> str:
            return f"Holder of {JWT}"

    event = redaction(None, "info", {"event": "x", "deep": [{"token": "abc"}, (Holder(),), {"n": 1.5}]})

    assert event["deep"] == [{"token": MASK}, [f"Holder of {MASK}"], {"n": 1.5}]


def test_this_installations_secrets_are_known_by_value(settings: Settings, redaction: Redaction) -> None:
    known = secrets_of(settings)
    key = settings.encryption_keys.get_secret_value().partition(":")[2]

    assert settings.pagero_client_secret.get_secret_value() in known
    assert key in known
    for secret in known:
        assert secret not in redaction.text(f"<{secret}>")


def test_the_databases_password_is_known_by_value(settings: Settings) -> None:
    changed = settings.model_copy(update={"database_url": type(settings.database_url)("postgresql://a:p4ss-word@h/d")})

    assert "p4ss-word" in secrets_of(changed)


def test_without_settings_only_shapes_are_hidden() -> None:
    assert Redaction().text("plain") == "plain"
