"""Makes the sandbox's documents: some hundred per company, the same at every start but for their dates.

All shapes the API was seen to have occur (pagero-api section 4.5), and some it may have: missing parties and due dates,
types and values nobody has heard of, references between invoices and the responses that accept or reject them.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from app.sandbox.amounts import Line, rounded, totals
from app.sandbox.document import Document, own_party, party_members, timestamp
from app.sandbox.partners import GOODS, HOSTILE, PARTNERS, RATES, Party
from app.sandbox.people import Company, stable_uuid

DAYS_KEPT = 89.5  # the user interface keeps 90 (pagero-api section 5)
COUNTS = {"nordlicht": 150, "fjallform": 90, "kontor": 120, "volga": 70}
FOREIGN = {"NO": "NOK", "JP": "JPY", "KW": "KWD", "DK": "EUR", "GB": "EUR", "SE": "SEK"}
IN_THAT_CURRENCY = {"JPY": Decimal(14), "KWD": Decimal("0.029"), "EUR": Decimal("0.09")}


class Maker:
    """Makes the documents of one company, one die per company."""

    def __init__(self, company: Company, born: datetime) -> None:
        self.company = company
        self.born = born
        self.die = Random(f"documents of {company.key}")  # noqa: S311 - believable, not secret
        self.serial = 0

    def all(self, count: int) -> list[Document]:
        """`count` invoices and the like, and the responses to some of them."""
        made: list[Document] = []
        for index in range(count):
            document = self.invoice(index)
            made.append(document)
            if document.type == "Invoice" and self.die.random() < 0.22:
                made.append(self.response(document))
        made += [self.unheard_of(), self.bare()]
        return made

    def when(self, index: int) -> datetime:
        """Somewhere in the last 90 days, recent days fuller; the first few within hours."""
        if index < 6:
            return self.born - timedelta(minutes=17 + 131 * index + self.die.random() * 60)
        days = 0.5 + (DAYS_KEPT - 1) * self.die.random() ** 1.3
        return self.born - timedelta(days=days)

    def lines(self, partner: Party, currency: str) -> tuple[Line, ...]:
        """One to seven lines; VAT as usual between the two countries."""
        own = self.company.country
        rates = [("S", Decimal(rate)) for rate in RATES.get(own, ("25", "12"))]
        if partner.country != own:
            inside = partner.country in {"SE", "DK", "FI", "FR", "ES", "IT", "PL", "GR", "DE", "NL"}
            rates = [("K" if inside else "G", Decimal(0))] * 2
        factor = IN_THAT_CURRENCY.get(currency, Decimal(1))
        return tuple(
            Line(
                name,
                quantity=Decimal(self.die.randint(1, 24)),
                unit=unit,
                price=rounded(Decimal(text) * factor, currency),
                category=category,
                percent=percent,
            )
            for name, unit, text in self.die.sample(GOODS, self.die.choice((1, 1, 2, 2, 3, 4, 7)))
            for category, percent in [rates[self.die.random() < 0.25]]
        )

    def partner(self) -> Party:
        """Somebody to trade with, every third time from the same country."""
        near = [partner for partner in PARTNERS if partner.country == self.company.country]
        return self.die.choice(near if near and self.die.random() < 0.35 else PARTNERS)

    def number(self, direction: str, prefix: str) -> str:
        """A document number in the manner of whoever sent it."""
        self.serial += 1
        return f"{prefix}-{4400 + self.serial}" if direction == "Sent" else f"{self.die.randint(100000, 999999)}"

    def invoice(self, index: int) -> Document:
        """An invoice, credit note or payment reminder, sent or received."""
        die = self.die
        direction = die.choice(("Sent", "Received"))
        partner = PARTNERS[index] if index < len(PARTNERS) else self.partner()
        kind, subtype = die.choices(
            (("Invoice", "Debit"), ("Invoice", "Credit"), ("PaymentReminder", "")), weights=(86, 8, 6)
        )[0]
        home = self.company.currency
        currency = home if partner.country == self.company.country else FOREIGN.get(partner.country, "EUR")
        lines = self.lines(partner, currency)
        at = self.when(index)
        issued = at.date() - timedelta(days=die.choice((0, 0, 1, 2, 3)))
        prefix = {"PaymentReminder": "REM"}.get(kind, "CN" if subtype == "Credit" else "INV")
        info: dict[str, Any] = {"direction": direction, "documentType": kind}
        if subtype:
            info["documentSubType"] = subtype
        info |= {"documentIdentifier": self.number(direction, prefix), "issueDate": issued.isoformat()}
        if die.random() < 0.9 and subtype != "Credit":
            info["dueDate"] = (issued + timedelta(days=die.choice((10, 14, 30, 30, 60)))).isoformat()
        summed = totals(lines, currency)
        info["amounts"] = {
            "currency": currency,
            "netAmount": str(summed.net),
            "vatAmount": str(summed.vat),
            "totalAmount": str(summed.total),
        }
        self_billed = kind == "Invoice" and die.random() < 0.04
        return self.document(direction, partner, info, at, lines=lines, currency=currency, self_billed=self_billed)

    def response(self, invoice: Document) -> Document:
        """What the receiver of `invoice` answered: accepted, or rejected with a reason."""
        die = self.die
        direction = "Received" if invoice.direction == "Sent" else "Sent"
        subtype = die.choices(
            ("RecipientAccept", "RecipientReject", "RecipientRejectWithClearanceRemoval"), weights=(70, 25, 5)
        )[0]
        latest = self.born - timedelta(minutes=1 + die.random() * 14)
        at = min(invoice.created_at + timedelta(hours=1 + die.random() * 70), latest)
        info = {
            "direction": direction,
            "documentType": "ApplicationResponse",
            "documentSubType": subtype,
            "documentIdentifier": f"AR-{invoice.number}",
            "issueDate": at.date().isoformat(),
        }
        partner = invoice.seller if invoice.buyer.gln == self.company.gln else invoice.buyer
        note = "" if subtype == "RecipientAccept" else die.choice(
            ("Wrong order reference", "Price differs from the agreement", "Goods not received")
        )  # fmt: skip
        references = [{"type": "Invoice", "documentIdentifier": invoice.number, "documentId": invoice.id}]
        return self.document(
            direction, partner, info, at, answers=invoice.number, note=note, references=references,
            mode=invoice.members["sendMode"],
        )  # fmt: skip

    def unheard_of(self) -> Document:
        """A type, subtype, distribution and send mode from the future."""
        info = {
            "direction": "Received",
            "documentType": "TransportExecutionPlan",
            "documentSubType": "Provisional",
            "documentIdentifier": f"TEP-{self.company.orgnr[-4:]}",
            "issueDate": (self.born - timedelta(days=4)).date().isoformat(),
        }
        document = self.document("Received", PARTNERS[0], info, self.born - timedelta(days=4), mode="Rehearsal")
        return replace(document, members=document.members | {"distribution": "CarrierPigeon"})

    def bare(self) -> Document:
        """A received document that says next to nothing about itself."""
        at = self.born - timedelta(days=9, hours=3)
        info = {"direction": "Received", "documentType": "Invoice", "documentIdentifier": "0001"}
        whole = self.document("Received", PARTNERS[1], info, at)
        kept = ("id", "fileId", "createTime", "isFetched", "documentInfo")
        members = {name: whole.members[name] for name in kept}
        members["documentInfo"] = info
        return replace(whole, members=members)

    def hostile(self) -> list[Document]:
        """One document per name that is meant to break pages, exports or logs."""
        made = []
        for index, name in enumerate(HOSTILE):
            party = Party(name, "SE", name, name, name[:40], name[:40], name[:40], name[:40], name, name)
            info = {
                "direction": ("Sent", "Received")[index % 2],
                "documentType": "Invoice",
                "documentSubType": name[:60],
                "documentIdentifier": name,
                "issueDate": "0000-00-00" if index == 3 else "9999-12-31" if index == 4 else "2026-01-01",
                "amounts": {"currency": name[:8], "netAmount": name, "vatAmount": "NaN", "totalAmount": "1e400"},
            }
            made.append(self.document(str(info["direction"]), party, info, self.born - timedelta(seconds=index)))
        return made

    def document(
        self, direction: str, partner: Party, info: dict[str, Any], at: datetime, *, lines: tuple[Line, ...] = (),
        currency: str = "SEK", answers: str = "", note: str = "", self_billed: bool = False,
        references: list[dict[str, str]] | None = None, mode: str = "",
    ) -> Document:  # fmt: skip
        """Put the envelope around `info`."""
        die, own = self.die, own_party(self.company)
        sender, receiver = (own, partner) if direction == "Sent" else (partner, own)
        if die.random() < 0.92:
            info["senderParty"] = party_members(sender)
        if die.random() < 0.95:
            info["receiverParty"] = party_members(receiver)
        errors = die.choices((0, 1, 3), weights=(94, 4, 2))[0]
        members: dict[str, Any] = {
            "id": stable_uuid(f"document/{self.company.key}/{info['documentType']}/{info['documentIdentifier']}"),
            "fileId": f"77{self.company.gln[-6:-1]}{die.randint(10000, 99999)}",
            "createTime": timestamp(at),
            "distribution": die.choices(("Electronic", "Email", "Print"), weights=(86, 8, 6))[0],
            "sendMode": mode or die.choices(("Production", "Test", "Certification"), weights=(84, 11, 5))[0],
            "isFetched": direction == "Received" and die.random() < 0.6,
            "isSelfBilled": self_billed,
            "sendingServiceProviderId": sender.provider[0],
            "sendingServiceProviderName": sender.provider[1],
            "receivingServiceProviderId": receiver.provider[0],
            "receivingServiceProviderName": receiver.provider[1],
            "validationErrors": {"noOfErrors": errors},
            "attachments": self.attachments(info),
            "documentReferences": references if references is not None else self.references(),
            "eventDetails": events(at, errors, direction, die),
        }
        if direction == "Sent":
            members["sendingCompanyId"] = self.company.id
            members["receivingTradingPartnerId"] = str(3100000 + int(partner.gln[-5:]) if partner.gln.isdigit() else 1)
        else:
            members["sendingTradingPartnerId"] = str(3200000 + int(partner.gln[-5:]) if partner.gln.isdigit() else 2)
        members["documentInfo"] = info
        seller, buyer = (receiver, sender) if self_billed else (sender, receiver)
        return Document(self.company, at, members, seller, buyer, currency, lines, answers, note)

    def attachments(self, info: dict[str, Any]) -> list[dict[str, Any]]:
        """A delivery note now and then."""
        if self.die.random() > 0.15:
            return []
        name = f"{info['documentIdentifier'][:40]}-delivery-note.pdf"
        return [{"id": str(self.die.randint(10**6, 10**7)), "fileName": name, "contentType": "application/pdf",
                 "size": self.die.randint(9_000, 900_000)}]  # fmt: skip

    def references(self) -> list[dict[str, str]]:
        """An order, a contract, or nothing."""
        kind = self.die.choices(("", "Order", "Contract"), weights=(55, 35, 10))[0]
        return [{"type": kind, "documentIdentifier": f"PO-{self.die.randint(1000, 9999)}"}] if kind else []


def events(at: datetime, errors: int, direction: str, die: Random) -> list[dict[str, str]]:
    """What happened to a document, oldest first. The shape is a guess: fixtures only ever showed an empty list."""
    told = [("Received by Pagero", 0), ("Validated" if not errors else "Validated with errors", 4)]
    if direction == "Sent" and not errors:
        told += [("Delivered to receiver", 40), ("Technical acknowledgement received", 95)]
    if die.random() < 0.3:
        return []
    return [{"time": timestamp(at + timedelta(seconds=seconds)), "description": text} for text, seconds in told]
