"""What is sent in one exchange, and what its failure is called.

Refuses paths with dot segments (also encoded ones), empty segments, or anything that could end the path or the line.
"""

import http.client
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote, urlencode

from app.errors import PageroError, PageroGarbled, PageroRefusedRequest, PageroTimedOut

USER_AGENT = "pagero-dashboard"
NOTHING: Mapping[str, str] = MappingProxyType({})
FAULTS = (OSError, http.client.HTTPException, ValueError)
"""Everything that reading an answer can raise."""

_SEGMENTS = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+/?")


@dataclass(slots=True)
class Call:
    """One request. Its repr shows what it is for and nothing that is sent."""

    operation: str
    method: str
    target: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes | Iterable[bytes] | None = field(repr=False)
    ends_at: float
    """When all must be over, in time.monotonic()."""
    once: bool
    """Whether it has a line of its own, closed afterwards."""

    @property
    def seconds_left(self) -> float:
        """Until `ends_at`; never zero, which would mean "do not wait" to a socket."""
        return max(0.001, self.ends_at - time.monotonic())


def head_of(call: Call, host: str) -> bytes:
    """The head of a request without body, as it goes out. Raises ValueError for a value that could end its line."""
    lines = [f"{call.method} {call.target} HTTP/1.1", f"Host: {host}", "Accept-Encoding: identity"]
    lines += [f"{name}: {value}" for name, value in call.headers.items()]
    head = "\r\n".join(lines) + "\r\n\r\n"
    if head.count("\n") != len(lines) + 1 or head.count("\r") != len(lines) + 1:
        raise ValueError("a line break in a header")
    return head.encode("latin-1")


@lru_cache(maxsize=512)
def target_of(operation: str, path: str, query: tuple[tuple[str, str], ...]) -> str:
    """Path and query as they stand in the request line. Raises PageroRefusedRequest for a path that may not be sent."""
    plain = _SEGMENTS.fullmatch(path) and ".." not in path and "%" not in path and "/." not in path
    if not plain and not _acceptable(path):
        raise PageroRefusedRequest(operation)
    return f"{path}?{urlencode(query)}" if query else path


def _acceptable(path: str) -> bool:
    segments = [unquote(segment) for segment in path.split("/")]
    hidden = any(segment in (".", "..") or "/" in segment or "\\" in segment for segment in segments)
    return _SEGMENTS.fullmatch(path) is not None and not hidden


def fault_of(error: Exception, operation: str, *, cut: bool) -> PageroError:
    """The exception for a failure after the request began to leave; `cut` tells that its deadline ended it."""
    if cut or isinstance(error, OSError | http.client.IncompleteRead):  # RemoteDisconnected is an OSError
        return PageroTimedOut(operation)
    return PageroGarbled(operation)
