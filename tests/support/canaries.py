"""The canary search: no secret of the run may lie in a database file, a dump, a log or a page.

Secrets come from the sandbox's ledger, from what the harness itself generated, and from cookies the browsers were
given. Each is searched raw, URL-encoded, base64 and hex. A finding names the kind of secret and the file, no value.
"""

import base64
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

LEAST_LENGTH = 12  # shorter values, such as the word "sandbox", occur innocently
PUBLIC_KINDS = frozenset({"challenge", "code_challenge", "client_id", "subject", "sub", "password"})
LOG, PAGE, DATABASE = "log", "page", "database"


@dataclass(frozen=True)
class Canary:
    """A secret of this run and the kinds of place where it may rightly stand."""

    kind: str
    value: str = field(repr=False)
    allowed: frozenset[str] = frozenset()


class Canaries:
    """All secrets seen in a run."""

    def __init__(self) -> None:
        self._known: dict[str, Canary] = {}
        self._lock = threading.Lock()

    def add(self, kind: str, value: str, allowed: Iterable[str] = ()) -> None:
        """Remember a secret. Short values are not secrets and are left out."""
        if len(value) >= LEAST_LENGTH:
            with self._lock:
                self._known.setdefault(value, Canary(kind, value, frozenset(allowed)))

    def add_ledger(self, ledger: Path) -> None:
        """Read the sandbox's ledger: one JSON object per line with kind and value."""
        for line in ledger.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry["kind"] not in PUBLIC_KINDS:
                self.add(entry["kind"], entry["value"])

    def __len__(self) -> int:
        return len(self._known)

    def kinds(self) -> set[str]:
        """Which kinds of secret are known."""
        return {canary.kind for canary in self._known.values()}

    def search(self, files: Iterable[tuple[str, Path]]) -> list[str]:
        """Search (kind of place, file) pairs. Answers a sentence per finding; an empty list is what should be."""
        findings = []
        by_place: dict[str, list[Path]] = {}
        for place, path in files:
            if path.is_file():
                by_place.setdefault(place, []).append(path)
        for place, paths in by_place.items():
            # What may stand in a place is not looked for there: every page has form tokens and would be a suspect.
            forbidden = [canary for canary in self._known.values() if place not in canary.allowed]
            for path in _files_with_any(forbidden, paths):
                content = path.read_bytes()
                findings += [
                    f"{canary.kind} ({form}) in {path}"
                    for canary in forbidden
                    for form, needle in spellings(canary.value).items()
                    if needle in content
                ]
        return findings


def spellings(value: str) -> dict[str, bytes]:
    """The ways a value could be written down, by name. Those that equal the raw value are left out."""
    raw = value.encode()
    forms = {
        "raw": raw,
        "url-encoded": quote(value, safe="").encode(),
        "form-encoded": quote_plus(value).encode(),
        "base64": base64.b64encode(raw).rstrip(b"=")[:-1],  # the last digit depends on what follows
        "base64url": base64.urlsafe_b64encode(raw).rstrip(b"=")[:-1],
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
    }
    if value.count(".") == 2:
        forms["signature"] = value.rsplit(".", 1)[1].encode()
    seen: dict[bytes, str] = {}
    for name, needle in forms.items():
        seen.setdefault(needle, name)
    return {name: needle for needle, name in seen.items() if len(needle) >= LEAST_LENGTH}


def _files_with_any(canaries: Iterable[Canary], files: list[Path]) -> set[Path]:
    """The files with at least one needle. grep does it, because it reads 100 MB for 10,000 needles in a second."""
    needles = {needle for canary in canaries for needle in spellings(canary.value).values()}
    if not needles or not files:
        return set()
    with tempfile.NamedTemporaryFile() as patterns:
        patterns.write(b"\n".join(sorted(needles)))
        patterns.flush()
        command = ["grep", "--text", "--fixed-strings", "--files-with-matches", "--null", "-f", patterns.name, "--"]
        bytewise = {"LC_ALL": "C", "PATH": os.environ["PATH"]}
        found = subprocess.run([*command, *map(str, files)], capture_output=True, check=False, env=bytewise)
    if found.returncode > 1:
        raise AssertionError(f"grep failed: {found.stderr.decode()}")
    return {Path(os.fsdecode(name)) for name in found.stdout.split(b"\0") if name}
