"""The parts that do the work, put together once per application. Nothing here decides anything."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from app.clock import Clock
from app.pagero.api import PageroApi
from app.pagero.oauth import TokenEndpoint
from app.settings import Settings
from app.tokens.access import Access
from app.tokens.sealing import Sealer
from app.tokens.vault import Vault

EXTENSION = "pagero_services"


@dataclass(frozen=True)
class Services:
    """What routes and use cases are given."""

    settings: Settings
    clock: Clock
    sealer: Sealer
    vault: Vault
    endpoint: TokenEndpoint
    access: Access
    api: PageroApi


def services() -> Services:
    """The services of the current application."""
    return cast(Services, current_app.extensions[EXTENSION])
