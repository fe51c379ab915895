"""The ledger: every secret-like value the sandbox gave out or was shown, for the search that proves none has leaked.

One JSON line {"kind": …, "value": …} each, written at once. Values under 16 characters are left out: a test that sends
`state=x` would otherwise make every page a leak.
"""

import json
from pathlib import Path
from threading import Lock

LEAST_LENGTH = 16


class Ledger:
    """Appends to a file; without a file it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._lock = Lock()
        self._seen: set[str] = set()
        self._file = path.open("a", encoding="utf-8", buffering=1) if path else None

    def note(self, kind: str, value: str | None) -> None:
        """Write `value` down once."""
        if self._file is None or not value or len(value) < LEAST_LENGTH:
            return
        with self._lock:
            if value not in self._seen:
                self._seen.add(value)
                self._file.write(json.dumps({"kind": kind, "value": value}) + "\n")
