"""The tables. One class each; every column says what it holds, when it is null and what it changes together with."""

from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import app.companies.tables  # noqa: F401 - every table is known wherever app.models is
from app.db import Base


def new_id() -> str:
    """A random row id: 36 characters, not guessable, not ordered."""
    return str(uuid4())


class ConnectionState(StrEnum):
    """The states of a connection. While a refresh runs, `lease_until` lies in the future; that is not a state."""

    ACTIVE = "active"
    IN_DOUBT = "in_doubt"  # a refresh may have been spent and its answer lost; one more try is owed
    RECONNECT_NEEDED = "reconnect_needed"
    DISCONNECTED = "disconnected"


class ReconnectReason(StrEnum):
    """Why a connection needs its person again."""

    ENDED_AT_PAGERO = "ended_at_pagero"  # Pagero answered invalid_grant
    ROTATION_LOST = "rotation_lost"  # Pagero answered invalid_grant after a refresh whose answer was lost
    NO_REFRESH_TOKEN = "no_refresh_token"  # noqa: S105 - Pagero never gave one
    UNREADABLE = "unreadable"  # the sealed tokens cannot be opened


class RevokeOutcome(StrEnum):
    """What Pagero said to the revocation of a disconnected connection's tokens."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    GIVEN_UP = "given_up"


class Account(Base):
    """A person who signed in, named by issuer and subject."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255), index=True)
    identity_source: Mapped[str] = mapped_column(String(20))
    """Where the subject came from at the last sign-in: id_token, access_token or userinfo."""
    display_name: Mapped[str | None] = mapped_column(String(255))
    """What Pagero calls the person, when it says; never used to tell people apart."""
    callback_issuer: Mapped[str | None] = mapped_column(String(255))
    """The callback's `iss` at the last sign-in, shown to administrators so that it can be pinned (RFC 9207)."""
    language: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime]
    last_signed_in_at: Mapped[datetime]


class Connection(Base):
    """An account's stored link to Pagero. Only app.tokens writes its columns, and only it reads tokens and leases."""

    __tablename__ = "connections"
    __table_args__ = (Index("ix_connections_state", "state"), Index("ix_connections_key_id", "key_id"))

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), unique=True)
    state: Mapped[str] = mapped_column(String(20))
    """A ConnectionState."""
    reason: Mapped[str | None] = mapped_column(String(40))
    """A ReconnectReason while state is reconnect_needed, else null."""

    sealed_access_token: Mapped[bytes | None]
    sealed_refresh_token: Mapped[bytes | None]
    """Envelopes of tokens.sealing, bound to this row, column and generation. Null after disconnecting."""
    key_id: Mapped[str | None] = mapped_column(String(40))
    """The key that sealed both, so that SQL can count what a key still holds."""
    generation: Mapped[int] = mapped_column(default=1)
    """Grows by one with every pair of tokens stored; part of what the envelopes are bound to."""
    access_expires_at: Mapped[datetime | None]
    refresh_due_at: Mapped[datetime | None]
    """From when a view may renew early; drawn once per pair, with jitter."""
    granted_scope: Mapped[str | None] = mapped_column(Text)
    """As Pagero answered; empty or null means as requested (RFC 6749, 5.1)."""

    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None]
    """Until when (database clock) one worker may be refreshing. Both null: nobody is."""
    fence: Mapped[int] = mapped_column(default=0)
    """Grows with every lease; a holder may save only under the fence it was given."""
    spent_generation: Mapped[int | None]
    """The generation whose refresh token was handed to a call whose answer is not stored yet. Left behind by a dead
    worker it means: maybe spent."""
    retry_at: Mapped[datetime | None]
    """No refresh before this (database clock): the back-off all workers share."""
    failures: Mapped[int] = mapped_column(default=0)
    """Refreshes failed in a row."""
    forced_at: Mapped[datetime | None]
    """When a refresh was last forced by a 401 from the API: at most one a minute (database clock)."""
    last_refresh_outcome: Mapped[str | None] = mapped_column(String(40))

    revoke_outcome: Mapped[str | None] = mapped_column(String(20))
    """A RevokeOutcome once disconnected, else null. While it is pending, the refresh token stays sealed."""
    revoke_attempts: Mapped[int] = mapped_column(default=0)
    revoke_retry_at: Mapped[datetime | None]
    """When the revocation may be tried again (database clock); null unless pending."""
    connected_at: Mapped[datetime]
    """When this grant was made (the person signed in or reconnected)."""
    last_rotated_at: Mapped[datetime]
    """When Pagero last gave a refresh token: the rolling three years start here."""
    disconnected_at: Mapped[datetime | None]


class BrowserSession(Base):
    """A signed-in browser. The cookie's random id is known here only by its SHA-256."""

    __tablename__ = "browser_sessions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    """Names the session on the account page; not a secret."""
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    """Written at most once a minute."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """The absolute end, whatever happens."""
    user_agent: Mapped[str] = mapped_column(String(200))
    remote_addr: Mapped[str] = mapped_column(String(45))


class SpentTransaction(Base):
    """The state of a sign-in that has been claimed: inserting it is the claim, so it can happen once."""

    __tablename__ = "spent_transactions"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Administrator(Base):
    """A subject that may enter /admin, possibly before its first sign-in."""

    __tablename__ = "administrators"

    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    added_at: Mapped[datetime]


class Switch(Base):
    """A switch that counts on all machines at once. A row means on; off is no row."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]
    """Since when it is on."""
    actor: Mapped[str] = mapped_column(String(300))
    """Who switched it on, as in the audit trail."""


class ReconnectLink(Base):
    """A link an administrator made for one account to reconnect with. Its token is known here only by its SHA-256."""

    __tablename__ = "reconnect_links"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    made_by: Mapped[str] = mapped_column(String(300))
    """The administrator's account id."""
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    """When it began a sign-in; it begins no second one."""


class KeyCanary(Base):
    """A known value sealed under each key, so that a wrong key stops the start instead of breaking connections."""

    __tablename__ = "key_canaries"

    key_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]


class AuditEvent(Base):
    """One thing that happened to an account or a connection. Rows are only ever added."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(60))
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(60))
    account_id: Mapped[str | None] = mapped_column(String(36), index=True)
    """Whose account or connection it is about; no foreign key, because the trail outlives the row."""
    subject: Mapped[str | None] = mapped_column(String(255))
    """Whom it is about when that may be nobody with an account yet: an administrator named in advance."""
    actor: Mapped[str] = mapped_column(String(300))
    """The acting account's id, `command` for the command line, or `system`."""
    request_id: Mapped[str | None] = mapped_column(String(64))
    remote_addr: Mapped[str | None] = mapped_column(String(45))


SYSTEM = "system"
LONGEST_REASON, LONGEST_ACTOR = 60, 300  # letters, as the columns are


def audit_event(
    at: datetime,
    action: str,
    outcome: str = "ok",
    *,
    reason: str | None = None,
    actor: str = SYSTEM,
    **about: str | None,
) -> AuditEvent:
    """An event to be added, cut to what its columns hold; `about` are the other columns. See app.audit.record."""
    short = reason[:LONGEST_REASON] if reason else None
    return AuditEvent(at=at, action=action, outcome=outcome, reason=short, actor=actor[:LONGEST_ACTOR], **about)


class UploadOutcome(StrEnum):
    """What is known of a file that was to go to Pagero."""

    SENDING = "sending"  # the row is written before the file leaves; left behind by a dead worker it means unknown
    SENT = "sent"
    REFUSED = "refused"  # it certainly was not taken in
    UNKNOWN = "unknown"  # the answer was lost; it may have been taken in


class Upload(Base):
    """A file sent, or to be sent, to Pagero through this application. Of its content only size and hash are kept."""

    __tablename__ = "uploads"
    __table_args__ = (
        UniqueConstraint("account_id", "form_key"),
        Index("ix_uploads_account_id_made_at", "account_id", "made_at"),
        Index("ix_uploads_account_id_sha256", "account_id", "sha256"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    form_key: Mapped[str] = mapped_column(String(60))
    """The one-time key of the form and the file's place in it: inserting it is what allows to send, so that it happens
    once."""
    file_name: Mapped[str] = mapped_column(String(150))
    document_type: Mapped[str] = mapped_column(String(60))
    company_id: Mapped[str] = mapped_column(String(100))
    reference: Mapped[str] = mapped_column(String(100))
    """The sender's own; empty when none was given."""
    send_mode: Mapped[str] = mapped_column(String(20))
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    pagero_file_id: Mapped[str | None] = mapped_column(String(100))
    """Null unless outcome is sent."""
    outcome: Mapped[str] = mapped_column(String(20))
    """An UploadOutcome."""
    reason: Mapped[str | None] = mapped_column(String(60))
    """Why it was refused or is unknown, or how it was found again: a code of app.errors or of ours."""


class FileAction(Base):
    """A restart or cancellation of a stopped filepart, asked for through this application."""

    __tablename__ = "file_actions"
    __table_args__ = (
        UniqueConstraint("account_id", "form_key"),
        Index("ix_file_actions_account_id_pagero_file_id", "account_id", "pagero_file_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    form_key: Mapped[str] = mapped_column(String(60))
    """As of an upload."""
    pagero_file_id: Mapped[str] = mapped_column(String(100))
    part_id: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(20))
    """Restart or Cancel."""
    made_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(20))
    """An UploadOutcome."""
    reason: Mapped[str | None] = mapped_column(String(60))
