"""The table of the companies an account works with. app.models knows it, so that it is known with all the others."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Company(Base):
    """A company an account works with, by Pagero's id and a name of the account's own."""

    __tablename__ = "companies"
    __table_args__ = (UniqueConstraint("account_id", "company_id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    company_id: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(100))
    is_chosen: Mapped[bool] = mapped_column(default=False)
    """Whether the account looks at this company alone; at most one of an account's."""
    made_at: Mapped[datetime]
