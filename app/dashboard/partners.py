"""Who the documents came from and went to, as far as the window reaches. Pure; believes no name to be unique."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.dashboard.pages import Row, row
from app.pagero.records import Document, Party, PartyId

MOST_IDS = 6


@dataclass
class Partner:
    """A counterparty: as its newest document names it, with every identifier that was seen."""

    party: Party
    last: Row
    ids: dict[PartyId, None] = field(default_factory=dict)
    sent: int = 0
    received: int = 0
    failures: int = 0

    def add(self, one: Row, party: Party) -> None:
        """Count one more document with it."""
        self.ids.update(dict.fromkeys(party.ids[:MOST_IDS]))
        self.sent += one.document.direction == "Sent"
        self.received += one.document.direction == "Received"
        self.failures += one.needs_a_look


def partners(documents: Iterable[Document]) -> list[Partner]:
    """Every counterparty of these documents, which come newest first; the one with the newest document first."""
    found: dict[object, Partner] = {}
    for document in documents:
        one = row(document)
        if one.partner is not None and (key := _key(one.partner)):
            partner = found.setdefault(key, Partner(one.partner, one))
            partner.add(one, one.partner)
    return list(found.values())


def _key(party: Party) -> object:
    """The first identifier makes a party the same; without one its name does."""
    return (party.ids[0].type, party.ids[0].value) if party.ids else (party.name or "").casefold() or None
