"""JWT access tokens of another authorization server: signature, issuer and life are checked, the subject is mapped.

Refuses all algorithms but RS256, PS256 and ES256. Keys are fetched when first needed, and again, at most every
five seconds, when a token does not fit them.
"""

import json
import time
from threading import Lock
from typing import Any
from urllib.request import OpenerDirector, ProxyHandler, build_opener

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.sandbox.config import Trust

ALGORITHMS = ["RS256", "PS256", "ES256"]
REFETCH_SECONDS = 5.0
FETCH_SECONDS = 5.0


class Trusted:
    """The keys of the other server and what is known of its tokens."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._lock = Lock()
        self._keys: KeySet | None = None
        self._fetched_at = -REFETCH_SECONDS
        self._http: OpenerDirector = build_opener(ProxyHandler({}))

    def person_of(self, token: str, now: float) -> str | None:
        """The person a valid token stands for, else None."""
        claims = self._claims(token) or self._claims(token, refetch=True)
        if not claims or claims.get("iss") != self._trust.issuer or claims.get("exp", 0) <= now:
            return None
        return self._trust.people.get(str(claims.get("sub")))

    def _claims(self, token: str, *, refetch: bool = False) -> dict[str, Any] | None:
        keys = self._current_keys(refetch)
        if keys is None:
            return None
        try:
            return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):
            return None

    def _current_keys(self, refetch: bool) -> KeySet | None:
        with self._lock:
            due = time.monotonic() - self._fetched_at >= REFETCH_SECONDS
            if due and (refetch or self._keys is None):
                self._fetched_at = time.monotonic()
                self._keys = self._fetch() or self._keys
            return self._keys

    def _fetch(self) -> KeySet | None:
        try:
            with self._http.open(self._trust.jwks_url, timeout=FETCH_SECONDS) as answer:
                return KeySet.import_key_set(json.load(answer))
        except (OSError, JoseError, ValueError, TypeError, KeyError):
            return None
