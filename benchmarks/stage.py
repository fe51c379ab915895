"""What is measured: the application and the yardstick under the same gunicorn settings, with people signed in.

People sign in through the sandbox; then the same database is served again with PAGERO_API_URL pointing to
benchmarks.upstream, so that the sandbox is not what is measured.
"""

import contextlib
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import processes, run
from tests.support.browser import Browser
from tests.support.canaries import Canaries
from tests.support.databases import Databases
from tests.support.environment import encryption_key, settings_for
from tests.support.sandbox import Sandbox, serve_sandbox
from tests.support.served import GUNICORN, Served


@dataclass
class Stage:
    """Everything a benchmark needs; `serve` and `bare` start what it measures."""

    run: run.Run
    sandbox: Sandbox
    environment: dict[str, str]
    port: int
    cookies: Path
    body: Path

    @contextlib.contextmanager
    def serve(self, upstream: str) -> Iterator[str]:
        """The application, with `upstream` as its Pagero API. Yields the address of the proxied view."""
        served = Served(self.run, self.environment | {"PAGERO_API_URL": upstream}, [self.port])
        try:
            yield f"{served.base}/api/documents"
        finally:
            served.stop()

    @contextlib.contextmanager
    def bare(self) -> Iterator[str]:
        """The yardstick. Yields the address of its one route."""
        port, log = processes.free_port(), self.run.fresh(self.run.logs, "bare.log")
        settings = self.environment | {"BIND": f"127.0.0.1:{port}", "BODY_FILE": str(self.body)}
        command = [*GUNICORN[:-1], "benchmarks.bare:app"]
        process = processes.start(command, log, settings)
        try:
            processes.wait_until_answers(f"http://127.0.0.1:{port}/health/ready", process, log)
            yield f"http://127.0.0.1:{port}/api/documents"
        finally:
            processes.stop(process)

    @contextlib.contextmanager
    def upstream(self, delay_seconds: float) -> Iterator[str]:
        """The prepared Pagero API. Yields its address."""
        port, log = processes.free_port(), self.run.fresh(self.run.logs, "upstream.log")
        command = [sys.executable, "-m", "benchmarks.upstream", str(port), str(self.body), str(delay_seconds)]
        process = processes.start(command, log, processes.clean_environment())
        try:
            _wait_for_port(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            processes.stop(process)


@contextlib.contextmanager
def stage(people: int, database: str = "sqlite") -> Iterator[Stage]:
    """Set everything up with that many people signed in. Their tokens live for an hour."""
    this_run, canaries = run.begin(), Canaries()
    keys, port = encryption_key(canaries), processes.free_port()
    public_url = f"http://127.0.0.1:{port}"
    databases = Databases(this_run, lambda address: settings_for(public_url, address, keys))
    with contextlib.ExitStack() as ending:
        ending.callback(databases.close)
        sandbox = ending.enter_context(serve_sandbox(this_run, [f"{public_url}/auth/callback"]))
        sandbox.knobs(access_token_seconds=3600)
        settings = settings_for(public_url, databases.fresh(database), keys, sandbox.settings(), log_level="INFO")
        environment = processes.clean_environment(**settings)
        for name in ("WEB_WORKERS", "WEB_THREADS"):  # measured as gunicorn.conf.py has them, unless the caller says so
            environment.pop(name)
        made = Stage(this_run, sandbox, environment, port, this_run.path / "cookies", this_run.path / "body.json")
        _sign_in(made, people)
        yield made


def _sign_in(made: Stage, people: int) -> None:
    served = Served(made.run, made.environment, [made.port])
    try:
        lines = []
        for number in range(people):
            browser = Browser(served.base)
            browser.sign_in("anna" if number == 0 else f"load-{number}")
            lines.append("; ".join(f"{name}={value}" for name, value in browser.cookies.items() if "session" in name))
        made.cookies.write_text("\n".join(lines) + "\n", encoding="ascii")
        first = Browser(served.base)
        first.sign_in("anna")
        made.body.write_bytes(first.raw("GET", "/api/documents").content)
    finally:
        served.stop()


def _wait_for_port(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the upstream did not start")
