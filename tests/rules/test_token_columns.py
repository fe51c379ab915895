"""What holds tokens and leases is read and written in one place, and what is sent to Pagero leaves from one place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.rules.source import APP, name_of, python_files, tree_of

COLUMNS = re.compile(r"\b(sealed_access_token|sealed_refresh_token|lease_owner|lease_until|spent_generation)\b")
WRITTEN = re.compile(r"revoke_(outcome|attempts|retry_at)|retry_at|generation|fence|forced_at|key_id")
KNOWS = ("app.models", "app.tokens")


def test_only_the_vault_side_names_token_and_lease_columns() -> None:
    found = {
        name_of(path)
        for path in python_files()
        if COLUMNS.search(path.read_text(encoding="utf-8")) and not name_of(path).startswith(KNOWS)
    }
    assert found == set()


def _written_names(path: Path) -> Iterator[str]:
    """Attributes that are assigned to or set by name, and columns named in values(…)."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "values":
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            yield from (str(value.value) for value in node.args if isinstance(value, ast.Constant))


def test_only_the_vault_side_writes_what_decides_about_tokens() -> None:
    strangers = [path for path in python_files() if not name_of(path).startswith((*KNOWS, "app.sandbox"))]
    found = {name_of(path): name for path in strangers for name in _written_names(path) if WRITTEN.fullmatch(name)}
    assert found == {}


def test_routes_never_commit() -> None:
    routes = sorted(APP.rglob("routes.py"))
    assert routes
    assert [name_of(path) for path in routes if re.search(r"\.commit\(", path.read_text(encoding="utf-8"))] == []
