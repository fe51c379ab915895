"""What tests are given. Each fixture is a few lines; what they make is in tests/support.

run            the directory of this run: logs, pages, databases
canaries       every secret seen in this run; searched for at the very end
sandbox        Pagero, played by app.sandbox in a process of its own, reset for this test
served         factory: served("postgresql", instances=2, pagero_pkce="false") -> Served, stopped after the test
site           the shared deployment on SQLite (two gunicorn workers), its tables emptied for this test
site_on_both   the same, once per database engine
database       address of a fresh migrated database, once per engine; fresh_database(kind) makes more
browser        a Browser on `site`; new_browser(served) makes more
stored         stored(database_url) -> Stored, a second door to the data
app            the application in this process (pytest-flask's `client` works on it); change `settings` to change it
chromium       open_chromium(base) -> a Playwright context of real Chromium
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.settings import Settings
from tests.support import chromium as real_chromium
from tests.support import run as run_directory
from tests.support.browser import Browser
from tests.support.canaries import Canaries
from tests.support.databases import Databases
from tests.support.environment import encryption_key, settings_for
from tests.support.processes import clean_environment, free_port
from tests.support.run import Run
from tests.support.sandbox import Sandbox, serve_sandbox
from tests.support.served import Served
from tests.support.stored import Stored

ENGINES = ("sqlite", "postgresql")
PORTS = 120  # how many addresses the authorization servers know as redirect URIs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The canary search comes after everything it searches."""
    items.sort(key=lambda item: item.path.name == "test_zz_canaries.py")


@pytest.fixture(scope="session")
def run() -> Run:
    return run_directory.begin()


@pytest.fixture(scope="session")
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture(scope="session")
def encryption_keys(canaries: Canaries) -> str:
    return encryption_key(canaries)


@pytest.fixture(scope="session")
def registered_ports() -> list[int]:
    """Ports whose callback address is registered with the authorization servers of this run."""
    return [free_port() for _ in range(PORTS)]


@pytest.fixture(scope="session")
def ports(registered_ports: list[int]) -> Iterator[int]:
    return iter(registered_ports)


@pytest.fixture(scope="session")
def redirect_uris(registered_ports: list[int]) -> list[str]:
    return [f"http://127.0.0.1:{port}/auth/callback" for port in registered_ports]


@pytest.fixture(scope="session")
def databases(run: Run, encryption_keys: str) -> Iterator[Databases]:
    made = Databases(run, lambda address: settings_for("http://127.0.0.1:8000", address, encryption_keys))
    yield made
    made.close()


@pytest.fixture(scope="session")
def sandbox_process(run: Run, canaries: Canaries, redirect_uris: list[str]) -> Iterator[Sandbox]:
    with serve_sandbox(run, redirect_uris) as sandbox:
        canaries.add("client secret", sandbox.client_secret)
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    sandbox_process.reset()
    return sandbox_process


MakeServed = Callable[..., Served]


@pytest.fixture(scope="session")
def make_served(
    run: Run, databases: Databases, sandbox_process: Sandbox, encryption_keys: str, ports: Iterator[int]
) -> MakeServed:
    """Serve a deployment; the caller stops it. `pagero` replaces the settings that point to the sandbox."""

    def make(
        database: str = "sqlite",
        *,
        instances: int = 1,
        workers: int = 2,
        threads: int = 32,
        pagero: dict[str, str] | None = None,
        **settings: Any,
    ) -> Served:
        address = databases.fresh(database) if database in ENGINES else database
        chosen = [next(ports) for _ in range(instances)]
        changes = {"web_workers": str(workers), "web_threads": str(threads)}
        changes |= {name: str(value) for name, value in settings.items()}
        environment = settings_for(
            f"http://127.0.0.1:{chosen[0]}", address, encryption_keys, pagero or sandbox_process.settings(), **changes
        )
        return Served(run, clean_environment(**environment), chosen)

    return make


@pytest.fixture
def served(make_served: MakeServed, sandbox: Sandbox, databases: Databases) -> Iterator[MakeServed]:
    with ExitStack() as ending:

        def start(database: str = "sqlite", **options: Any) -> Served:
            deployment = make_served(database, **options)
            ending.callback(databases.dump, deployment.database_url)
            ending.callback(deployment.stop)
            return deployment

        yield start


@pytest.fixture(scope="session")
def shared_sites(make_served: MakeServed, databases: Databases) -> Iterator[Callable[[str], Served]]:
    made: dict[str, Served] = {}

    def site(engine: str) -> Served:
        if engine not in made:
            made[engine] = make_served(engine)
        databases.dump(made[engine].database_url)  # what the test before left, for the canary search
        made[engine].stored.clear()
        return made[engine]

    yield site
    for served in made.values():
        served.stop()


@pytest.fixture
def site(shared_sites: Callable[[str], Served], sandbox: Sandbox) -> Served:
    return shared_sites("sqlite")


@pytest.fixture(params=ENGINES)
def site_on_both(request: pytest.FixtureRequest, shared_sites: Callable[[str], Served], sandbox: Sandbox) -> Served:
    return shared_sites(request.param)


@pytest.fixture
def fresh_database(databases: Databases) -> Callable[[str], str]:
    return databases.fresh


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, databases: Databases) -> str:
    return databases.fresh(request.param)


@pytest.fixture
def stored() -> Callable[[str], Stored]:
    return Stored


@pytest.fixture
def new_browser(run: Run, canaries: Canaries) -> Callable[..., Browser]:
    def new_browser(served: Served, instance: int = 0) -> Browser:
        return Browser(served.base, run=run, canaries=canaries, connect_to=served.bases[instance])

    return new_browser


@pytest.fixture
def browser(site: Served, new_browser: Callable[..., Browser]) -> Browser:
    return new_browser(site)


@pytest.fixture
def settings(databases: Databases, encryption_keys: str) -> Settings:
    return Settings.from_environment(settings_for("http://localhost", databases.fresh("sqlite"), encryption_keys))


@pytest.fixture
def app(settings: Settings) -> Flask:
    """In this process, and on a Pagero that cannot be reached. Read what it stored through `stored`: pytest-flask keeps
    an application context open, so its own database session would also show what was never committed."""
    made = create_app(settings)
    made.testing = True
    return made


@pytest.fixture(scope="session")
def chromium() -> Iterator[real_chromium.Browser]:
    with real_chromium.launched() as browser:
        yield browser


@pytest.fixture
def open_chromium(chromium: real_chromium.Browser, run: Run, canaries: Canaries) -> Iterator[Callable[..., Any]]:
    contexts = real_chromium.Contexts(chromium, run, canaries)
    yield contexts.open
    contexts.close()
