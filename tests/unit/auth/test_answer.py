"""Reading the callback's query: faults are named, nothing is guessed (catalogue A2)."""

import pytest
from werkzeug.datastructures import MultiDict

from app.auth.answer import LONGEST_CODE, LONGEST_ISS, MOST_PARAMETERS, CallbackAnswer

STATE = "s" * 43


def read(*pairs: tuple[str, str]) -> CallbackAnswer:
    return CallbackAnswer.read(MultiDict(pairs))


def test_a_full_answer_has_no_fault() -> None:
    answer = read(("code", "c0de"), ("state", STATE), ("iss", "https://login.test"), ("session_state", "x"))

    assert (answer.code, answer.state, answer.iss, answer.error) == ("c0de", STATE, "https://login.test", None)
    assert answer.fault is None


@pytest.mark.parametrize("name", ["state", "code", "iss", "error"])
@pytest.mark.parametrize("values", [("good", "bad"), ("bad", "good"), ("same", "same"), ("", "")])
def test_a_repeated_parameter_is_a_fault_in_any_order(name: str, values: tuple[str, str]) -> None:
    pairs = [("code", "c"), ("state", STATE)]
    others = [pair for pair in pairs if pair[0] != name]

    assert read(*others, *((name, value) for value in values)).fault == "parameter_repeated"


@pytest.mark.parametrize("state", ["", " ", "\t"])
def test_a_missing_or_blank_state_is_named_so(state: str) -> None:
    assert read(("code", "c"), ("state", state)).fault == "state_missing"
    assert read(("code", "c")).fault == "state_missing"


@pytest.mark.parametrize(
    "state", ["null", "x", STATE + "s", STATE[1:], STATE + " ", " " + STATE, "é" * 43, "s" * 42 + "="]
)
def test_a_state_that_cannot_be_ours_is_unknown_and_never_trimmed(state: str) -> None:
    answer = read(("code", "c"), ("state", state))

    assert (answer.fault, answer.state) == ("state_unknown", "")


@pytest.mark.parametrize(
    "pair",
    [
        ("code", "c" * (LONGEST_CODE + 1)),
        ("code", "c\x00de"),
        ("code", "cöde"),
        ("iss", "https://" + "i" * LONGEST_ISS),
        ("iss", "https://login.test\n"),
        ("access_token", "x"),
        ("id_token", "x"),
        ("response", "jwt"),
    ],
)
def test_what_no_authorization_server_sends_is_malformed(pair: tuple[str, str]) -> None:
    assert read(("state", STATE), pair).fault == "parameter_malformed"


def test_a_long_code_within_the_limit_is_accepted() -> None:
    assert read(("state", STATE), ("code", "c" * LONGEST_CODE)).fault is None


def test_very_many_parameters_are_malformed() -> None:
    many = [(f"p{number}", "x") for number in range(MOST_PARAMETERS)]

    assert read(("state", STATE), *many).fault == "parameter_malformed"


@pytest.mark.parametrize("code", ["", " ", "   "])
def test_a_blank_code_is_no_code(code: str) -> None:
    assert read(("state", STATE), ("code", code)).code == ""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("access_denied", "access_denied"),
        ("server_error", "server_error"),
        ("invalid_scope", "invalid_scope"),
        ("login_required", "authorization_error"),
        ("state_missing", "authorization_error"),
        ("", "authorization_error"),
        ("e" * 200, "authorization_error"),
    ],
)
def test_only_known_error_codes_become_reasons(error: str, reason: str) -> None:
    assert read(("state", STATE), ("error", error)).error_reason == reason


def test_an_error_code_is_cut_and_escaped_for_the_log() -> None:
    answer = read(("state", STATE), ("error", "x\n2026 INFO admin signed in \x1b[2J\u202e" + "y" * 200))

    assert len(answer.error_for_log) < 120
    assert answer.error_for_log.isascii()
    assert answer.error_for_log.isprintable()


def test_nothing_secret_shows_in_the_repr() -> None:
    assert "c0de" not in repr(read(("code", "c0de"), ("state", STATE)))
