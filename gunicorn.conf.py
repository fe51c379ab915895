"""How gunicorn serves the application. Read by gunicorn alone; every figure has its reason beside it.

BIND, WEB_WORKERS, WEB_THREADS, REQUEST_SECONDS and GUNICORN_LOG_LEVEL come from the environment. No access log: the
application logs each request itself, with the path and without the query, in which a callback carries its code.
Imports nothing of ours, so that a reload (SIGHUP) takes new code everywhere.
"""

import contextlib
import os
import resource
import select
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker


def _seconds(name: str, default: float) -> float:
    try:
        return float(os.environ.get(name) or default)
    except ValueError:
        return default  # app.settings names the mistake, together with all others


# A client that sends half a request holds a thread, and gunicorn waits for the rest for ever. So a request has this
# long to arrive, and as much more as a slow line takes for what has come. Then it is as if the client had left.
REQUEST_SECONDS = _seconds("REQUEST_SECONDS", 15)
SLOW_LINE = 20_000  # bytes a second
LINGER_SECONDS, LINGER_BYTES = 1, 65536


class PatientSocket(socket.socket):
    """A connection that is read until a deadline, and then is at its end."""

    deadline = 0.0
    over = False

    def recv(self, size: int, flags: int = 0) -> bytes:
        """What has come; nothing once it is over."""
        while not self.over:
            try:
                data = super().recv(size, flags | socket.MSG_DONTWAIT)
            except BlockingIOError:
                self.over = not self._has_more_in_time()
            else:
                self.deadline += len(data) / SLOW_LINE
                return data
        return b""

    def linger(self) -> None:
        """Let the last answer arrive at a client that is still sending (RFC 9112, 9.6)."""
        read = 0
        self.deadline = time.monotonic() + LINGER_SECONDS
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_WR)
            while read < LINGER_BYTES and (data := self.recv(4096)):
                read += len(data)
        self.over = True

    def _has_more_in_time(self) -> bool:
        poll = select.poll()
        poll.register(self, select.POLLIN)
        return bool(poll.poll(max(0, self.deadline - time.monotonic()) * 1000))


class PatientWorker(ThreadWorker):
    """gthread, with a deadline for every request, and without lingering in the loop that serves all connections."""

    def enqueue_req(self, conn: TConn) -> None:
        """Take a connection whose next request begins."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket(conn.sock.family, conn.sock.type, conn.sock.proto, conn.sock.detach())
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Serve it, in a thread. What is not true tells gunicorn to close the connection."""
        conn.sock.deadline = time.monotonic() + REQUEST_SECONDS
        is_kept = super().handle(conn)
        if not is_kept:
            conn.sock.linger()
        return is_kept


wsgi_app = "wsgi:app"
bind = os.environ.get("BIND", "127.0.0.1:8000")

# gthread: a view mostly waits for Pagero, so threads serve many of them at once; two processes keep two cores busy.
# docs/benchmarks.md has the measurements.
worker_class = PatientWorker
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "128"))
worker_connections = 1000
backlog = 2048
keepalive = 75  # seconds; longer than proxies keep idle connections, so that the proxy closes first and loses nothing

# The ladder. The longest view waits for another's refresh, refreshes itself, and calls the API twice. A worker told to
# stop is given that long, so that tokens it is waiting for are still stored; `timeout` only watches the worker's main
# loop, and must not end a stop that is still within its time.
longest_view = _seconds("REFRESH_WAIT_SECONDS", 10) + _seconds("PAGERO_TOKEN_SECONDS", 8)
longest_view += 2 * _seconds("PAGERO_API_SECONDS", 15)
graceful_timeout = int(longest_view) + 5
timeout = graceful_timeout + 15

# Nothing from outside is believed here; app.assembly believes TRUSTED_HOPS proxies and nobody else.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 16380  # seven pending sign-ins travel in one Cookie header

control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "info")
proc_name = "pagero-dashboard"
if Path("/dev/shm").is_dir():  # noqa: S108 - heartbeats live in memory: a slow disk must not look like a dead worker
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# Numbers of all workers are added up in files that live as long as the master (prometheus-client's multiprocess mode).
OWN_NUMBERS = bool(os.environ.get("METRICS_TOKEN") or os.environ.get("METRICS_TOKEN_FILE")) and not os.environ.get(
    "PROMETHEUS_MULTIPROC_DIR"
)
if OWN_NUMBERS:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="pagero-metrics-")


def worker_exit(server: Any, worker: Any) -> None:
    """Wait for refreshes beside requests: their tokens exist nowhere else until they are stored."""
    app = getattr(worker, "wsgi", None)  # not there when the application could not be loaded
    if app is not None:
        app.extensions["pagero_services"].access.close()


def child_exit(server: Any, worker: Any) -> None:
    """Forget the gauges of a worker that has ended."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess  # noqa: PLC0415 - must not be imported before the folder is named

        multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Take the folder away again."""
    if OWN_NUMBERS:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold tokens and keys
