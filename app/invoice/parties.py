"""Nodes to parties, addresses, contacts, deliveries and identifiers."""

from app.invoice.records import Address, Contact, Delivery, Identifier, Party, Period
from app.invoice.tree import Node

STREET = ("Postbox", "Department", "StreetName", "AdditionalStreetName", "AddressLine/Line", "CitySubdivisionName")


def identifier(node: Node | None) -> Identifier | None:
    """An ID element with its scheme."""
    return Identifier(node.value, node.attributes.get("schemeID")) if node and node.value else None


def party(node: Node | None) -> Party | None:
    """A Party element; None when it says nothing."""
    if node is None:
        return None
    vat_ids, tax_ids = _tax_ids(node)
    found = Party(
        name=node.text("PartyName/Name"),
        legal_name=node.text("PartyLegalEntity/RegistrationName"),
        legal_form=node.text("PartyLegalEntity/CompanyLegalForm"),
        endpoint=identifier(node.first("EndpointID")),
        ids=tuple(filter(None, map(identifier, node.all("PartyIdentification/ID")))),
        company_id=identifier(node.first("PartyLegalEntity/CompanyID")),
        vat_ids=vat_ids,
        tax_ids=tax_ids,
        website=node.text("WebsiteURI"),
        address=address(node.first("PostalAddress")),
        contact=contact(node.first("Contact")),
    )
    return found if found != Party() else None


def address(node: Node | None) -> Address | None:
    """An address element; None when it says nothing."""
    if node is None:
        return None
    found = Address(
        lines=_street(node),
        postcode=node.text("PostalZone"),
        city=node.text("CityName"),
        region=node.text("CountrySubentity"),
        country=node.text("Country/IdentificationCode") or node.text("Country/Name"),
    )
    return found if found != Address() else None


def contact(node: Node | None) -> Contact | None:
    """A contact element; None when it says nothing."""
    if node is None:
        return None
    found = Contact(node.text("Name"), node.text("Telephone"), node.text("ElectronicMail"))
    return found if found != Contact() else None


def delivery(node: Node) -> Delivery | None:
    """A Delivery element; None when it says nothing."""
    day = node.text("ActualDeliveryDate") or node.text("LatestDeliveryDate")
    receiver = node.text("DeliveryParty/PartyName/Name")
    location_id = identifier(node.first("DeliveryLocation/ID"))
    place = address(node.first("DeliveryLocation/Address"))
    return Delivery(day, receiver, location_id, place) if day or receiver or location_id or place else None


def period(node: Node | None) -> Period | None:
    """A period element; None when it says nothing."""
    if node is None:
        return None
    found = Period(node.text("StartDate"), node.text("EndDate"), node.text("Description"))
    return found if found != Period(None, None) else None


def _street(node: Node) -> tuple[str, ...]:
    lines = []
    for step in STREET:
        for text in node.texts(step):
            number = node.text("BuildingNumber") if step == "StreetName" else None
            lines.append(f"{text} {number}" if number else text)
    return tuple(lines)


def _tax_ids(node: Node) -> tuple[tuple[str, ...], tuple[str, ...]]:
    vat_ids: list[str] = []
    tax_ids: list[str] = []
    for scheme in node.all("PartyTaxScheme"):
        number = scheme.text("CompanyID")
        if number:
            (vat_ids if scheme.text("TaxScheme/ID") in {"VAT", None} else tax_ids).append(number)
    return tuple(vat_ids), tuple(tax_ids)
