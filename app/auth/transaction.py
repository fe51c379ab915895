"""One pending sign-in: what must be remembered between leaving for Pagero and coming back.

Each attempt has a sealed cookie of its own, so that tabs do not disturb each other and nothing in the browser is
readable. That it is used once is not the browser's knowledge but the database's (auth.claims).
A cookie outlives its attempt, so that a late or repeated callback still knows where its person wanted to go.
"""

import base64
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import orjson

from app.errors import SealBroken
from app.settings import Settings
from app.tokens.sealing import Place, Sealer

VALID = timedelta(minutes=10)
CLOCK_SKEW = timedelta(minutes=1)  # between machines
REMEMBERED = timedelta(hours=1)  # of the cookie, and of the claim once it is over
MOST_PENDING = 7
MOST_COOKIE_BYTES = 6000  # of all attempts; gunicorn refuses a Cookie header above 8190
RANDOM_BYTES = 32
NONCE_BYTES = 16
PURPOSE = "transaction"
STEM, SECURE_STEM = "signin-", "__Host-signin-"
NAME_DIGITS = 8


@dataclass(frozen=True)
class Attempt:
    """A pending sign-in. `reconnects` is the account it must come back as, or None when anybody may sign in."""

    state: str = field(repr=False)
    nonce: str | None = field(repr=False)
    verifier: str | None = field(repr=False)
    target: str
    started_at: datetime
    reconnects: str | None = None

    @property
    def state_hash(self) -> str:
        """What the server remembers of the state."""
        return _hash(self.state)

    def is_over(self, now: datetime) -> bool:
        """Whether it took too long, or claims to come from the future."""
        return not -CLOCK_SKEW <= now - self.started_at <= VALID


def begin(settings: Settings, now: datetime, target: str, reconnects: str | None) -> Attempt:
    """A new attempt with fresh random values (RFC 6749, 10.12; RFC 7636, 4.1)."""
    return Attempt(
        state=secrets.token_urlsafe(RANDOM_BYTES),
        nonce=secrets.token_urlsafe(NONCE_BYTES) if settings.wants_openid else None,
        verifier=secrets.token_urlsafe(RANDOM_BYTES) if settings.pagero_pkce else None,
        target=target,
        started_at=now,
        reconnects=reconnects,
    )


class PendingCookies:
    """The attempts one browser carries. Reads cookies and says which to set and drop; touches no request."""

    def __init__(self, sealer: Sealer, settings: Settings, cookies: Mapping[str, str]) -> None:
        self._sealer = sealer
        self._stem = SECURE_STEM if settings.is_https else STEM
        self._cookies = {name: text for name, text in cookies.items() if name.startswith(self._stem)}

    def names(self) -> list[str]:
        """The names of all cookies of attempts, readable or not."""
        return list(self._cookies)

    def find(self, state: str) -> Attempt | None:
        """The attempt this browser began under this state."""
        name = self._name(state)
        attempt = self._open(name, self._cookies.get(name, ""))
        return attempt if attempt and secrets.compare_digest(attempt.state, state) else None

    def cookie_of(self, attempt: Attempt) -> tuple[str, str]:
        """Name and value of the cookie that carries the attempt."""
        name = self._name(attempt.state)
        values = [attempt.state, attempt.nonce, attempt.verifier, attempt.target, attempt.reconnects]
        plain = orjson.dumps([int(attempt.started_at.timestamp() * 1000), *values])
        sealed = self._sealer.seal_with(PURPOSE, plain, _place(name))
        return name, base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def crowded_out_by(self, name: str, value: str) -> list[str]:
        """The cookies to drop when this one is added: unreadable ones, then the oldest, until the rest fits."""
        kept, used = 1, len(name) + len(value)
        dropped = []
        for other in self._newest_first():
            kept, used = kept + 1, used + len(other) + len(self._cookies[other])
            if kept > MOST_PENDING or used > MOST_COOKIE_BYTES:
                dropped.append(other)
        return dropped + self.unreadable()

    def unreadable(self) -> list[str]:
        """The names of cookies nobody can use any more."""
        return [name for name, text in self._cookies.items() if self._open(name, text) is None]

    def _newest_first(self) -> Iterator[str]:
        found = {name: self._open(name, text) for name, text in self._cookies.items()}
        ages = {name: attempt.started_at for name, attempt in found.items() if attempt}
        return iter(sorted(ages, key=ages.__getitem__, reverse=True))

    def _name(self, state: str) -> str:
        return self._stem + _hash(state)[:NAME_DIGITS]

    def _open(self, name: str, text: str) -> Attempt | None:
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            plain = self._sealer.open_with(PURPOSE, sealed, _place(name))
            started, state, nonce, verifier, target, reconnects = orjson.loads(plain)
            started_at = datetime.fromtimestamp(started / 1000, UTC)
        except (SealBroken, ValueError, TypeError, OverflowError):  # not base64, or sealed by another release
            return None
        return Attempt(state, nonce, verifier, target, started_at, reconnects)


def _hash(state: str) -> str:
    return sha256(state.encode()).hexdigest()


def _place(name: str) -> Place:
    return Place("cookie", PURPOSE, name)
