"""The made-up documents: believable, varied, consistent, and the same at every start."""

import time
from collections import Counter
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from app.sandbox.document import Document
from app.sandbox.library import Library
from app.sandbox.people import PEOPLE
from app.sandbox.ubl import CAC, CBC, rendered

BORN = 1_800_000_000.0
NAMES = {"cac": CAC, "cbc": CBC}


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(BORN)


@pytest.fixture(scope="module")
def documents(library: Library) -> list[Document]:
    return [document for person in PEOPLE for document in library.of(person)]


def test_every_start_makes_the_same_documents(library: Library) -> None:
    again = Library(BORN)
    for person in PEOPLE:
        assert [d.encoded for d in library.of(person)] == [d.encoded for d in again.of(person)]


def test_there_are_some_hundreds_of_every_kind(documents: list[Document]) -> None:
    assert len({document.id for document in documents}) > 400
    kinds = Counter((document.direction, document.type, document.subtype) for document in documents)
    for direction in ("Sent", "Received"):
        for kind, subtype in (("Invoice", "Debit"), ("Invoice", "Credit"), ("PaymentReminder", "")):
            assert kinds[direction, kind, subtype] >= 2
        for subtype in ("RecipientAccept", "RecipientReject"):
            assert kinds[direction, "ApplicationResponse", subtype] >= 2
    assert any(document.type not in ("Invoice", "PaymentReminder", "ApplicationResponse") for document in documents)


def test_what_the_views_must_cope_with_occurs(documents: list[Document]) -> None:
    infos = [document.members["documentInfo"] for document in documents]
    currencies = {info["amounts"]["currency"] for info in infos if "amounts" in info}
    assert currencies == {"SEK", "EUR", "NOK", "JPY", "KWD"}
    modes = {document.members.get("sendMode") for document in documents}
    assert modes >= {"Production", "Test", "Certification"}
    assert {document.members.get("distribution") for document in documents} >= {"Electronic", "Email", "Print"}
    for name in ("senderParty", "receiverParty", "dueDate", "amounts"):
        assert {name in info for info in infos} == {True, False}
    for name in ("attachments", "documentReferences", "eventDetails"):
        assert {bool(document.members.get(name)) for document in documents} == {True, False}
    assert any(document.members.get("validationErrors", {}).get("noOfErrors") for document in documents)
    assert any(document.members.get("isSelfBilled") for document in documents)
    names = {info["receiverParty"]["name"] for info in infos if "receiverParty" in info}
    assert any(len(name) > 200 for name in names)
    assert "株式会社東京精密工業" in names


def test_the_last_hours_30_and_90_days_are_populated(documents: list[Document]) -> None:
    ages = [(BORN - document.created_at.timestamp()) / 86400 for document in documents]
    assert min(ages) >= 0
    assert max(ages) < 90
    for days in (1, 7, 30, 60):
        assert any(age < days for age in ages)
        assert any(age > days for age in ages)


def test_amounts_fit_their_currency(documents: list[Document]) -> None:
    for document in documents:
        amounts = document.members["documentInfo"].get("amounts")
        if amounts:
            net, vat, total = (Decimal(amounts[name]) for name in ("netAmount", "vatAmount", "totalAmount"))
            assert net + vat == total > 0
            decimals = {"JPY": 0, "KWD": 3}.get(amounts["currency"], 2)
            assert {-value.as_tuple().exponent for value in (net, vat, total)} == {decimals}  # type: ignore[operator]


def test_responses_answer_invoices_that_exist(documents: list[Document]) -> None:
    numbers = {(document.company.key, document.number): document for document in documents}
    for document in documents:
        if document.answers:
            invoice = numbers[document.company.key, document.answers]
            assert invoice.direction != document.direction
            assert invoice.created_at < document.created_at


def test_target_documents_say_what_the_list_says(documents: list[Document]) -> None:
    for document in documents:
        root = ElementTree.fromstring(rendered(document))  # noqa: S314 - our own
        if document.type != "Invoice" or not document.lines:
            continue
        info = document.members["documentInfo"]
        credit = document.subtype == "Credit"
        assert root.tag.rpartition("}")[2] == ("CreditNote" if credit else "Invoice")
        assert root.findtext("cbc:ID", namespaces=NAMES) == document.number
        sums = root.find("cac:LegalMonetaryTotal", NAMES)
        assert sums is not None
        assert sums.findtext("cbc:PayableAmount", namespaces=NAMES) == info["amounts"]["totalAmount"]
        assert root.findtext("cac:TaxTotal/cbc:TaxAmount", namespaces=NAMES) == info["amounts"]["vatAmount"]
        kind = "CreditNoteLine" if credit else "InvoiceLine"
        lines = [Decimal(e.text or "") for e in root.findall(f"cac:{kind}/cbc:LineExtensionAmount", NAMES)]
        assert sum(lines) == Decimal(info["amounts"]["netAmount"])


def test_responses_and_reminders_have_documents_of_their_own_kind(documents: list[Document]) -> None:
    roots = {
        document.type: ElementTree.fromstring(rendered(document))  # noqa: S314 - our own
        for document in documents
    }
    response = roots["ApplicationResponse"]
    code = response.findtext("cac:DocumentResponse/cac:Response/cbc:ResponseCode", namespaces=NAMES)
    assert code in ("AP", "RE")
    assert roots["PaymentReminder"].tag.endswith("}Reminder")


def test_making_all_documents_is_quick() -> None:
    begun = time.process_time()
    Library(BORN)
    assert time.process_time() - begun < 2
