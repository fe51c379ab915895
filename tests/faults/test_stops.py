"""Servers told to stop or reload in the middle of a refresh: the answer is stored, and the browser gets its page."""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.faults.test_two_machines import let_expire
from tests.support.browser import Browser
from tests.support.sandbox import Sandbox
from tests.support.served import Served

NewBrowser = Callable[..., Browser]


class Request(threading.Thread):
    """A request for documents on its way."""

    def __init__(self, served: Served, cookies: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.served, self.cookies = served, cookies
        self.status: int | None = None
        self.start()

    def run(self) -> None:
        with requests.Session() as http:
            http.trust_env = False
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
            self.status = http.get(f"{self.served.base}/api/documents", headers=headers, timeout=30).status_code


def _until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGHUP])
def test_a_refresh_under_way_is_finished_and_stored(
    served: Any, new_browser: NewBrowser, sandbox: Sandbox, order: signal.Signals
) -> None:
    site = served(workers=1)
    browser = new_browser(site)
    browser.sign_in("anna")
    let_expire(site)
    sandbox.knobs(token_delay_seconds=3.0)
    request = Request(site, browser.cookies)
    _until(lambda: sandbox.token_calls("refresh_token"))
    os.kill(site.instances[0].process.pid, order)
    request.join(20)
    assert request.status == 200
    row = site.stored.one("connections")
    assert (row["generation"], row["state"], row["lease_owner"]) == (2, "active", None)
    assert len(sandbox.token_calls("refresh_token")) == 1


def test_a_refresh_beside_a_request_outlives_the_request_when_the_server_stops(
    served: Any, new_browser: NewBrowser, sandbox: Sandbox
) -> None:
    site = served(workers=1)
    browser = new_browser(site)
    browser.sign_in("anna")
    row = site.stored.one("connections")
    site.stored.change("connections", {"refresh_due_at": row["connected_at"]})
    sandbox.knobs(token_delay_seconds=3.0)
    request = Request(site, browser.cookies)
    request.join(2.5)
    assert request.status == 200  # served with the old token, at once
    _until(lambda: sandbox.token_calls("refresh_token"))
    site.instances[0].process.terminate()
    site.instances[0].process.wait(20)
    assert site.stored.one("connections")["generation"] == 2


def test_a_browser_that_goes_away_stops_no_refresh(served: Any, new_browser: NewBrowser, sandbox: Sandbox) -> None:
    site = served(workers=1)
    browser = new_browser(site)
    browser.sign_in("anna")
    let_expire(site)
    sandbox.knobs(token_delay_seconds=2.0)
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    with pytest.raises(requests.Timeout):
        requests.get(f"{site.base}/api/documents", headers=headers, timeout=0.7)
    _until(lambda: site.stored.one("connections")["generation"] == 2)
    assert len(sandbox.token_calls("refresh_token")) == 1
