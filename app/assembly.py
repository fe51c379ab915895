"""The one place where the parts meet. It builds and wires them, and decides nothing."""

from pathlib import Path

from flask import Flask
from flask_babel import Babel
from flask_bootstrap import Bootstrap5
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from app import cli, db
from app.account.routes import blueprint as account
from app.admin.routes import blueprint as admin
from app.auth.routes import blueprint as auth
from app.clock import Clock
from app.companies.routes import blueprint as companies
from app.dashboard.routes import api_blueprint
from app.dashboard.routes import blueprint as dashboard
from app.files.routes import attention_blueprint as attention
from app.files.routes import blueprint as files
from app.pagero.api import PageroApi
from app.pagero.oauth import TokenEndpoint
from app.services import EXTENSION, Services
from app.settings import Settings
from app.tokens.access import Access
from app.tokens.canaries import check_canaries
from app.tokens.sealing import Sealer
from app.tokens.vault import Vault
from app.web import (
    assets,
    compression,
    csrf,
    formats,
    headers,
    health,
    ids,
    languages,
    metrics,
    problems,
    request_log,
    words,
)

ROOT = Path(__file__).resolve().parent.parent
LARGEST_BODY_BYTES = 256 * 1024  # forms; the one that takes files says itself how much
LARGEST_FORM_FIELDS = 50


def assemble(settings: Settings, clock: Clock | None = None) -> Flask:
    """Build the application for these settings; `clock` is the system's unless a test brings its own."""
    app = Flask("app", template_folder=str(ROOT / "templates"))
    _configure(app, settings)
    request_log.configure_logging(settings)
    db.init_app(app, settings.database_address)
    app.extensions[EXTENSION] = _services(app, settings, clock or Clock())
    _extend(app)
    for blueprint in (auth, dashboard, api_blueprint, companies, files, attention, account, admin):
        app.register_blueprint(blueprint)
    cli.init_app(app)
    if settings.trusted_hops:
        hops = settings.trusted_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_prefix=0)  # type: ignore[method-assign]
    return app


def require_working_keys(app: Flask) -> None:
    """The start-up self-check: raises SettingsError when a configured key cannot open what it sealed."""
    with app.app_context():
        check_canaries(db.db.engine, app.extensions[EXTENSION].sealer)


def recover_answers(app: Flask) -> None:
    """Store token answers that an earlier process could not save; what the database does not take yet is kept."""
    app.extensions[EXTENSION].access.recover()


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY_BYTES,
        MAX_FORM_PARTS=LARGEST_FORM_FIELDS,
        BOOTSTRAP_SERVE_LOCAL=True,
        PROVIDE_AUTOMATIC_OPTIONS=False,  # no page of another site may ask anything here: nobody needs OPTIONS
        BABEL_TRANSLATION_DIRECTORIES="translations",
        SESSION_COOKIE_SECURE=settings.is_https,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals.pop("config", None)  # no template can print a setting
    # No view or hook is a coroutine; asking each of them anew costs a small view a tenth of its time.
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]
    # A redirect that merges slashes would be one more way to be sent somewhere.
    app.url_map.merge_slashes = False


def _services(app: Flask, settings: Settings, clock: Clock) -> Services:
    with app.app_context():
        engine = db.db.engine
    sealer = Sealer(settings.keys)
    endpoint = TokenEndpoint(settings)
    vault = Vault(engine, sealer, clock, settings)
    access = Access(vault, endpoint, settings, count=metrics.refreshed)
    return Services(settings, clock, sealer, vault, endpoint, access, PageroApi(settings))


def _extend(app: Flask) -> None:
    Bootstrap5(app)
    Babel(app, locale_selector=languages.locale, timezone_selector=languages.timezone)
    languages.init_app(app)
    for part in (ids, assets, request_log, headers, compression, csrf, formats, words, problems, health, metrics):
        part.init_app(app)
