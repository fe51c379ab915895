"""What administrators' lists find, on both engines, and what they never read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.admin import audit, connections
from app.admin.configuration import configuration
from app.models import Account, AuditEvent, BrowserSession, Connection, ConnectionState
from app.settings import Settings
from tests.support.stored import Stored

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def sql(database: str) -> Iterator[Session]:
    with Session(Stored(database).engine) as session:
        yield session


def add_person(sql: Session, subject: str, *, name: str | None = None, days: int = 1, **connection: Any) -> str:
    then = NOW - timedelta(days=days)
    account = Account(
        issuer="https://issuer.test", subject=subject, identity_source="id_token", display_name=name,
        created_at=then, last_signed_in_at=then,
    )  # fmt: skip
    sql.add(account)
    sql.flush()
    values = {"state": ConnectionState.ACTIVE, "connected_at": then, "last_rotated_at": then} | connection
    made = Connection(account_id=account.id, **values)
    sql.add(made)
    sql.commit()
    return made.id


def add_event(
    sql: Session, action: str, account_id: str | None = None, actor: str = "system", outcome: str = "ok"
) -> None:
    sql.add(AuditEvent(at=NOW, action=action, outcome=outcome, account_id=account_id, actor=actor))
    sql.commit()


def subjects(sql: Session, *args: Any, **filters: Any) -> list[str]:
    return [line.subject for line in connections.found(sql, *args, **filters)[0]]


def test_the_newest_sign_in_comes_first(sql: Session) -> None:
    add_person(sql, "old", days=9)
    add_person(sql, "new", days=1)
    assert subjects(sql) == ["new", "old"]


def test_a_search_finds_parts_of_subjects_and_names_in_any_case(sql: Session) -> None:
    add_person(sql, "u-381", name="Ada Lund")
    wanted = add_person(sql, "u-502", name=None)
    assert subjects(sql, "LUND") == ["u-381"]
    assert subjects(sql, "-50") == ["u-502"]
    assert subjects(sql, wanted) == ["u-502"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "' OR 1=1 --"])
def test_a_search_is_text_and_never_a_pattern(sql: Session, text: str) -> None:
    add_person(sql, "anna", name="Anna")
    assert subjects(sql, text) == []


def test_states_filter_and_are_counted(sql: Session) -> None:
    add_person(sql, "anna")
    add_person(sql, "bob", state=ConnectionState.DISCONNECTED)
    add_person(sql, "eve", state=ConnectionState.DISCONNECTED)
    assert set(subjects(sql, state="disconnected")) == {"bob", "eve"}
    assert connections.counts(sql) == {"active": 1, "disconnected": 2}


def test_pages_do_not_overlap_and_the_total_is_of_all(sql: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PAGE", 2)
    for number in range(5):
        add_person(sql, f"p{number}", days=number)
    assert [subjects(sql, offset=offset) for offset in (0, 2, 4)] == [["p0", "p1"], ["p2", "p3"], ["p4"]]
    assert connections.found(sql)[1] == 5


def test_the_newest_sign_of_life_counts(sql: Session) -> None:
    connection_id = add_person(sql, "anna", days=5)
    found = connections.one(sql, connection_id)
    assert found is not None
    assert found.active_at == NOW - timedelta(days=5)
    for hours in (30, 2):
        seen = NOW - timedelta(hours=hours)
        sql.add(
            BrowserSession(
                token_hash=f"hash{hours}", account_id=found.account_id, created_at=seen, last_seen_at=seen,
                expires_at=NOW, user_agent="", remote_addr="",
            )
        )  # fmt: skip
    sql.commit()
    again = connections.one(sql, connection_id)
    assert again is not None
    assert again.active_at == NOW - timedelta(hours=2)
    assert len(subjects(sql)) == 1


def test_an_unknown_connection_is_none(sql: Session) -> None:
    assert connections.one(sql, "no-such-id") is None


def test_no_query_of_administrators_reads_a_token_or_lease(sql: Session) -> None:
    connection_id = add_person(sql, "anna", sealed_access_token=b"a", sealed_refresh_token=b"r", lease_owner="worker")
    found = connections.one(sql, connection_id)
    assert not {"sealed_access_token", "sealed_refresh_token", "lease_owner", "lease_until"} & set(vars(found))


def test_the_trail_names_people_as_far_as_it_can(sql: Session) -> None:
    add_person(sql, "anna")
    account_id = sql.query(Account.id).scalar()
    add_event(sql, "session.started", account_id, actor=account_id)
    add_event(sql, "connection.ended", "an account that is gone", actor="command")
    gone, hers = audit.trail(sql)[0]
    assert (hers.subject, hers.actor_subject) == ("anna", "anna")
    assert (gone.subject, gone.actor_subject) == (None, None)


def test_the_trail_filters_by_action_outcome_and_account(sql: Session) -> None:
    add_event(sql, "sign_in.failed", outcome="refused")
    add_event(sql, "session.started", "a-1")
    add_event(sql, "session.started", "a-2")
    assert audit.trail(sql, action="session.started")[1] == 2
    assert audit.trail(sql, account_id="a-2")[1] == 1
    assert [event.what.action for event in audit.trail(sql, outcome="refused")[0]] == ["sign_in.failed"]
    assert [event.what.account_id for event in audit.of_account(sql, "a-1")] == ["a-1"]
    assert audit.actions(sql) == ["session.started", "sign_in.failed"]
    assert audit.outcomes(sql) == ["ok", "refused"]


def test_issuers_that_were_seen_are_listed_once(sql: Session) -> None:
    add_person(sql, "anna")
    add_person(sql, "bob")
    assert connections.issuers_seen(sql) == ["https://issuer.test"]


def test_the_configuration_shows_the_secret_only_as_present(settings: Settings) -> None:
    shown = configuration(settings, [])
    assert shown.secret_present
    assert settings.pagero_client_secret.get_secret_value() not in repr(shown)
    assert shown.redirect_uri == "http://localhost/auth/callback"


def test_an_issuer_that_is_not_the_pinned_one_stands_out(settings: Settings) -> None:
    pinned = settings.model_copy(update={"pagero_issuer": "https://a.test"})
    assert configuration(pinned, ["https://a.test", "https://b.test"]).unexpected_issuers == ("https://b.test",)
    assert configuration(settings, ["https://b.test"]).unexpected_issuers == ()
