"""What check-config looks at beyond single settings: the database, its migrations, the keys, and risky choices."""

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.db import db, reading
from app.errors import SettingsError
from app.services import EXTENSION, Services
from app.settings import Settings
from app.tokens.canaries import check_canaries, rows_under_missing_keys
from app.tokens.sealing import Sealer

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def warnings_of(settings: Settings) -> list[str]:
    """Choices that work and are weaker than they could be."""
    found = []
    if not settings.pagero_pkce:
        found.append("PAGERO_PKCE is off: a stolen code is stopped by the client secret and state alone")
    if settings.pagero_issuer is None:
        found.append("PAGERO_ISSUER is not set: the callback's iss is not compared (administrators see the value)")
    if settings.wants_openid and settings.pagero_jwks_url is None:
        found.append("PAGERO_JWKS_URL is not set: signatures of id_tokens are not checked, TLS vouches for them")
    if not settings.is_https:
        found.append("PUBLIC_URL is http: cookies carry no Secure, fit for this machine only")
    return found


def problems_of(app: Flask) -> list[str]:
    """Everything that keeps the application from working, one sentence each."""
    parts: Services = app.extensions[EXTENSION]
    try:
        found = _schema_problems(db.engine)
        return found or _key_problems(db.engine, parts.sealer)
    except SQLAlchemyError as error:
        return [f"DATABASE_URL: the database cannot be used ({type(error).__name__})"]


def _schema_problems(engine: Engine) -> list[str]:
    wanted = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    with reading(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == wanted:
        return []
    return [f"the database is at migration {current or 'none'}, not {wanted}: run flask --app wsgi db upgrade"]


def _key_problems(engine: Engine, sealer: Sealer) -> list[str]:
    try:
        check_canaries(engine, sealer)
    except SettingsError as error:
        return error.problems
    return [
        f"ENCRYPTION_KEYS lacks key {key_id}, which still seals {count} connections (see keys status)"
        for key_id, count in sorted(rows_under_missing_keys(engine, sealer).items())
    ]
