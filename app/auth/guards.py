"""Who may enter a view. Every view carries exactly one of these marks; a view without one is a fault the rules find.

A guard answers before the view runs, so a view may assume what its guard promises. The mark is the outermost decorator
below the route.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import NotFound, NotSignedIn
from app.web import sessions

ACCESS = "ACCESS"  # the attribute a marked view carries; its value is one of the four below
OPEN = "open"
SIGNED_IN = "signed_in"
SIGNED_IN_API = "signed_in_api"
ADMINS = "admins"

View = Callable[..., Any]


def open_to_all(view: View) -> View:
    """Everybody may enter. Nothing is loaded: a view that greets its visitor asks sessions.visitor()."""
    setattr(view, ACCESS, OPEN)
    return view


def signed_in(view: View) -> View:
    """Only people with a live session. Others are sent to sign in and come back; a form gets NotSignedIn (401)."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs) if sessions.visitor() else _send_to_sign_in()

    return _marked(guarded, SIGNED_IN)


def signed_in_api(view: View) -> View:
    """Only people with a live session; others get NotSignedIn, which is 401 and never a redirect."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not sessions.visitor():
            raise NotSignedIn
        return view(*args, **kwargs)

    return _marked(guarded, SIGNED_IN_API)


def admins_only(view: View) -> View:
    """Only administrators. Everybody else, signed in or not, is told that there is no such page."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        visitor = sessions.visitor()
        if not visitor or not visitor.is_admin:
            raise NotFound
        return view(*args, **kwargs)

    return _marked(guarded, ADMINS)


def is_navigation() -> bool:
    """Whether this request shows a page in a window, as far as the browser says (Fetch Metadata)."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def is_speculative() -> bool:
    """Whether a browser or a mail scanner only looks ahead: it must not start, spend or change anything."""
    purposes = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    return any(word in purpose.lower() for purpose in purposes for word in ("prefetch", "prerender", "preview"))


def _marked(view: View, access: str) -> View:
    setattr(view, ACCESS, access)
    return view


def _send_to_sign_in() -> ResponseReturnValue:
    if request.method not in ("GET", "HEAD") or not is_navigation():
        raise NotSignedIn
    wanted = quote(request.path) + (f"?{request.query_string.decode('latin-1')}" if request.query_string else "")
    return redirect(url_for("auth.login", next=wanted), 303)
