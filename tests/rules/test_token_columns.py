"""What holds tokens and leases is read and written in one place, and what is sent to Pagero leaves from one place."""

import re

from tests.rules.source import APP, name_of, python_files

COLUMNS = re.compile(r"\b(sealed_access_token|sealed_refresh_token|lease_owner|lease_until|spent_generation)\b")
KNOWS = ("app.models", "app.tokens")


def test_only_the_vault_side_names_token_and_lease_columns() -> None:
    found = {
        name_of(path)
        for path in python_files()
        if COLUMNS.search(path.read_text(encoding="utf-8")) and not name_of(path).startswith(KNOWS)
    }
    assert found == set()


def test_routes_never_commit() -> None:
    routes = sorted(APP.rglob("routes.py"))
    assert routes
    assert [name_of(path) for path in routes if re.search(r"\.commit\(", path.read_text(encoding="utf-8"))] == []
