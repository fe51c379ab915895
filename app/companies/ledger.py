"""The companies an account works with: ids of Pagero's with names of their own, and which one it looks at.

A name here promises nothing about rights: Pagero decides at every question. Refuses more than MOST of them, and ids and
names that are none. Each change is one commit.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, scoped_session

from app.companies.tables import Company
from app.errors import NotFound, RequestRefused
from app.pagero.records import Document

MOST = 50
LONGEST_NAME = 100
COMPANY_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")

SqlSession = Session | scoped_session[Any]


def companies(sql: SqlSession, account_id: str) -> Sequence[Company]:
    """The account's companies, by name."""
    return sql.scalars(select(Company).where(Company.account_id == account_id).order_by(func.lower(Company.name))).all()


def remember(sql: SqlSession, account_id: str, company_id: str, name: str, now: datetime) -> None:
    """Add a company or give it another name. Raises RequestRefused."""
    wanted, called = company_id.strip(), " ".join(name.split())[:LONGEST_NAME]
    if not COMPANY_ID.fullmatch(wanted) or not called.isprintable():
        raise RequestRefused("company_malformed")
    known = {each.company_id for each in companies(sql, account_id)}
    if wanted not in known and len(known) >= MOST:
        raise RequestRefused("too_many_companies")
    renamed = update(Company).where(Company.account_id == account_id, Company.company_id == wanted)
    if wanted in known:
        sql.execute(renamed.values(name=called or wanted))
    else:
        sql.add(Company(account_id=account_id, company_id=wanted, name=called or wanted, made_at=now))
    try:
        sql.commit()
    except IntegrityError:  # the same form, sent twice at once
        sql.rollback()


def forget(sql: SqlSession, account_id: str, row_id: str) -> None:
    """Take a company off the list. Somebody else's and an unknown one are left alone alike."""
    sql.execute(delete(Company).where(Company.account_id == account_id, Company.id == row_id))
    sql.commit()


def choose(sql: SqlSession, account_id: str, row_id: str) -> None:
    """Look at this company from now on; empty means all of them. Raises NotFound for one that is not the account's."""
    if row_id and row_id not in {each.id for each in companies(sql, account_id)}:
        raise NotFound
    own = update(Company).where(Company.account_id == account_id)
    sql.execute(own.values(is_chosen=False))
    sql.execute(own.where(Company.id == row_id).values(is_chosen=True))
    sql.commit()


def chosen_id(found: Iterable[Company]) -> str | None:
    """Pagero's id of the company that is looked at; None for all."""
    return next((each.company_id for each in found if each.is_chosen), None)


def learned(documents: Iterable[Document], found: Iterable[Company]) -> dict[str, str]:
    """Ids that sent documents name and the account does not remember yet, with the sender's name where one is told."""
    known = {each.company_id for each in found}
    seen: dict[str, str] = {}
    for document in documents:
        number = document.sending_company_id
        if document.direction == "Sent" and number and number not in known and COMPANY_ID.fullmatch(number):
            seen[number] = seen.get(number) or (document.sender.name or "" if document.sender else "")
    return seen
