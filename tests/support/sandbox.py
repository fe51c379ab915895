"""The sandbox Pagero as a process, and what tests say to it. It is reset before every test that uses it."""

import contextlib
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import requests

from tests.support import processes
from tests.support.run import Run

CLIENT_ID = "sandbox-client"


class Sandbox:
    """A running sandbox: its address and its knobs."""

    def __init__(self, base: str, client_secret: str, ledger: Path, log: Path) -> None:
        self.base, self.client_secret, self.ledger, self.log = base, client_secret, ledger, log
        self.issuer = f"{base}/oauth/v2/oauth-anonymous"
        self._http = requests.Session()
        self._http.trust_env = False

    def knobs(self, **changes: Any) -> Any:
        """Turn knobs; answers their new positions."""
        return self.ask("POST", "knobs", changes)

    def calls(self, **matching: Any) -> list[dict[str, Any]]:
        """Every call since the reset whose entries equal `matching`, such as endpoint="token"."""
        answer = self.ask("GET", "calls")
        calls = answer["calls"] if isinstance(answer, dict) else answer
        return [call for call in calls if all(call.get(name) == value for name, value in matching.items())]

    def token_calls(self, grant_type: str | None = None) -> list[dict[str, Any]]:
        """Calls of the token endpoint."""
        matching = {} if grant_type is None else {"grant_type": grant_type}
        return self.calls(endpoint="token", **matching)

    def reuses(self) -> Any:
        """Refresh tokens that were presented more than once."""
        return self.ask("GET", "reuses")

    def expire(self, person: str | None = None) -> None:
        """Make access tokens invalid at the API, of one person or of everybody; refresh tokens stay good."""
        self.ask("POST", "expire", {"person": person} if person else {})

    def revoke(self, person: str) -> None:
        """End every grant of a person, as their administrator at Pagero would."""
        self.ask("POST", "revoke", {"person": person})

    def fail_next(self, **fault: Any) -> None:
        """Answer a coming call with a fault; app.sandbox.faults lists what can be said."""
        self.ask("POST", "fail-next", fault)

    def reset(self) -> None:
        """Forget all grants and calls; knobs back to their defaults."""
        self.ask("POST", "reset", {})

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Any request under /_sandbox/. Answers its JSON."""
        reply = self._http.request(method, f"{self.base}/_sandbox/{path}", json=body, timeout=10)
        assert reply.ok, f"{method} /_sandbox/{path}: {reply.status_code} {reply.text[:300]}"
        return reply.json() if reply.content else None

    def settings(self) -> dict[str, str]:
        """The application's settings that point here."""
        return {
            "PAGERO_CLIENT_ID": CLIENT_ID,
            "PAGERO_CLIENT_SECRET": self.client_secret,
            "PAGERO_AUTHORIZE_URL": f"{self.base}/oauth/v2/oauth-authorize",
            "PAGERO_TOKEN_URL": f"{self.base}/oauth/v2/oauth-token",
            "PAGERO_REVOKE_URL": f"{self.base}/oauth/v2/oauth-revoke",
            "PAGERO_JWKS_URL": f"{self.base}/oauth/v2/oauth-anonymous/jwks",
            "PAGERO_API_URL": self.base,
            "PAGERO_ISSUER": self.issuer,
        }


@contextlib.contextmanager
def serve_sandbox(run: Run, redirect_uris: Sequence[str], *extra: str) -> Iterator[Sandbox]:
    """Start a sandbox on a port of its own and stop it afterwards. `extra` are further command-line words."""
    port, secret = processes.free_port(), f"client-secret-{secrets.token_hex(16)}"
    ledger, log = run.fresh(run.path, "sandbox-ledger.jsonl"), run.fresh(run.path, "sandbox.log")
    ledger.touch()
    command = [
        sys.executable,
        "-m",
        "app.sandbox",
        "--port",
        str(port),
        "--ledger",
        str(ledger),
        "--client-secret",
        secret,
    ]
    for uri in redirect_uris:
        command += ["--redirect-uri", uri]
    process = processes.start([*command, *extra], log, processes.clean_environment())
    try:
        processes.wait_until_answers(f"http://127.0.0.1:{port}/_sandbox/health", process, log)
        yield Sandbox(f"http://127.0.0.1:{port}", secret, ledger, log)
    finally:
        processes.stop(process)
