"""A Pagero played by an object, strict about codes, proof keys and single use, and a browser window in this process."""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from app.errors import AppError, GrantRefused
from app.pagero.oauth import TokenEndpoint
from app.pagero.records import TokenAnswer
from app.settings import Settings

ISSUER = "https://login.test/oauth/v2/oauth-anonymous"
SITE = "http://127.0.0.1:8000"


class PlayedPagero(TokenEndpoint):
    """Pagero's token endpoint in this process. `calls` counts exchanges; `fault` is raised instead of answering."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.calls = 0
        self.fault: AppError | None = None
        self.revoked: list[str] = []
        self.before_answering: Callable[[], Any] = lambda: None
        self._codes: dict[str, tuple[str, str | None]] = {}

    def log_in(self, login_url: str, person: str = "anna") -> str:
        """What happens at the login page: a code for the request the browser brought."""
        asked = parse_qs(urlsplit(login_url).query)
        code = secrets.token_hex(16)
        self._codes[code] = (person, asked.get("code_challenge", [None])[0])
        return code

    def exchange_code(self, code: str, verifier: str | None) -> TokenAnswer:
        self.calls += 1
        self.before_answering()
        if self.fault:
            raise self.fault
        person, challenge = self._codes.pop(code, ("", ""))
        proof = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=") if verifier else None
        if not person or challenge != proof:
            raise GrantRefused("exchange code", 400)
        return TokenAnswer(access_token_of(person), f"refresh-{secrets.token_hex(16)}", 600, "", None)

    def revoke(self, token: str, hint: Any) -> None:
        if self.fault:
            raise self.fault
        self.revoked.append(token)


def access_token_of(person: str) -> str:
    """A JWT of the documented shape, whose signature nobody checks."""
    parts = ({"alg": "RS256"}, {"iss": ISSUER, "sub": person, "exp": 4102444800, "jti": secrets.token_hex(8)})
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + ".c2ln"


@dataclass
class Window:
    """A browser that knows the site and stops at every redirect."""

    app: Flask
    pagero: PlayedPagero
    site: str = SITE
    headers: dict[str, str] = field(default_factory=lambda: {"User-Agent": "Firefox", "Accept": "text/html"})

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def open(self, path: str, method: str = "GET", **options: Any) -> TestResponse:
        headers = self.headers | options.pop("headers", {})
        return self.client.open(path, method=method, base_url=self.site, headers=headers, **options)

    def post(self, path: str, data: dict[str, str] | None = None, **headers: str) -> TestResponse:
        return self.open(path, "POST", data=data or {}, headers={"Origin": self.site} | headers)

    def start(self, next: str = "/documents", **query: str) -> str:
        """Press "Sign in"; answers the address at Pagero."""
        answer = self.open("/auth/login", query_string={"next": next, **query})
        assert answer.status_code == 303
        return answer.headers["Location"]

    def come_back(self, login_url: str, person: str = "anna", **changes: str | None) -> TestResponse:
        """Log in at Pagero and follow its redirect; `changes` alter the callback's query, None leaves one out."""
        query = {"code": self.pagero.log_in(login_url, person), "state": state_of(login_url), "iss": ISSUER} | changes
        return self.callback({name: value for name, value in query.items() if value is not None})

    def callback(self, query: Any, **options: Any) -> TestResponse:
        return self.open("/auth/callback", query_string=query, **options)

    def sign_in(self, person: str = "anna", next: str = "/documents", **query: str) -> TestResponse:
        answer = self.come_back(self.start(next, **query), person)
        assert answer.status_code == 303, answer.text
        return answer

    @property
    def session(self) -> str | None:
        cookie = self.client.get_cookie("session", domain="127.0.0.1")
        return cookie.value if cookie else None

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.client._cookies.values()} if self.client._cookies else {}


def state_of(login_url: str) -> str:
    return parse_qs(urlsplit(login_url).query)["state"][0]
