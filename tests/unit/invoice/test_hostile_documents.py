"""Whatever the bytes are: a record or a named refusal, in bounded time and memory, and nothing is ever fetched."""

import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.invoice.feed import BITE, BLOCK
from app.invoice.reading import read_invoice
from app.invoice.records import Invoice, Response
from app.invoice.refusal import REASONS, InvoiceUnreadable, Limits
from tests.unit.invoice.ubl_samples import FULL, UBL, invoice_of, refusal, ubl

ROOT = FULL.split("?>", 1)[1]
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>',
    "quadratic blowup": f'<!DOCTYPE a [<!ENTITY b "{"x" * 100_000}">]><a>{"&b;" * 50_000}</a>',
    "external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "external entity over the network": '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:1/x">]><a>&x;</a>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p.dtd"> %p;]><a/>',
    "external subset": f'<!DOCTYPE Invoice SYSTEM "http://127.0.0.1:1/ubl.dtd">{ROOT}',
    "default attributes": f"<!DOCTYPE a [<!ATTLIST a {' '.join(f'b{n} CDATA #IMPLIED' for n in range(5000))}>]><a/>",
    "empty declaration": f"<!DOCTYPE Invoice>{ROOT}",
}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("an invoice opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_before_an_entity_can_be_used(bomb: str, encoding: str) -> None:
    begun = time.process_time()
    assert refusal(bomb.encode(encoding)) == "has_dtd"
    assert time.process_time() - begun < 0.5


def test_no_entity_is_expanded_in_the_call_that_refuses() -> None:
    tight = '<!DOCTYPE a[<!ENTITY b "c">]><a>&b;</a>'
    assert len(tight) < BITE, "declaration, entity and use in a single call of the parser"
    assert refusal(tight.encode()) == "has_dtd"


def test_entity_without_declaration_is_not_xml() -> None:
    assert refusal(ubl("<cbc:Note>&laughs;</cbc:Note>")) == "not_xml"


def test_inclusions_and_stylesheets_are_passed_over() -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    sheet = b'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:1/x.xsl"?>'
    record = invoice_of(sheet + ubl(f"<cbc:Note>{include}plain</cbc:Note>"))
    assert record.notes == ("plain",)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"   ",
        b"%PDF-1.7",
        b'{"a": 1}',
        b"<a><b></a>",
        b"<a/><b/>",
        b"<a b='1' b='2'/>",
        FULL.encode()[:-5],
        FULL.encode()[: len(FULL) // 2],
        b"<a>\x00</a>",
        "<a>\ud800</a>".encode("utf-8", "surrogatepass"),
    ],
)
def test_what_is_not_xml_is_refused(document: bytes) -> None:
    assert refusal(document) in {"not_xml", "not_ubl"}


@pytest.mark.parametrize(
    "document",
    [
        b"<html><body/></html>",
        b"<Invoice/>",
        b'<Invoice xmlns="urn:somebody:else"/>',
        f'<Order xmlns="{UBL}Order-2"/>'.encode(),
        f'<Invoice xmlns="{UBL}CreditNote-2"/>'.encode(),
        b'<s:StandardBusinessDocument xmlns:s="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"/>',
    ],
)
def test_other_xml_is_refused(document: bytes) -> None:
    assert refusal(document) == "not_ubl"


@pytest.mark.parametrize("encoding", ["utf-7", "rot13", "cp037", "idna", "unicode_escape", "no-such", "utf-32"])
def test_unusual_encodings_are_refused(encoding: str) -> None:
    assert refusal(f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode()) == "encoding"


def test_wrong_encoding_is_refused() -> None:
    assert refusal(b'<?xml version="1.0" encoding="UTF-16"?><a/>') == "encoding"


def test_depth_is_limited() -> None:
    assert refusal(ubl("<cac:Party>" * 100_000)) == "too_deep"
    assert refusal(ubl("<x>" * 100_000)) == "too_deep"
    assert refusal(ubl("<cac:InvoiceLine>" * 100_000), lines_from=1) == "too_deep"
    assert refusal(b"<s>" * 100_000) == "not_ubl"


def _many(piece: str, count: int) -> Iterator[bytes]:
    yield ubl("").removesuffix(b"</Invoice>")
    for start in range(0, count, 1000):
        yield "".join(piece.replace("#", str(number)) for number in range(start, start + 1000)).encode()


@pytest.mark.parametrize(
    ("piece", "count"),
    [
        ("<a#/>", 200_000),
        ("<a b#=''/>", 200_000),
        ("<a xmlns:p#='x'/>", 200_000),
        ("<cbc:Note/>", 200_000),
        ("<cac:Delivery><cbc:ID/></cac:Delivery>", 100_000),
    ],
)
def test_too_many_of_anything_is_refused_and_the_source_left_alone(piece: str, count: int) -> None:
    assert refusal(_many(piece, count)) == "too_large"


def test_too_many_elements_are_refused_whatever_they_are() -> None:
    assert refusal(_many("<a/>", 60_000), limits=Limits(elements=50_000)) == "too_large"


def test_too_many_lines_are_refused() -> None:
    assert refusal(_many("<cac:InvoiceLine/>", 6_000), limits=Limits(lines=5_000)) == "too_large"


def test_tags_with_too_many_attributes_are_refused() -> None:
    few, many = (" ".join(f'a{n}=""' for n in range(count)) for count in (60, 70))
    assert invoice_of(ubl(f"<cbc:ID {few}>1</cbc:ID>")).number == "1"
    assert refusal(ubl(f"<cbc:ID {many}>1</cbc:ID>")) == "too_large"


@pytest.mark.parametrize("unfinished", ["<!--", "<?pi ", "<a b='", "<cbc:ID schemeID='"])
def test_tokens_without_an_end_are_given_up(unfinished: str) -> None:
    begun = time.process_time()
    assert refusal(ubl("").removesuffix(b"</Invoice>") + unfinished.encode() + b"x" * 8_000_000) == "too_large"
    assert time.process_time() - begun < 1


def test_prolog_without_an_end_is_given_up() -> None:
    begun = time.process_time()
    assert refusal(b"<!--" + b"x" * 8_000_000) == "too_large"
    assert refusal(b"<!-- -->" * 100_000) == "too_large"
    assert time.process_time() - begun < 2


def test_byte_limit_is_exact_and_endless_sources_end() -> None:
    document = FULL.encode()
    assert invoice_of(document, limits=Limits(total_bytes=len(document)))
    assert refusal(document, limits=Limits(total_bytes=len(document) - 1)) == "too_large"

    def endless() -> Iterator[bytes]:
        yield ubl("").removesuffix(b"</Invoice>")
        while True:
            yield b" " * BLOCK

    assert refusal(endless()) == "too_large"


def test_failure_of_the_source_is_passed_on() -> None:
    def broken() -> Iterator[bytes]:
        yield FULL.encode()[:100]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        read_invoice(broken())


def test_very_long_texts_are_cut_and_the_record_says_so() -> None:
    record = invoice_of(ubl(f"<cbc:ID>{'9' * 10_000}</cbc:ID><cbc:Note>{'n' * 30_000}</cbc:Note>"))
    assert record.number == "9" * 10_000, "as long as the longest names that must be shown"
    assert record.notes == ("n" * 12_000 + "…",)
    assert [each.code for each in record.cautions] == ["text_shortened"]
    response = read_invoice(ubl(f"<cbc:Note>{'n' * 30_000}</cbc:Note>", "ApplicationResponse"))
    assert [each.code for each in response.cautions] == ["text_shortened"]


def test_many_long_texts_are_cut_shorter_once_there_are_enough() -> None:
    record = invoice_of(ubl(f"<cbc:Note>{'n' * 12_000}</cbc:Note>" * 400))
    assert sum(map(len, record.notes)) < 1_600_000
    assert len(record.notes) == 400


def test_embedded_file_with_markup_inside_is_still_only_measured() -> None:
    inner = "<cbc:EmbeddedDocumentBinaryObject>QUJD<cbc:ID>x</cbc:ID>QUJD</cbc:EmbeddedDocumentBinaryObject>"
    body = (
        f"<cac:AdditionalDocumentReference><cac:Attachment>{inner}</cac:Attachment></cac:AdditionalDocumentReference>"
    )
    (attachment,) = invoice_of(ubl(body + "<cbc:Note>after</cbc:Note>")).attachments
    assert attachment.size_bytes == 6


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)


def _settled(source: bytes) -> None:
    try:
        record = read_invoice(source)
    except InvoiceUnreadable as refused:
        assert refused.reason in REASONS  # noqa: PT017 - either outcome is right
    else:
        assert isinstance(record, Invoice | Response)


@given(st.binary(max_size=2000))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_a_record_or_a_reason(data: bytes) -> None:
    _settled(data)


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_damage_to_a_real_invoice_gives_a_record_or_a_reason(data: st.DataObject) -> None:
    whole = FULL.encode()
    at = data.draw(st.integers(0, len(whole)))
    taken = data.draw(st.integers(0, 200))
    put = data.draw(
        st.one_of(st.binary(max_size=40), st.sampled_from([b"<", b"&", b"<cac:InvoiceLine>", b"-->", b"\xff"]))
    )
    _settled(whole[:at] + put + whole[at + taken :])


@given(TEXT, TEXT, TEXT)
@settings(max_examples=150, deadline=None)
def test_any_text_comes_back_as_it_was(name: str, number: str, amount: str) -> None:
    def escaped(text: str) -> str:
        return "".join(f"&#{ord(each)};" if each in "<>&\r\n\t\x85\u2028" else each for each in text)

    legal = [each for each in (name, number, amount) if all(c in "\t\n\r" or c >= " " for c in each)]
    if len(legal) < 3 or any("\ufffe" in each or "\uffff" in each for each in legal):
        return
    line = (
        f"<cac:InvoiceLine><cbc:ID>{escaped(number)}</cbc:ID><cbc:LineExtensionAmount>{escaped(amount)}</cbc:LineExtensionAmount>"
        f"<cac:Item><cbc:Name>{escaped(name)}</cbc:Name></cac:Item></cac:InvoiceLine>"
    )
    (found,) = invoice_of(ubl(line)).lines
    assert found.name == (name.strip() or None)
    assert found.number == (number.strip() or None)
    assert (found.amount.text if found.amount else None) == (amount.strip() or None)


def test_reasons_are_a_closed_list() -> None:
    with pytest.raises(ValueError, match="other"):
        InvoiceUnreadable("other")
