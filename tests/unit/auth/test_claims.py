"""A sign-in is finished once, whoever asks and however often; the database remembers it and judges the time."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError

from app.auth import claims as module
from app.auth.claims import Claims
from app.auth.transaction import REMEMBERED, Attempt, begin
from app.models import SpentTransaction
from app.settings import Settings
from tests.support.stored import Stored

LONGEST = timedelta(seconds=13)


@pytest.fixture
def attempt(settings: Settings) -> Attempt:
    return another(settings)


def another(settings: Settings) -> Attempt:
    return begin(settings, datetime.now(UTC), "/", None)


def claims_of(database: str, later: timedelta = timedelta(0)) -> Claims:
    return Claims(Stored(database).engine, later, LONGEST)


def test_an_attempt_is_claimed_once(database: str, attempt: Attempt) -> None:
    claims = claims_of(database)

    assert [claims.claim(attempt) for _ in range(3)] == [True, False, False]
    assert Stored(database).one(SpentTransaction)["state_hash"] == attempt.state_hash


def test_it_runs_until_it_is_ended(database: str, attempt: Attempt) -> None:
    claims = claims_of(database)
    assert claims.is_running(attempt) is None

    claims.claim(attempt)
    assert claims.is_running(attempt) is True

    claims.end(attempt)
    assert claims.is_running(attempt) is False
    assert claims.claim(attempt) is False


def test_one_whose_machine_died_ends_by_itself(database: str, attempt: Attempt) -> None:
    claims_of(database).claim(attempt)

    assert claims_of(database, LONGEST - timedelta(seconds=3)).is_running(attempt) is True
    assert claims_of(database, LONGEST + timedelta(seconds=1)).is_running(attempt) is False


def test_of_sixteen_at_once_one_wins(database: str, attempt: Attempt) -> None:
    claims, together = claims_of(database), Barrier(16)
    won: list[bool] = []

    def race() -> None:
        together.wait()
        won.append(claims.claim(attempt))

    runners = [Thread(target=race) for _ in range(16)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()

    assert sorted(won) == [False] * 15 + [True]


def test_pruning_deletes_old_claims_and_a_bounded_number(
    database: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PRUNED_AT_ONCE", 3)
    stored, fresh = Stored(database), another(settings)
    for _ in range(5):
        claims_of(database).claim(another(settings))
    later = claims_of(database, REMEMBERED + LONGEST + timedelta(seconds=1))
    later.claim(fresh)

    later.prune()

    assert stored.count(SpentTransaction) == 3
    later.prune()
    assert stored.one(SpentTransaction)["state_hash"] == fresh.state_hash


def test_a_machine_whose_clock_is_wrong_prunes_by_the_databases(database: str, attempt: Attempt) -> None:
    """The rows hold the database's time, whatever this process believes."""
    claims_of(database).claim(attempt)

    expires_at = Stored(database).one(SpentTransaction)["expires_at"]

    assert abs(expires_at - (datetime.now(UTC) + REMEMBERED + LONGEST)) < timedelta(seconds=30)


def test_a_database_that_cannot_be_reached_is_no_claim(attempt: Attempt) -> None:
    with pytest.raises(OperationalError):
        Claims(create_engine("sqlite:////nonexistent/never/there.sqlite3"), timedelta(0), LONGEST).claim(attempt)


def test_sweeping_and_ending_depend_on_nothing(attempt: Attempt) -> None:
    nowhere = Claims(create_engine("sqlite:////nonexistent/never/there.sqlite3"), timedelta(0), LONGEST)

    nowhere.prune()
    nowhere.end(attempt)


@pytest.mark.parametrize("invalidated", [True, False])
def test_a_connection_that_died_in_the_pool_is_replaced_once(
    database: str, attempt: Attempt, invalidated: bool
) -> None:
    claims, times = claims_of(database), iter((True,))

    def die(*_: object) -> None:
        if next(times, False):
            raise OperationalError("INSERT", {}, Exception("gone"), connection_invalidated=invalidated)

    event.listen(claims.engine, "before_cursor_execute", die)

    if invalidated:
        assert claims.claim(attempt) is True
    else:
        with pytest.raises(OperationalError):
            claims.claim(attempt)
