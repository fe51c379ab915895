"""From what Pagero answered to what a page says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.dashboard import pages
from app.pagero.records import Document, DocumentPage, DocumentQuery

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def item(number: int, days_old: float = 1, **info: Any) -> dict[str, Any]:
    created = NOW - timedelta(days=days_old)
    direction = info.pop("direction", "Sent")
    return {
        "id": f"doc-{number}",
        "createTime": created.isoformat().replace("+00:00", "Z"),
        "validationErrors": {"noOfErrors": info.pop("errors", 0)},
        "documentInfo": {
            "direction": direction,
            "senderParty": {"name": "Sender AB"},
            "receiverParty": {"name": "Receiver AS"},
            **info,
        },
    }


def page_of(*items: dict[str, Any], limit: int = 100, **meta: Any) -> DocumentPage:
    return DocumentPage.from_json({"items": list(items), "meta": meta}, DocumentQuery(limit=limit))


def document(**members: Any) -> Document:
    return Document.from_json({"id": "d", **members})


def test_the_partner_is_the_other_side() -> None:
    sent, received = (Document.from_json(item(1, direction=side)) for side in ("Sent", "Received"))
    assert [pages.row(each).partner.name for each in (sent, received) if pages.row(each).partner] == [  # type: ignore[union-attr]
        "Receiver AS",
        "Sender AB",
    ]


def test_the_partner_is_whoever_is_known_when_the_direction_is_not() -> None:
    info = {"senderParty": {"name": "Only one"}}
    assert pages.row(document(documentInfo=info)).partner.name == "Only one"  # type: ignore[union-attr]
    assert pages.row(document()).partner is None


def test_errors_and_rejections_need_a_look() -> None:
    assert pages.row(Document.from_json(item(1, errors=2))).needs_a_look
    assert pages.row(Document.from_json(item(1, documentSubType="RecipientReject"))).needs_a_look
    assert not pages.row(Document.from_json(item(1, documentSubType="RecipientAccept"))).needs_a_look
    assert not pages.row(document(validationErrors={"noOfErrors": "many"})).needs_a_look


def test_documents_of_the_last_thirty_days_are_counted() -> None:
    found = pages.direction(page_of(item(1, 1), item(2, 29.9), item(3, 31), total=3), NOW)
    assert found.recent == pages.Count(2, exact=True)
    assert found.all == pages.Count(3, exact=True)


def test_a_full_page_of_recent_documents_counts_as_at_least() -> None:
    found = pages.direction(page_of(*(item(n, 1) for n in range(10)), limit=10, total=400), NOW)
    assert found.recent == pages.Count(10, exact=False)
    assert found.all == pages.Count(400, exact=True)
    assert found.oldest == NOW - timedelta(days=1)


def test_a_page_that_reaches_back_far_enough_counts_exactly() -> None:
    found = pages.direction(page_of(item(1, 1), item(2, 40), limit=2, total=400), NOW)
    assert found.recent == pages.Count(1, exact=True)


def test_a_total_below_what_came_is_not_believed() -> None:
    found = pages.direction(page_of(item(1), item(2), limit=2, total=1), NOW)
    assert found.all == pages.Count(2, exact=False)


def test_without_a_total_a_short_page_is_all_there_is() -> None:
    found = pages.direction(page_of(item(1), item(2)), NOW)
    assert found.all == pages.Count(2, exact=True)
    assert found.oldest is None


def test_documents_without_a_time_are_shown_and_not_counted_as_recent() -> None:
    found = pages.direction(page_of({"id": "timeless"}, total=1), NOW)
    assert found.recent == pages.Count(0, exact=True)
    assert [row.document.id for row in found.latest] == ["timeless"]


def test_an_empty_direction_counts_nothing() -> None:
    found = pages.direction(page_of(total=0), NOW)
    assert (found.recent.number, found.all.number, found.latest, found.concerns) == (0, 0, (), ())


def test_only_some_concerns_are_listed_and_all_are_counted() -> None:
    found = pages.direction(page_of(*(item(n, errors=1) for n in range(12)), total=12), NOW)
    assert (len(found.concerns), found.concern_count) == (pages.MOST_CONCERNS, 12)


def test_a_listing_believes_the_smaller_limit() -> None:
    query = DocumentQuery(limit=25)
    page = DocumentPage.from_json({"items": [item(n) for n in range(10)], "meta": {"limit": 10}}, query)
    assert pages.listing(page, query).paging.next == 10


def test_responses_are_looked_for_by_number() -> None:
    question = pages.responses_to(document(documentInfo={"documentIdentifier": "INV-1", "documentType": "Invoice"}))
    assert question == DocumentQuery(document_types=("ApplicationResponse",), reference="INV-1")


def test_a_response_or_a_document_without_number_has_no_responses() -> None:
    assert pages.responses_to(document()) is None
    response = {"documentIdentifier": "AR-1", "documentType": "ApplicationResponse"}
    assert pages.responses_to(document(documentInfo=response)) is None
