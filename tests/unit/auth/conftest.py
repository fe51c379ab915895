"""The application in this process, with a Pagero played by an object."""

from tests.support.in_process import application, clock, other_window, pagero, rows, settings, window

__all__ = ["application", "clock", "other_window", "pagero", "rows", "settings", "window"]
