"""Another authorization server, panva's certified oidc-provider, as a process of its own (tests/peers)."""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.browser import Browser, Page
from tests.support.run import ROOT, Run

FOLDER = ROOT / "tests" / "peers"
CLIENT_ID = "dashboard-at-peer"


class Peer:
    """A running oidc-provider: its address, its client and what it did."""

    def __init__(self, port: int, client_secret: str, log: Path) -> None:
        self.base, self.client_secret, self.log = f"http://127.0.0.1:{port}", client_secret, log
        self.issuer = f"{self.base}/oauth/v2/oauth-anonymous"
        self.jwks_url = f"{self.issuer}/jwks"

    def settings(self, api_url: str) -> dict[str, str]:
        """The application's settings that point here, and to `api_url` for documents."""
        return {
            "PAGERO_CLIENT_ID": CLIENT_ID,
            "PAGERO_CLIENT_SECRET": self.client_secret,
            "PAGERO_AUTHORIZE_URL": f"{self.base}/oauth/v2/oauth-authorize",
            "PAGERO_TOKEN_URL": f"{self.base}/oauth/v2/oauth-token",
            "PAGERO_REVOKE_URL": f"{self.base}/oauth/v2/oauth-revoke",
            "PAGERO_JWKS_URL": self.jwks_url,
            "PAGERO_ISSUER": self.issuer,
            "PAGERO_API_URL": api_url,
        }

    def count(self, event: str) -> int:
        """How often the server reported this, for example "grant.success refresh_token"."""
        return self.log.read_text(encoding="utf-8").count(f"peer: {event}")

    def sign_in(self, browser: Browser, person: str, next: str = "/") -> Page:
        """Type a name at its login page, agree to its consent page, and come back."""
        page = browser.log_in(browser.begin_sign_in(next), person)
        return browser.submit(page.form("/interaction/")) if page.url.startswith(self.base) else page


@contextlib.contextmanager
def serve_peer(
    run: Run,
    port: int,
    redirect_uris: Sequence[str],
    api_url: str,
    *,
    auth_method: str,
    require_pkce: bool,
    seconds: int,
) -> Iterator[Peer]:
    """Start the server with one registered client; `seconds` is the life of its access tokens."""
    install()
    log, secret = run.fresh(run.path, "peer.log"), f"peer-secret-{secrets.token_hex(16)}"
    environment = processes.clean_environment(
        PORT=str(port),
        CLIENT_ID=CLIENT_ID,
        CLIENT_SECRET=secret,
        REDIRECT_URIS=" ".join(redirect_uris),
        AUTH_METHOD=auth_method,
        REQUIRE_PKCE="true" if require_pkce else "false",
        ACCESS_TOKEN_SECONDS=str(seconds),
        API=api_url,
    )
    process = processes.start(["node", "authorization-server.mjs"], log, environment, cwd=FOLDER)
    try:
        peer = Peer(port, secret, log)
        processes.wait_until_answers(peer.jwks_url, process, log)
        yield peer
    finally:
        processes.stop(process)


def install() -> None:
    """`npm ci` what package-lock.json pins, once. Without Node.js the test is skipped, on CI it fails."""
    if not (shutil.which("node") and shutil.which("npm")):
        reason = "Node.js and npm are not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    stamp, lock = FOLDER / "node_modules" / ".installed", FOLDER / "package-lock.json"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=110)
    stamp.write_bytes(lock.read_bytes())
