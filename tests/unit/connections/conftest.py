"""The application in this process, with a played Pagero."""

from tests.support.in_process import application, clock, other_window, pagero, rows, settings, window

__all__ = ["application", "clock", "other_window", "pagero", "rows", "settings", "window"]
