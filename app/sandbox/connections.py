"""A gunicorn worker with one thread per connection, so that a slow, dripping or half-closed peer holds up nobody else.

gunicorn's gthread worker closes connections gracefully on its one dispatching thread, for up to two seconds each: with
peers that are stopped on purpose this would stall the whole sandbox. Parsing and answering stay gunicorn's.
"""

import os
import socket
import threading
from typing import Any

from gunicorn import http, util  # type: ignore[import-untyped]
from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]

from app.sandbox.express import REPLAY, Replay
from app.sandbox.spoiling import HANG_UP

STACK_BYTES = 512 * 1024
ACCEPT_SECONDS = 0.25
MOST_READ = 64 * 1024
MOST_REPLAYS = 1024


class ConnectionThreads(Worker):  # type: ignore[misc]
    """Accepts on the main thread; every connection is served to its end on a thread of its own."""

    replays: dict[bytes, Replay]

    def run(self) -> None:
        """Accept until told to stop or left alone by the master."""
        self.replays = {}
        threading.stack_size(STACK_BYTES)
        listener = self.sockets[0]
        listener.setblocking(True)
        listener.settimeout(ACCEPT_SECONDS)
        while self.alive and self.ppid == os.getppid():
            try:
                connection, address = listener.accept()
            except TimeoutError:
                continue
            except OSError as failed:
                self.log.debug("not accepted: %s", failed)
                continue
            threading.Thread(target=self.converse, args=(connection, address), daemon=True).start()

    def converse(self, connection: socket.socket, address: Any) -> None:
        """Serve requests of one connection until either side ends it."""
        request = None
        connection.setblocking(True)
        connection.settimeout(self.cfg.keepalive)
        util.close_on_exec(connection)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            parser = http.get_parser(self.cfg, connection, address)
            while head := self.head(parser, connection, address[1]):
                request = next(parser)
                if not self.answer(request, connection, address, head):
                    util.close_graceful(connection)
                    break
        except (OSError, http.errors.NoMoreData) as ended:
            self.log.debug("connection ended: %s", ended)
        except Exception as wrong:
            self.handle_error(request, connection, address, wrong)
        finally:
            util.close(connection)

    def head(self, parser: Any, connection: socket.socket, port: int) -> bytes:
        """The beginning of a request that needs the parser, given back to it; empty at the end of the connection."""
        while True:
            data: bytes = parser.unreader.take_buffered() or connection.recv(MOST_READ)
            replay = self.replays.get(data)
            answer = replay.play(port) if replay else None
            if answer is None:
                self.replays.pop(data, None)
                parser.unreader.unread(data)
                return data
            connection.sendall(answer)

    def answer(self, request: Any, connection: socket.socket, address: Any, head: bytes) -> bool:
        """Answer one request; whether the connection stays open. OSErrors of the application break it off."""
        response, environ = wsgi.create(request, connection, address, self.sockets[0].getsockname(), self.cfg)
        environ["wsgi.multithread"] = True
        chunks = self.wsgi(environ, response.start_response)
        try:
            for chunk in chunks:
                response.write(chunk)
            response.close()
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        if REPLAY in environ and head.endswith(b"\r\n\r\n") and not response.should_close():
            if len(self.replays) >= MOST_REPLAYS:
                self.replays.clear()
            self.replays[head] = environ[REPLAY]
        return not (response.should_close() or HANG_UP in environ)
