"""What every answer says to the browser about itself, and the one host name that is answered to.

Nothing of ours may be framed, cached, sniffed or run inline; scripts and styles are our own files or carry this
answer's nonce. A header a view has set itself is left alone.
"""

import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from app.errors import RequestRefused
from app.services import services
from app.settings import Settings

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'{nonce}; style-src 'self'{nonce}; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
POLICY_WITHOUT_NONCE = CONTENT_POLICY.format(nonce="")
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    # With no-referrer browsers send "Origin: null" on our own forms, and csrf could not tell them from foreign ones.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"
NONCE_BYTES = 16
STATIC_ENDPOINTS = frozenset({"static", "bootstrap.static"})
ANY_HOST_ENDPOINTS = frozenset({"health.live", "health.ready", "metrics.metrics"})  # asked for by address
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def csp_nonce() -> str:
    """The nonce of this answer's inline scripts and styles; asking for it is what allows them."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(NONCE_BYTES)
    return str(g.csp_nonce)


def init_app(app: Flask) -> None:
    """Check every request's host, complete every answer's headers, give templates csp_nonce()."""
    app.before_request(_require_own_host)
    app.after_request(_complete)
    app.jinja_env.globals.update(csp_nonce=csp_nonce)


def own_host(settings: Settings) -> str:
    """The Host header of people who use PUBLIC_URL: lower case, without the scheme's default port."""
    parts = urlsplit(settings.public_url)
    return _plain_host(parts.netloc, parts.scheme)


def own_origin(settings: Settings) -> str:
    """The Origin header of our own pages."""
    return f"{urlsplit(settings.public_url).scheme}://{own_host(settings)}"


def _plain_host(host: str, scheme: str) -> str:
    return host.lower().removesuffix(DEFAULT_PORTS.get(scheme, ""))


def _require_own_host() -> None:
    settings = services().settings
    given = request.environ.get("HTTP_HOST", "")
    if given != own_host(settings) and request.endpoint not in ANY_HOST_ENDPOINTS:
        scheme = "https" if settings.is_https else "http"
        if _plain_host(given, scheme) != own_host(settings):
            raise RequestRefused("wrong_host")


def _complete(answer: Response) -> Response:
    headers: Any = answer.headers
    for name, value in FIXED.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", _policy())
    if services().settings.is_https:
        headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
    if request.endpoint not in STATIC_ENDPOINTS or answer.status_code >= 400:  # noqa: PLR2004 - any refusal
        headers["Cache-Control"] = "no-store"
        answer.vary.add("Cookie")
    return answer


def _policy() -> str:
    nonce = g.get("csp_nonce")
    return CONTENT_POLICY.format(nonce=f" 'nonce-{nonce}'") if nonce else POLICY_WITHOUT_NONCE
