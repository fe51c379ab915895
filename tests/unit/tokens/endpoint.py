"""A strict token endpoint in this process: rotates refresh tokens, ends the grant on reuse, and records every call."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from app.errors import GrantRefused
from app.pagero.records import TokenAnswer


@dataclass
class Grant:
    current: str
    used: set[str] = field(default_factory=set)
    ended: bool = False


class StrictEndpoint:
    """What the application sees of Pagero's token endpoint, and knobs for the test."""

    def __init__(self) -> None:
        self.refreshes: list[str] = []
        self.revoked: list[tuple[str, str]] = []
        self.reuses = 0
        self.delay_seconds = 0.0
        self.life_seconds = 600
        self.sends_refresh_token = True
        self.forgives_reuse = False
        self.faults: list[Exception] = []
        """Raised by the next refreshes instead of an answer, the token untouched."""
        self.lost_answers: list[Exception] = []
        """Raised by the next refreshes after the token was rotated."""
        self.revoke_faults: list[Exception] = []
        self.in_flight: list[Callable[[], object]] = []
        """Run, one per call, while the call is under way and the token already rotated."""
        self.grant_of: dict[str, Grant] = {}
        """By every token ever given out."""
        self._grants: list[Grant] = []
        self._lock = Lock()

    def sign_in(self) -> TokenAnswer:
        """The answer of a code exchange: a new grant."""
        grant = Grant(_token())
        self._grants.append(grant)
        return self._answer(grant, grant.current)

    def refresh(self, refresh_token: str) -> TokenAnswer:
        """As app.pagero.oauth.TokenEndpoint.refresh."""
        with self._lock:
            self.refreshes.append(refresh_token)
            if self.faults:
                raise self.faults.pop(0)
            fresh = self._rotated(refresh_token)
            lost = self.lost_answers.pop(0) if self.lost_answers else None
            meanwhile = self.in_flight.pop(0) if self.in_flight else None
        time.sleep(self.delay_seconds)
        if meanwhile:
            meanwhile()
        if lost:
            raise lost
        return self._answer(fresh, fresh.current if self.sends_refresh_token else None)

    def revoke(self, token: str, hint: str) -> None:
        """As app.pagero.oauth.TokenEndpoint.revoke."""
        assert hint in ("refresh_token", "access_token")
        self.revoked.append((token, hint))
        if self.revoke_faults:
            raise self.revoke_faults.pop(0)
        for grant in self._grants:
            if token == grant.current or token in grant.used:
                grant.ended = True

    def end_all(self) -> None:
        """The people have ended their grants at Pagero."""
        for grant in self._grants:
            grant.ended = True

    def is_live(self, refresh_token: str) -> bool:
        """Whether this refresh token would be accepted."""
        return any(grant.current == refresh_token and not grant.ended for grant in self._grants)

    def _rotated(self, refresh_token: str) -> Grant:
        for grant in self._grants:
            if refresh_token in grant.used:
                self.reuses += 1
                if not self.forgives_reuse:
                    grant.ended = True
            if grant.ended or refresh_token not in (grant.current, *grant.used):
                continue
            if self.sends_refresh_token:
                grant.used.add(grant.current)
                grant.current = _token()
            return grant
        raise GrantRefused("refresh tokens", 400)

    def _answer(self, grant: Grant, refresh_token: str | None) -> TokenAnswer:
        answer = TokenAnswer(_token(), refresh_token, self.life_seconds, None, None)
        self.grant_of |= {answer.access_token: grant, refresh_token or "": grant}
        return answer


def _token() -> str:
    return f"canary-token-{secrets.token_hex(12)}"
