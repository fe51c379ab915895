"""`./dev bench`: the figures of docs/benchmarks.md, printed. Nothing is kept.

    proxied   /api/documents against a bare Flask route on the same gunicorn settings, upstream answering at once
    waiting   256 people at once, upstream taking 100 ms
    reseal    `keys reseal` over 100,000 connections while 50 are refreshed a second; only when asked for by name

BENCH_SECONDS (5) is the length of one run. Exits 1 when a bar is missed.
"""

import argparse
import os
import platform
import statistics
import sys
from datetime import UTC, datetime

from benchmarks.load import Result, generator, load
from benchmarks.reseal import reseal
from benchmarks.stage import Stage, stage

SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
PAIRS = 7
CONNECTIONS = 32
LEAST_RATIO = 0.40
USERS = 256
UPSTREAM_SECONDS = 0.1
LEAST_RATE = 800


def proxied(on: Stage) -> bool:
    """Alternating runs, so that a busy moment of the machine meets both; medians."""
    pairs: list[tuple[Result, Result]] = []
    with on.upstream(0) as upstream, on.serve(upstream) as ours, on.bare() as bare:
        for url in (bare, ours):
            load(url, on.cookies, CONNECTIONS, 2)  # warm
        for number in range(PAIRS):
            pair = load(bare, on.cookies, CONNECTIONS, SECONDS), load(ours, on.cookies, CONNECTIONS, SECONDS)
            pairs.append(pair)
            ratio = pair[1].rate / pair[0].rate
            print(f"  pair {number + 1}: bare {_line(pair[0])} | proxied {_line(pair[1])} | {ratio:.3f}")
    ratio = statistics.median(ours.rate / bare.rate for bare, ours in pairs)
    failed = sum(result.failed for pair in pairs for result in pair)
    rates = [statistics.median(result.rate for result in side) for side in zip(*pairs, strict=True)]
    summary = f"bare {rates[0]:.0f}/s, proxied {rates[1]:.0f}/s, {failed} failed, ratio {ratio:.3f} (bar {LEAST_RATIO})"
    print(f"proxied: {summary}")
    return ratio >= LEAST_RATIO and not failed


def waiting(on: Stage) -> bool:
    """As many connections as people; each request is the next person's."""
    with on.upstream(UPSTREAM_SECONDS) as upstream, on.serve(upstream) as ours:
        load(ours, on.cookies, USERS, 3)  # warm: every person's token is opened in both workers
        results = [load(ours, on.cookies, USERS, 2 * SECONDS) for _ in range(3)]
    for result in results:
        print(f"  {_line(result)}, p50 {result.p50_ms:.0f} ms, p95 {result.p95_ms:.0f} ms, p99 {result.p99_ms:.0f} ms")
    rate, failed = statistics.median(result.rate for result in results), sum(result.failed for result in results)
    print(f"waiting: {USERS} people, upstream 100 ms: {rate:.0f}/s (bar {LEAST_RATE}), {failed} failed")
    return rate >= LEAST_RATE and not failed


def main() -> int:
    """Run what was asked for; by default everything that takes a minute or two."""
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("which", nargs="*", choices=["proxied", "waiting", "reseal"], default=[])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked = parser.parse_args()
    which = asked.which or ["proxied", "waiting"]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {generator()}, {asked.database}")
    good = [reseal(asked.database)] if "reseal" in which else []
    if views := [name for name in which if name != "reseal"]:
        with stage(USERS if "waiting" in views else 1, asked.database) as on:
            print(f"answer of {on.body.stat().st_size} bytes")
            good += [{"proxied": proxied, "waiting": waiting}[name](on) for name in views]
    return 0 if all(good) else 1


def _line(result: Result) -> str:
    return f"{result.rate:.0f}/s" + (f" ({result.failed} failed)" if result.failed else "")


if __name__ == "__main__":
    sys.exit(main())
