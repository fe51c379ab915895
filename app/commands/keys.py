"""`flask --app wsgi keys …`: how much each key seals, and sealing everything with the first one."""

import time

import click
from flask.cli import AppGroup
from sqlalchemy import func, select

from app.commands.plain import plain_errors
from app.db import db
from app.models import Connection
from app.services import services
from app.tokens.canaries import check_canaries
from app.tokens.resealing import Resealing

PROGRESS_SECONDS = 1.0
SWEEPS_WITHOUT_PROGRESS = 3
PAUSE_SECONDS = 0.5  # between sweeps: what was in use a moment ago is free again
MOST_NAMED = 20

keys = AppGroup("keys", help="The keys that seal tokens.")


@keys.command("status")
def status() -> None:
    """Count the connections each key seals; a key that holds rows must not be dropped."""
    with plain_errors():
        counted = select(Connection.key_id, func.count()).where(Connection.key_id.is_not(None))
        held = {str(key_id): count for key_id, count in db.session.execute(counted.group_by(Connection.key_id))}
    configured = [key.id for key in services().settings.keys]
    for position, key_id in enumerate(configured):
        click.echo(f"{key_id}\t{held.pop(key_id, 0)} connections\t{'opens' if position else 'seals'}")
    for key_id, count in held.items():
        click.echo(f"{key_id}\t{count} connections\tMISSING from ENCRYPTION_KEYS")
    if held:
        raise click.ClickException("a key that is still needed is not configured")


@keys.command("reseal")
@click.option("--batch", default=200, show_default=True, type=click.IntRange(1, 10_000), help="Rows per transaction.")
def reseal(batch: int) -> None:
    """Seal every stored token with the first key. May run beside everything, be stopped, and be run again.

    Exits 0 only when no row is left under another key.
    """
    with plain_errors():
        check_canaries(db.engine, services().sealer)  # nothing may be sealed with a key that is not the right one
        work = Resealing(db.engine, services().sealer)
        unreadable = _reseal(work, batch)
        left = work.left()
    for connection_id in unreadable[:MOST_NAMED]:
        click.echo(f"cannot be opened: {connection_id}", err=True)
    waiting = services().vault.journal.holds_anything()
    if waiting:
        click.echo("answers wait in this machine's token journal, perhaps under another key", err=True)
    if left or waiting:
        raise click.ClickException(
            f"{left} connections are left under other keys, {len(unreadable)} of them unreadable"
        )
    click.echo(f"every connection is sealed with {services().sealer.key_id}")


def _reseal(work: Resealing, batch: int) -> list[str]:
    """Sweep until nothing is left but what cannot be opened; answers the ids of that."""
    progress = Progress(work.left())
    unreadable: list[str] = []
    idle = 0
    while idle < SWEEPS_WITHOUT_PROGRESS:
        unreadable, before = [], progress.done
        for done in work.sweep(batch):
            unreadable += done.unreadable
            progress.add(done.resealed)
        if work.left() <= len(unreadable):
            break
        idle = 0 if progress.done > before else idle + 1
        time.sleep(PAUSE_SECONDS)
    progress.tell()
    return unreadable


class Progress:
    """Says once a second how far the work has come."""

    def __init__(self, total: int) -> None:
        self.done = 0
        self._total = total
        self._began = self._told = time.monotonic()

    def add(self, count: int) -> None:
        """So many more are done."""
        self.done += count
        if time.monotonic() - self._told >= PROGRESS_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Print it."""
        self._told = time.monotonic()
        rate = self.done / max(self._told - self._began, 0.001)
        click.echo(f"resealed {self.done} of {self._total} connections, {rate:.0f}/s")
