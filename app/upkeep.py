"""What a timer does for connections: revocations that are still owed, grants that would end unused, and a report.

Many machines may do it at once: each revocation and each renewal is taken by one of them. It refuses to hurry, to go on
beyond its time, and to go on against a Pagero that fails again and again.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from structlog import get_logger

from app.connections import retry_revocations
from app.db import db
from app.errors import AppError, ReconnectNeeded
from app.models import ReconnectReason, RevokeOutcome
from app.pace import Pace
from app.services import Services
from app.tokens.keeping import Idle, Keeping
from app.tokens.switches import frozen_since

AT_ONCE = 100
MOST_FAILURES = 5  # in a row
MOST_NAMED = 20

log = get_logger(__name__)


@dataclass
class Report:
    """What was done and what was found."""

    revocations: dict[RevokeOutcome, int] = field(default_factory=lambda: dict.fromkeys(RevokeOutcome, 0))
    renewed: int = 0
    elsewhere: int = 0
    """Renewed, ended or used by somebody else meanwhile."""
    lost: list[str] = field(default_factory=list)
    """Found dead by this run: their people must reconnect."""
    failed: list[str] = field(default_factory=list)
    left: int = 0
    """Still due when time or patience ran out."""
    is_frozen: bool = False
    states: dict[str, int] = field(default_factory=dict)
    dead: list[tuple[str, str]] = field(default_factory=list)
    """Id and reason, the first of them."""

    @property
    def needs_somebody(self) -> bool:
        """Whether an operator should look: something failed or was lost now, or cannot be opened."""
        unreadable = self.states.get(ReconnectReason.UNREADABLE, 0)
        given_up = self.revocations[RevokeOutcome.GIVEN_UP]
        return bool(self.lost or self.failed or self.left or unreadable or given_up)


def check(services: Services, within: timedelta, pace: Pace) -> Report:
    """Retry what is owed, renew what ends within that time, and say how all connections stand."""
    report, keeping = Report(), Keeping(db.engine, services.clock)
    _revoke(services, pace, report)
    report.is_frozen = frozen_since(db.session()) is not None
    db.session.rollback()
    if not report.is_frozen:
        _renew(services, keeping, within, pace, report)
        report.left = keeping.count_due(within)
    report.states, report.dead = keeping.states(), keeping.dead(MOST_NAMED)
    return report


def _revoke(services: Services, pace: Pace, report: Report) -> None:
    in_a_row = 0
    while in_a_row < MOST_FAILURES and pace.goes_on():
        outcomes = retry_revocations(services, at_most=1)
        if not any(outcomes.values()):
            return
        in_a_row = 0 if outcomes[RevokeOutcome.CONFIRMED] else in_a_row + 1
        for outcome, count in outcomes.items():
            report.revocations[outcome] += count


def _renew(services: Services, keeping: Keeping, within: timedelta, pace: Pace, report: Report) -> None:
    seen: set[str] = set()
    in_a_row = 0
    while found := [idle for idle in keeping.due(within, AT_ONCE) if idle.id not in seen]:
        for idle in found:
            if in_a_row >= MOST_FAILURES or not pace.goes_on():
                return
            seen.add(idle.id)
            in_a_row = 0 if _renew_one(services, idle, report) else in_a_row + 1


def _renew_one(services: Services, idle: Idle, report: Report) -> bool:
    """Whether Pagero answered as it should."""
    try:
        if services.access.renew_idle(idle.id, idle.generation):
            report.renewed += 1
        else:
            report.elsewhere += 1
    except ReconnectNeeded as ended:
        report.lost.append(idle.id)
        log.warning("upkeep.lost", connection_id=idle.id, reason=ended.reason)
    except AppError as error:
        report.failed.append(idle.id)
        log.warning("upkeep.failed", connection_id=idle.id, error=type(error).__name__)
        return False
    return True
