"""What the authorization server remembers: sign-in sessions, codes, grants, access and refresh tokens. All in memory.

Codes and refresh tokens work once; another use ends the whole grant (RFC 6749 section 4.1.2, RFC 9700 section 4.14).
"""

import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any
from uuid import uuid4

from app.sandbox.calls import fingerprint
from app.sandbox.errors import OAuthRefused
from app.sandbox.people import Person


@dataclass
class Grant:
    """One sign-in of one person: everything issued from it ends with it."""

    person: Person
    scope: frozenset[str]
    auth_time: int
    nonce: str | None
    id: str = field(default_factory=lambda: str(uuid4()))
    revoked: bool = False


@dataclass
class Code:
    """An authorization code and what it is bound to."""

    redirect_uri: str
    challenge: str | None
    state: str | None
    grant: Grant
    expires_at: float
    used: bool = False


@dataclass
class Access:
    """An access token that was issued."""

    grant: Grant
    expires_at: float
    revoked: bool = False


@dataclass
class Refresh:
    """A refresh token that was issued, and when it was spent."""

    token: str
    grant: Grant
    spent_at: float | None = None


@dataclass
class SignedIn:
    """The sandbox's own single-sign-on session."""

    person: Person
    auth_time: int


class Grants:
    """The memory. `now` tells the time; every change happens under one lock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = RLock()
        self.clear()

    def clear(self) -> None:
        """Forget everybody and everything issued."""
        with self._lock:
            self.codes: dict[str, Code] = {}
            self.access: dict[str, Access] = {}
            self.refresh: dict[str, Refresh] = {}
            self.sessions: dict[str, SignedIn] = {}
            self.presented: Counter[str] = Counter()
            self.reuses: list[dict[str, Any]] = []
            self._by_grant: defaultdict[str, list[Access]] = defaultdict(list)

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold the lock for several steps that belong together."""
        with self._lock:
            yield

    def start_session(self, person: Person) -> str:
        """Remember that `person` typed the password; answers the cookie's value."""
        value = secrets.token_urlsafe(32)
        self.sessions[value] = SignedIn(person, int(self._now()))
        return value

    def issue_code(self, code: Code) -> str:
        """A 32-character code, as in Pagero's sample."""
        value = uuid4().hex
        with self._lock:
            self.codes[value] = code
        return value

    def issue_access(self, token: str, grant: Grant, expires_at: float) -> None:
        """Remember an access token."""
        with self._lock:
            access = Access(grant, expires_at, revoked=grant.revoked)
            self.access[token] = access
            self._by_grant[grant.id].append(access)

    def issue_refresh(self, grant: Grant) -> str:
        """A new refresh token of `grant`, in Pagero's spelling."""
        token = f"_1XBPWQQ_{uuid4()}"
        with self._lock:
            self.refresh[token] = Refresh(token, grant)
        return token

    def spend_code(self, value: str) -> Code:
        """Take `value` for its one use. Raises OAuthRefused; a second use revokes what the first one gave."""
        with self._lock:
            code = self.codes.get(value)
            if code is None:
                raise OAuthRefused("invalid_grant", "unknown code")
            if code.used:
                self._note_reuse("code", value, code.grant, within_grace=False)
                self.revoke_grant(code.grant)
                raise OAuthRefused("invalid_grant", "the code was used before")
            code.used = True
            if code.expires_at <= self._now():
                raise OAuthRefused("invalid_grant", "the code has expired")
            return code

    def spend_refresh(self, token: str, *, grace_seconds: float, keep: bool, reuse_revokes: bool) -> Refresh:
        """Take a refresh token for its one use (`keep`: leave it good). Raises OAuthRefused."""
        with self._lock:
            self.presented[fingerprint(token)] += 1
            held = self.refresh.get(token)
            if held is None:
                raise OAuthRefused("invalid_grant", "unknown refresh token")
            if held.spent_at is not None:
                within = self._now() - held.spent_at <= grace_seconds and not held.grant.revoked
                self._note_reuse("refresh_token", token, held.grant, within_grace=within)
                if not within:
                    if reuse_revokes:
                        self.revoke_grant(held.grant)
                    raise OAuthRefused("invalid_grant", "the refresh token was used before")
            if held.grant.revoked:
                raise OAuthRefused("invalid_grant", "the grant was revoked")
            if held.spent_at is None and not keep:
                held.spent_at = self._now()
            return held

    def revoke_token(self, token: str) -> Grant | None:
        """End an access token, or the grant of a refresh token. Answers which grant; None: unknown, no error."""
        with self._lock:
            if held := self.refresh.get(token):
                self.revoke_grant(held.grant)
                return held.grant
            if access := self.access.get(token):
                access.revoked = True
                return access.grant
        return None

    def revoke_grant(self, grant: Grant) -> None:
        """End a grant and every access token of it."""
        with self._lock:
            grant.revoked = True
            for access in self._by_grant[grant.id]:
                access.revoked = True

    def revoke_person(self, username: str | None) -> int:
        """End all grants and sessions of a person (None: of everybody); answers how many grants."""
        with self._lock:
            ended = [g for g in self._given().values() if not g.revoked and username in (None, g.person.username)]
            for grant in ended:
                self.revoke_grant(grant)
            self.sessions = {k: s for k, s in self.sessions.items() if username not in (None, s.person.username)}
            return len(ended)

    def summary(self) -> dict[str, dict[str, int]]:
        """How many grants of each person live and how many were revoked."""
        told: dict[str, dict[str, int]] = {}
        with self._lock:
            for grant in self._given().values():
                counts = told.setdefault(grant.person.username, {"live": 0, "revoked": 0})
                counts["revoked" if grant.revoked else "live"] += 1
        return told

    def _given(self) -> dict[str, Grant]:
        """Grants that tokens were issued for, by id."""
        grants = {held.grant.id: held.grant for held in self.refresh.values()}
        return grants | {access.grant.id: access.grant for access in self.access.values()}

    def expire_access(self, username: str | None) -> int:
        """Let the access tokens of a person (None: of everybody) expire now; answers how many."""
        with self._lock:
            now = self._now()
            live = [
                a for a in self.access.values() if a.expires_at > now and username in (None, a.grant.person.username)
            ]
            for access in live:
                access.expires_at = now
            return len(live)

    def _note_reuse(self, kind: str, value: str, grant: Grant, *, within_grace: bool) -> None:
        self.reuses.append(
            {
                "kind": kind,
                "token": fingerprint(value),
                "person": grant.person.username,
                "at": self._now(),
                "within_grace": within_grace,
                "already_revoked": grant.revoked,
            }
        )
