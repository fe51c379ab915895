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
    "outcome": {
        "ok": _l("Done"),
        "failed": _l("Failed"),
        "refused": _l("Refused"),
        "pending": _l("Pending"),
        "unknown": _l("Outcome unknown"),
    },
    "file_state": {
        "sending": _l("Being sent"),
        "refused": _l("Not sent"),
        "unknown": _l("Outcome unknown"),
        "processing": _l("Processing"),
        "awaiting": _l("Waiting for you"),
        "error": _l("Stopped in error"),
        "done": _l("Done"),
        "cancelled": _l("Cancelled"),
        "unread": _l("Not known at the moment"),
    },
    "file_said": {
        "sending": _l("The file is on its way to Pagero."),
        "refused": _l("The file was not sent."),
        "unknown": _l("Pagero's answer was lost. The file may have arrived or not; it is not sent again by itself."),
        "processing": _l("Pagero is making a document of the file."),
        "awaiting": _l("Pagero waits for you before it goes on."),
        "error": _l("Pagero stopped before a document was made, and gives reasons."),
        "done": _l("Pagero made a document of the file."),
        "cancelled": _l("Processing was cancelled. No document was made."),
        "unread": _l("Pagero did not tell how far the file is."),
    },
    "filepart": {
        "Processing": _l("Processing"),
        "AwaitingInteraction": _l("Waiting for you"),
        "Error": _l("Stopped in error"),
    },
    "file_action": {"Restart": _l("Restart"), "Cancel": _l("Cancellation")},
    "sending_outcome": {
        "sending": _l("Being sent"),
        "sent": _l("taken in by Pagero"),
        "refused": _l("not done"),
        "unknown": _l("outcome unknown"),
    },
    "sending_reason": {
        "pagero_unreachable": _l("Pagero could not be reached."),
        "pagero_timeout": _l("Pagero did not answer in time."),
        "pagero_busy": _l("Pagero asks for a pause before the next request."),
        "pagero_failed": _l("Pagero reported a fault of its own."),
        "pagero_garbled": _l("Pagero's answer could not be read."),
        "pagero_unauthorized": _l("Pagero did not accept the access of your account."),
        "pagero_forbidden": _l("Pagero says that your account has no right to this company or document."),
        "pagero_refused_request": _l("Pagero refuses a file like this."),
        "not_found": _l("Pagero does not know it."),
        "disconnected": _l("You are disconnected from Pagero."),
        "frozen": _l("The operator has stopped everything this application does at Pagero."),
        "no_time_left": _l("The files before it took too long."),
        "given_up": _l("The answer was lost; you looked and it had not arrived."),
        "found_again": _l("The answer was lost; you recognised the file in Pagero's list."),
    },
    "upload_mistake": {
        "file_missing": _l("Choose at least one file."),
        "file_empty": _l("One of the files is empty."),
        "files_many": _l("At most 20 files can be sent at once."),
        "file_twice": _l("Two of the files have the same content."),
        "sent_before": _l("This content was sent before, for the same company and in the same mode."),
        "form_spent": _l("This form has sent another file already. Here is a fresh one."),
        "company_missing": _l("Say for which company the file is sent."),
        "company_malformed": _l("A company id has only letters, digits and . _ : -"),
        "reference_long": _l("The reference is longer than 100 characters."),
        "production_unconfirmed": _l("Production is legally binding. Confirm that you mean it."),
    },
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
