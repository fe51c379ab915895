"""What a form about files may ask for."""

from typing import Any
from uuid import uuid4

import pytest

from app.errors import RequestRefused
from app.files.asked import LONGEST_NAME, Mistake, clean_name, form_key, order

KEY = str(uuid4())
FORM = {
    "key": KEY,
    "documentType": "Invoice",
    "sendingCompanyId": "c-1",
    "senderReference": " SO 1 ",
    "sendMode": "Test",
}


def test_a_form_becomes_an_order() -> None:
    made = order(FORM | {"place": "2"})
    assert made.fields == {
        "documentType": "Invoice",
        "sendMode": "Test",
        "sendingCompanyId": "c-1",
        "senderReference": "SO 1",
    }
    assert [made.form_key(0), made.form_key(1)] == [f"{KEY}.2", f"{KEY}.3"]
    assert not made.again


def test_a_reference_that_is_not_there_is_not_sent() -> None:
    assert "senderReference" not in order(FORM | {"senderReference": " \u200b "}).fields


def test_production_is_never_what_is_meant_by_silence() -> None:
    form = {name: value for name, value in FORM.items() if name != "sendMode"}
    assert order(form).send_mode == "Test"
    assert order(FORM | {"sendMode": "Production", "production": "yes"}).send_mode == "Production"


@pytest.mark.parametrize("said", [{}, {"production": ""}, {"production": "on"}, {"production": "no"}])
def test_production_without_its_confirmation_is_a_mistake(said: dict[str, str]) -> None:
    with pytest.raises(Mistake) as mistake:
        order(FORM | {"sendMode": "Production"} | said)
    assert mistake.value.code == "production_unconfirmed"


@pytest.mark.parametrize(
    ("chosen", "written", "company"),
    [("c-1", "", "c-1"), ("c-1", "c-2", "c-1"), ("other", "c-2", "c-2"), ("", " c-2 ", "c-2")],
)
def test_a_company_is_chosen_or_written(chosen: str, written: str, company: str) -> None:
    assert order(FORM | {"sendingCompanyId": chosen, "otherCompanyId": written}).company_id == company


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sendingCompanyId": ""}, "company_missing"),
        ({"sendingCompanyId": "other", "otherCompanyId": " "}, "company_missing"),
        ({"sendingCompanyId": "<b>"}, "company_malformed"),
        ({"sendingCompanyId": "x" * 101}, "company_malformed"),
        ({"senderReference": "x" * 101}, "reference_long"),
    ],
)
def test_a_persons_mistakes_have_a_code(changes: dict[str, str], code: str) -> None:
    with pytest.raises(Mistake) as mistake:
        order(FORM | changes)
    assert mistake.value.code == code


@pytest.mark.parametrize(
    "changes",
    [{"key": ""}, {"key": KEY.upper() + "x"}, {"key": f"{KEY}.1"}, {"place": "-1"}, {"place": "1000"}, {"place": "x"},
     {"documentType": "Order"}, {"documentType": ""}, {"sendMode": "production"}, {"sendMode": ""}],
)  # fmt: skip
def test_what_no_form_of_ours_sends_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(RequestRefused):
        order(FORM | changes)


def test_a_form_for_one_thing_needs_its_key() -> None:
    assert form_key({"key": KEY}) == KEY
    with pytest.raises(RequestRefused):
        form_key({})


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("a.xml", "a.xml"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\anna\\a.xml", "a.xml"),
        ("..", "file"),
        ("", "file"),
        (None, "file"),
        ("a/", "file"),
        ("a\r\nb\x00.xml", "a b .xml"),
        ("evil\u202elmx.exe", "evil lmx.exe"),
        ('räk"ning<b>.xml', 'räk"ning<b>.xml'),
        ("\ud800", "file"),
    ],
)
def test_a_name_is_cleaned(name: Any, cleaned: str) -> None:
    assert clean_name(name) == cleaned


@pytest.mark.parametrize("name", ["x" * 10_000, "x" * 500 + ".xml", "." * 300 + "y" * 300, "x" * 200 + "." + "y" * 200])
def test_a_long_name_is_cut(name: str) -> None:
    assert 0 < len(clean_name(name)) <= LONGEST_NAME
    assert not name.endswith(".xml") or clean_name(name).endswith("….xml")
