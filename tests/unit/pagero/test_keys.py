"""Public keys: which are used, how long they are kept, and how often they are fetched."""

from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.util import int_to_base64

from app.errors import PageroBusy, PageroFailed
from app.pagero.keys import PublicKeys, key_set

RSA = RSAKey.generate_key(2048, {"kid": "one"}).as_dict(private=False)
EC = ECKey.generate_key("P-256", {"kid": "two"}).as_dict(private=False)


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Counts fetches; answers with the set it has, or fails."""

    def __init__(self) -> None:
        self.fetches = 0
        self.answer: dict[str, Any] | None = {"keys": [RSA]}

    def __call__(self) -> dict[str, Any]:
        self.fetches += 1
        if self.answer is None:
            raise PageroFailed("fetch keys", 500)
        return self.answer


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def keys(source: Source, time: Time) -> PublicKeys:
    return PublicKeys(source, time)


def test_keys_are_fetched_once_and_kept(keys: PublicKeys, source: Source) -> None:
    assert [key.kid for key in keys.get()] == ["one"]
    keys.get()
    assert source.fetches == 1


def test_keys_are_fetched_again_after_an_hour(keys: PublicKeys, source: Source, time: Time) -> None:
    keys.get()
    time.now += 3600
    keys.get()
    assert source.fetches == 2


def test_newer_keys_are_fetched_at_most_once_a_minute(keys: PublicKeys, source: Source, time: Time) -> None:
    keys.get()
    keys.get(refetch=True)
    assert source.fetches == 1
    time.now += 60
    source.answer = {"keys": [RSA, EC]}
    assert [key.kid for key in keys.get(refetch=True)] == ["one", "two"]
    keys.get(refetch=True)
    assert source.fetches == 2


def test_old_keys_stay_when_newer_ones_cannot_be_had(keys: PublicKeys, source: Source, time: Time) -> None:
    keys.get()
    source.answer = None
    time.now += 3600
    assert [key.kid for key in keys.get()] == ["one"]
    keys.get(refetch=True)
    assert source.fetches == 2


def test_without_any_keys_the_failure_is_passed_on_and_tried_again_after_some_seconds(
    keys: PublicKeys, source: Source, time: Time
) -> None:
    source.answer = None
    for _ in range(2):
        with pytest.raises(PageroFailed):
            keys.get()
        for refetch in (False, True):
            with pytest.raises(PageroBusy) as busy:
                keys.get(refetch)
            assert busy.value.retry_after == 5
        time.now += 5
    assert source.fetches == 2
    source.answer = {"keys": [RSA]}
    assert [key.kid for key in keys.get()] == ["one"]


@pytest.mark.parametrize("answer", [{}, {"keys": None}, {"keys": {}}, {"keys": []}, {"keys": [7, None, "x", []]}])
def test_a_set_without_usable_keys_is_empty(answer: dict[str, Any]) -> None:
    assert not key_set(answer)


@pytest.mark.parametrize(
    "item",
    [
        OctKey.generate_key(256, {"kid": "x"}).as_dict(private=True),
        OKPKey.generate_key("Ed25519", {"kid": "x"}).as_dict(private=False),
        {"kty": "RSA", "kid": "x", "e": "AQAB", "n": int_to_base64(2**1023 + 1)},
        {"kty": "RSA", "kid": "x", "e": "AQAB", "n": "A" * 300 + int_to_base64(2**1023 + 1)},
        {**RSA, "use": "enc"},
        {**RSA, "n": "!"},
        {**RSA, "n": 7},
        {"kty": "RSA"},
        {"kty": "EC", "crv": "P-0", "x": "a", "y": "b"},
        {**EC, "x": EC["y"]},
        {"kty": ["RSA"]},
        {"kid": "x"},
    ],
)
def test_keys_that_are_weak_symmetric_or_broken_are_passed_over(item: dict[str, Any]) -> None:
    assert [key.kid for key in key_set({"keys": [item, {**EC, "use": "sig"}]})] == ["two"]


def test_a_set_of_thousands_is_cut() -> None:
    assert len(list(key_set({"keys": [EC] * 1000}))) == 50
