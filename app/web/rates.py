"""How often one client address may do something that costs: a token bucket per address, in this process's memory.

Bounded: when too many addresses are known, the one not heard of for longest is forgotten.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_network
from threading import Lock

from app.errors import TooManyRequests
from app.web.addresses import one_spelling

MOST_ADDRESSES = 10_000
IPV6_SITE_BITS = 64  # whoever has one IPv6 address has 2^64


class RateLimit:
    """`burst` at once, then `per_second`."""

    def __init__(self, burst: float, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def allows(self, address: str | None) -> bool:
        """Count one use by this address; False when it has none left."""
        site, now = _site(address), self._clock()
        with self._lock:
            left, seen = self._buckets.pop(site, (self._burst, now))
            left = min(self._burst, left + (now - seen) * self._per_second)
            self._buckets[site] = (left - 1 if left >= 1 else left, now)
            while len(self._buckets) > MOST_ADDRESSES:
                self._buckets.popitem(last=False)
        return left >= 1

    def require(self, address: str | None) -> None:
        """Count one use. Raises TooManyRequests."""
        if not self.allows(address):
            raise TooManyRequests(retry_after=max(1, round(1 / self._per_second)))


def _site(address: str | None) -> str:
    known = one_spelling(address or "")
    return str(ip_network((known, IPV6_SITE_BITS), strict=False)) if ":" in known else known
