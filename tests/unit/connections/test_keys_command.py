"""`keys reseal` seals everything with the first key, and exits 0 only when nothing is left under another."""

from typing import Any

import pytest
from pydantic import SecretStr

from app.commands import keys as commands
from app.models import Connection
from app.settings import Settings
from app.tokens.columns import Pair, Renewal, Row
from app.tokens.resealing import Batch, Resealing
from tests.unit.connections.office import Office, said

NEW_KEY = "new:" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture
def rotated(office: Office) -> Office:
    """The machine after the key was changed: the new key seals, the old one still opens."""
    settings = office.parts.settings
    keys = f"{NEW_KEY},{settings.encryption_keys.get_secret_value()}"
    return Office.of(settings.model_copy(update={"encryption_keys": SecretStr(keys)}))


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "PAUSE_SECONDS", 0)


def key_ids(office: Office) -> set[str]:
    return {row["key_id"] for row in office.stored.rows(Connection)}


def access_tokens(office: Office, ids: list[str]) -> list[str | None]:
    held = [office.parts.vault.look(one) for one in ids]
    return [office.parts.vault.open_access(each) for each in held if each]


def test_everything_is_sealed_with_the_first_key(office: Office, rotated: Office) -> None:
    ids = [office.sign_in() for _ in range(5)]
    assert all(office.parts.access.renew_idle(one, 1) for one in ids)
    tokens = access_tokens(office, ids)
    result = rotated.command("keys", "reseal", "--batch", "2")
    assert (result.exit_code, key_ids(office)) == (0, {"new"})
    assert said(result).startswith("resealed 5 of 5 connections, ")
    assert said(result).endswith("every connection is sealed with new\n")
    assert access_tokens(rotated, ids) == tokens


def test_a_second_time_there_is_nothing_to_do(office: Office, rotated: Office) -> None:
    office.sign_in()
    rotated.command("keys", "reseal")
    again = rotated.command("keys", "reseal")
    assert (again.exit_code, said(again).splitlines()[0]) == (0, "resealed 0 of 0 connections, 0/s")


def test_progress_is_told(office: Office, rotated: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "PROGRESS_SECONDS", 0)
    for _ in range(3):
        office.sign_in()
    lines = said(rotated.command("keys", "reseal", "--batch", "1")).splitlines()
    assert [line.split(",")[0] for line in lines[:3]] == [f"resealed {n} of 3 connections" for n in (1, 2, 3)]


def test_what_cannot_be_opened_is_named_and_fails(office: Office, rotated: Office) -> None:
    good, broken = office.sign_in(), office.sign_in(sealed_refresh_token=b"\x01damaged")
    result = rotated.command("keys", "reseal")
    assert result.exit_code == 1
    assert f"cannot be opened: {broken}" in said(result)
    assert "1 connections are left under other keys, 1 of them unreadable" in said(result)
    assert office.row(good).key_id == "new"


def test_rows_that_are_always_in_use_do_not_keep_it_for_ever(
    office: Office, rotated: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = office.sign_in()
    monkeypatch.setattr(Resealing, "_reseal", lambda _self, rows: Batch(len(rows), 0, ()))
    result = rotated.command("keys", "reseal")
    assert result.exit_code == 1
    assert "1 connections are left under other keys, 0 of them unreadable" in said(result)
    assert office.row(one).key_id != "new"


def test_a_key_that_is_not_the_right_one_seals_nothing(office: Office, rotated: Office) -> None:
    one = office.sign_in()
    rotated.command("keys", "reseal")
    wrong: Settings = rotated.parts.settings
    other_content = NEW_KEY.replace("AAEC", "BAEC") + "," + wrong.encryption_keys.get_secret_value().split(",")[1]
    impostor = Office.of(wrong.model_copy(update={"encryption_keys": SecretStr(other_content)}))
    result = impostor.command("keys", "reseal")
    assert result.exit_code == 1
    assert "is not the key of that name" in result.output
    assert office.row(one).key_id == "new"


def test_answers_in_the_journal_may_still_need_the_old_key(office: Office, rotated: Office) -> None:
    one: Any = office.row(office.sign_in())
    spent = Row(one.id, one.account_id, 1)
    pair = Pair("access", "refresh", 600)
    office.parts.vault.journal.keep(Renewal(spent, pair, office.clock.now(), scope=None, rotated=True))
    result = rotated.command("keys", "reseal")
    assert result.exit_code == 1
    assert "answers wait in this machine's token journal" in said(result)
