"""Fixtures: the application in this process with a played Pagero. A conftest imports those it offers."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event

from app import create_app
from app.clock import Clock
from app.db import db, reader_of
from app.services import EXTENSION
from app.settings import Settings
from tests.support.played_pagero import ISSUER, SITE, PlayedPagero, Window
from tests.support.stored import Stored

COMPILED = FileSystemBytecodeCache(tempfile.mkdtemp())  # every test has its own application, and pages compile slowly


def listen(application: Flask, heard: Callable[[str], None]) -> None:
    """Call `heard` with every statement before it is sent; what it raises, the statement raises."""

    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard(statement)

    with application.app_context():
        for engine in (db.engine, reader_of(db.engine)):
            event.listen(engine, "before_cursor_execute", before)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"pagero_issuer": ISSUER, "public_url": SITE})


@pytest.fixture
def application(settings: Settings, clock: Clock) -> Flask:
    """Not called `app`, because pytest-flask would keep one context, and so one visitor, for the whole test."""
    made = create_app(settings, clock)
    made.jinja_env.bytecode_cache = COMPILED
    made.extensions[EXTENSION] = replace(made.extensions[EXTENSION], endpoint=PlayedPagero(settings))
    return made


@pytest.fixture
def pagero(application: Flask) -> PlayedPagero:
    played: PlayedPagero = application.extensions[EXTENSION].endpoint
    return played


@pytest.fixture
def window(application: Flask, pagero: PlayedPagero) -> Window:
    return Window(application, pagero)


@pytest.fixture
def other_window(application: Flask, pagero: PlayedPagero) -> Window:
    return Window(application, pagero)


@pytest.fixture
def rows(settings: Settings) -> Stored:
    return Stored(settings.database_address)
