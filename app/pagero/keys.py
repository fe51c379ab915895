"""The public keys Pagero signs with, fetched from the configured JWKS URL.

Refuses symmetric keys (one published as "oct" would let anybody sign) and RSA keys under 2048 bits. An unknown key id
leads to one fetch a minute at most, so that made-up ids cannot make us a load on Pagero. While there is no key at all,
a fetch that failed is followed by some seconds without another, so that sign-ins do not queue for a time-out each.
"""

import threading
import time
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key
from joserfc.util import base64_to_int

from app.errors import PageroBusy, PageroError

OPERATION = "fetch keys"
FETCH_AGAIN_SECONDS = 60.0
AFTER_FAILURE_SECONDS = 5.0
LIFE_SECONDS = 3600.0
MOST_KEYS = 50
_RSA_BITS = 2048


class PublicKeys:
    """A key set kept for an hour. `fetch` brings the JSON object; what it raises is passed on if nothing is kept."""

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: KeySet | None = None
        self._tried_at = float("-inf")

    def get(self, refetch: bool = False) -> KeySet:
        """The keys; `refetch` asks for newer ones, which happens at most once a minute.

        Raises PageroError; PageroBusy with `retry_after` when the last fetch failed just now and nothing is kept.
        """
        with self._lock:
            age = self._monotonic() - self._tried_at
            if self._kept is None and age < AFTER_FAILURE_SECONDS:
                raise PageroBusy(OPERATION, retry_after=ceil(AFTER_FAILURE_SECONDS - age))
            if self._kept is None or age >= LIFE_SECONDS or (refetch and age >= FETCH_AGAIN_SECONDS):
                self._renew()
            assert self._kept is not None  # noqa: S101  # for the type checker: else _renew has raised
            return self._kept

    def _renew(self) -> None:
        try:
            self._kept = key_set(self._fetch())
        except PageroError:
            if self._kept is None:
                raise
        finally:
            self._tried_at = self._monotonic()


def key_set(data: Mapping[str, Any]) -> KeySet:
    """The usable keys of a JWKS (RFC 7517, 5: what is not understood is passed over). It may be empty."""
    listed = data.get("keys")
    keys = [_usable(item) for item in listed[:MOST_KEYS]] if isinstance(listed, list) else []
    return KeySet([key for key in keys if key is not None])


def _usable(item: Any) -> Key | None:
    if not isinstance(item, dict) or item.get("kty") not in ("RSA", "EC") or item.get("use", "sig") != "sig":
        return None
    try:
        if item["kty"] == "RSA" and base64_to_int(item["n"]).bit_length() < _RSA_BITS:
            return None
        key = import_key(item)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return key
