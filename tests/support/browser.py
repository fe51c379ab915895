"""A browser without JavaScript: follows redirects between the application and Pagero, fills in forms like a person.

Every page on the way is inspected (tests.support.inspection) and kept for the canary search. Cookies ignore ports, as
they do in real browsers.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests
from bs4 import BeautifulSoup, Tag

from tests.support.canaries import LOG, PAGE, Canaries
from tests.support.inspection import inspect
from tests.support.run import Run

PASSWORD = "sandbox"
REDIRECTS = (301, 302, 303, 307, 308)
LONGEST_CHAIN = 12
UNSAVED_HEADERS = ("set-cookie", "location")  # where a session id and a state rightly stand


class Form:
    """A form of a page: where it goes and what it would send."""

    def __init__(self, element: Tag, page_url: str) -> None:
        self.element = element
        self.method = str(element.get("method", "get")).lower()
        self.action = urljoin(page_url, str(element.get("action") or page_url))
        self.fields: dict[str, str] = {}
        for field in element.select("input[name], select[name], textarea[name], button[name]"):
            self._take(field)

    def _take(self, field: Tag) -> None:
        kind, name = str(field.get("type", "text")), str(field["name"])
        if kind in ("checkbox", "radio") and not field.has_attr("checked"):
            return
        if field.name == "select":
            chosen = field.select_one("option[selected]") or field.select_one("option")
            self.fields[name] = str(chosen.get("value", chosen.get_text(strip=True))) if chosen else ""
        elif field.name == "textarea":
            self.fields[name] = field.get_text()
        elif kind not in ("submit", "image", "file", "reset", "button") and field.name != "button":
            self.fields[name] = str(field.get("value", ""))


@dataclass
class Page:
    """An answer as a person sees it. `soup` is there for what the shorthands do not cover."""

    reply: requests.Response
    history: list[requests.Response]

    def __post_init__(self) -> None:
        self.status, self.url, self.headers = self.reply.status_code, self.reply.url, self.reply.headers
        self.body = self.reply.content
        self.is_html = self.headers.get("Content-Type", "").startswith("text/html")
        self.soup = BeautifulSoup(self.body if self.is_html else b"", "html5lib")

    @property
    def path(self) -> str:
        """Path and query the browser stands on."""
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def heading(self) -> str:
        """The text of the one h1."""
        found = self.soup.select("h1")
        return " ".join(found[0].get_text(" ", strip=True).split()) if found else ""

    @property
    def title(self) -> str:
        """The document's title."""
        return self.soup.title.get_text(strip=True) if self.soup.title else ""

    @property
    def text(self) -> str:
        """All visible text, white space made single."""
        root = self.soup.body or self.soup
        hidden = {id(node) for part in root.select("script, style, template") for node in part.find_all(string=True)}
        return " ".join(" ".join(node for node in root.find_all(string=True) if id(node) not in hidden).split())

    @property
    def rows(self) -> list[list[str]]:
        """The body rows of all tables, as the text of their cells."""
        return [
            [" ".join(cell.get_text(" ", strip=True).split()) for cell in row.select("th, td")]
            for row in self.soup.select("tbody tr")
        ]

    def json(self) -> Any:
        """The answer as JSON."""
        return self.reply.json()

    def link(self, text: str) -> str:
        """The address of the only link with this text."""
        found = {
            str(a["href"]) for a in self.soup.select("a[href]") if " ".join(a.get_text(" ", strip=True).split()) == text
        }
        assert len(found) == 1, f"{len(found)} different links {text!r} on {self.path}"
        return urljoin(self.url, found.pop())

    def form(self, action: str = "") -> Form:
        """The only form whose action contains `action`."""
        found = [form for form in self.forms if action in form.action]
        assert len(found) == 1, (
            f"{len(found)} forms to {action!r} on {self.path}: {[form.action for form in self.forms]}"
        )
        return found[0]

    @property
    def forms(self) -> list[Form]:
        """All forms of the page."""
        return [Form(element, self.url) for element in self.soup.select("form")]


class Browser:
    """One person's browser, beginning at `base`, the PUBLIC_URL of the application."""

    def __init__(
        self, base: str, *, run: Run | None = None, canaries: Canaries | None = None, connect_to: str | None = None
    ) -> None:
        self.base, self.host = base, urlsplit(base).netloc
        self._run, self._canaries = run, canaries
        self._connect_to = connect_to or base  # another instance, reached under the same public address
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers.update({"User-Agent": "Mozilla/5.0 (tests)", "Accept-Language": "en"})

    def get(self, path: str = "/", status: int | None = 200, **options: Any) -> Page:
        """Open a path of ours (or a whole address) and follow redirects. None as status accepts any."""
        return self._expect(self._walk("GET", urljoin(self.base, path), **options), status)

    def post(self, path: str, data: dict[str, Any] | None = None, status: int | None = 200, **options: Any) -> Page:
        """Send a form to a path of ours by hand, and follow redirects."""
        return self._expect(self._walk("POST", urljoin(self.base, path), data=data or {}, **options), status)

    def submit(self, form: Form, status: int | None = 200, **changes: str) -> Page:
        """Send a form of a page with some fields changed."""
        fields = form.fields | changes
        if form.method == "get":
            return self._expect(self._walk("GET", form.action.split("?")[0], params=fields), status)
        return self._expect(self._walk("POST", form.action, data=fields), status)

    def click(self, page: Page, text: str, status: int | None = 200) -> Page:
        """Follow the link with this text."""
        return self.get(page.link(text), status)

    def raw(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request to the application, no redirect followed, nothing inspected but all kept for the search."""
        return self._send(method, urljoin(self.base, path), **options)

    def begin_sign_in(self, next: str = "/", **query: str) -> Page:
        """Go to Pagero's login page, as far as a person gets without typing."""
        words = "&".join(f"{name}={quote(value, safe='')}" for name, value in {"next": next, **query}.items())
        return self.get(f"/auth/login?{words}")

    def sign_in(self, person: str = "anna", next: str = "/", status: int | None = 200) -> Page:
        """Sign in at the sandbox's login page and come back. Answers the page the person lands on."""
        return self.log_in(self.begin_sign_in(next), person, status)

    def log_in(self, page: Page, person: str = "anna", status: int | None = 200) -> Page:
        """Fill in the login page `page` shows and send it."""
        form = next(form for form in page.forms if form.element.select_one("input[type=password]"))
        password = form.element.select_one("input[type=password]")
        name = form.element.select_one("input[type=text], input[type=email], input:not([type]), select")
        assert password is not None, "the login page asks for no password"
        assert name is not None, "the login page asks for no name"
        return self.submit(form, status, **{str(name["name"]): person, str(password["name"]): PASSWORD})

    def sign_out(self) -> Page:
        """Press "Sign out" on the current front page."""
        return self.submit(self.get("/").form("/auth/logout"))

    @property
    def cookies(self) -> dict[str, str]:
        """Name and value of every cookie the browser holds."""
        return {cookie.name: cookie.value or "" for cookie in self.http.cookies}

    def _walk(self, method: str, url: str, **options: Any) -> Page:
        history: list[requests.Response] = []
        for _ in range(LONGEST_CHAIN):
            reply = self._send(method, url, **options)
            if reply.status_code not in REDIRECTS:
                page = Page(reply, history)
                if page.is_html and self._is_ours(url):
                    inspect(page)
                    self._remember_form_secrets(page)
                return page
            history.append(reply)
            url = urljoin(url, reply.headers["Location"])
            if reply.status_code not in (307, 308):
                method, options = "GET", {key: value for key, value in options.items() if key == "headers"}
        raise AssertionError(f"more than {LONGEST_CHAIN} redirects: {[reply.url.split('?')[0] for reply in history]}")

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        ours = self._is_ours(url)
        headers = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        headers |= {"Sec-Fetch-Site": "same-origin", "Host": self.host} if ours else {"Sec-Fetch-Site": "cross-site"}
        if method == "POST":
            parts = urlsplit(url)
            headers["Origin"] = self.base if ours else f"{parts.scheme}://{parts.netloc}"
        headers |= options.pop("headers", {})
        to = url.replace(self.base, self._connect_to, 1) if ours else url
        reply = self.http.request(method, to, headers=headers, allow_redirects=False, timeout=60, **options)
        reply.url = url if not options.get("params") else reply.url.replace(self._connect_to, self.base, 1)
        if ours:
            self._keep(reply)
        return reply

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url).netloc == self.host

    def _leaves(self, reply: requests.Response) -> bool:
        return reply.is_redirect and not self._is_ours(urljoin(reply.url, reply.headers["Location"]))

    def _keep(self, reply: requests.Response) -> None:
        leaves = self._leaves(reply)  # to the login page: its body repeats that address, state and all
        if self._run is not None and not leaves:
            headers = "\n".join(f"{k}: {v}" for k, v in reply.headers.items() if k.lower() not in UNSAVED_HEADERS)
            self._run.save_page(urlsplit(reply.url).path, headers, reply.content)
        if self._canaries is not None:
            for cookie in reply.cookies:
                self._canaries.add(f"cookie {cookie.name[:20]}", cookie.value or "")

    def _remember_form_secrets(self, page: Page) -> None:
        if self._canaries is not None:
            for field in page.soup.select("input[name=csrf_token]"):
                self._canaries.add("csrf token", str(field.get("value", "")), allowed=(PAGE,))

    @staticmethod
    def _expect(page: Page, status: int | None) -> Page:
        if status is not None:
            chain = " -> ".join([*(urlsplit(reply.url).path for reply in page.history), page.path.split("?")[0]])
            assert page.status == status, (
                f"{page.status} instead of {status} after {chain}: {page.heading or page.text[:300]}"
            )
        return page


__all__ = ["LOG", "PAGE", "Browser", "Form", "Page"]
