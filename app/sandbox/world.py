"""The whole state of one sandbox, and the parts that share it. Made once per process; /_sandbox/reset makes it new."""

import random
import time
from threading import Lock

from flask import current_app

from app.sandbox.calls import Calls
from app.sandbox.config import Config
from app.sandbox.faults import Faults
from app.sandbox.files import Files
from app.sandbox.grants import Grants
from app.sandbox.keys import Keys
from app.sandbox.knobs import Knobs
from app.sandbox.ledger import Ledger
from app.sandbox.library import Library
from app.sandbox.pending import PendingSignIns


class World:
    """Configuration, knobs, memory and data. `now()` is the sandbox's own time in epoch seconds."""

    def __init__(self, config: Config, keys: Keys | None = None) -> None:
        self.config = config
        self.keys = keys or Keys()
        self.ledger = Ledger(config.ledger)
        self.knobs = Knobs()
        self.faults = Faults(random.Random(9400))  # noqa: S311 - a die for faults, the same at every start
        self.calls = Calls()
        self.grants = Grants(self.now)
        self.pending = PendingSignIns()
        self.library = Library(self.now())
        self.files = Files(self)
        self._lock = Lock()
        self.ledger.note("client_secret", config.client_secret)

    def now(self) -> float:
        """The time, moved by the knob clock_offset_seconds."""
        return time.time() + self.knobs.clock_offset_seconds

    def turn(self, wanted: dict[str, object]) -> None:
        """Change knobs. Raises ValueError and changes nothing when one of them is wrong."""
        with self._lock:
            knobs = self.knobs.changed(wanted)
            self.faults.set_rates(knobs.fault_rates)
            self.knobs = knobs
            self.library.show(hostile=knobs.hostile_names, count=knobs.documents_count)

    def reset(self, *, keep_grants: bool) -> None:
        """As at start: knobs, faults, records, uploads; signed-in people and tokens too unless they are to be kept."""
        self.faults.clear()
        self.turn(vars(Knobs()))
        self.calls.clear()
        self.grants.reuses.clear()
        self.grants.presented.clear()
        self.library.restore()
        self.files.clear()
        if not keep_grants:
            self.grants.clear()
            self.pending.clear()


def the_world() -> World:
    """The state of the sandbox that answers the current request."""
    world: World = current_app.extensions["sandbox_world"]
    return world
