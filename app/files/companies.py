"""Companies a person may send for, learned from what they see at Pagero. Pure; it promises nothing about rights.

What is listed is an offer: Pagero decides at every upload whether the person may send for that company.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.files.asked import COMPANY
from app.pagero.file_records import File
from app.pagero.records import Document

NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Company:
    """A company's id at Pagero and, if it was told, its name."""

    id: str
    name: str | None


def known_companies(
    documents: Iterable[Document], files: Iterable[File], company_ids: Iterable[str] = (), own: Mapping[str, str] = NONE
) -> tuple[Company, ...]:
    """Every company that sent one of these, or is named by id; each once, named ones first, by name.

    `own` are the names the person gave to companies, by id: they come first of all names.
    """
    names: dict[str, str | None] = dict.fromkeys(company_ids)
    for document in documents:
        if document.direction == "Sent" and document.sending_company_id:
            _learn(names, document.sending_company_id, document.sender.name if document.sender else None)
    for file in files:
        if file.company_id:
            _learn(names, file.company_id, file.company_name)
    names |= own
    found = [Company(company_id, name) for company_id, name in names.items() if COMPANY.fullmatch(company_id)]
    return tuple(sorted(found, key=lambda company: (company.name is None, (company.name or company.id).casefold())))


def _learn(names: dict[str, str | None], company_id: str, name: str | None) -> None:
    names[company_id] = name or names.get(company_id)
