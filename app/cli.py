"""The operator's commands: `flask --app wsgi …`. Names and meaning are public."""

from typing import Any, cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import CursorResult, Delete, delete, func, select
from sqlalchemy.exc import IntegrityError

from app import audit
from app.commands.connections import connections
from app.commands.keys import keys
from app.commands.plain import ACTOR, plain_errors
from app.configuration import problems_of, warnings_of
from app.db import database_now, db
from app.models import Account, Administrator, BrowserSession, ReconnectLink, SpentTransaction
from app.services import services

admins = AppGroup("admins", help="Who may enter /admin.")
sessions = AppGroup("sessions", help="Signed-in browsers.")


def init_app(app: Flask) -> None:
    """Add the commands to the application."""
    for command in (admins, keys, connections, sessions, check_config):
        app.cli.add_command(command)


def _deleted(statement: Delete) -> int:
    return cast("CursorResult[Any]", db.session.execute(statement)).rowcount


@admins.command("add")
@click.argument("subject")
def add_admin(subject: str) -> None:
    """Let SUBJECT (as shown on its account page) enter /admin. It need not have signed in yet."""
    with plain_errors():
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
    with plain_errors():
        if not _deleted(delete(Administrator).where(Administrator.subject == subject)):
            raise click.ClickException("is not an administrator")
        audit.record(db.session(), "admin.removed", actor=ACTOR, subject=subject)
        db.session.commit()
    click.echo("removed")


@admins.command("list")
def list_admins() -> None:
    """Print every administrator's subject, and whether an account of that name has signed in."""
    with plain_errors():
        rows = db.session.execute(
            select(Administrator.subject, func.count(Account.id))
            .outerjoin(Account, Account.subject == Administrator.subject)
            .group_by(Administrator.subject)
            .order_by(Administrator.subject)
        )
        for subject, accounts in rows:
            click.echo(f"{subject}\t{'has signed in' if accounts else 'has not signed in yet'}")


@sessions.command("prune")
def prune_sessions() -> None:
    """Delete sessions, claimed sign-ins and reconnect links that are over."""
    now = database_now(services().clock.offset)
    with plain_errors():
        ended = _deleted(delete(BrowserSession).where(BrowserSession.expires_at <= now))
        spent = _deleted(delete(SpentTransaction).where(SpentTransaction.expires_at <= now))
        links = _deleted(delete(ReconnectLink).where(ReconnectLink.expires_at <= now))
        db.session.commit()
    click.echo(f"deleted {ended} sessions, {spent} claimed sign-ins and {links} reconnect links")


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
