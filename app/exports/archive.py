"""zip_stream: a ZIP archive that grows while it is sent, by the standard library's zipfile into a sink without seek.

Holds one block and the directory in memory. An entry that fails does not spoil the archive: what came of it is closed
properly, the others follow, and _problems.txt at the end says what is missing. Refuses more than ENTRY_LIMIT entries
and entries above ENTRY_BYTES, so that no entry needs ZIP64, which some unpackers cannot read from a stream.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, islice
from typing import cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from app.errors import AppError
from app.exports.names import Names

PROBLEMS = "_problems.txt"
ENTRY_BYTES = 2**30
ENTRY_LIMIT = 10_000
BLOCK = 64 * 1024
READABLE = 0o100644 << 16
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)  # a ZIP knows no earlier time

Entries = Iterable[tuple[str, Iterable[bytes]]]
Describe = Callable[[str, Exception, bool], str]


class EntryTooLarge(AppError):
    """One file of the archive is larger than ENTRY_BYTES."""

    reason = "entry_too_large"


class TooManyEntries(AppError):
    """The archive would hold more than ENTRY_LIMIT files."""

    reason = "too_many_entries"


def described(name: str, error: Exception, begun: bool) -> str:
    """A line of _problems.txt: the file, and a code of ours, never the text of an exception that is not ours."""
    reason = error.reason if isinstance(error, AppError) else "internal"
    return f"{name or 'list'}: {'incomplete' if begun else 'missing'} ({reason})"


def zip_stream(entries: Entries, *, describe: Describe = described, made_at: datetime = EARLIEST) -> Iterator[bytes]:
    """The archive in blocks. Each source is opened when its turn comes, read once, and closed if it can be.

    `describe` makes a line of _problems.txt of name, exception and whether a part of the entry is in the archive; the
    name is "" when the list itself failed. It may also log. Closing the iterator early closes the source being read.
    """
    return _stream(entries, describe, max(made_at, EARLIEST).timetuple()[:6])


def _stream(entries: Entries, describe: Describe, made_at: tuple[int, ...]) -> Iterator[bytes]:
    sink, names, problems = _Sink(), Names(PROBLEMS), list[str]()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # a writer without tell is allowed
        for wanted, source in _reported(entries, describe, problems):
            name = names.free(wanted)
            try:
                yield from _entry(archive, sink, _info(name, made_at), source)
            except Exception as error:  # the source's, of whatever kind; ours are inside it too
                problems.append(describe(name, error, name in archive.NameToInfo))
        if problems:
            archive.writestr(_info(PROBLEMS, made_at), "\ufeff" + "\r\n".join(problems) + "\r\n")
    yield sink.take()


def _reported(entries: Entries, describe: Describe, problems: list[str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """The entries, until the list ends or itself fails."""
    try:
        rest = iter(entries)
        yield from islice(rest, ENTRY_LIMIT)
        if next(rest, None) is not None:
            problems.append(describe("", TooManyEntries(), False))
    except Exception as error:
        problems.append(describe("", error, False))


def _entry(archive: ZipFile, sink: "_Sink", info: ZipInfo, source: Iterable[bytes]) -> Iterator[bytes]:
    pieces = iter(source)
    with _closing(pieces):
        first = next(pieces, b"")  # what fails at once leaves no trace in the archive
        with archive.open(info, "w") as entry:
            size = 0
            for piece in chain((first,), pieces):
                size += len(piece)
                if size > ENTRY_BYTES:
                    raise EntryTooLarge
                entry.write(piece)
                if sink.size >= BLOCK:
                    yield sink.take()


def _info(name: str, made_at: tuple[int, ...]) -> ZipInfo:
    info = ZipInfo(name, cast("tuple[int, int, int, int, int, int]", made_at))
    info.compress_type, info.external_attr = ZIP_DEFLATED, READABLE
    return info


class _Sink:
    """What zipfile writes to. It has no tell and no seek, so zipfile writes sizes behind each entry."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self.size = 0

    def write(self, block: bytes) -> int:
        """Keep a copy: zipfile's own buffer may change."""
        self._blocks.append(bytes(block))
        self.size += len(block)
        return len(block)

    def flush(self) -> None:
        """Nothing to do."""

    def take(self) -> bytes:
        """Everything written since the last time."""
        block = b"".join(self._blocks)
        self._blocks, self.size = [], 0
        return block


@contextmanager
def _closing(pieces: Iterator[bytes]) -> Iterator[None]:
    """Close the source afterwards, if it is one that can be closed."""
    try:
        yield
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
