"""JWT access tokens of another authorization server: which are accepted and which are not."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from app.sandbox import trust
from app.sandbox.config import Config, Trust
from app.sandbox.keys import Keys, SigningKey
from app.sandbox.world import World

from .conftest import SECRET, Pagero

ISSUER = "https://other.example"


class KeyServer(HTTPServer):
    document: Any = None
    asked = 0


class Answers(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.asked += 1
        body = json.dumps(self.server.document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def keys_elsewhere() -> Iterator[KeyServer]:
    server = KeyServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pagero(keys_elsewhere: KeyServer, signing_keys: Keys) -> Pagero:
    url = f"http://127.0.0.1:{keys_elsewhere.server_port}/jwks"
    trusted = Trust(url, ISSUER, {"subject-1": "anna", "subject-2": "nobody"})
    return Pagero(World(Config(client_secret=SECRET, trust=trusted), signing_keys))


def status(pagero: Pagero, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return pagero.http.get("/document/v1/documents", headers=headers).status_code


def claims(**changes: Any) -> dict[str, Any]:
    return {"iss": ISSUER, "sub": "subject-1", "exp": int(time.time()) + 60} | changes


def test_a_valid_token_of_a_mapped_subject_is_accepted(pagero: Pagero, keys_elsewhere: KeyServer) -> None:
    key = SigningKey()
    keys_elsewhere.document = {"keys": [key.public()]}
    assert status(pagero, key.sign(claims())) == 200
    for wrong in ({"iss": "https://evil.example"}, {"sub": "other"}, {"sub": "subject-2"}, {"exp": 1}):
        assert status(pagero, key.sign(claims(**wrong))) == 401
    assert status(pagero, SigningKey().sign(claims())) == 401
    assert status(pagero, "not.a.jwt") == 401
    assert status(pagero, pagero.sign_in()["access_token"]) == 200


def test_new_keys_are_fetched_but_not_all_the_time(
    pagero: Pagero, keys_elsewhere: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = SigningKey(), SigningKey()
    keys_elsewhere.document = {"keys": [old.public()]}
    assert status(pagero, old.sign(claims())) == 200
    keys_elsewhere.document = {"keys": [new.public()]}
    assert status(pagero, new.sign(claims())) == 401
    assert keys_elsewhere.asked == 1
    monkeypatch.setattr(trust, "REFETCH_SECONDS", 0)
    assert status(pagero, new.sign(claims())) == 200


def test_without_keys_nobody_is_trusted(pagero: Pagero, keys_elsewhere: KeyServer) -> None:
    keys_elsewhere.document = "nonsense"
    assert status(pagero, SigningKey().sign(claims())) == 401
