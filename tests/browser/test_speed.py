"""The first load of the overview in real Chromium with an empty cache: bytes, the time of painting, what moves."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.test_chromium_journeys import sign_in
from tests.support.served import Served

MOST_BYTES = 150_000
LATEST_PAINT_MS = 1_000
WATCH = """
window.moved = 0; window.painted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.moved += entry.value; }))
  .observe({type: "layout-shift", buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.painted = entry.startTime; }))
  .observe({type: "largest-contentful-paint", buffered: true});
"""

OpenChromium = Callable[..., BrowserContext]


def loaded(page: Page) -> dict[str, Any]:
    """Load the overview with an empty cache and measure."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto("/", wait_until="networkidle")
    page.wait_for_timeout(300)
    found: dict[str, Any] = page.evaluate("({moved: window.moved, painted: window.painted})")
    return found | {"bytes": sum(received), "files": len(received)}


def test_the_first_load_of_the_overview_is_small_soon_and_still(site: Served, open_chromium: OpenChromium) -> None:
    page = open_chromium(site.base).new_page()
    page.add_init_script(WATCH)
    sign_in(page)
    runs = [loaded(page) for _ in range(3)]
    assert min(run["files"] for run in runs) > 4
    assert max(run["bytes"] for run in runs) <= MOST_BYTES
    assert sorted(run["painted"] for run in runs)[1] <= LATEST_PAINT_MS
    assert max(run["moved"] for run in runs) == 0
