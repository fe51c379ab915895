"""What every command shares: who acts, and how faults are said."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import SQLAlchemyError

from app.errors import AppError, NotFound

ACTOR = "command"  # who acted, in the audit trail


@contextmanager
def plain_errors() -> Iterator[None]:
    """A fault ends a command with one sentence and status 1, never with a traceback that could hold a statement."""
    try:
        yield
    except NotFound:
        raise click.ClickException("there is no such row") from None
    except AppError as error:
        raise click.ClickException(str(error)) from None
    except SQLAlchemyError as error:
        raise click.ClickException(f"the database refused: {type(error).__name__}") from None
