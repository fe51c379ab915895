"""Where a list stands. Believes no total: it must never send anybody round in circles or hide what is there."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paging:
    """The part of a list that is shown, counted from 1, and the offsets of its neighbours."""

    first: int
    last: int
    count: int
    total: int | None
    """How many there are in all, when that is known and fits with what was seen."""
    previous: int | None
    next: int | None


def paging(offset: int, limit: int, count: int, total: int | None = None, answered_offset: int | None = None) -> Paging:
    """Place `count` items found at `offset`.

    A total smaller than what was seen is dropped, and a full page then has a next one. An empty page ends the list
    whatever the total says. `answered_offset` is where the other side says its answer starts: if that is elsewhere,
    there is no next page, because it would be the same again.
    """
    seen = offset + count
    believed = total if total is not None and total >= seen and (count or not offset) else None
    more = seen < believed if believed is not None else count >= limit
    astray = answered_offset is not None and answered_offset != offset
    return Paging(
        first=offset + 1 if count else 0,
        last=seen if count else 0,
        count=count,
        total=believed,
        previous=max(0, offset - limit) if offset else None,
        next=seen if count and more and not astray else None,
    )
