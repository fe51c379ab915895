"""Serves the sandbox with gunicorn: one process, because its memory is the state, and a thread per connection."""

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from app.sandbox.connections import ConnectionThreads


class Server(BaseApplication):  # type: ignore[misc]
    """One worker with keep-alive; `make` makes the application in it."""

    def __init__(self, make: Any, host: str, port: int) -> None:
        self._make = make
        self._address = f"{host}:{port}"
        super().__init__()

    def load_config(self) -> None:
        """Settings of gunicorn. No access log: the record of calls serves."""
        wanted = {
            "bind": self._address,
            "workers": 1,
            "worker_class": ConnectionThreads,
            "backlog": 2048,
            "keepalive": 75,
            "timeout": 0,
            "graceful_timeout": 5,
            "limit_request_line": 8190,
            "limit_request_field_size": 64 * 1024,  # access tokens may be long
            "loglevel": "warning",
            "proc_name": "sandbox-pagero",
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
        }
        for name, value in wanted.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, made in the worker."""
        app: Flask = self._make()
        return app
