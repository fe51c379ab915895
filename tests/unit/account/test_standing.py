"""What an account's page says about its connection."""

from datetime import UTC, datetime

import pytest

from app.account.standing import years_after


@pytest.mark.parametrize(
    ("start", "end"),
    [((2026, 3, 1), (2029, 3, 1)), ((2028, 2, 29), (2031, 2, 28)), ((2025, 12, 31), (2028, 12, 31))],
)
def test_the_rolling_three_years_end_on_the_same_day(start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    assert years_after(datetime(*start, 9, 15, tzinfo=UTC), 3) == datetime(*end, 9, 15, tzinfo=UTC)
