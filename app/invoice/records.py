"""An invoice, a credit note or a response to one, as records. Nothing is required: what was not sent is None or ().

Text is as received, cut at Limits.text_characters; it may hold anything, control and direction characters included.
Dates are text (YYYY-MM-DD when the sender kept the format). Money is text that was checked, never a float.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")


def decimal_of(text: str | None) -> Decimal | None:
    """The number a text is, or None when it is anything but a plain decimal of sensible length."""
    return Decimal(text) if text is not None and DECIMAL.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as received, with its currency code. `value` is None when the text is no decimal number."""

    text: str
    currency: str | None

    @property
    def value(self) -> Decimal | None:
        """The amount as a number."""
        return decimal_of(self.text)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number of a party or item and the scheme it belongs to, for example 0088 (GLN) or 0007 (Swedish company)."""

    value: str
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address. `lines` are street, box and the like, in the order to print them."""

    lines: tuple[str, ...] = ()
    postcode: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None  # code or name, as sent


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Seller, buyer or another side."""

    name: str | None = None
    legal_name: str | None = None
    legal_form: str | None = None
    endpoint: Identifier | None = None  # electronic address
    ids: tuple[Identifier, ...] = ()
    company_id: Identifier | None = None
    vat_ids: tuple[str, ...] = ()
    tax_ids: tuple[str, ...] = ()  # of other schemes
    website: str | None = None
    address: Address | None = None
    contact: Contact | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """From and to, both days included."""

    start: str | None
    end: str | None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """Another document. `kind`: order, sales_order, contract, project, despatch, receipt, tender, invoice or other."""

    kind: str
    number: str
    issued: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """What came along: name and size, never the content. `address` is foreign text, not a link to follow."""

    number: str | None
    name: str | None
    description: str | None
    media_type: str | None
    size_bytes: int | None  # None when it is elsewhere
    address: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """When and where the goods went."""

    day: str | None
    receiver: str | None
    location_id: Identifier | None
    address: Address | None


@dataclass(frozen=True, slots=True)
class PaymentMeans:
    """One way to pay. `account_kind` is iban, bankgiro, plusgiro or account; `card` shows the last four digits only."""

    code: str | None
    name: str | None
    reference: str | None
    account: str | None
    account_kind: str
    account_name: str | None
    bank: str | None  # BIC or another branch code
    card: str | None
    mandate: str | None
    due: str | None


@dataclass(frozen=True, slots=True)
class Vat:
    """A VAT category (UNCL5305, for example S) and its rate in percent."""

    category: str | None
    percent: str | None
    reason: str | None = None  # of an exemption
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """A discount or, with is_charge, a charge."""

    is_charge: bool
    amount: Money | None
    base: Money | None
    percent: str | None
    reason: str | None
    vat: Vat | None


@dataclass(frozen=True, slots=True)
class VatRow:
    """One row of the VAT breakdown."""

    vat: Vat
    taxable: Money | None
    amount: Money | None


@dataclass(frozen=True, slots=True)
class Totals:
    """The document's own totals, as stated by the sender."""

    lines: Money | None = None
    allowances: Money | None = None
    charges: Money | None = None
    without_vat: Money | None = None
    vat: tuple[Money, ...] = ()  # in the document's currency and, if sent, the tax currency
    with_vat: Money | None = None
    prepaid: Money | None = None
    rounding: Money | None = None
    payable: Money | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """A named fact about an item."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the document."""

    number: str | None
    name: str | None
    description: str | None
    notes: tuple[str, ...]
    seller_item: str | None
    buyer_item: str | None
    standard_item: Identifier | None
    quantity: str | None
    unit: str | None  # UN/ECE Recommendation 20
    price: Money | None
    price_for: str | None  # how many units the price is for, when sent and not 1
    vat: Vat | None
    amount: Money | None
    period: Period | None
    order_line: str | None
    cost_centre: str | None
    allowances: tuple[Allowance, ...]
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class Caution:
    """Something does not add up. `code` is one of checks.CODES; both sides are None for what has no amounts."""

    code: str
    stated: Money | None = None
    computed: Money | None = None


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice, credit note or reminder; `lines` is the asked page of `lines_total`, from number `lines_from` on."""

    kind: str  # invoice, credit_note or reminder
    number: str | None
    type_code: str | None  # UNCL1001
    customization: str | None
    issued: str | None
    due: str | None
    tax_point: str | None
    period: Period | None
    currency: str | None
    tax_currency: str | None
    buyer_reference: str | None
    cost_centre: str | None
    notes: tuple[str, ...]
    references: tuple[Reference, ...]
    seller: Party | None
    buyer: Party | None
    payee: Party | None
    tax_representative: Party | None
    deliveries: tuple[Delivery, ...]
    payment_means: tuple[PaymentMeans, ...]
    payment_terms: tuple[str, ...]
    allowances: tuple[Allowance, ...]
    vat: tuple[VatRow, ...]
    totals: Totals
    attachments: tuple[Attachment, ...]
    lines: tuple[Line, ...]
    lines_from: int
    lines_total: int
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a response says what it says."""

    code: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Response:
    """An ApplicationResponse: what the receiver says about a document. `code` is of UNCL4343 or PUF-016."""

    kind: str  # always response
    number: str | None
    issued: str | None
    sender: Party | None
    receiver: Party | None
    code: str | None
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    references: tuple[Reference, ...]
    cautions: tuple[Caution, ...]
