"""What is kept while a document streams by: header and lines of one page as nodes, of all other lines the amount.

Knows elements, not bytes: feed.py drives it. Four ways of looking, each a set of parser handlers: searching (no root
yet, perhaps inside an envelope), keeping (nodes are made), counting (a line outside the page), passing (something that
is not ours). Refuses by InvoiceUnreadable. What runs for every element of 20 MiB calls as little as it can.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from app.invoice.refusal import SHORT, InvoiceUnreadable, Limits
from app.invoice.tree import NONE, Node
from app.invoice.vocabulary import EMBEDDED, ENVELOPE, KEPT_ATTRIBUTES, LINE_AMOUNT, LINES, kind_of, local_name

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType


class Harvest:
    """Receives the elements of one document.

    `line` is called with each asked line, `amount` with amount and currency of every line of the document.
    """

    def __init__(
        self,
        parser: "XMLParserType",
        limits: Limits,
        lines: range,
        line: Callable[[Node], None],
        amount: Callable[[str, str | None], None],
    ) -> None:
        self.kind: str | None = None
        self.root = Node("")
        self.lines_total = 0
        self.elements = 0
        self.shortened = False
        self._parser, self._limits, self._lines = parser, limits, lines
        self._line, self._amount = line, amount
        self._most_depth = limits.depth
        self._local: dict[str, str] = {}
        self._open: list[Node] = []
        self._depth = self._resume_depth = 0
        self._nodes = self._characters = self._length = self._encoded = 0
        self._pieces: list[str] = []
        self._currency: str | None = None
        self._measuring = False
        self._watch(self._search_start, self._search_end)

    def release(self) -> None:
        """Let go of the parser, which holds our methods."""
        self._watch(None, None)

    # searching

    def _search_start(self, name: str, attributes: dict[str, str]) -> None:
        self._descend(name, attributes)
        self.kind = kind_of(name)
        if self.kind:
            self._open = [self.root]
            self._watch(self._keep_start, self._keep_end, self._keep_text)
        elif self._depth > 1:
            self._pass_until(self._depth - 1)
        elif name != ENVELOPE:
            raise InvoiceUnreadable("not_ubl")

    def _search_end(self, name: str) -> None:
        self._depth -= 1

    # keeping

    def _keep_start(self, name: str, attributes: dict[str, str]) -> None:
        self._descend(name, attributes)
        local = self._local_name(name)
        if not local:
            self._pass_until(self._depth - 1)
        elif local in LINES and len(self._open) == 1:
            self._line_start()
        else:
            self._open_node(local, attributes)
        if local == EMBEDDED:
            self._encoded = 0
            self._parser.CharacterDataHandler = self._count_encoded

    def _line_start(self) -> None:
        self.lines_total += 1
        if self.lines_total > self._limits.lines:
            raise InvoiceUnreadable("too_large")
        if self.lines_total - 1 in self._lines:
            self._open_node("Line", NONE)
        else:
            self._resume_depth = self._depth - 1
            self._watch(self._count_start, self._count_end)

    def _open_node(self, local: str, attributes: dict[str, str] | Mapping[str, str]) -> None:
        self._nodes += 1
        if self._nodes > self._limits.kept_nodes or len(attributes) > self._limits.attributes:
            raise InvoiceUnreadable("too_large")
        node = Node(local, self._kept(attributes) if attributes else NONE)
        self._open[-1].children.append(node)
        self._open.append(node)
        self._pieces, self._length = [], 0

    def _keep_end(self, name: str) -> None:
        self._depth -= 1
        node = self._open.pop()
        if not node.children:
            node.value = self._text()
        if node.name == EMBEDDED:
            node.size_bytes = self._encoded * 3 // 4
            self._parser.CharacterDataHandler = self._keep_text
        if not self._open:
            self._pass_until(-1)
        elif node.name == "Line" and len(self._open) == 1:
            self._line_end(node)

    def _line_end(self, node: Node) -> None:
        self.root.children.pop()
        found = node.first(LINE_AMOUNT)
        if found:
            self._amount(found.value, found.attributes.get("currencyID"))
        self._line(node)

    def _keep_text(self, data: str) -> None:
        self._length += len(data)
        if self._length - len(data) <= self._limits.text_characters:
            self._pieces.append(data)

    def _count_encoded(self, data: str) -> None:
        self._encoded += len(data) - sum(map(data.count, " \t\n\r="))

    # counting

    def _count_start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self._depth += 1
        if self._depth > self._most_depth:
            raise InvoiceUnreadable("too_deep")
        if self._depth == self._resume_depth + 2 and self._local_name(name) == LINE_AMOUNT:
            self._pieces, self._length, self._currency = [], 0, attributes.get("currencyID")
            self._measuring = True
            self._parser.CharacterDataHandler = self._keep_text

    def _count_end(self, name: str) -> None:
        self._depth -= 1
        if self._depth == self._resume_depth:
            self._watch(self._keep_start, self._keep_end, self._keep_text)
        elif self._measuring and self._depth == self._resume_depth + 1:
            self._measuring = False
            self._parser.CharacterDataHandler = None
            self._amount("".join(self._pieces).strip(), self._currency)

    # passing

    def _pass_until(self, depth: int) -> None:
        self._resume_depth = depth
        self._watch(self._descend, self._pass_end)

    def _descend(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self._depth += 1
        if self._depth > self._most_depth:
            raise InvoiceUnreadable("too_deep")

    def _pass_end(self, name: str) -> None:
        self._depth -= 1
        if self._depth == self._resume_depth:
            if self.kind:
                self._watch(self._keep_start, self._keep_end, self._keep_text)
            else:
                self._watch(self._search_start, self._search_end)

    # all

    def _watch(
        self,
        start: Callable[[str, dict[str, str]], None] | None,
        end: Callable[[str], None] | None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        self._parser.StartElementHandler = start
        self._parser.EndElementHandler = end
        self._parser.CharacterDataHandler = text

    def _local_name(self, name: str) -> str:
        local = self._local.get(name)
        if local is None:
            local = self._local[name] = local_name(name)
        return local

    def _text(self) -> str:
        return self._cut("".join(self._pieces).strip())

    def _kept(self, attributes: Mapping[str, str]) -> Mapping[str, str]:
        return {name: self._cut(value) for name, value in attributes.items() if name in KEPT_ATTRIBUTES}

    def _cut(self, text: str) -> str:
        spent = self._characters > self._limits.kept_characters
        most = SHORT if spent else self._limits.text_characters
        if len(text) > most:
            self.shortened = True
            text = text[:most] + "…"
        self._characters += len(text)
        return text
