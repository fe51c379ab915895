"""The sandbox as it really runs: keep-alive, broken connections, many slow requests at once, the express lane."""

import http.client
import socket
import threading
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup

from tests.support.sandbox import Sandbox

JWKS = "/oauth/v2/oauth-anonymous/jwks"
LIST = "/document/v1/documents"


@pytest.fixture
def callback(redirect_uris: list[str]) -> str:
    return redirect_uris[0]


def token(sandbox: Sandbox, callback: str, username: str = "anna") -> dict[str, Any]:
    with requests.Session() as browser:
        browser.trust_env = False
        query = {"response_type": "code", "client_id": "sandbox-client", "redirect_uri": callback}
        page = browser.get(f"{sandbox.base}/oauth/v2/oauth-authorize", params=query)
        flow = BeautifulSoup(page.text, "html.parser").select_one("input[name=flow]")
        assert flow is not None
        form = {"flow": str(flow["value"]), "username": username, "password": "sandbox"}
        came = browser.post(f"{sandbox.base}/oauth/v2/login", data=form, allow_redirects=False)
        [code] = parse_qs(urlsplit(came.headers["Location"]).query)["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback}
        auth = ("sandbox-client", sandbox.client_secret)
        return dict(browser.post(f"{sandbox.base}/oauth/v2/oauth-token", data=form, auth=auth).json())


def connect(sandbox: Sandbox) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", urlsplit(sandbox.base).port or 0, timeout=10)


def get(line: http.client.HTTPConnection, path: str, **headers: str) -> tuple[int, bytes]:
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    return answer.status, answer.read()


def test_ten_calls_use_one_connection(sandbox: Sandbox) -> None:
    line = connect(sandbox)
    assert {get(line, JWKS)[0] for _ in range(10)} == {200}
    line.close()
    assert len({call["remote_port"] for call in sandbox.calls(endpoint="jwks")}) == 1


def test_a_repeated_list_is_answered_alike_recorded_and_delayed(sandbox: Sandbox, callback: str) -> None:
    bearer = {"Authorization": f"Bearer {token(sandbox, callback)['access_token']}"}
    line = connect(sandbox)
    answers = [get(line, LIST, **bearer) for _ in range(4)]
    assert len(set(answers)) == 1
    recorded = sandbox.calls(endpoint="documents")
    assert len({(call["token"], call["person"], call["status"]) for call in recorded}) == 1
    assert len(recorded) == 4
    sandbox.knobs(api_delay_seconds=0.2)
    for _ in range(2):
        begun = time.monotonic()
        get(line, LIST, **bearer)
        assert time.monotonic() - begun >= 0.2
    sandbox.knobs(api_delay_seconds=0, fail_next={"endpoint": "documents", "status": 503})
    assert [get(line, LIST, **bearer)[0] for _ in range(3)] == [503, 200, 200]
    line.request("HEAD", LIST, headers=bearer)
    assert line.getresponse().read() == b""
    line.request("HEAD", LIST, headers=bearer)
    assert line.getresponse().read() == b""
    sandbox.knobs(documents_meta={"total": 1})
    assert b'"total":1}' in get(line, LIST, **bearer)[1]
    sandbox.ask("POST", "expire", {})
    assert [get(line, LIST, **bearer)[0] for _ in range(2)] == [401, 401]
    line.close()


def test_a_hundred_lists_in_the_express_lane_are_cheap(sandbox: Sandbox, callback: str) -> None:
    bearer = {"Authorization": f"Bearer {token(sandbox, callback)['access_token']}"}
    line = connect(sandbox)
    get(line, LIST, **bearer)
    begun = time.monotonic()
    for _ in range(100):
        get(line, LIST, **bearer)
    assert time.monotonic() - begun < 2
    line.close()


@pytest.mark.parametrize("kind", ["close", "reset", "lost", "lost_reset", "hang"])
def test_connections_really_break(sandbox: Sandbox, kind: str) -> None:
    sandbox.knobs(fail_next={"endpoint": "jwks", "kind": kind})
    line = connect(sandbox)
    expected = ConnectionResetError if "reset" in kind else http.client.RemoteDisconnected
    with pytest.raises(ConnectionResetError) as broken:
        get(line, JWKS)
    assert type(broken.value) is expected
    assert get(line, JWKS)[0] == 200
    line.close()


def test_a_body_can_end_before_its_length(sandbox: Sandbox) -> None:
    sandbox.knobs(fail_next={"endpoint": "jwks", "kind": "truncate", "size": 10})
    line = connect(sandbox)
    with pytest.raises(http.client.IncompleteRead) as cut:
        get(line, JWKS)
    assert len(cut.value.partial) == 10
    line.close()


def test_a_connection_can_be_hung_up_although_it_was_kept_alive(sandbox: Sandbox) -> None:
    sandbox.knobs(fail_next={"endpoint": "jwks", "kind": "hang_up"})
    line = connect(sandbox)
    assert get(line, JWKS)[0] == 200
    time.sleep(0.1)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        get(line, JWKS)
    line.close()


def test_a_drip_takes_its_time(sandbox: Sandbox) -> None:
    sandbox.knobs(fail_next={"endpoint": "jwks", "kind": "drip", "body": "12345", "seconds": 0.1})
    line = connect(sandbox)
    begun = time.monotonic()
    assert get(line, JWKS) == (200, b"12345")
    assert time.monotonic() - begun >= 0.4
    line.close()


def test_hundreds_of_slow_requests_are_served_side_by_side(sandbox: Sandbox) -> None:
    sandbox.knobs(delays={"jwks": 1.5})
    statuses: list[int] = []

    def ask() -> None:
        line = connect(sandbox)
        statuses.append(get(line, JWKS)[0])
        line.close()

    threads = [threading.Thread(target=ask) for _ in range(200)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 200
    assert time.monotonic() - begun < 12


def test_requests_in_pieces_pipelined_or_broken_are_understood(sandbox: Sandbox) -> None:
    one = f"GET {JWKS} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    address = ("127.0.0.1", urlsplit(sandbox.base).port)
    with socket.create_connection(address, timeout=10) as line:
        line.sendall(one[:9])
        time.sleep(0.05)
        line.sendall(one[9:] + one + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received = b""
        while chunk := line.recv(65536):
            received += chunk
    assert received.count(b"HTTP/1.1 200 OK") == 3
    with socket.create_connection(address, timeout=10) as line:
        line.sendall(b"NONSENSE\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 400")
