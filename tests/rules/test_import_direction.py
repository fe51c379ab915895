"""Imports point one way (docs/architecture.md). A package may use what its line names, and itself."""

from pathlib import Path

import pytest

from tests.rules.source import APP, imports_of, is_below, name_of, python_files

GROUND = {"app.errors", "app.clock", "app.settings"}
STORAGE = GROUND | {"app.db", "app.models", "app.prepared"}
MIDDLE = STORAGE | {"app.pagero", "app.tokens", "app.services", "app.audit", "app.connections", "app.web"}
GUARDED = {"app.auth.guards", "app.auth.destinations"}

MAY_USE = {
    "app.errors": set(),
    "app.clock": set(),
    "app.settings": {"app.errors"},
    "app.db": GROUND,
    "app.models": {"app.db", "app.companies.tables"},
    "app.prepared": {"app.db"},
    "app.pagero": GROUND,
    "app.tokens": STORAGE | {"app.pagero"},
    "app.invoice": {"app.errors"},
    "app.services": STORAGE | {"app.pagero", "app.tokens"},
    "app.audit": STORAGE | {"app.services"},
    "app.connections": STORAGE | {"app.pagero", "app.tokens", "app.services", "app.audit", "app.web.sessions"},
    "app.pace": set(),
    "app.upkeep": MIDDLE | {"app.pace"},
    "app.emergency": MIDDLE | {"app.pace"},
    "app.reconnect_links": STORAGE | {"app.services", "app.audit"},
    "app.web": (MIDDLE - {"app.connections"}) | {"app.auth.guards", "app.auth.destinations"},
    "app.auth": (MIDDLE - {"app.connections"}) | {"app.reconnect_links"},
    "app.companies": MIDDLE | GUARDED | {"app.dashboard.routes", "app.dashboard.window"},
    "app.dashboard": MIDDLE | GUARDED | {"app.companies.ledger", "app.invoice", "app.exports"},
    "app.exports": MIDDLE | {"app.auth.guards", "app.auth.destinations"},
    "app.files": MIDDLE | {"app.auth.guards", "app.auth.destinations", "app.dashboard.parts", "app.companies.ledger"},
    "app.account": MIDDLE | {"app.auth.guards", "app.auth.destinations"},
    "app.admin": MIDDLE | {"app.auth.guards", "app.auth.destinations", "app.reconnect_links"},
    "app.sandbox": set(),
}
"""Part of the application: what of ours it may import. app, app.assembly, app.cli and its commands, and
app.configuration may use all."""

FREE = ("app.assembly", "app.cli", "app.commands", "app.configuration")

NEVER = {
    "app.errors": ("flask", "sqlalchemy"),
    "app.settings": ("flask", "sqlalchemy"),
    "app.clock": ("flask", "sqlalchemy"),
    "app.pagero": ("flask", "sqlalchemy", "flask_sqlalchemy"),
    "app.tokens": ("flask", "flask_sqlalchemy"),
    "app.invoice": ("flask", "sqlalchemy"),
}
"""Part of the application: libraries it must not know."""

REQUEST_FACTS = {"flask.request", "flask.session", "flask.g"}


def part_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def modules() -> list[Path]:
    return [path for path in python_files() if name_of(path) != "app"]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    part = part_of(name_of(path))
    if part in FREE:
        return
    allowed = MAY_USE[part] | {part}
    ours = {name for name in imports_of(path) if is_below(name, "app")}
    assert {name for name in ours if not any(is_below(name, package) for package in allowed)} == set()


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_knows_no_library_of_another_layer(path: Path) -> None:
    forbidden = NEVER.get(part_of(name_of(path)), ())
    assert [name for name in imports_of(path) if any(is_below(name, library) for library in forbidden)] == []


def test_nothing_of_ours_imports_the_sandbox() -> None:
    outside = [path for path in python_files() if part_of(name_of(path)) != "app.sandbox"]
    assert [name_of(path) for path in outside if any(is_below(name, "app.sandbox") for name in imports_of(path))] == []


def test_only_the_entrances_assemble_the_application() -> None:
    users = [
        name_of(path) for path in python_files() if any(is_below(name, "app.assembly") for name in imports_of(path))
    ]
    assert users == ["app"]


def test_only_routes_guards_and_web_touch_the_request() -> None:
    def may(path: Path) -> bool:
        return path.name in ("routes.py", "guards.py") or part_of(name_of(path)) in ("app.web", "app.sandbox")

    others = [path for path in python_files() if not may(path)]
    found = {name_of(path): imports_of(path) & REQUEST_FACTS for path in others if imports_of(path) & REQUEST_FACTS}
    assert found == {"app.db": {"flask.g"}}  # it keeps the request's reading session there, and knows nothing else


def test_only_the_wire_opens_http_connections() -> None:
    clients = ("requests", "urllib3", "http.client", "urllib.request", "httpx")
    found = [
        name_of(path)
        for path in python_files()
        if any(is_below(name, client) for name in imports_of(path) for client in clients)
        and part_of(name_of(path)) not in ("app.sandbox", "app.pagero")
    ]
    assert found == []


def test_package_init_files_are_empty() -> None:
    inits = [path for path in APP.rglob("__init__.py") if path.parent.name not in ("app", "sandbox")]
    assert [str(path) for path in inits if path.read_text(encoding="utf-8").strip()] == []
