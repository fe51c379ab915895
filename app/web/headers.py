"""What every answer says to the browser about itself, and the one host name that is answered to.

Nothing of ours may be framed, cached, sniffed or run inline; scripts and styles are our own files or carry this
answer's nonce. A header a view has set itself is left alone, Cache-Control excepted.

The headers are added below Flask, where an answer is a plain list: setting them one by one through the Response costs
more than the rest of a small view.
"""

import secrets
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, after_this_request, g, request
from werkzeug.wrappers import Response

from app.errors import RequestRefused
from app.services import services
from app.settings import Settings

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'{nonce}; style-src 'self'{nonce}; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    # With no-referrer browsers send "Origin: null" on our own forms, and csrf could not tell them from foreign ones.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Content-Security-Policy": CONTENT_POLICY.format(nonce=""),
}
STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
PRIVATE = [("Cache-Control", "no-store"), ("Vary", "Cookie")]
NONCE_BYTES = 16
STATIC_PATHS = ("/static/", "/bootstrap/static/")
ANY_HOST_ENDPOINTS = frozenset({"health.live", "health.ready", "metrics.metrics"})  # asked for by address
DEFAULT_PORTS = {"http": ":80", "https": ":443"}

HeaderList = list[tuple[str, str]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def csp_nonce() -> str:
    """The nonce of this answer's inline scripts and styles; asking for it is what allows them."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(NONCE_BYTES)
        after_this_request(_allow_nonce)
    return str(g.csp_nonce)


def init_app(app: Flask) -> None:
    """Check every request's host, complete every answer's headers, give templates csp_nonce()."""
    app.before_request(_require_own_host)
    app.jinja_env.globals.update(csp_nonce=csp_nonce)
    with app.app_context():
        secure = services().settings.is_https
    app.wsgi_app = _completing(app.wsgi_app, FIXED | (STRICT_TRANSPORT if secure else {}))  # type: ignore[method-assign, assignment]


def own_host(settings: Settings) -> str:
    """The Host header of people who use PUBLIC_URL: lower case, without the scheme's default port."""
    return _own_host(settings.public_url)


def own_origin(settings: Settings) -> str:
    """The Origin header of our own pages."""
    return f"{urlsplit(settings.public_url).scheme}://{own_host(settings)}"


@lru_cache(maxsize=8)
def _own_host(public_url: str) -> str:
    parts = urlsplit(public_url)
    return _plain_host(parts.netloc, parts.scheme)


def _plain_host(host: str, scheme: str) -> str:
    return host.lower().removesuffix(DEFAULT_PORTS.get(scheme, ""))


def _require_own_host() -> None:
    settings = services().settings
    given = request.environ.get("HTTP_HOST", "")
    if given != own_host(settings) and request.endpoint not in ANY_HOST_ENDPOINTS:
        scheme = "https" if settings.is_https else "http"
        if _plain_host(given, scheme) != own_host(settings):
            raise RequestRefused("wrong_host")


def _allow_nonce(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", CONTENT_POLICY.format(nonce=f" 'nonce-{g.csp_nonce}'"))
    return answer


def _completing(application: Wsgi, fixed: dict[str, str]) -> Wsgi:
    named = [(name.lower(), (name, value)) for name, value in fixed.items()]

    def completing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_static = environ["PATH_INFO"].startswith(STATIC_PATHS)

        def start(status: str, headers: HeaderList, *exc_info: Any) -> Any:
            if not is_static or status >= "4":
                headers = [pair for pair in headers if pair[0].lower() != "cache-control"] + PRIVATE
            given = {name.lower() for name, _ in headers}
            return start_response(status, headers + [pair for name, pair in named if name not in given], *exc_info)

        return application(environ, start)

    return completing
