"""Codes of Pagero and of ours in the person's language. An unknown code is shown as it came, never refused."""

from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.models import ConnectionState, ReconnectReason, RevokeOutcome
from app.web.foreign import MISSING, plain

WORDS: dict[str, dict[str, LazyString]] = {
    "document_type": {
        "Invoice": _l("Invoice"),
        "CreditNote": _l("Credit note"),
        "PaymentReminder": _l("Payment reminder"),
        "ApplicationResponse": _l("Response"),
        "Order": _l("Order"),
        "OrderResponse": _l("Order response"),
        "DespatchAdvice": _l("Despatch advice"),
        "Catalogue": _l("Catalogue"),
    },
    "subtype": {
        "Debit": _l("Debit"),
        "Credit": _l("Credit"),
        "RecipientAccept": _l("accepted"),
        "RecipientReject": _l("rejected"),
        "RecipientRejectWithClearanceRemoval": _l("rejected, clearance removed"),
    },
    "direction": {"Sent": _l("Sent"), "Received": _l("Received")},
    "send_mode": {"Production": _l("Production"), "Test": _l("Test"), "Certification": _l("Certification")},
    "distribution": {
        "Electronic": _l("Electronic"),
        "Email": _l("E-mail"),
        "Print": _l("Print"),
    },
    "identifier": {
        "GLN": _l("GLN"),
        "UNDEFINED_VAT": _l("VAT number"),
        "UNDEFINED_ORGNR": _l("Organisation number"),
    },
    "connection": {
        ConnectionState.ACTIVE: _l("Connected"),
        ConnectionState.IN_DOUBT: _l("Being checked"),
        ConnectionState.RECONNECT_NEEDED: _l("Reconnect needed"),
        ConnectionState.DISCONNECTED: _l("Disconnected"),
    },
    "reconnect_reason": {
        ReconnectReason.ENDED_AT_PAGERO: _l("Pagero ended the connection."),
        ReconnectReason.ROTATION_LOST: _l("A renewal was interrupted and Pagero no longer accepts the old access."),
        ReconnectReason.NO_REFRESH_TOKEN: _l("Pagero gave access for a short time only, and it has run out."),
        ReconnectReason.UNREADABLE: _l("The stored access can no longer be opened by this application."),
    },
    "revoke": {
        RevokeOutcome.PENDING: _l("not confirmed by Pagero yet"),
        RevokeOutcome.CONFIRMED: _l("confirmed by Pagero"),
        RevokeOutcome.GIVEN_UP: _l("never confirmed by Pagero"),
    },
    "outcome": {"ok": _l("Done"), "failed": _l("Failed"), "refused": _l("Refused"), "pending": _l("Pending")},
    "identity_source": {
        "id_token": _l("ID token, checked"),
        "access_token": _l("access token"),
        "userinfo": _l("Pagero's user information"),
    },
}


KINDS: dict[tuple[str | None, str | None], LazyString] = {  # pairs that have a name of their own
    ("Invoice", "Debit"): _l("Invoice"),
    ("Invoice", "Credit"): _l("Credit note"),
}


def words(code: object, kind: str) -> str:
    """The word for a code of this kind, the code itself when there is none, a dash when there is no code."""
    if code is None or code == "":
        return MISSING
    known = WORDS[kind].get(str(code))
    return plain(code) if known is None else str(known)


def kind(document_type: str | None, sub_type: str | None) -> str:
    """What a document is, in a few words: Invoice, Credit note, or type and subtype."""
    known = KINDS.get((document_type, sub_type))
    if known is not None:
        return str(known)
    first = words(document_type, "document_type")
    return f"{first}: {words(sub_type, 'subtype')}" if sub_type else first


def init_app(app: Flask) -> None:
    """Offer both to templates."""
    app.jinja_env.filters["words"] = words
    app.jinja_env.globals["kind_of"] = kind
