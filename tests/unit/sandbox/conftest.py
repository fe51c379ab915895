"""A sandbox in this process for the tests of the sandbox itself, and a strict little client of it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.sandbox import create_app
from app.sandbox.config import Config
from app.sandbox.keys import Keys
from app.sandbox.world import World

SECRET = "s3cret-of-the-sandbox-tests"
CALLBACK = "http://127.0.0.1:8000/auth/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class Pagero:
    """What a relying party and a browser do with the sandbox."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.flask = create_app(world)
        self.http: FlaskClient = self.flask.test_client()

    def turn(self, **knobs: Any) -> None:
        reply = self.http.post("/_sandbox/knobs", json=knobs)
        assert reply.status_code == 200, reply.text

    def authorize(self, **changes: str | None) -> TestResponse:
        asked = {
            "response_type": "code", "client_id": "sandbox-client", "redirect_uri": CALLBACK, "scope": "openid all",
            "state": "state-of-the-test", "nonce": "nonce-of-the-test", "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes  # fmt: skip
        return self.http.get(
            "/oauth/v2/oauth-authorize", query_string={name: v for name, v in asked.items() if v is not None}
        )

    def log_in(self, page: TestResponse, username: str = "anna", **fields: str) -> TestResponse:
        flow = BeautifulSoup(page.text, "html.parser").select_one("input[name=flow]")
        assert flow is not None
        form = {"flow": str(flow["value"]), "username": username, "password": "sandbox"} | fields
        return self.http.post("/oauth/v2/login", data=form)

    def code(self, username: str = "anna", **changes: str | None) -> str:
        answer = self.authorize(**changes)
        if answer.status_code == 200:
            answer = self.log_in(answer, username)
        return back(answer)["code"]

    def token(self, auth: tuple[str, str] | None = ("sandbox-client", SECRET), **form: Any) -> TestResponse:
        return self.http.post("/oauth/v2/oauth-token", data=form, auth=auth)

    def exchange(self, code: str, **changes: str | None) -> TestResponse:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.token(**{name: v for name, v in (form | changes).items() if v is not None})

    def refresh(self, refresh_token: str) -> TestResponse:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def sign_in(self, username: str = "anna", **changes: str | None) -> dict[str, Any]:
        self.http.delete_cookie("sandbox_sso", path="/oauth/v2")
        answer = self.exchange(self.code(username, **changes))
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def bearer(self, username: str = "anna") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.sign_in(username)['access_token']}"}

    def revoke(self, **form: str) -> TestResponse:
        return self.http.post("/oauth/v2/oauth-revoke", data=form, auth=("sandbox-client", SECRET))


def back(answer: TestResponse) -> dict[str, str]:
    """The parameters a redirect to the client carries."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"].startswith(CALLBACK + "?")
    return {name: value for name, [value] in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


@pytest.fixture(scope="session")
def signing_keys() -> Keys:
    return Keys()


@pytest.fixture(scope="session")
def shared_world(signing_keys: Keys) -> World:
    return World(Config(client_secret=SECRET), signing_keys)


@pytest.fixture
def pagero(shared_world: World) -> Iterator[Pagero]:
    shared_world.reset(keep_grants=False)
    yield Pagero(shared_world)
    shared_world.reset(keep_grants=False)
