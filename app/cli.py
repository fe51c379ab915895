"""The operator's commands: `flask --app wsgi …`. Names and meaning are public."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import CursorResult, Delete, delete, func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app import audit, connections
from app.configuration import problems_of, warnings_of
from app.db import database_now, db
from app.errors import AppError, NotFound
from app.models import Account, Administrator, BrowserSession, Connection, SpentTransaction
from app.services import services

ACTOR = "command"  # who acted, in the audit trail

admins = AppGroup("admins", help="Who may enter /admin.")
keys = AppGroup("keys", help="The keys that seal tokens.")
connections_group = AppGroup("connections", help="The connections to Pagero.")
sessions = AppGroup("sessions", help="Signed-in browsers.")


def init_app(app: Flask) -> None:
    """Add the commands to the application."""
    for command in (admins, keys, connections_group, sessions, check_config):
        app.cli.add_command(command)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """A fault ends a command with one sentence and status 1, never with a traceback that could hold a statement."""
    try:
        yield
    except NotFound:
        raise click.ClickException("there is no such row") from None
    except AppError as error:
        raise click.ClickException(str(error)) from None
    except SQLAlchemyError as error:
        raise click.ClickException(f"the database refused: {type(error).__name__}") from None


def _deleted(statement: Delete) -> int:
    return cast("CursorResult[Any]", db.session.execute(statement)).rowcount


@admins.command("add")
@click.argument("subject")
def add_admin(subject: str) -> None:
    """Let SUBJECT (as shown on its account page) enter /admin. It need not have signed in yet."""
    with _plain_errors():
        db.session.add(Administrator(subject=subject, added_at=services().clock.now()))
        audit.record(db.session(), "admin.added", actor=ACTOR, subject=subject)
        try:
            db.session.commit()
        except IntegrityError:
            raise click.ClickException("is an administrator already") from None
    click.echo("added")


@admins.command("remove")
@click.argument("subject")
def remove_admin(subject: str) -> None:
    """Take /admin away from SUBJECT, from its next request on."""
    with _plain_errors():
        if not _deleted(delete(Administrator).where(Administrator.subject == subject)):
            raise click.ClickException("is not an administrator")
        audit.record(db.session(), "admin.removed", actor=ACTOR, subject=subject)
        db.session.commit()
    click.echo("removed")


@admins.command("list")
def list_admins() -> None:
    """Print every administrator's subject, and whether an account of that name has signed in."""
    with _plain_errors():
        rows = db.session.execute(
            select(Administrator.subject, func.count(Account.id))
            .outerjoin(Account, Account.subject == Administrator.subject)
            .group_by(Administrator.subject)
            .order_by(Administrator.subject)
        )
        for subject, accounts in rows:
            click.echo(f"{subject}\t{'has signed in' if accounts else 'has not signed in yet'}")


@keys.command("status")
def key_status() -> None:
    """Count the connections each key seals; a key that holds rows must not be dropped."""
    with _plain_errors():
        counted = select(Connection.key_id, func.count()).where(Connection.key_id.is_not(None))
        held = {str(key_id): count for key_id, count in db.session.execute(counted.group_by(Connection.key_id))}
    configured = [key.id for key in services().settings.keys]
    for position, key_id in enumerate(configured):
        click.echo(f"{key_id}\t{held.pop(key_id, 0)} connections\t{'opens' if position else 'seals'}")
    for key_id, count in held.items():
        click.echo(f"{key_id}\t{count} connections\tMISSING from ENCRYPTION_KEYS")
    if held:
        raise click.ClickException("a key that is still needed is not configured")


@connections_group.command("list")
@click.option("--state", help="Only connections in this state.")
def list_connections(state: str | None) -> None:
    """Print every connection: id, subject, state, reason, generation, last rotation."""
    wanted = select(Connection, Account.subject).join(Account, Account.id == Connection.account_id)
    if state:
        wanted = wanted.where(Connection.state == state)
    with _plain_errors():
        for connection, subject in db.session.execute(wanted.order_by(Connection.connected_at)):
            words = (connection.id, subject, connection.state, connection.reason or "-", connection.generation)
            click.echo("\t".join(map(str, words)) + f"\t{connection.last_rotated_at.isoformat(timespec='seconds')}")


@connections_group.command("disconnect")
@click.argument("connection_id")
def disconnect(connection_id: str) -> None:
    """End a connection here at once, then revoke its tokens at Pagero and say whether Pagero confirmed."""
    with _plain_errors():
        outcome = connections.disconnect(services(), connection_id, actor=ACTOR)
    click.echo(f"disconnected; revocation at Pagero: {outcome}")


@sessions.command("prune")
def prune_sessions() -> None:
    """Delete sessions and claimed sign-ins that are over."""
    now = database_now(services().clock.offset)
    with _plain_errors():
        ended = _deleted(delete(BrowserSession).where(BrowserSession.expires_at <= now))
        spent = _deleted(delete(SpentTransaction).where(SpentTransaction.expires_at <= now))
        db.session.commit()
    click.echo(f"deleted {ended} sessions and {spent} claimed sign-ins")


@click.command("check-config")
def check_config() -> None:
    """Print every problem of the configuration and exit 1, or exit 0. Warnings alone exit 0."""
    for warning in warnings_of(services().settings):
        click.echo(f"warning: {warning}", err=True)
    found = problems_of(current_app)
    for problem in found:
        click.echo(f"problem: {problem}", err=True)
    if found:
        raise SystemExit(1)
    click.echo("configuration is good")
