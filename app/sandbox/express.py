"""The express lane: a list that was answered is answered again, byte for byte, when the very same request comes again.

Benchmarks measure the application, so the sandbox must cost next to nothing beside it. A replay is offered only while
nothing has changed: same knobs, no faults waiting, same documents, token still good. Calls are recorded and delayed
alike.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.sandbox.grants import Access
from app.sandbox.world import World

REPLAY = "sandbox.replay"  # the environ key under which a view leaves one for the server


@dataclass(frozen=True)
class Replay:
    """An answer that may be given again."""

    world: World
    access: Access
    still: Callable[[], bool]
    endpoint: str
    path: str
    query: str
    token: str | None
    person: str | None
    answer: bytes

    def play(self, remote_port: int) -> bytes | None:
        """The whole HTTP answer after recording the call and waiting as told; None when it no longer holds."""
        world = self.world
        if not self.still() or self.access.revoked or self.access.expires_at <= world.now():
            return None
        call = world.calls.begin(self.endpoint, method="GET", path=self.path, query=self.query, remote_port=remote_port)
        call.token, call.person = self.token, self.person
        if seconds := world.knobs.api_delay_seconds + world.knobs.delays.get(self.endpoint, 0.0):
            time.sleep(seconds)
        call.status = 200
        call.ended_at = time.time()
        return self.answer


def unchanged(world: World) -> Callable[[], bool]:
    """A check that knobs, faults and documents are as they are now."""
    knobs, library, version = world.knobs, world.library, world.library.version

    def still() -> bool:
        same = world.knobs is knobs and library.version == version
        return same and not world.faults.active and not world.files.under_way

    return still


def whole_answer(body: bytes) -> bytes:
    """`body` as a complete HTTP/1.1 answer."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
