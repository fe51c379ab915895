"""Debian's Chromium driven by Playwright. Playwright's own browser download is never used.

What a context was sent is recorded as a HAR file; when the context closes, the bodies of our pages go to the canary
search and the cookies into its ledger.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.support.canaries import Canaries
from tests.support.run import Run

EXECUTABLE = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless Chromium for the session; every test opens contexts of its own in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=FLAGS)
        yield browser
        browser.close()


class Contexts:
    """Opens contexts (one person's browser profile each) and keeps what they were sent."""

    def __init__(self, browser: Browser, run: Run, canaries: Canaries) -> None:
        self._browser, self._run, self._canaries = browser, run, canaries
        self._open: list[tuple[BrowserContext, Path, str]] = []

    def open(self, base: str, **options: Any) -> BrowserContext:
        """A fresh profile whose relative addresses begin at `base`."""
        har = self._run.fresh(self._run.path, "context.har")
        context = self._browser.new_context(
            base_url=base, record_har_path=har, record_har_content="embed", **({"locale": "en-GB"} | options)
        )
        context.set_default_timeout(15_000)
        self._open.append((context, har, base))
        return context

    def close(self) -> None:
        """Close them all and read their recordings."""
        for context, har, base in self._open:
            context.close()
            if har.exists():
                self._harvest(json.loads(har.read_text(encoding="utf-8")), base)
                har.unlink()

    def _harvest(self, recording: dict[str, Any], base: str) -> None:
        for entry in recording["log"]["entries"]:
            parts, answer = urlsplit(entry["request"]["url"]), entry["response"]
            if parts.netloc == urlsplit(base).netloc and not parts.path.startswith("/static"):
                self._run.save_page(parts.path, "", _body(answer["content"]))
                for cookie in answer.get("cookies", ()):
                    self._canaries.add(f"cookie {cookie['name'][:20]}", cookie["value"])


def _body(content: dict[str, Any]) -> bytes:
    text = content.get("text", "")
    return base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()
