"""In which language and time zone a page is written. Only languages with a complete catalogue are offered.

Language: the cookie a person set here, else what their account remembers, else what their browser asks for.
Zone: the cookie `zone` that our script sets from the browser, if it names a known zone, else Europe/Stockholm.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from babel.dates import get_timezone
from flask import Flask, g, has_request_context, request
from flask_babel import get_locale, get_translations
from flask_babel import get_timezone as current_timezone
from werkzeug.wrappers import Response

LANGUAGES = {"en": "English", "sv": "Svenska"}  # each in its own words
DEFAULT = "en"
DEFAULT_ZONE = "Europe/Stockholm"
COOKIE = "language"
ZONE_COOKIE = "zone"
REMEMBERED = timedelta(days=365)
LONGEST_ZONE_NAME = 64


def locale() -> str:
    """The language of this request: a key of LANGUAGES."""
    wanted = request.cookies.get(COOKIE)
    if wanted in LANGUAGES:
        return wanted
    remembered = getattr(g.get("visitor"), "language", None)
    if remembered in LANGUAGES:
        return str(remembered)
    return request.accept_languages.best_match(LANGUAGES) or DEFAULT


def timezone() -> Any:
    """The time zone of this request, with its rules."""
    name = request.cookies.get(ZONE_COOKIE, "")
    if name and len(name) <= LONGEST_ZONE_NAME and name.isascii() and ".." not in name and not name.startswith("/"):
        try:
            return get_timezone(name)
        except (LookupError, ValueError, OSError):
            pass
    return get_timezone(DEFAULT_ZONE)


def remember(answer: Response, language: str, *, secure: bool) -> None:
    """Keep the choice in this browser for a year."""
    answer.set_cookie(COOKIE, language, max_age=REMEMBERED, secure=secure, httponly=True, samesite="Lax")


def init_app(app: Flask) -> None:
    """Let templates look texts up without finding out the language anew for each: a page has a hundred of them."""
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of Jinja's i18n extension
        gettext=lambda text: _translations().ugettext(text),
        ngettext=lambda one, many, number: _translations().ungettext(one, many, number),
        newstyle=True,
    )


def current() -> Any:
    """The language of this request as Babel knows it, found out once."""
    return _once("pagero.locale", get_locale)


def names() -> dict[str, Any]:
    """What every template may use: who is here, if that was looked up, and in what language and zone."""
    return {
        "visitor": g.get("visitor"),
        "language": str(get_locale()),
        "languages": LANGUAGES,
        "zone_name": str(current_timezone()),
        "here": _here(),
    }


def _translations() -> Any:
    return _once("pagero.translations", get_translations)


def _once(name: str, find: Callable[[], Any]) -> Any:
    """What `find` answers, found out once for this request."""
    if not has_request_context():
        return find()
    if name not in request.environ:
        request.environ[name] = find()
    return request.environ[name]


def _here() -> str:
    """Where a person is after changing the language: this very page. Never an address that carries a code or state."""
    if request.method != "GET" or request.blueprint in (None, "auth"):
        return "/"
    query = request.query_string.decode("latin-1")
    return quote(request.path) + (f"?{query}" if query else "")
