"""Looking for a number, a partner or an amount in what is loaded. Pure; amounts are compared as numbers."""

import re
from collections.abc import Iterable
from decimal import Decimal

from app.dashboard.pages import Row, row
from app.invoice.records import decimal_of
from app.pagero.records import Document

MOST_FOUND = 50
BLANKS = re.compile(r"[\s\u00a0\u202f]")
AMOUNT = re.compile(r"([+-]?[0-9.,]+)[A-Za-z]{0,3}")


def found(documents: Iterable[Document], text: str) -> list[Row]:
    """The documents that fit, in their order, at most MOST_FOUND."""
    words, amounts = text.casefold(), amounts_of(text)
    rows = (row(document) for document in documents)
    return [each for each in rows if _fits(each, words, amounts)][:MOST_FOUND]


def amounts_of(text: str) -> set[Decimal]:
    """What a typed text may mean as an amount: 1 500,50 and 1,500.50 and 1500.5 are the same; 1.500 may be two."""
    typed = AMOUNT.fullmatch(BLANKS.sub("", text))
    if typed is None:
        return set()
    spellings = {typed[1].replace(",", ""), typed[1].replace(".", "").replace(",", ".")}
    return {value for value in map(decimal_of, spellings) if value is not None}


def _fits(one: Row, words: str, amounts: set[Decimal]) -> bool:
    document = one.document
    texts = [document.identifier, *(party.name for party in (document.sender, document.receiver) if party)]
    ids = [each.value for party in (document.sender, document.receiver) if party for each in party.ids]
    if any(words in each.casefold() for each in texts if each) or words in map(str.casefold, ids):
        return True
    money = document.amounts
    return bool(amounts and money and {decimal_of(money.total), decimal_of(money.net)} & amounts)
