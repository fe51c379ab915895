"""The application. create_app() is its one entrance; app.assembly is the one place where the parts meet."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.clock import Clock
    from app.settings import Settings


def create_app(settings: "Settings | None" = None, clock: "Clock | None" = None) -> "Flask":
    """Build the application. Raises SettingsError with every problem when the settings are wrong.

    Imports here and not above: importing app.sandbox, a program of its own, must load nothing else of ours.
    """
    from app.assembly import assemble  # noqa: PLC0415
    from app.settings import Settings  # noqa: PLC0415

    return assemble(settings or Settings.from_environment(), clock)
