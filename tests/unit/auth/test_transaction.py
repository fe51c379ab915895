"""Pending sign-ins: sealed, one cookie each, few of them."""

import base64
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from app.auth.transaction import MOST_COOKIE_BYTES, MOST_PENDING, Attempt, PendingCookies, begin
from app.settings import Settings
from app.tokens.sealing import Place, Sealer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def sealer(settings: Settings) -> Sealer:
    return Sealer(settings.keys)


class Jar:
    """What a browser keeps of the cookies it is told to set and drop."""

    def __init__(self, sealer: Sealer, settings: Settings) -> None:
        self.sealer, self.settings = sealer, settings
        self.cookies: dict[str, str] = {}

    @property
    def pending(self) -> PendingCookies:
        return PendingCookies(self.sealer, self.settings, self.cookies)

    def start(self, target: str = "/documents", at: datetime = NOW) -> Attempt:
        attempt = begin(self.settings, at, target, None)
        name, value = self.pending.cookie_of(attempt)
        for dropped in self.pending.crowded_out_by(name, value):
            self.cookies.pop(dropped, None)
        self.cookies[name] = value
        return attempt


@pytest.fixture
def jar(sealer: Sealer, settings: Settings) -> Jar:
    return Jar(sealer, settings)


def test_an_attempt_comes_back_as_it_was(jar: Jar) -> None:
    attempt = begin(jar.settings, NOW, "/documents?limit=5", "account-1")
    name, value = jar.pending.cookie_of(attempt)
    jar.cookies[name] = value

    assert jar.pending.find(attempt.state) == attempt


def test_ten_thousand_attempts_share_no_value(settings: Settings) -> None:
    attempts = [begin(settings, NOW, "/", None) for _ in range(10_000)]

    for values in zip(*((a.state, a.verifier, a.nonce) for a in attempts), strict=True):
        assert len(set(values)) == 10_000
        assert all(22 <= len(str(value)) <= 128 for value in values)


def test_nothing_of_an_attempt_can_be_read_in_the_browser(jar: Jar) -> None:
    attempt = jar.start("/documents/12345678")
    (value,) = jar.cookies.values()
    raw = base64.urlsafe_b64decode(value + "==")

    for secret in (attempt.state, attempt.nonce, attempt.verifier, attempt.target):
        assert str(secret).encode() not in raw
        assert str(secret) not in value
    assert str(attempt.verifier) not in repr(attempt)


def test_without_proof_key_there_is_no_verifier(settings: Settings) -> None:
    plain = settings.model_copy(update={"pagero_pkce": False, "pagero_scope": "all"})

    attempt = begin(plain, NOW, "/", None)

    assert (attempt.verifier, attempt.nonce) == (None, None)


def test_an_unknown_state_finds_nothing(jar: Jar) -> None:
    jar.start()

    assert jar.pending.find(secrets.token_urlsafe(32)) is None


@pytest.mark.parametrize("length", [0, 1, 20, 100, 8000])
def test_garbage_under_a_right_name_finds_nothing(jar: Jar, length: int) -> None:
    attempt = jar.start()
    (name,) = jar.cookies
    for text in ("x" * length, secrets.token_urlsafe(length), "é" * length):
        jar.cookies[name] = text

        assert jar.pending.find(attempt.state) is None


@pytest.mark.parametrize(
    "plain", [b"[]", b"{}", b"null", b"7", b'["x",1,2,3,4,5]', b"[1,2,3]", b"junk", b"[1e300,1,2,3,4,5]"]
)
def test_a_cookie_of_another_release_is_unreadable_and_replaced(jar: Jar, plain: bytes) -> None:
    attempt = jar.start()
    (name,) = jar.cookies
    sealed = jar.sealer.seal_with("transaction", plain, Place("cookie", "transaction", name))
    jar.cookies[name] = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    assert jar.pending.find(attempt.state) is None
    assert jar.pending.unreadable() == [name]


def test_every_flipped_byte_makes_the_cookie_unreadable(jar: Jar) -> None:
    attempt = jar.start()
    ((name, value),) = jar.cookies.items()
    raw = base64.urlsafe_b64decode(value + "==")
    for position in range(len(raw)):
        damaged = bytearray(raw)
        damaged[position] ^= 1
        jar.cookies[name] = base64.urlsafe_b64encode(damaged).decode().rstrip("=")

        assert jar.pending.find(attempt.state) is None


def test_a_cookie_under_another_attempts_name_is_refused(jar: Jar) -> None:
    first, second = jar.start(), jar.start()
    one, two = jar.cookies
    jar.cookies = {one: jar.cookies[two], two: jar.cookies[one]}

    assert jar.pending.find(first.state) is None
    assert jar.pending.find(second.state) is None


def test_seven_attempts_at_most_and_the_newest_stay(jar: Jar) -> None:
    attempts = [jar.start(f"/documents/{number}", NOW + timedelta(seconds=number)) for number in range(20)]

    assert len(jar.cookies) == MOST_PENDING
    found = [jar.pending.find(attempt.state) for attempt in attempts]
    assert [attempt.target if attempt else None for attempt in found] == [None] * 13 + [
        f"/documents/{number}" for number in range(13, 20)
    ]


def test_attempts_with_long_targets_stay_within_the_header_limit(jar: Jar) -> None:
    for number in range(20):
        newest = jar.start("/documents?reference=" + "x" * 1000, NOW + timedelta(seconds=number))

    assert sum(len(name) + len(value) for name, value in jar.cookies.items()) <= MOST_COOKIE_BYTES
    assert all(len(name) + len(value) < 4096 for name, value in jar.cookies.items())
    assert jar.pending.find(newest.state) == newest


def test_unreadable_cookies_are_dropped_before_live_ones(jar: Jar) -> None:
    live = [jar.start(at=NOW + timedelta(seconds=number)) for number in range(MOST_PENDING - 1)]
    stem = next(iter(jar.cookies))[:-8]
    jar.cookies |= {f"{stem}{number:08x}": "garbage" for number in range(10)}

    jar.start(at=NOW + timedelta(minutes=1))

    assert len(jar.cookies) == MOST_PENDING
    assert all(jar.pending.find(attempt.state) for attempt in live)


def test_cookies_of_others_are_left_alone(jar: Jar) -> None:
    jar.cookies["session"] = "x"
    jar.start()

    assert "session" in jar.cookies
    assert "session" not in jar.pending.names()


def test_over_https_the_cookie_is_bound_to_the_host(sealer: Sealer, settings: Settings) -> None:
    secure = settings.model_copy(update={"public_url": "https://dash.example.org"})
    pending = PendingCookies(sealer, secure, {})

    name, _ = pending.cookie_of(begin(secure, NOW, "/", None))

    assert name.startswith("__Host-signin-")


@pytest.mark.parametrize(
    ("age", "over"),
    [
        (timedelta(0), False),
        (timedelta(minutes=10), False),
        (timedelta(minutes=10, seconds=1), True),
        (timedelta(seconds=-30), False),
        (timedelta(minutes=-2), True),
    ],
)
def test_an_attempt_lasts_ten_minutes(settings: Settings, age: timedelta, over: bool) -> None:
    assert begin(settings, NOW, "/", None).is_over(NOW + age) is over
