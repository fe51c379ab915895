"""Finishing a sign-in: from Pagero's answer to the callback to a session. Knows the order of the checks.

Raises SignInFailed for everything a person or Pagero can do wrong, and leaves sessions and connections as they were.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session
from structlog import get_logger

from app.auth import admission
from app.auth.answer import CallbackAnswer
from app.auth.claims import Claims
from app.auth.exchanges import Exchanges
from app.auth.identity import Identity, identify
from app.auth.transaction import Attempt
from app.db import db
from app.errors import (
    ClientRefused,
    GrantRefused,
    PageroBusy,
    PageroError,
    PageroGarbled,
    PageroRefusedRequest,
    PageroTimedOut,
    PageroUnreachable,
    SignInFailed,
    SignInRunning,
)
from app.pagero.records import TokenAnswer
from app.services import Services
from app.settings import Settings
from app.web.sessions import Device, Visitor

TOKEN_FAULTS: dict[type[PageroError], str] = {
    GrantRefused: "code_refused",
    ClientRefused: "client_refused",
    PageroTimedOut: "token_endpoint_timeout",
    PageroUnreachable: "token_endpoint_unreachable",
    PageroBusy: "temporarily_unavailable",
    PageroGarbled: "token_answer_unusable",
    PageroRefusedRequest: "token_endpoint_refused",
}
LONGEST_LOGGED = 200
FINISHING = timedelta(seconds=5)  # on top of the deadline of the token call

log = get_logger(__name__)


@dataclass(frozen=True)
class Arrival:
    """A callback: what it says, which attempt of this browser it belongs to, and who was signed in when it came."""

    answer: CallbackAnswer
    attempt: Attempt | None
    visitor: Visitor | None
    device: Device


def complete(parts: Services, sql_session: Session, exchanges: Exchanges, arrival: Arrival) -> str | None:
    """Finish the sign-in this callback belongs to; answers the new session's secret id.

    None: it was finished before and its person is signed in. Raises SignInRunning while another request finishes it,
    SignInFailed, and SignInsBusy. That one, and SQLAlchemy's errors, leave the code unspent: the same address works
    again.
    """
    attempt, claims = _pending_attempt(parts, arrival), _claims(parts)
    if attempt is None:
        return None
    with exchanges.place():
        if not claims.claim(attempt):
            _require_finished(claims, attempt, arrival.visitor, "state_spent")
            return None
        claims.prune()
        try:
            return _finish(parts, sql_session, arrival, attempt)
        except Exception:
            claims.end(attempt)
            raise


def _pending_attempt(parts: Services, arrival: Arrival) -> Attempt | None:
    """The attempt of this callback, as long as it can be finished; None when its time is over and it was."""
    attempt, visitor = arrival.attempt, arrival.visitor
    if arrival.answer.fault:
        raise SignInFailed(arrival.answer.fault)
    if attempt is None:
        raise SignInFailed("state_unknown", "no cookie of this browser belongs to the state")
    if attempt.is_over(parts.clock.now()):
        _require_finished(_claims(parts), attempt, visitor, "state_expired")
        return None
    if attempt.reconnects and visitor and visitor.account_id != attempt.reconnects:
        raise SignInFailed("other_person", "somebody else has signed in since the reconnect began")
    return attempt


def _finish(parts: Services, sql_session: Session, arrival: Arrival, attempt: Attempt) -> str:
    """Check the answer to a claimed attempt, spend the code, admit the person; answers the session's secret id."""
    _check(arrival.answer, parts.settings)
    asked_at = parts.clock.now()
    with _told_as_sign_in_failure():
        tokens = parts.endpoint.exchange_code(arrival.answer.code, attempt.verifier)
    try:
        identity = _identity(parts, arrival, attempt, tokens)
        secret_id = admission.admit(parts, sql_session, _wish(identity, tokens, asked_at, arrival, attempt))
    except Exception:
        sql_session.rollback()  # nothing may be locked while Pagero is asked
        admission.give_back(parts.endpoint, tokens)
        raise
    log.info("signed_in", identity_source=identity.source, callback_iss=arrival.answer.iss)
    return secret_id


def _claims(parts: Services) -> Claims:
    return Claims(db.engine, parts.clock.offset, timedelta(seconds=parts.settings.pagero_token_seconds) + FINISHING)


def _require_finished(claims: Claims, attempt: Attempt, visitor: Visitor | None, reason: str) -> None:
    """Pass when the attempt ended in a session this browser has; else raise what there is to say about it."""
    running = claims.is_running(attempt)
    if running is not None and visitor:
        return
    if running:
        raise SignInRunning(attempt.target)
    raise SignInFailed(reason if running is None else "state_spent")


def _check(answer: CallbackAnswer, settings: Settings) -> None:
    """RFC 9207, 2.4 before anything the answer says is acted upon; then RFC 6749, 4.1.2."""
    if settings.pagero_issuer is not None and answer.iss != settings.pagero_issuer:
        seen = (answer.iss or "")[:LONGEST_LOGGED]
        raise SignInFailed("iss_mismatch" if answer.iss else "iss_missing", f"iss was {seen!a}")
    if answer.error is not None and answer.code:
        raise SignInFailed("code_and_error")
    if answer.error is not None:
        raise SignInFailed(answer.error_reason, f"error was {answer.error_for_log}")
    if not answer.code:
        raise SignInFailed("code_missing")


def _identity(parts: Services, arrival: Arrival, attempt: Attempt, tokens: TokenAnswer) -> Identity:
    with _told_as_sign_in_failure():
        return identify(
            tokens,
            nonce=attempt.nonce,
            settings=parts.settings,
            endpoint=parts.endpoint,
            now=parts.clock.now(),
            callback_iss=arrival.answer.iss,
        )


def _wish(
    identity: Identity, tokens: TokenAnswer, asked_at: datetime, arrival: Arrival, attempt: Attempt
) -> admission.Admission:
    return admission.Admission(
        identity,
        tokens,
        asked_at,
        callback_iss=arrival.answer.iss,
        reconnects=attempt.reconnects,
        device=arrival.device,
        replaces=arrival.visitor.session_id if arrival.visitor else None,
    )


@contextmanager
def _told_as_sign_in_failure() -> Iterator[None]:
    try:
        yield
    except PageroError as error:
        raise SignInFailed(TOKEN_FAULTS.get(type(error), "token_endpoint_failed"), str(error)) from None
