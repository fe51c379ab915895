"""One document as the sandbox keeps it, and how the API spells its parts (pagero-api section 4.5)."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from app.sandbox.amounts import Line, Totals, totals
from app.sandbox.partners import Party
from app.sandbox.people import Company


@dataclass
class Document:
    """One document of one company: what the API says of it, and what its XML is made from."""

    company: Company
    created_at: datetime
    members: dict[str, Any]
    seller: Party
    buyer: Party
    currency: str = "SEK"
    lines: tuple[Line, ...] = ()
    answers: str = ""  # the number of the invoice an application response answers
    note: str = ""
    encoded: bytes = field(default=b"", repr=False, init=False)

    def __post_init__(self) -> None:
        info = self.members["documentInfo"]
        self.id: str = self.members["id"]
        self.file_id: str = self.members["fileId"]
        self.direction: str = info["direction"]
        self.type: str = info["documentType"]
        self.subtype: str = info.get("documentSubType", "")
        self.number: str = info["documentIdentifier"]
        self.encoded = orjson.dumps(self.members)

    @property
    def totals(self) -> Totals:
        """The lines added up."""
        return totals(self.lines, self.currency)

    @property
    def fetched(self) -> bool:
        """Whether the company's own system has collected it."""
        return bool(self.members["isFetched"])

    def as_fetched(self, fetched: bool) -> "Document":
        """The same document, collected or not."""
        return replace(self, members=self.members | {"isFetched": fetched})


def timestamp(at: datetime) -> str:
    """UTC with milliseconds and Z, as the API writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def own_party(company: Company) -> Party:
    """A company of ours in the role of a party."""
    return Party(
        company.name, company.country, company.street, company.town, company.post_code, company.gln, company.vat,
        company.orgnr, company.department,
    )  # fmt: skip


def party_members(party: Party) -> dict[str, Any]:
    """A party as the API shows it."""
    contact = {name: value for name, value in (("name", party.contact), ("email", party.email)) if value}
    members: dict[str, Any] = {
        "name": party.name,
        "type": "Business",
        "ids": [
            {"idType": "GLN", "value": party.gln},
            {"idType": "UNDEFINED_VAT", "value": party.vat},
            {"idType": "UNDEFINED_ORGNR", "value": party.orgnr},
        ],
        "address": {
            "street": party.street,
            "town": party.town,
            "postCode": party.post_code,
            "countryCode": party.country,
        },
    }
    return members | ({"personalContact": contact} if contact else {})
