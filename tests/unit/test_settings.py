"""Settings are complete or refused, all problems at once, and no problem quotes a secret."""

import base64
import os
from pathlib import Path

import pytest

from app.errors import SettingsError
from app.settings import Settings, parse_keys

KEY = "k1:" + base64.b64encode(bytes(range(32))).decode()
GOOD = {
    "PUBLIC_URL": "https://documents.example.com",
    "PAGERO_CLIENT_ID": "client",
    "PAGERO_CLIENT_SECRET": "canary-client-secret",
    "ENCRYPTION_KEYS": KEY,
}


def problems(**changes: str | None) -> list[str]:
    environment = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(environment)
    assert "canary" not in str(refused.value)
    return refused.value.problems


def settings(**changes: str) -> Settings:
    return Settings.from_environment({**GOOD, **changes})


def test_documented_endpoints_are_the_defaults():
    made = settings()
    assert made.pagero_authorize_url == "https://sso.pageroonline.com/oauth/v2/oauth-authorize"
    assert made.pagero_token_url == "https://sso.pageroonline.com/oauth/v2/oauth-token"
    assert made.pagero_revoke_url == "https://sso.pageroonline.com/oauth/v2/oauth-revoke"
    assert made.pagero_api_url == "https://api.pageroonline.com"
    assert made.pagero_scope == "openid all"
    assert made.pagero_pkce is True
    assert made.pagero_token_auth_method == "client_secret_basic"


def test_redirect_uri_is_public_url_and_callback_byte_for_byte():
    assert settings().redirect_uri == "https://documents.example.com/auth/callback"
    assert settings(PUBLIC_URL="https://documents.example.com/").redirect_uri == settings().redirect_uri


def test_every_problem_is_told_at_once():
    found = problems(PUBLIC_URL=None, PAGERO_CLIENT_ID=None, TRUSTED_HOPS="many", PAGERO_PKCE="perhaps")
    assert {problem.split()[0].rstrip(":") for problem in found} == {
        "PUBLIC_URL",
        "PAGERO_CLIENT_ID",
        "TRUSTED_HOPS",
        "PAGERO_PKCE",
    }


@pytest.mark.parametrize("name", ["PUBLIC_URL", "PAGERO_CLIENT_ID", "PAGERO_CLIENT_SECRET", "ENCRYPTION_KEYS"])
def test_what_has_no_default_must_be_set(name: str):
    assert problems(**{name: None}) == [f"{name} is not set"]
    assert problems(**{name: ""}) == [f"{name} is not set"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://documents.example.com"),
        ("PUBLIC_URL", "https://documents.example.com/app"),
        ("PUBLIC_URL", "https://documents.example.com?x=1"),
        ("PUBLIC_URL", "https://documents.example.com:port"),
        ("PUBLIC_URL", "https://user@documents.example.com"),
        ("PUBLIC_URL", "documents.example.com"),
        ("PUBLIC_URL", "ftp://documents.example.com"),
        ("PAGERO_TOKEN_URL", "http://sso.pageroonline.com/oauth/v2/oauth-token"),
        ("PAGERO_TOKEN_URL", "https://auth.pageroonline.com/oauth2/token"),
        ("PAGERO_AUTHORIZE_URL", "https://sso.pageroonline.com/a?b=c"),
        ("PAGERO_API_URL", "https://api.pageroonline.com/#x"),
        ("PAGERO_API_URL", "https://api.pagero online.com"),
        ("PAGERO_JWKS_URL", "http://sso.pageroonline.com/jwks"),
        ("PAGERO_ISSUER", "sso.pageroonline.com"),
        ("PAGERO_SCOPE", "openid  all"),
        ("PAGERO_SCOPE", 'openid "all"'),
        ("PAGERO_TOKEN_AUTH_METHOD", "none"),
        ("PAGERO_CLIENT_SECRET", "changeme"),
        ("TRUSTED_HOPS", "-1"),
        ("SESSION_HOURS", "0"),
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "mysql://somewhere/canary"),
        ("PAGERO_CONNECT_SECONDS", "9"),
        ("REFRESH_LEASE_SECONDS", "12"),
        ("PAGERO_TOKEN_SECONDS", "11"),
    ],
)
def test_bad_values_are_refused_by_name(name: str, value: str):
    assert [problem for problem in problems(**{name: value}) if name in problem]


@pytest.mark.parametrize(
    "keys",
    [
        "no-colon",
        "k1:not base64!",
        "k1:" + base64.b64encode(b"short").decode(),
        "k1:" + base64.b64encode(b"a" * 32).decode(),
        f"{KEY},{KEY}",
        "bad id:" + base64.b64encode(bytes(range(32))).decode(),
        f"{KEY},",
    ],
)
def test_weak_or_malformed_keys_are_refused_without_being_quoted(keys: str):
    (problem,) = problems(ENCRYPTION_KEYS=keys)
    assert problem.startswith("ENCRYPTION_KEYS: ")
    assert base64.b64encode(bytes(range(32))).decode() not in problem


def test_first_key_comes_first():
    other = base64.b64encode(os.urandom(32)).decode()
    assert [key.id for key in parse_keys(f"{KEY}, k0:{other}")] == ["k1", "k0"]


def test_secrets_may_lie_in_files(tmp_path: Path):
    path = tmp_path / "secret"
    path.write_bytes(b"\xef\xbb\xbffrom-a-file\r\n")
    environment = {**GOOD, "PAGERO_CLIENT_SECRET_FILE": str(path)}
    del environment["PAGERO_CLIENT_SECRET"]
    assert Settings.from_environment(environment).pagero_client_secret.get_secret_value() == "from-a-file"


def test_a_secret_given_twice_is_refused(tmp_path: Path):
    assert problems(PAGERO_CLIENT_SECRET_FILE=str(tmp_path)) == [
        "PAGERO_CLIENT_SECRET and PAGERO_CLIENT_SECRET_FILE are both set: choose one"
    ]


def test_an_unreadable_secret_file_is_a_problem(tmp_path: Path):
    found = problems(PAGERO_CLIENT_SECRET=None, PAGERO_CLIENT_SECRET_FILE=str(tmp_path / "missing"))
    assert "PAGERO_CLIENT_SECRET_FILE cannot be read" in found


def test_repr_shows_no_secret():
    made = settings(DATABASE_URL="postgresql://app:canary-password@db/pagero", METRICS_TOKEN="canary-metrics")
    assert "canary" not in repr(made)
    assert KEY.split(":")[1] not in repr(made)
    assert "secret=" not in repr(made.keys)


def test_postgresql_is_reached_with_psycopg_3():
    assert settings(DATABASE_URL="postgresql://db/pagero").database_address == "postgresql+psycopg://db/pagero"


def test_sqlite_in_instance_is_the_default_database():
    assert settings().database_address.endswith("/instance/pagero.sqlite3")


def test_http_is_fine_on_loopback_only():
    assert settings(PUBLIC_URL="http://127.0.0.1:8000").is_https is False
    assert settings().is_https is True


@pytest.mark.parametrize(("scope", "wanted"), [("openid all", True), ("all", False), ("all openidx", False)])
def test_a_nonce_belongs_to_openid(scope: str, wanted: bool):
    assert settings(PAGERO_SCOPE=scope).wants_openid is wanted
