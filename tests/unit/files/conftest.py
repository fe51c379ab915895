"""The application in this process, and a desk at which a test says what Pagero answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.errors import AppError
from app.files.sending import Sender
from app.models import Account
from app.pagero.file_records import File, FilePage, FilePart, FileParts
from app.pagero.multipart import Payload
from app.pagero.records import Document, DocumentPage, DocumentQuery
from app.services import services
from tests.support.in_process import application, clock, other_window, pagero, rows, settings, window

__all__ = ["application", "clock", "other_window", "pagero", "rows", "settings", "window"]

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
Answer = Any


@dataclass
class PlayedDesk:
    """Answers each question from what it was given; an exception given is raised. Unexpected questions fail."""

    uploads: list[Answer] = field(default_factory=list)
    actions: list[Answer] = field(default_factory=list)
    files: Answer = None
    parts_of: dict[str, Answer] = field(default_factory=dict)
    documents_of: Answer = None
    sent: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    acted: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    meanwhile: Callable[[], Any] = lambda: None

    def upload(self, payload: Payload, fields: dict[str, str]) -> File:
        self.meanwhile()
        payload.stream.seek(0)
        self.sent.append((payload.name, payload.stream.read(), fields))
        return told(self.uploads.pop(0))

    def act(self, part_id: str, action: str) -> None:
        self.meanwhile()
        self.acted.append((part_id, action))
        told(self.actions.pop(0))

    def list(self, limit: int, offset: int = 0) -> FilePage:
        return told(self.files)

    def parts(self, file_id: str) -> FileParts:
        self.asked.append(file_id)
        return told(self.parts_of[file_id])

    def documents(self, query: DocumentQuery) -> DocumentPage:
        return told(self.documents_of)


def told(answer: Answer) -> Any:
    if isinstance(answer, AppError):
        raise answer
    return answer


def a_file(file_id: str = "7", **changes: Any) -> File:
    known = {
        "company_id": "c-1", "company_name": "Nordlicht", "user_name": "Anna", "send_mode": "Test",
        "created_at": NOW, "document_type": "Invoice", "reference": "SO 1",
    }  # fmt: skip
    return File(file_id, **(known | changes))


def a_page(*files: File, total: int | None = None) -> FilePage:
    return FilePage(files, len(files) if total is None else total, 0, len(files))


def some_parts(*statuses: str) -> FileParts:
    parts = tuple(FilePart(f"p{number}", status, ("why",)) for number, status in enumerate(statuses))
    return FileParts(parts, len(parts))


def some_documents(*items: dict[str, Any]) -> DocumentPage:
    documents = tuple(Document.from_json(item) for item in items)
    return DocumentPage(documents, len(documents), 0, 25, len(documents))


@pytest.fixture
def desk() -> PlayedDesk:
    return PlayedDesk()


@pytest.fixture
def account_id(application: Flask) -> Iterator[str]:
    """An account, and a context of the application for the whole test."""
    with application.app_context():
        row = Account(
            issuer="https://login.test",
            subject="anna",
            identity_source="id_token",
            created_at=NOW,
            last_signed_in_at=NOW,
        )
        db.session.add(row)
        db.session.commit()
        yield row.id


@pytest.fixture
def sender(account_id: str, desk: PlayedDesk) -> Sender:
    return Sender(db.session, desk, services().clock, account_id)  # type: ignore[arg-type]
