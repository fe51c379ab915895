"""The migrations make exactly the tables of app.models, on both databases, and can be taken back."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, inspect

from app import create_app
from app.db import Base, db
from app.settings import Settings


@pytest.fixture
def app(settings: Settings, database: str) -> Flask:
    """On a fresh, migrated database of each kind."""
    return create_app(settings.model_copy(update={"database_url": type(settings.database_url)(database)}))


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_migrated_and_modelled_tables_are_the_same(app: Flask) -> None:
    with app.app_context():
        assert differences(db.engine) == []


def test_every_migration_can_be_taken_back_and_made_again(app: Flask) -> None:
    with app.app_context():
        downgrade(revision="0001")
        later = {"switches", "reconnect_links", "uploads", "file_actions", "companies"}
        assert tables(db.engine) == set(Base.metadata.tables) - later
        downgrade(revision="base")
        assert tables(db.engine) == set()
        upgrade()
        assert tables(db.engine) == set(Base.metadata.tables)
        assert differences(db.engine) == []
