"""Where a list stands, whatever total the other side claims."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.paging import paging


def test_a_page_in_the_middle_has_both_neighbours() -> None:
    place = paging(25, 25, 25, total=178)
    assert (place.first, place.last, place.total) == (26, 50, 178)
    assert (place.previous, place.next) == (0, 50)


def test_the_first_page_has_no_previous_and_the_last_no_next() -> None:
    assert paging(0, 25, 25, total=178).previous is None
    assert paging(175, 25, 3, total=178).next is None


def test_without_a_total_a_full_page_is_followed_by_another() -> None:
    assert paging(0, 25, 25).next == 25
    assert paging(0, 25, 24).next is None


def test_a_total_smaller_than_what_was_seen_is_not_believed() -> None:
    place = paging(25, 25, 25, total=3)
    assert place.total is None
    assert place.next == 50


def test_an_empty_page_ends_the_list_however_large_the_total() -> None:
    place = paging(200, 25, 0, total=10_000)
    assert (place.first, place.last, place.total, place.next) == (0, 0, None, None)
    assert place.previous == 175


def test_an_empty_list_has_a_total_of_none() -> None:
    assert paging(0, 25, 0, total=0).total == 0
    assert paging(0, 25, 0, total=0).next is None


def test_an_answer_from_elsewhere_in_the_list_has_no_next_page() -> None:
    assert paging(25, 25, 25, total=100, answered_offset=0).next is None


def test_a_previous_page_never_begins_before_the_list() -> None:
    assert paging(10, 25, 5, total=15).previous == 0


@pytest.mark.parametrize("total", [None, 0, 7, 10**9])
@given(offset=st.integers(0, 10**6), limit=st.integers(1, 100), count=st.integers(0, 120))
def test_following_next_always_gets_further(total: int | None, offset: int, limit: int, count: int) -> None:
    place = paging(offset, limit, count, total)
    assert place.next is None or place.next > offset
    assert place.previous is None or 0 <= place.previous < offset
