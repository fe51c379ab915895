"""A sealed value opens in its own place, under its own key, whole, or not at all."""

import os
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import SealBroken
from app.settings import Key
from app.tokens.sealing import NONCE_BYTES, Place, Sealer

FIRST = Key("2026-01", bytes(range(32)))
SECOND = Key("2026-02", bytes(range(32, 64)))
HERE = Place("connections", "sealed_refresh_token", "row-1", 7, "anna")
TOKEN = "_1XBPWQQ_0a1b2c3d"
# Made once, under FIRST, for HERE.
VECTOR = "AQcyMDI2LTAxNRskEoGf8qJ4zfdlHMmhYaAYBFuD1dZF7RVgEZ7OaD7z6a+nkv1GjluzR1GI"


@pytest.fixture
def sealer() -> Sealer:
    return Sealer((FIRST,))


def test_what_was_sealed_opens_again(sealer: Sealer) -> None:
    assert sealer.open(sealer.seal(TOKEN, HERE), HERE) == TOKEN
    assert sealer.open(sealer.seal(TOKEN.encode(), HERE), HERE) == TOKEN
    assert sealer.open(sealer.seal("", HERE), HERE) == ""


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place("files", "sealed_refresh_token", "row-1", 7, "anna"),
        Place("connections", "sealed_access_token", "row-1", 7, "anna"),
        Place("connections", "sealed_refresh_token", "row-2", 7, "anna"),
        Place("connections", "sealed_refresh_token", "row-1", 6, "anna"),
        Place("connections", "sealed_refresh_token", "row-1", 8, "anna"),
        Place("connections", "sealed_refresh_token", "row-1", 7, "bo"),
        Place("connections", "sealed_refresh_token", "row-1", 7),
        Place("connectionssealed_refresh_token", "", "row-1", 7, "anna"),
        Place("connections", "sealed_refresh_token", "row-17", 0, "anna"),
        Place("connections", "sealed_refresh_token", "row-1anna", 7, ""),
        Place("connections", "sealed_refresh_token", "", 7, "row-1anna"),
    ],
)
def test_it_opens_in_no_other_row_column_generation_or_account(sealer: Sealer, elsewhere: Place) -> None:
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(TOKEN, HERE), elsewhere)


def test_every_damaged_byte_is_noticed(sealer: Sealer) -> None:
    sealed = sealer.seal(TOKEN, HERE)
    for position in range(len(sealed)):
        for flipped in (1, 0x80, 0xFF):
            damaged = bytearray(sealed)
            damaged[position] ^= flipped
            with pytest.raises(SealBroken):
                sealer.open(bytes(damaged), HERE)


def test_every_cut_and_every_addition_is_noticed(sealer: Sealer) -> None:
    sealed = sealer.seal(TOKEN, HERE)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.open(sealed[:length], HERE)
        with pytest.raises(SealBroken):
            sealer.open(sealed[length + 1 :], HERE)
    with pytest.raises(SealBroken):
        sealer.open(sealed + b"\0", HERE)


@given(st.one_of(st.none(), st.binary(max_size=80)))
def test_anything_else_is_refused_in_the_same_words(junk: bytes | None) -> None:
    with pytest.raises(SealBroken, match=r"^a sealed value cannot be opened$") as refusal:
        Sealer((FIRST,)).open(junk, HERE)
    assert refusal.value.__suppress_context__


def test_text_is_not_an_envelope(sealer: Sealer) -> None:
    with pytest.raises(SealBroken):
        sealer.open("\x01\x07text", HERE)  # type: ignore[arg-type]


def test_sealed_bytes_that_are_no_text_are_refused(sealer: Sealer) -> None:
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(b"\xff\xfe", HERE), HERE)


def test_the_first_key_seals_and_every_key_opens() -> None:
    old = Sealer((FIRST,)).seal(TOKEN, HERE)
    both = Sealer((SECOND, FIRST))
    assert both.open(old, HERE) == TOKEN
    assert b"2026-01" in old
    assert b"2026-02" in both.seal(TOKEN, HERE)
    assert both.key_id == "2026-02"
    assert both.key_ids == ("2026-02", "2026-01")
    assert both.only("2026-01").open(old, HERE) == TOKEN


def test_a_key_that_is_gone_or_another_of_the_same_name_opens_nothing(sealer: Sealer) -> None:
    sealed = sealer.seal(TOKEN, HERE)
    for stranger in (Sealer((SECOND,)), Sealer((Key(FIRST.id, SECOND.secret),))):
        with pytest.raises(SealBroken):
            stranger.open(sealed, HERE)


def test_an_envelope_relabelled_to_another_key_is_refused() -> None:
    twin = Key("2026-99", FIRST.secret)  # same secret, other name
    sealed = Sealer((FIRST,)).seal(TOKEN, HERE)
    with pytest.raises(SealBroken):
        Sealer((twin,)).open(sealed.replace(b"2026-01", b"2026-99"), HERE)


def test_no_key_serves_two_purposes(sealer: Sealer) -> None:
    sealed = sealer.seal_with("transaction", TOKEN, HERE)
    assert sealer.open_with("transaction", sealed, HERE) == TOKEN
    with pytest.raises(SealBroken):
        sealer.open(sealed, HERE)
    made = {FIRST.secret, *sealer.derive("session"), *sealer.derive("lookup"), *sealer.derive("tokens")}
    assert len(made) == 4
    assert {len(key) for key in made} == {32}


def test_derived_keys_come_in_the_order_of_the_keys_and_stay_the_same() -> None:
    assert Sealer((SECOND, FIRST)).derive("session")[1:] == Sealer((FIRST,)).derive("session")


def test_a_value_sealed_by_the_first_release_still_opens() -> None:
    sealed = b64decode(VECTOR)
    assert sealed[0] == 1
    assert Sealer((FIRST,)).open(sealed, HERE) == TOKEN


def test_nonces_never_repeat_not_even_after_a_fork(sealer: Sealer) -> None:
    at = 2 + len(FIRST.id)

    def nonces(count: int) -> set[bytes]:
        return {sealer.seal("x", HERE)[at : at + NONCE_BYTES] for _ in range(count)}

    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(sender, b"".join(nonces(2_000)))
        os._exit(0)
    os.close(sender)
    with os.fdopen(receiver, "rb") as pipe:
        forked = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    ours, theirs = nonces(20_000), {forked[i : i + NONCE_BYTES] for i in range(0, len(forked), NONCE_BYTES)}
    assert (len(ours), len(theirs), len(ours & theirs)) == (20_000, 2_000, 0)


def test_nothing_shows_a_key() -> None:
    shown = repr(Sealer((SECOND, FIRST))) + repr(FIRST) + str(vars(Sealer((FIRST,))))
    assert shown.startswith("Sealer(2026-02, 2026-01)")
    assert repr(FIRST.secret) not in shown
