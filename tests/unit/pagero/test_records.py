"""Records: the documented shape is read in full, and no JSON whatever makes reading fail."""

import unicodedata
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pagero.records import Amounts, Document, DocumentPage, DocumentQuery, Party, PartyId, TokenAnswer, is_id
from app.pagero.texts import amount_of, count_of, date_of, flag_of, text_of, time_of

ITEM = {
    "id": "3b7e0c52-90aa-4d1e-a7c4-1f6f2b7c9d10",
    "fileId": "7700412345",
    "createTime": "2026-03-02T09:16:04.881Z",
    "distribution": "Electronic",
    "sendMode": "Test",
    "isFetched": False,
    "isSelfBilled": False,
    "sendingCompanyId": "6f0d5b7a-2c1e-4b86-9a55-0c9be2f1d001",
    "sendingServiceProviderId": "-1",
    "sendingServiceProviderName": "Pagero",
    "receivingServiceProviderId": "-1",
    "receivingServiceProviderName": "Pagero",
    "receivingTradingPartnerId": "3100200",
    "validationErrors": {"noOfErrors": 0},
    "attachments": [{"name": "terms.pdf", "size": 1024, "inner": {"a": 1}}],
    "documentReferences": [],
    "eventDetails": [],
    "documentInfo": {
        "direction": "Sent",
        "documentType": "Invoice",
        "documentSubType": "Debit",
        "documentIdentifier": "INV-4471",
        "issueDate": "2026-03-01",
        "dueDate": "2026-03-31",
        "amounts": {"currency": "SEK", "netAmount": "1200.00", "vatAmount": "300.00", "totalAmount": "1500.00"},
        "receiverParty": {
            "name": "Fjord Paper AS",
            "type": "Business",
            "ids": [{"idType": "GLN", "value": "7300000000011"}],
            "address": {"street": "Kaigata 4", "town": "Bergen", "postCode": "5015", "countryCode": "NO"},
            "personalContact": {"name": "R. Dahl"},
        },
    },
}

REORDERING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=6,
)
NAMES = st.sampled_from([*ITEM, *ITEM["documentInfo"], "currency", "totalAmount", "name", "ids", "address"])  # type: ignore[misc]
ANY_ITEM = st.dictionaries(NAMES, ANY_JSON | st.dictionaries(NAMES, ANY_JSON, max_size=4), max_size=8)


def test_the_documented_item_is_read_in_full() -> None:
    document = Document.from_json(ITEM)
    assert document.id == "3b7e0c52-90aa-4d1e-a7c4-1f6f2b7c9d10"
    assert document.has_page
    assert document.file_id == "7700412345"
    assert document.created_at == datetime(2026, 3, 2, 9, 16, 4, 881000, UTC)
    assert (document.distribution, document.send_mode) == ("Electronic", "Test")
    assert (document.is_fetched, document.is_self_billed) == (False, False)
    assert document.sending_company_id == "6f0d5b7a-2c1e-4b86-9a55-0c9be2f1d001"
    assert (document.sending_service_provider_id, document.sending_service_provider_name) == ("-1", "Pagero")
    assert (document.receiving_service_provider_id, document.receiving_service_provider_name) == ("-1", "Pagero")
    assert (document.sending_trading_partner_id, document.receiving_trading_partner_id) == (None, "3100200")
    assert document.validation_error_count == 0
    assert document.attachments == ((("name", "terms.pdf"), ("size", "1024")),)
    assert (document.references, document.events) == ((), ())
    assert (document.direction, document.document_type, document.document_sub_type) == ("Sent", "Invoice", "Debit")
    assert document.identifier == "INV-4471"
    assert (document.issue_date, document.due_date) == (date(2026, 3, 1), date(2026, 3, 31))
    assert document.amounts == Amounts("SEK", "1200.00", "300.00", "1500.00")
    assert document.sender is None
    ids = (PartyId("GLN", "7300000000011"),)
    party = Party("Fjord Paper AS", "Business", "Kaigata 4", "Bergen", "5015", "NO", ids, "R. Dahl", None)
    assert document.receiver == party


def harmless(text: str) -> bool:
    """Whether it can be stored and shown: no controls, separators of lines, surrogates or marks that reorder."""
    return not any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") or one in REORDERING for one in text)


@settings(max_examples=60, deadline=None)
@given(ANY_JSON | ANY_ITEM)
def test_no_json_makes_reading_fail(value: Any) -> None:
    document = Document.from_json(value)
    assert isinstance(document.id, str)
    for text in (document.identifier, document.send_mode, document.direction):
        assert text is None or (text and len(text) <= 300 and harmless(text))
    if document.created_at is not None:
        assert document.created_at.tzinfo is UTC


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["items", "meta"]), ANY_JSON | st.lists(ANY_ITEM, max_size=3)))
def test_no_envelope_makes_reading_fail(value: dict[str, Any]) -> None:
    page = DocumentPage.from_json(value, DocumentQuery())
    assert page.count >= len(page.items)
    assert page.total is None or page.total >= 0


@settings(max_examples=60, deadline=None)
@given(ANY_JSON)
def test_texts_are_harmless(value: Any) -> None:
    text = text_of(value)
    assert text is None or (0 < len(text) <= 300 and harmless(text))


@pytest.mark.parametrize(
    "unseen", ["\x00", "\x1b", "\n", "\x7f", "\x85", "\u202e", "\u200b", "\u2066", "\ufeff", "\ud800"]
)
def test_characters_that_steer_or_hide_are_taken_out(unseen: str) -> None:
    assert text_of(f"a{unseen}b") == "a b"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", None),
        ("  ", None),
        (5, "5"),
        (-1, "-1"),
        (True, None),
        (10**30, None),
        (1.5, None),
        ([], None),
        ("å" * 400, "å" * 300),
    ],
)
def test_other_things_are_not_text(value: Any, text: str | None) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("1200.00", "1200.00"),
        ("-3", "-3"),
        ("0", "0"),
        (1200, "1200"),
        (1200.5, "1200.5"),
        (1e-7, "0.0000001"),
        ("1,200.00", None),
        ("1e3", None),
        ("NaN", None),
        ("", None),
        (" 1", None),
        ("١٢", None),
        ("1.", None),
        ("9" * 19, None),
        (True, None),
        (float("inf"), None),
        (float("nan"), None),
        (1e300, None),
        (10**30, None),
        (None, None),
        ({}, None),
    ],
)
def test_amounts_are_decimal_text_as_received(value: Any, amount: str | None) -> None:
    assert amount_of(value) == amount


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("2026-03-01T00:00:00Z", date(2026, 3, 1)),
        ("9999-12-31", date(9999, 12, 31)),
        ("0000-01-01", None),
        ("2026-02-30", None),
        ("20260301", None),
        ("2026-W09-7", None),
        ("२०२६-03-01", None),
        (20260301, None),
        (None, None),
    ],
)
def test_odd_dates_are_no_dates(value: Any, expected: date | None) -> None:
    assert date_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-02T09:16:04.881Z", datetime(2026, 3, 2, 9, 16, 4, 881000, UTC)),
        ("2026-03-02T10:16+01:00", datetime(2026, 3, 2, 9, 16, tzinfo=UTC)),
        ("2026-03-02T09:16:04", datetime(2026, 3, 2, 9, 16, 4, tzinfo=UTC)),
        ("0001-01-01T00:00:00+10:00", None),
        ("9999-12-31T23:59:59-10:00", None),
        ("2026-13-02T09:16:04Z", None),
        ("2026-03-02T25:16:04Z", None),
        ("2026-03-02", None),
        ("yesterday", None),
        (1772443200, None),
    ],
)
def test_odd_times_are_no_times(value: Any, expected: datetime | None) -> None:
    assert time_of(value) == expected


@pytest.mark.parametrize(
    ("value", "count"),
    [(0, 0), (10**12, 10**12), (10**12 + 1, None), (-1, None), (True, None), ("3", None), (2.0, None)],
)
def test_counts_are_whole_numbers_of_ordinary_size(value: Any, count: int | None) -> None:
    assert count_of(value) == count


@pytest.mark.parametrize(("value", "flag"), [(True, True), (False, False), (1, None), ("true", None), (None, None)])
def test_flags_are_true_or_false(value: Any, flag: bool | None) -> None:
    assert flag_of(value) is flag


def test_unknown_enum_values_stay_as_text() -> None:
    document = Document.from_json({"id": "a", "sendMode": "Rehearsal", "documentInfo": {"documentType": "Order"}})
    assert (document.send_mode, document.document_type) == ("Rehearsal", "Order")


def test_amounts_without_any_amount_are_none() -> None:
    assert Amounts.from_json({"currency": "SEK"}) is None
    assert Amounts.from_json({"totalAmount": "1"}) == Amounts(None, None, None, "1")


def test_party_ids_without_a_value_are_left_out() -> None:
    party = Party.from_json({"ids": [{"idType": "GLN"}, {"value": "1"}, 7]})
    assert party is not None
    assert party.ids == (PartyId(None, "1"),)


def test_a_page_leaves_out_items_without_id_but_counts_them() -> None:
    page = DocumentPage.from_json({"items": [ITEM, {}, 7], "meta": {"total": 30}}, DocumentQuery(limit=10, offset=20))
    assert (len(page.items), page.count, page.total, page.offset, page.limit) == (1, 3, 30, 20, 10)


def test_a_page_believes_pageros_own_offset_and_limit() -> None:
    page = DocumentPage.from_json({"items": [], "meta": {"offset": 0, "limit": 5}}, DocumentQuery(limit=10, offset=20))
    assert (page.total, page.offset, page.limit) == (None, 0, 5)


def test_a_page_of_a_million_items_is_cut() -> None:
    page = DocumentPage.from_json({"items": [{"id": "a"}] * 100_000, "meta": {}}, DocumentQuery())
    assert len(page.items) == 1000


@pytest.mark.parametrize("text", ["", "..", "a/b", "a b", "a_b", "a.b", "ä", "x" * 65, "%2e"])
def test_ids_that_may_not_stand_in_a_path(text: str) -> None:
    assert not is_id(text)
    assert not is_id(f"{text}\n")
    assert not Document.from_json({"id": text}).has_page


def test_an_empty_query_sends_paging_only() -> None:
    assert DocumentQuery().pairs() == (("limit", "25"), ("offset", "0"))


def test_a_full_query_is_in_pageros_spelling() -> None:
    query = DocumentQuery("Received", ("Invoice", "PaymentReminder"), "c-1", "f-1", "INV-1", False, 10, 20)
    assert query.pairs() == (
        ("companyId", "c-1"),
        ("direction", "Received"),
        ("documentType", "Invoice"),
        ("documentType", "PaymentReminder"),
        ("showFetchedOnly", "false"),
        ("fileId", "f-1"),
        ("referenceDocumentIdentifier", "INV-1"),
        ("limit", "10"),
        ("offset", "20"),
    )


def test_tokens_do_not_show_in_a_repr() -> None:
    text = repr(TokenAnswer("access-canary", "refresh-canary", 600, "all", "id-canary"))
    assert "canary" not in text
    assert "600" in text
