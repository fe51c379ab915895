"""What Pagero answers, as frozen values. Pure.

Refuses nothing: whatever has the wrong type, an unknown value or is missing degrades to None or to plain text, because
the API's schema is known from one client's fixtures only (pagero-api.md, section 4.5). Money is text as received.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self

from app.pagero.texts import amount_of, count_of, date_of, flag_of, list_of, object_of, text_of, time_of

LIMIT = 25
MOST_ITEMS = 1000  # of one page, whatever limit was asked for
_MOST_EXTRAS = 100
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")

Extra = tuple[tuple[str, str], ...]
"""An element of an array whose shape is unknown: its scalar members as (name, text)."""


def is_id(text: str) -> bool:
    """Whether `text` may stand in a path: letters, digits and dashes, at most 64."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A usable answer of the token endpoint (RFC 6749, 5.1). Its repr shows no token."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    """None: none came. On refresh the old one stays valid."""
    expires_in_seconds: int
    """0 to 86,400; 0 means already expired."""
    scope: str | None = None
    """What was granted; None: as requested."""
    id_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """Which documents to list. What is None is not sent."""

    direction: str | None = None
    """Sent or Received."""
    document_types: tuple[str, ...] = ()
    company_id: str | None = None
    file_id: str | None = None
    reference: str | None = None
    """The document number that application responses refer to."""
    show_fetched_only: bool | None = None
    """What false means at Pagero is unknown: all, or not yet fetched."""
    limit: int = LIMIT
    offset: int = 0

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The query in Pagero's spelling (pagero-api.md, 4.5): the only place that knows it."""
        fetched = None if self.show_fetched_only is None else str(self.show_fetched_only).lower()
        pairs = [
            ("companyId", self.company_id),
            ("direction", self.direction),
            *(("documentType", name) for name in self.document_types),
            ("showFetchedOnly", fetched),
            ("fileId", self.file_id),
            ("referenceDocumentIdentifier", self.reference),
            ("limit", str(self.limit)),
            ("offset", str(self.offset)),
        ]
        return tuple((name, value) for name, value in pairs if value is not None)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Decimal text as received and its currency. Never a float, never added across currencies."""

    currency: str | None
    net: str | None
    vat: str | None
    total: str | None

    @classmethod
    def from_json(cls, value: Any) -> Self | None:
        """None when nothing of it is usable."""
        data = object_of(value)
        net, vat, total = (amount_of(data.get(name)) for name in ("netAmount", "vatAmount", "totalAmount"))
        return cls(text_of(data.get("currency"), 12), net, vat, total) if net or vat or total else None


@dataclass(frozen=True, slots=True)
class PartyId:
    """An identifier of a party, for example GLN."""

    type: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Party:
    """A sender or receiver."""

    name: str | None
    type: str | None
    street: str | None
    town: str | None
    post_code: str | None
    country_code: str | None
    ids: tuple[PartyId, ...]
    contact_name: str | None
    contact_email: str | None

    @classmethod
    def from_json(cls, value: Any) -> Self | None:
        """None when it is not an object or empty."""
        data = object_of(value)
        address, contact = object_of(data.get("address")), object_of(data.get("personalContact"))
        if not data:
            return None
        return cls(
            name=text_of(data.get("name")),
            type=text_of(data.get("type"), 60),
            street=text_of(address.get("street")),
            town=text_of(address.get("town")),
            post_code=text_of(address.get("postCode"), 30),
            country_code=text_of(address.get("countryCode"), 12),
            ids=_party_ids(data.get("ids")),
            contact_name=text_of(contact.get("name")),
            contact_email=text_of(contact.get("email")),
        )


@dataclass(frozen=True, slots=True)
class Document:
    """A document sent or received. Only `id` is always there; it is empty when Pagero sent none that is usable."""

    id: str
    file_id: str | None
    created_at: datetime | None
    is_fetched: bool | None
    is_self_billed: bool | None
    distribution: str | None
    send_mode: str | None
    sending_company_id: str | None
    sending_service_provider_id: str | None
    sending_service_provider_name: str | None
    receiving_service_provider_id: str | None
    receiving_service_provider_name: str | None
    sending_trading_partner_id: str | None
    receiving_trading_partner_id: str | None
    validation_error_count: int | None
    attachments: tuple[Extra, ...]
    references: tuple[Extra, ...]
    events: tuple[Extra, ...]
    direction: str | None
    document_type: str | None
    document_sub_type: str | None
    identifier: str | None
    """The business number, for example the invoice number."""
    issue_date: date | None
    due_date: date | None
    amounts: Amounts | None
    sender: Party | None
    receiver: Party | None

    @property
    def has_page(self) -> bool:
        """Whether its id may stand in a path of ours."""
        return is_id(self.id)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read one item of section 4.5. Never raises, whatever `value` is."""
        data = object_of(value)
        info = object_of(data.get("documentInfo"))
        return cls(
            id=text_of(data.get("id"), 100) or "",
            file_id=text_of(data.get("fileId"), 100),
            created_at=time_of(data.get("createTime")),
            is_fetched=flag_of(data.get("isFetched")),
            is_self_billed=flag_of(data.get("isSelfBilled")),
            distribution=text_of(data.get("distribution"), 60),
            send_mode=text_of(data.get("sendMode"), 60),
            sending_company_id=text_of(data.get("sendingCompanyId"), 100),
            sending_service_provider_id=text_of(data.get("sendingServiceProviderId"), 100),
            sending_service_provider_name=text_of(data.get("sendingServiceProviderName")),
            receiving_service_provider_id=text_of(data.get("receivingServiceProviderId"), 100),
            receiving_service_provider_name=text_of(data.get("receivingServiceProviderName")),
            sending_trading_partner_id=text_of(data.get("sendingTradingPartnerId"), 100),
            receiving_trading_partner_id=text_of(data.get("receivingTradingPartnerId"), 100),
            validation_error_count=count_of(object_of(data.get("validationErrors")).get("noOfErrors")),
            attachments=_extras(data.get("attachments")),
            references=_extras(data.get("documentReferences")),
            events=_extras(data.get("eventDetails")),
            direction=text_of(info.get("direction"), 60),
            document_type=text_of(info.get("documentType"), 60),
            document_sub_type=text_of(info.get("documentSubType"), 60),
            identifier=text_of(info.get("documentIdentifier")),
            issue_date=date_of(info.get("issueDate")),
            due_date=date_of(info.get("dueDate")),
            amounts=Amounts.from_json(info.get("amounts")),
            sender=Party.from_json(info.get("senderParty")),
            receiver=Party.from_json(info.get("receiverParty")),
        )


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One page of a list. `total` is what Pagero says, if it says something usable; `count` is what came."""

    items: tuple[Document, ...]
    total: int | None
    offset: int
    limit: int
    count: int

    @classmethod
    def from_json(cls, data: dict[str, Any], query: DocumentQuery) -> Self:
        """Read an envelope of section 3. Items without an id are left out; `count` and `limit` may be absent."""
        meta = object_of(data.get("meta"))
        items = tuple(Document.from_json(item) for item in list_of(data.get("items"), MOST_ITEMS))
        offset, limit = count_of(meta.get("offset")), count_of(meta.get("limit"))
        return cls(
            items=tuple(item for item in items if item.id),
            total=count_of(meta.get("total")),
            offset=query.offset if offset is None else offset,
            limit=limit or query.limit,
            count=len(items),
        )


def _party_ids(value: Any) -> tuple[PartyId, ...]:
    pairs = [(text_of(item.get("idType"), 60), text_of(item.get("value"))) for item in _objects(value)]
    return tuple(PartyId(kind, number) for kind, number in pairs if number)


def _extras(value: Any) -> tuple[Extra, ...]:
    return tuple(_extra(item) for item in _objects(value))


def _extra(item: dict[str, Any]) -> Extra:
    pairs = [(text_of(name, 60), text_of(member)) for name, member in list(item.items())[:_MOST_EXTRAS]]
    return tuple((name, member) for name, member in pairs if name and member)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [object_of(item) for item in list_of(value, _MOST_EXTRAS)]
