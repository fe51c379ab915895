"""Load on one address: wrk when the machine has it (Debian's package wrk), else a small generator of our own."""

import asyncio
import itertools
import json
import os
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SCRIPT = Path(__file__).with_name("cookies.lua")


@dataclass(frozen=True)
class Result:
    """What one run of load gave. `failed` counts answers other than 2xx and broken connections."""

    requests: int
    seconds: float
    failed: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def generator() -> str:
    """Which load generator is used on this machine."""
    return "wrk" if shutil.which("wrk") else "asyncio"


def load(url: str, cookies: Path, connections: int, seconds: int) -> Result:
    """GET `url` over that many connections for that long; requests take turns with the lines of `cookies`."""
    if generator() == "wrk":
        return _wrk(url, cookies, connections, seconds)
    return asyncio.run(_own(url, cookies.read_text(encoding="ascii").split("\n"), connections, seconds))


def _wrk(url: str, cookies: Path, connections: int, seconds: int) -> Result:
    command = [
        "wrk",
        "--threads",
        "1",
        "--connections",
        str(connections),
        "--duration",
        f"{seconds}s",
        "--timeout",
        "20s",
    ]
    done = subprocess.run(
        [*command, "--script", str(SCRIPT), url],
        env=os.environ | {"COOKIES_FILE": str(cookies)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Result(**json.loads(done.stdout.strip().splitlines()[-1]))


async def _own(url: str, cookies: list[str], connections: int, seconds: int) -> Result:
    parts = urlsplit(url)
    turns = itertools.cycle(
        f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nCookie: {cookie}\r\n\r\n".encode()
        for cookie in cookies
        if cookie
    )
    began = time.perf_counter()
    runs = [_one_connection(parts.hostname, parts.port, turns, began + seconds) for _ in range(connections)]
    results = await asyncio.gather(*runs)
    times = sorted(spent for good, _ in results for spent in good) or [0.0]
    cuts = [1000 * cut for cut in statistics.quantiles(times, n=100)] if len(times) > 1 else [0.0] * 99
    failed = sum(failures for _, failures in results)
    return Result(len(times) + failed, time.perf_counter() - began, failed, cuts[49], cuts[94], cuts[98])


async def _one_connection(
    host: str | None, port: int | None, turns: "itertools.cycle[bytes]", until: float
) -> tuple[list[float], int]:
    times: list[float] = []
    reader, writer = await asyncio.open_connection(host, port)
    try:
        while (sent := time.perf_counter()) < until:
            writer.write(next(turns))
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            if not head.startswith(b"HTTP/1.1 2"):
                return times, 1
            times.append(time.perf_counter() - sent)
    except (OSError, asyncio.IncompleteReadError):
        return times, 1
    finally:
        writer.close()
    return times, 0
