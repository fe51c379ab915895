"""Alembic's environment: runs the numbered migrations with the application's engine and metadata."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from app import models  # noqa: F401 - fills the metadata
from app.db import Base

BATCH = {"render_as_batch": True, "compare_type": True}  # SQLite alters a table by rebuilding it


def run_offline() -> None:
    """Print the SQL instead of running it (`flask db upgrade --sql`)."""
    url = current_app.extensions["migrate"].db.engine.url
    context.configure(url=url.render_as_string(hide_password=True), target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run against the database of the settings."""
    with current_app.extensions["migrate"].db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET statement_timeout = 0"))  # a large table may take its time
            connection.commit()
        context.configure(connection=connection, target_metadata=Base.metadata, **BATCH)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
