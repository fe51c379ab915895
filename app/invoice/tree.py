"""A small tree of what is kept of a document, addressed by local names: `party.text("PostalAddress/CityName")`.

Namespaces are decided before a node is made (vocabulary.py); here there are only names.
"""

from collections.abc import Iterator, Mapping

NONE: Mapping[str, str] = {}


class Node:
    """One element: its text when it has no children, its kept attributes, its children in order."""

    __slots__ = ("attributes", "children", "name", "size_bytes", "value")

    def __init__(self, name: str, attributes: Mapping[str, str] = NONE) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Node] = []
        self.value = ""
        self.size_bytes: int | None = None  # of embedded content that was counted and not kept

    def all(self, path: str) -> Iterator["Node"]:
        """Every node under the path, in document order."""
        step, _, rest = path.partition("/")
        for child in self.children:
            if child.name == step:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def first(self, path: str) -> "Node | None":
        """The first node under the path."""
        return next(self.all(path), None)

    def text(self, path: str) -> str | None:
        """The first text under the path that is not empty."""
        return next((node.value for node in self.all(path) if node.value), None)

    def texts(self, path: str) -> tuple[str, ...]:
        """Every text under the path that is not empty."""
        return tuple(node.value for node in self.all(path) if node.value)
