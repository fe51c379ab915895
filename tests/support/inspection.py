"""What every page of the application must be, whatever test fetched it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.browser import Page

REQUIRED_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": None, "Content-Security-Policy": None}
HANDLER = re.compile(r"on[a-z]+")


def inspect(page: Page) -> None:
    """Raise AssertionError with everything that is wrong with this page."""
    complaints = [*_headers(page), *_document(page), *_forms(page), *_scripts(page)]
    assert not complaints, f"{page.path.split('?')[0]} ({page.status}): " + "; ".join(complaints)


def _headers(page: Page) -> list[str]:
    wrong = [
        f"header {name}"
        for name, value in REQUIRED_HEADERS.items()
        if name not in page.headers or (value is not None and page.headers[name] != value)
    ]
    if "no-store" not in page.headers.get("Cache-Control", ""):
        wrong.append("page may be cached")
    if "Python" in page.headers.get("Server", ""):
        wrong.append("Server header tells versions")
    return wrong


def _document(page: Page) -> list[str]:
    wrong = []
    if not page.title:
        wrong.append("no title")
    if len(page.soup.select("h1")) != 1:
        wrong.append(f"{len(page.soup.select('h1'))} h1")
    if not (page.soup.html and page.soup.html.get("lang")):
        wrong.append("no language")
    ids = Counter(str(element["id"]) for element in page.soup.select("[id]"))
    wrong += [f"id {name} {count} times" for name, count in ids.items() if count > 1]
    if page.status >= 500 and page.status not in (502, 503, 504):
        wrong.append("unhandled failure")
    return wrong


def _forms(page: Page) -> list[str]:
    wrong = []
    for form in page.soup.select("form"):
        if not form.get("action"):
            wrong.append("form without action")
        if str(form.get("method", "get")).lower() == "post" and not form.select_one("input[name=csrf_token]"):
            wrong.append(f"POST form to {form.get('action')} without csrf_token")
    return wrong


def _scripts(page: Page) -> list[str]:
    wrong = [
        f"<{part.name}> without nonce" for part in page.soup.select("script:not([src]), style") if not part.get("nonce")
    ]
    policy = page.headers.get("Content-Security-Policy", "")
    for part in page.soup.select("[nonce]"):
        if f"'nonce-{part['nonce']}'" not in policy:
            wrong.append("nonce is not the one of the policy")
    for element in page.soup.find_all(True):
        wrong += [
            f"inline {name} on <{element.name}>" for name in element.attrs if name == "style" or HANDLER.fullmatch(name)
        ]
    wrong += [f"foreign resource {part[a]}" for part, a in _resources(page) if re.match(r"(https?:)?//", str(part[a]))]
    return wrong


def _resources(page: Page) -> list[tuple[object, str]]:
    found = [(part, "src") for part in page.soup.select("[src]")]
    return found + [(part, "href") for part in page.soup.select("link[href]")]
