"""Another certified authorization server on Pagero's paths: only settings change, and people sign in as before.

The API is the sandbox's, told to trust that server's JWT access tokens.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.browser import Browser
from tests.support.canaries import Canaries
from tests.support.peer import Peer, serve_peer
from tests.support.processes import free_port
from tests.support.run import Run
from tests.support.sandbox import Sandbox, serve_sandbox

OtherPagero = Callable[..., tuple[Peer, Sandbox]]


@pytest.fixture
def other_pagero(run: Run, canaries: Canaries, redirect_uris: list[str]) -> Iterator[OtherPagero]:
    """Start the other server and a sandbox API that trusts it."""
    with ExitStack() as running:

        def start(*, auth_method: str = "client_secret_basic", require_pkce: bool = True, seconds: int = 600) -> Any:
            port = free_port()
            issuer = f"http://127.0.0.1:{port}/oauth/v2/oauth-anonymous"
            trust = ("--trust-issuer", issuer, "--trust-jwks", f"{issuer}/jwks", "--trust-map", "anna=anna")
            api = running.enter_context(serve_sandbox(run, redirect_uris, *trust))
            options = {"auth_method": auth_method, "require_pkce": require_pkce, "seconds": seconds}
            peer = running.enter_context(serve_peer(run, port, redirect_uris, api.base, **options))
            canaries.add("client secret", peer.client_secret)
            return peer, api

        yield start


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
def test_a_person_signs_in_and_sees_their_documents(
    other_pagero: OtherPagero, served: Any, new_browser: Callable[..., Browser], auth_method: str
) -> None:
    peer, api = other_pagero(auth_method=auth_method)
    site = served(pagero=peer.settings(api.base), pagero_token_auth_method=auth_method)
    page = peer.sign_in(new_browser(site), "anna", next="/documents")
    assert page.path == "/documents"
    assert len(page.rows) == 25
    account = site.stored.one("accounts")
    assert (account["issuer"], account["subject"], account["identity_source"]) == (peer.issuer, "anna", "id_token")


def test_without_proof_key_the_plain_flow_works_too(
    other_pagero: OtherPagero, served: Any, new_browser: Callable[..., Browser]
) -> None:
    peer, api = other_pagero(require_pkce=False)
    site = served(pagero=peer.settings(api.base), pagero_pkce="false")
    assert peer.sign_in(new_browser(site), "anna", next="/documents").rows


def test_tokens_are_renewed_and_the_connection_ends_on_both_sides(
    other_pagero: OtherPagero, served: Any, new_browser: Callable[..., Browser]
) -> None:
    peer, api = other_pagero(seconds=2)
    site = served(pagero=peer.settings(api.base))
    browser = new_browser(site)
    peer.sign_in(browser, "anna", next="/account")
    for offset in range(2):
        time.sleep(2.2)  # the other server's clock cannot be moved
        assert browser.get(f"/documents?offset={offset}").rows  # another page each time: none from the reads cache
    assert peer.count("grant.success refresh_token") >= 2
    assert site.stored.one("connections")["generation"] >= 3
    browser.submit(browser.get("/account/disconnect").form("/account/disconnect"))
    assert site.stored.one("connections")["revoke_outcome"] == "confirmed"
    assert peer.count("grant.revoked") >= 1
