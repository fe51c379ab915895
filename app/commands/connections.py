"""`flask --app wsgi connections …`: seeing, keeping, stopping and ending the connections to Pagero."""

import time
from datetime import timedelta

import click
from flask.cli import AppGroup
from sqlalchemy import select

from app import connections as use_case
from app import emergency, upkeep
from app.commands.plain import ACTOR, plain_errors
from app.db import db
from app.models import Account, Connection, RevokeOutcome
from app.pace import Pace
from app.services import services

MOST_NAMED = 20
PROGRESS_SECONDS = 1.0

connections = AppGroup("connections", help="The connections to Pagero.")


@connections.command("list")
@click.option("--state", help="Only connections in this state.")
def list_connections(state: str | None) -> None:
    """Print every connection: id, subject, state, reason, generation, last rotation."""
    wanted = select(Connection, Account.subject).join(Account, Account.id == Connection.account_id)
    if state:
        wanted = wanted.where(Connection.state == state)
    with plain_errors():
        for connection, subject in db.session.execute(wanted.order_by(Connection.connected_at)):
            words = (connection.id, subject, connection.state, connection.reason or "-", connection.generation)
            click.echo("\t".join(map(str, words)) + f"\t{connection.last_rotated_at.isoformat(timespec='seconds')}")


@connections.command("disconnect")
@click.argument("connection_id")
def disconnect(connection_id: str) -> None:
    """End a connection here at once, then revoke its tokens at Pagero and say whether Pagero confirmed."""
    with plain_errors():
        outcome = use_case.disconnect(services(), connection_id, actor=ACTOR)
    click.echo(f"disconnected; revocation at Pagero: {outcome}")


@connections.command("check")
@click.option("--renew-within", "days", default=60, show_default=True, type=click.IntRange(0, 1095),
              help="Renew unused grants that end within so many days.")  # fmt: skip
@click.option("--rate", default=5.0, show_default=True, type=click.FloatRange(0.1, 1000), help="Calls a second.")
@click.option("--seconds", default=600, show_default=True, type=click.IntRange(1, 86_400), help="Longest time.")
def check(days: int, rate: float, seconds: int) -> None:
    """For a timer: retry revocations, renew grants that would end unused, report dead connections.

    Any number of machines may run it at once. Exits 1 when somebody should look.
    """
    with plain_errors():
        report = upkeep.check(services(), timedelta(days=days), Pace(rate, seconds))
    _tell(report)
    if report.needs_somebody:
        raise SystemExit(1)


@connections.command("freeze")
def freeze() -> None:
    """Stop all renewing and all use of Pagero's API on all machines, from each one's next request on."""
    with plain_errors():
        changed = emergency.freeze(services(), actor=ACTOR)
    click.echo("frozen: nothing is renewed and nothing is asked of Pagero" if changed else "was frozen already")


@connections.command("thaw")
def thaw() -> None:
    """Go on as before a freeze."""
    with plain_errors():
        changed = emergency.thaw(actor=ACTOR)
    click.echo("thawed" if changed else "was not frozen")


@connections.command("revoke-all")
@click.option("--rate", default=10.0, show_default=True, type=click.FloatRange(0.1, 1000), help="Calls a second.")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
def revoke_all(rate: float, yes: bool) -> None:
    """Disconnect everybody: here at once, then at Pagero no faster than the rate. May be stopped and run again.

    Exits 1 while anything is not confirmed by Pagero.
    """
    with plain_errors():
        count = emergency.count_connected()
        if not yes:
            _require_typed(f"revoke {count}", f"This disconnects {count} connections for good.")
        tally = emergency.revoke_all(services(), Pace(rate), Progress().tell, actor=ACTOR)
    _report(tally)
    if not tally.is_done:
        raise SystemExit(1)


def _require_typed(words: str, warning: str) -> None:
    click.echo(f"{warning} Type {words!r} to go on.", err=True)
    if click.prompt("", prompt_suffix="> ", default="", show_default=False, err=True) != words:
        raise click.ClickException("nothing was done")


class Progress:
    """Says once a second how far revoke-all has come."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def tell(self, tally: emergency.Tally) -> None:
        """Print it, if it is time."""
        if time.monotonic() - self._told >= PROGRESS_SECONDS:
            self._told = time.monotonic()
            click.echo(f"ended here {tally.ended}; Pagero: {_outcomes(tally.revocations)}")


def _report(tally: emergency.Tally) -> None:
    click.echo(f"ended here {tally.ended}; Pagero: {_outcomes(tally.revocations)}")
    for connection_id, reason in list(tally.failed.items())[:MOST_NAMED]:
        click.echo(f"could not be ended: {connection_id}: {reason}", err=True)
    if tally.connected:
        click.echo(f"{tally.connected} are still connected: run it again", err=True)
    if tally.owed:
        click.echo(f"{tally.owed} are not confirmed by Pagero yet: connections check tries again", err=True)


def _tell(report: upkeep.Report) -> None:
    click.echo(f"revocations at Pagero: {_outcomes(report.revocations)}")
    click.echo(
        "frozen: nothing was renewed"
        if report.is_frozen
        else f"renewed {report.renewed}, done elsewhere {report.elsewhere}, lost {len(report.lost)}, "
        f"failed {len(report.failed)}, left {report.left}"
    )
    click.echo("connections: " + (", ".join(f"{name} {n}" for name, n in sorted(report.states.items())) or "none"))
    for connection_id, reason in report.dead:
        click.echo(f"{connection_id}\t{reason}")


def _outcomes(counted: dict[RevokeOutcome, int]) -> str:
    return ", ".join(f"{outcome.value} {count}" for outcome, count in counted.items())
