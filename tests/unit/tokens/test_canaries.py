"""A wrong key stops the start; a key removed too early is reported."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.errors import SettingsError
from app.models import KeyCanary
from app.settings import Key
from app.tokens import canaries
from app.tokens.canaries import check_canaries
from app.tokens.sealing import Sealer
from tests.unit.tokens.workshop import KEY, OTHER_KEY, Machine, Workshop

IMPOSTOR = Key(KEY.id, OTHER_KEY.secret)


def test_every_key_leaves_a_canary_and_opens_it_ever_after(workshop: Workshop, machine: Machine) -> None:
    for _ in range(2):
        assert check_canaries(machine.engine, Sealer((KEY, OTHER_KEY))) == {}
    assert {row.key_id for row in workshop.stored.rows(KeyCanary)} == {"k1", "k2"}


def test_a_wrong_key_stops_the_start_and_changes_nothing(workshop: Workshop, machine: Machine) -> None:
    check_canaries(machine.engine, Sealer((KEY,)))
    before = workshop.stored.rows(KeyCanary)
    with pytest.raises(SettingsError) as refusal:
        check_canaries(machine.engine, Sealer((OTHER_KEY, IMPOSTOR)))
    assert len(refusal.value.problems) == 1
    assert "k1" in refusal.value.problems[0]
    assert workshop.stored.rows(KeyCanary) == before


def test_a_damaged_canary_stops_the_start(workshop: Workshop, machine: Machine) -> None:
    check_canaries(machine.engine, Sealer((KEY,)))
    workshop.stored.change(KeyCanary, {"sealed": b"\x01\x02k1damaged"}, key_id="k1")
    with pytest.raises(SettingsError):
        check_canaries(machine.engine, Sealer((KEY,)))


def test_connections_under_a_key_that_is_not_configured_are_counted(workshop: Workshop, machine: Machine) -> None:
    workshop.sign_in()
    workshop.sign_in()
    assert check_canaries(machine.engine, Sealer((KEY,))) == {}
    assert check_canaries(machine.engine, Sealer((OTHER_KEY,))) == {"k1": 2}
    assert canaries.rows_under_missing_keys(machine.engine, Sealer((OTHER_KEY, KEY))) == {}


def test_workers_may_start_at_the_same_time(machine: Machine) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: check_canaries(machine.engine, Sealer((KEY, OTHER_KEY))), range(8)))
    assert found == [{}] * 8


def test_two_machines_that_start_with_different_keys_of_one_name_are_found_out(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has looked before the first has stored its canary."""
    looked: Callable[..., dict[str, bytes]] = canaries._stored
    answers = [{}, None]

    def stored(engine: object) -> dict[str, bytes]:
        if (early := answers.pop(0)) is not None:
            check_canaries_of_the_other()
            return early
        return looked(engine)

    def check_canaries_of_the_other() -> None:
        monkeypatch.setattr(canaries, "_stored", looked)
        check_canaries(machine.engine, Sealer((KEY,)))
        monkeypatch.setattr(canaries, "_stored", stored)

    monkeypatch.setattr(canaries, "_stored", stored)
    with pytest.raises(SettingsError, match="two machines"):
        check_canaries(machine.engine, Sealer((IMPOSTOR,)))
