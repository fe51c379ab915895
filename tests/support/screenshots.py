"""`./dev screenshots`: the main views in light and dark, with the people of the sandbox, into docs/screenshots."""

import sys
from contextlib import ExitStack

from playwright.sync_api import BrowserContext

from tests.support import chromium, run
from tests.support.browser import PASSWORD
from tests.support.canaries import Canaries
from tests.support.databases import Databases
from tests.support.environment import encryption_key, settings_for
from tests.support.processes import clean_environment, free_port
from tests.support.sandbox import serve_sandbox
from tests.support.served import Served

FOLDER = run.ROOT / "docs" / "screenshots"
VIEWS = {"overview": "/", "documents": "/documents", "account": "/account"}
SIZE = {"width": 1280, "height": 860}


def main() -> int:
    """Start everything, sign in, take the pictures."""
    this_run, keys, port = run.begin(), encryption_key(Canaries()), free_port()
    public_url = f"http://127.0.0.1:{port}"
    with ExitStack() as ending:
        databases = Databases(this_run, lambda address: settings_for(public_url, address, keys))
        ending.callback(databases.close)
        sandbox = ending.enter_context(serve_sandbox(this_run, [f"{public_url}/auth/callback"]))
        settings = settings_for(public_url, databases.fresh("sqlite"), keys, sandbox.settings())
        served = Served(this_run, clean_environment(**settings), [port])
        ending.callback(served.stop)
        browser = ending.enter_context(chromium.launched())
        for scheme in ("light", "dark"):
            context = browser.new_context(base_url=public_url, color_scheme=scheme, viewport=SIZE, locale="en-GB")
            _take(context, scheme)
            context.close()
    return 0


def _take(context: BrowserContext, scheme: str) -> None:
    page = context.new_page()
    page.goto("/auth/login?next=/")
    page.fill("input[name=username]", "anna")
    page.fill("input[type=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("h1")
    for name, path in VIEWS.items():
        page.goto(path, wait_until="networkidle")
        page.screenshot(path=FOLDER / f"{name}-{scheme}.png")


if __name__ == "__main__":
    sys.exit(main())
