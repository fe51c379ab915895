"""Answers that could not be saved, kept on this machine's disk until the database takes them.

A refresh token that was answered exists nowhere else: the old one died when Pagero answered. Each answer is one file of
mode 0600, sealed like everything else and bound to its connection and generation. It refuses to hold anything in the
clear. A file that cannot be read (another key, another release, a fault of the disk) holds nobody up: it is left where
it is for the operator, and looked at again after a while.
"""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine
from structlog import get_logger

from app.errors import SealBroken
from app.tokens.columns import Pair, Renewal, Row
from app.tokens.sealing import Place, Sealer

VERSION = 1  # of an entry's members
LOOK_AGAIN_SECONDS = 60.0
NAME = re.compile(r"([0-9a-zA-Z-]{1,36})\.([0-9]{1,18})")

log = get_logger(__name__)


class Journal:
    """The answers kept on this machine for one database."""

    def __init__(self, folder: Path, engine: Engine, sealer: Sealer) -> None:
        # One folder may serve several databases in turn, and an answer must never be offered to another one.
        address = engine.url.render_as_string(hide_password=True)
        self._folder = folder / sha256(address.encode()).hexdigest()[:16]
        self._sealer = sealer
        self._unreadable: dict[str, float] = {}
        """By file name: when to look at it again (time.monotonic())."""

    def keep(self, renewal: Renewal) -> None:
        """Write an answer to disk, for certain. Raises OSError when that is impossible."""
        name = f"{renewal.spent.connection_id}.{renewal.spent.generation}"
        content = orjson.dumps({"version": VERSION, **asdict(renewal)})
        sealed = self._sealer.seal(content, _place(name))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f"{name}~{os.getpid()}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(descriptor)
        unfinished.replace(self._folder / name)
        self._unreadable.pop(name, None)
        self._sync_folder()

    def entries(self) -> Iterator[Renewal]:
        """What is kept, as far as it can be read."""
        for path in self._readable_paths():
            try:
                renewal = _renewal(self._sealer.open(path.read_bytes(), _place(path.name)))
            except FileNotFoundError:  # another process was first
                continue
            except (SealBroken, OSError, ValueError, TypeError, KeyError) as error:
                self._pass_over(path.name, error)
                continue
            self._unreadable.pop(path.name, None)
            yield renewal

    def drop(self, renewal: Renewal) -> None:
        """Forget an answer that is stored, or of no use any more."""
        (self._folder / f"{renewal.spent.connection_id}.{renewal.spent.generation}").unlink(missing_ok=True)

    def is_empty(self) -> bool:
        """Whether there is nothing to be read, as far as this process knows. Cheap: asked before every refresh."""
        return not self._readable_paths()

    def holds_anything(self) -> bool:
        """Whether anything is kept at all, readable or not: for operators."""
        return bool(self._paths())

    def _pass_over(self, name: str, error: Exception) -> None:
        if name not in self._unreadable:  # said once, not every minute
            log.critical("journal.unreadable", file=name, error=type(error).__name__)
        self._unreadable[name] = time.monotonic() + LOOK_AGAIN_SECONDS

    def _readable_paths(self) -> list[Path]:
        now = time.monotonic()
        return [path for path in self._paths() if self._unreadable.get(path.name, now) <= now]

    def _paths(self) -> list[Path]:
        try:
            return sorted(path for path in self._folder.iterdir() if NAME.fullmatch(path.name))
        except OSError:  # no folder yet; if it is worse than that, keep() will say so
            return []

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _place(name: str) -> Place:
    return Place("journal", "answer", name)


def _renewal(content: str) -> Renewal:
    members: dict[str, Any] = orjson.loads(content)
    if members.pop("version") != VERSION:
        raise ValueError("an entry of another release")
    issued_at = datetime.fromisoformat(members["issued_at"])
    kept = {"spent": Row(**members["spent"]), "pair": Pair(**members["pair"]), "issued_at": issued_at}
    return Renewal(**(members | kept))
