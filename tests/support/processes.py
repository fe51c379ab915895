"""Real processes for tests: started with a clean environment, their output in files, ended by their own id only."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import requests

from tests.support.run import ROOT

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "COVERAGE_")
PORTS = range(20_000, 29_000)  # below the ports the kernel gives to outgoing connections
_given: set[int] = set()


class StartFailed(AssertionError):
    """A process ended or stayed silent; the message shows the end of its log."""


def free_port() -> int:
    """A loopback port nobody listens on, never given out twice in this run."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port in _given or probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
        _given.add(port)
        return port
    raise AssertionError("no free port")


def clean_environment(**settings: str) -> dict[str, str]:
    """What a started process may see: where programs are, what coverage needs, and `settings`."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(INHERITED)}
    return kept | {"PYTHONUNBUFFERED": "1", "NO_PROXY": "*"} | settings


def start(
    command: Sequence[str], log: Path, environment: Mapping[str, str], cwd: Path = ROOT
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own with all output in `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
        )


def wait_until_answers(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 30) -> None:
    """Return when `url` answers 200. Raises StartFailed with the end of the log otherwise."""
    deadline = time.monotonic() + seconds
    with plain_session() as session:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            with contextlib.suppress(requests.RequestException):
                if session.get(url, timeout=2).status_code == 200:
                    return
            time.sleep(0.05)
    raise StartFailed(f"no answer from {url} (exit code {process.poll()}):\n{_end_of(log)}")


def stop(process: subprocess.Popen[bytes], seconds: float = 15) -> int:
    """SIGTERM, and SIGKILL for the whole process group when that is not enough. Answers the exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_group(process)
    return process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for a process started here and everything it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def children_of(pid: int) -> list[int]:
    """Process ids of the direct children, such as gunicorn's workers."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


@contextlib.contextmanager
def plain_session() -> Iterator[requests.Session]:
    """A requests session that knows no proxies, no netrc and no environment."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def _end_of(log: Path, lines: int = 40) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if log.exists() else ""
