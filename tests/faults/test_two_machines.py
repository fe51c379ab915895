"""Several gunicorns over one database: one refresh for a crowd, and what one machine ends is over on all of them."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.support.browser import Browser
from tests.support.sandbox import Sandbox
from tests.support.served import Served

NewBrowser = Callable[..., Browser]


def crowd(served: Served, cookies: dict[str, str], size: int) -> list[requests.Response]:
    """That many requests for documents at the same time, spread over all instances."""

    def ask(number: int) -> requests.Response:
        base = served.bases[number % len(served.bases)]
        with requests.Session() as http:
            http.trust_env = False
            headers = {"Host": served.host, "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
            return http.get(f"{base}/api/documents", headers=headers, timeout=30)

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(ask, range(size)))


def let_expire(served: Served) -> None:
    """The access token of every connection has been over for a minute."""
    past = datetime.now(UTC) - timedelta(minutes=1)
    assert served.stored.change("connections", {"access_expires_at": past, "refresh_due_at": past}) >= 1


def test_64_requests_at_expiry_on_two_machines_make_one_token_call(
    served: Any, new_browser: NewBrowser, sandbox: Sandbox
) -> None:
    site = served("postgresql", instances=2)
    browser = new_browser(site)
    browser.sign_in("anna")
    let_expire(site)
    sandbox.knobs(token_delay_seconds=2.0)
    answers = crowd(site, browser.cookies, 64)
    assert [answer.status_code for answer in answers] == [200] * 64
    assert len(sandbox.token_calls("refresh_token")) == 1
    assert site.stored.one("connections")["generation"] == 2


def test_a_token_endpoint_of_five_seconds_is_called_once_and_everybody_is_served(
    site_on_both: Served, new_browser: NewBrowser, sandbox: Sandbox
) -> None:
    browser = new_browser(site_on_both)
    browser.sign_in("anna")
    let_expire(site_on_both)
    sandbox.knobs(token_delay_seconds=5.0)
    answers = crowd(site_on_both, browser.cookies, 16)
    assert [answer.status_code for answer in answers] == [200] * 16
    assert len(sandbox.token_calls("refresh_token")) == 1


def test_ten_views_in_one_worker_use_one_connection_to_the_api(
    served: Any, new_browser: NewBrowser, sandbox: Sandbox
) -> None:
    browser = new_browser(served(workers=1))
    browser.sign_in("anna", next="/documents")
    for offset in range(1, 10):
        browser.get(f"/documents?offset={offset}")  # another page each time, so that none comes from the reads cache
    ports = [call["remote_port"] for call in sandbox.calls() if "documents" in call["path"]]
    assert len(ports) == 10
    assert len(set(ports)) == 1


def test_a_session_of_one_machine_counts_on_the_other_and_ends_on_both(served: Any, new_browser: NewBrowser) -> None:
    site = served("postgresql", instances=2, workers=1)
    here, there = new_browser(site), new_browser(site, instance=1)
    here.sign_in("anna")
    there.http.cookies.update(here.http.cookies)
    assert there.get("/documents").path == "/documents"
    here.sign_out()
    assert there.get("/api/documents", status=401).json()


def test_disconnecting_on_one_machine_acts_on_the_other_at_once(
    served: Any, new_browser: NewBrowser, sandbox: Sandbox
) -> None:
    site = served("postgresql", instances=2, workers=1)
    here, there = new_browser(site), new_browser(site, instance=1)
    here.sign_in("anna")
    there.http.cookies.update(here.http.cookies)
    assert there.raw("GET", "/api/documents").status_code == 200
    here.submit(here.get("/account/disconnect").form("/account/disconnect"))
    calls = len(sandbox.calls())
    assert there.raw("GET", "/api/documents").status_code in (401, 409)
    assert len(sandbox.calls()) == calls


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_stop_during_a_refresh_lets_it_finish_and_stores_the_tokens(
    served: Any, new_browser: NewBrowser, sandbox: Sandbox, engine: str
) -> None:
    site = served(engine, workers=1)
    browser = new_browser(site)
    browser.sign_in("anna")
    let_expire(site)
    sandbox.knobs(token_delay_seconds=3.0)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(crowd, site, browser.cookies, 1)
        _until(lambda: len(sandbox.token_calls("refresh_token")) == 1)
        site.instances[0].process.terminate()
        assert [reply.status_code for reply in answer.result()] == [200]
    assert site.instances[0].process.wait(20) == 0
    row = site.stored.one("connections")
    assert (row["generation"], row["state"], row["lease_owner"]) == (2, "active", None)


def _until(happened: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
