"""Which XML names are ours to read: UBL 2 (OASIS) and PUF (Pagero), the same element names in other namespaces.

Refuses to guess: an element of any other namespace, extensions included, is passed over with all it holds.
Source: UBL 2.1; Peppol BIS Billing 3; pagero/puf-billing and pagero/puf-invoice-response.
"""

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
PUF = "urn:pagero:"
KINDS = {"Invoice": "invoice", "CreditNote": "credit_note", "Reminder": "reminder", "ApplicationResponse": "response"}
COMPONENTS = (
    f"{UBL}CommonAggregateComponents-2",
    f"{UBL}CommonBasicComponents-2",
    f"{PUF}CommonAggregateComponents:",
    f"{PUF}CommonBasicComponents:",
)
ENVELOPE = (
    "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader}StandardBusinessDocument"  # Peppol's SBDH
)
OTHER_RULES = {  # national rules under which a sum of EN 16931 need not hold: the caution that is then not given
    f"{PUF}ExtensionComponent:1.0}}RowType": "lines_differ",  # France: lines that repeat or explain others
    f"{PUF}ExtensionComponent:1.0}}RestrictedInformation": "lines_differ",  # Poland: before and after, advance payments
    f"{PUF}ExtensionComponent:1.0}}PaymentInKind": "payable_differs",
    f"{PUF}CommonAggregateComponents:1.0}}WithholdingTaxTotal": "payable_differs",
    f"{UBL}CommonAggregateComponents-2}}WithholdingTaxTotal": "payable_differs",
}
LINES = frozenset({"InvoiceLine", "CreditNoteLine", "ReminderLine"})
LINE_AMOUNT = "LineExtensionAmount"
EMBEDDED = "EmbeddedDocumentBinaryObject"
KEPT_ATTRIBUTES = frozenset({"schemeID", "currencyID", "unitCode", "mimeCode", "filename", "name", "listID"})


def kind_of(name: str) -> str | None:
    """What a root element "namespace}local" announces: invoice, credit_note, reminder, response, or None."""
    namespace, _, local = name.rpartition("}")
    if local not in KINDS:
        return None
    if namespace == f"{UBL}{local}-2" or namespace.startswith(f"{PUF}PageroUniversalFormat:{local}:"):
        return KINDS[local]
    return None


def local_name(name: str) -> str:
    """The local name of a component "namespace}local", or "" when it is not one of ours."""
    namespace, _, local = name.rpartition("}")
    return local if namespace.startswith(COMPONENTS) else ""
