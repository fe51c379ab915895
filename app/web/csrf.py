"""Forms: a POST counts only if it comes from one of our own pages and carries this session's token.

Two independent checks. Where from: Sec-Fetch-Site and Origin, at least one of which every browser of today sends with a
POST; "null" and silence are refused. What with: the field csrf_token, bound to the session and compared in constant
time; without a session there is nothing a forged form could use, so the first check stands alone.
"""

import hmac

from flask import Flask, request
from markupsafe import Markup

from app.errors import CsrfRefused
from app.services import services
from app.web import sessions
from app.web.headers import own_origin

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def csrf_field() -> Markup:
    """The hidden field every form of ours carries."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token())


def csrf_token() -> str:
    """The token of this session; empty when nobody is signed in."""
    visitor = sessions.visitor()
    return visitor.csrf_token if visitor else ""


def init_app(app: Flask) -> None:
    """Check every request that could change something; give templates csrf_field() and csrf_token()."""
    app.before_request(_check)
    app.jinja_env.globals.update(csrf_field=csrf_field, csrf_token=csrf_token)


def _check() -> None:
    if request.method in SAFE_METHODS or request.url_rule is None:
        return
    _require_own_page()
    _require_token()


def _require_own_page() -> None:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        raise CsrfRefused("origin_missing")
    if site not in (None, "same-origin") or origin not in (None, own_origin(services().settings)):
        raise CsrfRefused("origin_foreign")


def _require_token() -> None:
    visitor = sessions.visitor()
    if visitor is None:
        return
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    if not hmac.compare_digest(given.encode(), visitor.csrf_token.encode()):
        raise CsrfRefused("token")
