"""Bytes of unknown origin into expat, within bounds. Refuses a document type declaration, and with it every entity.

The standard library's expat is the parser: it is in every Python, streams, knows no XInclude, opens nothing by itself.
No document type means no entities, internal, external or parameter. What is left to an attacker is size, and each kind
of size that expat or we would hold has its limit: unfinished tokens, distinct names, prefixes, depth, elements, bytes.
"""

from collections.abc import Iterable, Iterator, Set
from xml.parsers import expat

from app.invoice.refusal import InvoiceUnreadable, Limits

ENCODINGS = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})
BLOCK = 64 * 1024  # bytes for one call of the parser
BITE = 64  # bytes for one call before the root: what follows a refused declaration in the same call is still parsed
ENCODING_ERRORS = frozenset(
    {
        expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING],
        expat.errors.codes[expat.errors.XML_ERROR_INCORRECT_ENCODING],
    }
)


class Feed:
    """One parser, and the limits on what it is fed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.buffer_size = BLOCK
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.XmlDeclHandler = _declared
        self.parser.StartDoctypeDeclHandler = _doctype
        self.parser.StartNamespaceDeclHandler = self._prefix
        self._prefixes: set[str | None] = set()
        self._fed = 0

    def parse(self, block: bytes | memoryview) -> None:
        """One call of the parser. Raises InvoiceUnreadable."""
        self._fed += len(block)
        if self._fed > self._limits.total_bytes:
            raise InvoiceUnreadable("too_large")
        self._call(block, last=False)
        unfinished = self._fed - self.parser.CurrentByteIndex
        if unfinished > self._limits.token_bytes or len(self.parser.intern) > self._limits.names:
            raise InvoiceUnreadable("too_large")

    def end(self) -> None:
        """No more bytes. Raises InvoiceUnreadable when the document is not complete."""
        self._call(b"", last=True)

    def release(self) -> None:
        """Let go of the parser, which holds a method of ours: memory comes back without a garbage collection."""
        self.parser.StartNamespaceDeclHandler = None

    @property
    def fed_bytes(self) -> int:
        """How many bytes the parser was given."""
        return self._fed

    def met(self, names: Set[str]) -> Set[str]:
        """Which of these "namespace}local" names occur in what was parsed."""
        return names & self.parser.intern.keys()

    def _call(self, block: bytes | memoryview, *, last: bool) -> None:
        try:
            self.parser.Parse(block, last)
        except expat.ExpatError as error:
            raise InvoiceUnreadable("encoding" if error.code in ENCODING_ERRORS else "not_xml") from None

    def _prefix(self, prefix: str | None, uri: str | None) -> None:
        self._prefixes.add(prefix)
        if len(self._prefixes) > self._limits.attributes:
            raise InvoiceUnreadable("too_large")


def blocks(source: Iterable[bytes] | bytes) -> Iterator[memoryview]:
    """The source in pieces of at most BLOCK bytes, however it comes. Tiny pieces are joined."""
    pending = bytearray()
    for piece in (source,) if isinstance(source, bytes) else source:
        view = memoryview(piece)
        while len(pending) + len(view) >= BLOCK:
            room = BLOCK - len(pending)
            yield memoryview(bytes(pending) + view[:room]) if pending else view[:room]
            view = view[room:]
            pending = bytearray()
        pending += view
    yield memoryview(bytes(pending))


def bites(block: memoryview) -> Iterator[memoryview]:
    """A block in pieces so small that nothing harmful fits behind a document type declaration."""
    for start in range(0, len(block), BITE):
        yield block[start : start + BITE]


def _declared(version: str, encoding: str | None, standalone: int) -> None:
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise InvoiceUnreadable("encoding")


def _doctype(name: str, system_id: str | None, public_id: str | None, has_internal_subset: bool) -> None:
    raise InvoiceUnreadable("has_dtd")
