"""A Pagero API that costs next to nothing: one prepared answer, after a delay, to whoever sends a bearer token.

The sandbox is a Flask application itself and would be what is measured. This one writes prepared bytes from an asyncio
protocol; without a bearer token it answers 401, so that a view that forgot the token cannot look fast.

    python -m benchmarks.upstream PORT BODY_FILE DELAY_SECONDS
"""

import asyncio
import sys
from pathlib import Path
from typing import cast

REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
END_OF_HEAD = b"\r\n\r\n"


class Upstream(asyncio.Protocol):
    """One connection; requests have no bodies."""

    def __init__(self, answer: bytes, delay_seconds: float) -> None:
        self.answer, self.delay_seconds = answer, delay_seconds
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        while END_OF_HEAD in self.received:
            head, self.received = self.received.split(END_OF_HEAD, 1)
            answer = self.answer if b"authorization: bearer " in head.lower() else REFUSED
            if self.delay_seconds:
                asyncio.get_running_loop().call_later(self.delay_seconds, self.transport.write, answer)
            else:
                self.transport.write(answer)


async def serve(port: int, body: bytes, delay_seconds: float) -> None:
    """Serve until the process ends."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = head.encode() + body
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(answer, delay_seconds), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]).read_bytes(), float(sys.argv[3])))
