"""What a form about files asks for. Pure.

Refuses whatever is not on offer here: unknown types and modes, Production without its own confirmation. A mistake of a
person is a Mistake, said beside the form; what no form of ours sends is RequestRefused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import RequestRefused
from app.pagero.file_records import DOCUMENT_TYPES, PRODUCTION, SEND_MODES, TEST
from app.pagero.texts import text_of

KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PLACE = re.compile(r"[0-9]{1,3}")
COMPANY = re.compile(r"[A-Za-z0-9._:-]{1,100}")
CONFIRMED = "yes"
OTHER = "other"
LONGEST_REFERENCE = 100
LONGEST_NAME = 150
LONGEST_ENDING = 12
NAMELESS = "file"


class Mistake(Exception):
    """What a person can put right in the form. `code` is a key of words' upload_mistake; nothing was sent."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Order:
    """How files are to be sent. `key` is the form's own, good once."""

    key: str
    place: int
    """The number of the form's first file: a script sends the files of one form singly."""
    document_type: str
    company_id: str
    reference: str
    send_mode: str
    again: bool
    """Whether content that was sent before may be sent again."""

    def form_key(self, number: int) -> str:
        """The key of one file of the form."""
        return f"{self.key}.{self.place + number}"

    @property
    def fields(self) -> dict[str, str]:
        """In Pagero's spelling; a reference that is not there is not sent."""
        fields = {
            "documentType": self.document_type,
            "sendMode": self.send_mode,
            "sendingCompanyId": self.company_id,
            "senderReference": self.reference,
        }
        return {name: value for name, value in fields.items() if value}


def order(form: Mapping[str, str]) -> Order:
    """The order of a form. Raises Mistake and RequestRefused."""
    key, place = form.get("key", ""), form.get("place", "0")
    if not KEY.fullmatch(key) or not PLACE.fullmatch(place):
        raise RequestRefused("form_key_malformed")
    send_mode = _one_of(form.get("sendMode", TEST), SEND_MODES, "send_mode_unknown")
    made = Order(
        key=key,
        place=int(place),
        document_type=_one_of(form.get("documentType", ""), DOCUMENT_TYPES, "document_type_unknown"),
        company_id=_company(form),
        reference=_reference(form.get("senderReference", "")),
        send_mode=send_mode,
        again=form.get("again") == CONFIRMED,
    )
    if send_mode == PRODUCTION and form.get("production") != CONFIRMED:
        raise Mistake("production_unconfirmed")
    return made


def form_key(form: Mapping[str, str]) -> str:
    """The key of a form that does one thing. Raises RequestRefused."""
    key = form.get("key", "")
    if not KEY.fullmatch(key):
        raise RequestRefused("form_key_malformed")
    return key


def clean_name(name: str | None) -> str:
    """A file's name without folders, control and direction characters, at most 150 long with its ending kept."""
    last = re.split(r"[/\\]", name or "")[-1]
    text = text_of(last, 1000) or NAMELESS
    if set(text) <= {"."}:
        return NAMELESS
    stem, dot, ending = text.rpartition(".")
    if len(text) > LONGEST_NAME and dot and len(ending) <= LONGEST_ENDING:
        return f"{stem[: LONGEST_NAME - len(ending) - 2]}….{ending}"
    return text[:LONGEST_NAME]


def _one_of(value: str, known: tuple[str, ...], code: str) -> str:
    if value not in known:
        raise RequestRefused(code)
    return value


def _company(form: Mapping[str, str]) -> str:
    """The id written by hand when that is chosen or nothing else is on offer, else the one chosen."""
    chosen, written = form.get("sendingCompanyId", "").strip(), form.get("otherCompanyId", "").strip()
    company = written if chosen in ("", OTHER) else chosen
    if not company:
        raise Mistake("company_missing")
    if not COMPANY.fullmatch(company):
        raise Mistake("company_malformed")
    return company


def _reference(text: str) -> str:
    cleaned = (text_of(text, LONGEST_REFERENCE + 1) or "") if text.strip() else ""
    if len(cleaned) > LONGEST_REFERENCE:
        raise Mistake("reference_long")
    return cleaned
