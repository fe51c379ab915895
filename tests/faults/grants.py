"""A person's grant, made at the sandbox's real login page, without the application."""

import secrets
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from bs4 import BeautifulSoup

from app.pagero.oauth import TokenEndpoint
from app.pagero.records import TokenAnswer
from app.settings import Settings


def grant(settings: Settings, person: str = "anna") -> TokenAnswer:
    """Sign in as this person and exchange the code."""
    endpoint, verifier = TokenEndpoint(settings), secrets.token_urlsafe(48)
    with requests.Session() as browser:
        browser.trust_env = False
        page = browser.get(endpoint.authorize_url("state", "nonce", verifier, None, None), timeout=10)
        form = BeautifulSoup(page.text, "html.parser").select_one("form:has(input[type=password])")
        assert form is not None, page.text[:500]
        fields = {str(field["name"]): str(field.get("value", "")) for field in form.select("input[name]")}
        fields |= {"username": person, "password": "sandbox", "action": "sign-in"}
        where = urljoin(page.url, str(form.get("action") or page.url))
        answer = browser.post(where, data=fields, timeout=10, allow_redirects=False)
        while not (target := urljoin(answer.url, answer.headers["Location"])).startswith(settings.redirect_uri):
            answer = browser.get(target, timeout=10, allow_redirects=False)
    return endpoint.exchange_code(parse_qs(urlsplit(target).query)["code"][0], verifier)
