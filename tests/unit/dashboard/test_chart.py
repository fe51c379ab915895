"""The picture says what the counts say, in any theme and without eyes, and never breaks on what Pagero may send."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dashboard.chart import FIXED, MOST_SERIES, Chart, DayCount, chart
from tests.unit.invoice.drawing import drawn

LAST = date(2026, 3, 31)
DAY = timedelta(days=1)
COUNTS = [
    DayCount(LAST, "Invoice", 7),
    DayCount(LAST, "CreditNote", 2),
    DayCount(LAST - 3 * DAY, "Invoice", 4),
    DayCount(LAST - 3 * DAY, None, 1),
]


def of(*counts: DayCount, days: int = 30) -> Chart:
    return chart(counts, last=LAST, days=days)


def test_counts_become_columns_and_series() -> None:
    made = of(*COUNTS)
    assert (made.first, made.last, len(made.columns), made.total) == (LAST - 29 * DAY, LAST, 30, 14)
    assert [(each.type, each.css, each.total) for each in made.series] == [
        ("Invoice", "chart-1", 11),
        ("CreditNote", "chart-2", 2),
        (None, "chart-other", 1),
    ]
    assert made.columns[-1].counts == (7, 2, 0)
    assert made.busiest == made.columns[-1]
    assert [(row.day, row.total) for row in made.rows] == [(LAST, 9), (LAST - 3 * DAY, 5)]


def test_nothing_at_all_is_a_chart_too() -> None:
    made = of()
    assert (made.total, made.series, made.busiest, made.rows) == (0, (), None, ())
    assert len(made.columns) == 30
    assert [tick.value for tick in made.ticks] == [0, 1]


def test_days_outside_and_counts_below_one_are_left_out() -> None:
    made = of(
        DayCount(LAST + DAY, "Invoice", 5), DayCount(LAST - 30 * DAY, "Invoice", 5), DayCount(LAST, "Invoice", -3)
    )
    assert made.total == 0


def test_order_and_repetition_of_counts_make_no_difference() -> None:
    split = [DayCount(LAST, "Invoice", 3), *COUNTS[1:], DayCount(LAST, "Invoice", 4)]
    assert of(*reversed(split)) == of(*COUNTS)


def test_one_type_is_one_series_with_its_usual_colour() -> None:
    (series,) = of(DayCount(LAST, "ApplicationResponse", 1)).series
    assert (series.type, series.css) == ("ApplicationResponse", "chart-4")


def test_unknown_types_get_the_free_colours_and_the_smallest_are_put_together() -> None:
    unknown = [DayCount(LAST, f"New{number}", number) for number in range(1, 9)]
    made = of(*unknown, DayCount(LAST, "Invoice", 1))
    assert [each.type for each in made.series] == ["Invoice", "New8", "New7", "New6", "New5", None]
    assert made.series[-1].total == 1 + 2 + 3 + 4
    assert len({each.css for each in made.series}) == len(made.series) == MOST_SERIES


def test_six_types_need_no_others() -> None:
    made = of(*(DayCount(LAST, name, 1) for name in (*FIXED, "Order", "Catalogue")))
    assert [each.css for each in made.series] == [f"chart-{number}" for number in range(1, 7)]


def test_all_known_types_and_many_unknown_ones_fit() -> None:
    made = of(*(DayCount(LAST, name, 1) for name in (*FIXED, "A", "B", "C")))
    assert [each.type for each in made.series] == [*FIXED, "A", None]


@pytest.mark.parametrize(
    ("highest", "values"),
    [(1, [0, 1]), (4, [0, 1, 2, 3, 4]), (5, [0, 2, 4, 6]), (17, [0, 5, 10, 15, 20]), (90, [0, 50, 100]),
     (1000, [0, 500, 1000]), (999_999, [0, 500_000, 1_000_000])],
)  # fmt: skip
def test_scale_is_round(highest: int, values: list[int]) -> None:
    assert [tick.value for tick in of(DayCount(LAST, "Invoice", highest)).ticks] == values


@pytest.mark.parametrize("days", [1, 2, 7, 30, 90])
def test_dates_stand_under_the_first_and_last_day_and_inside_the_picture(days: int) -> None:
    made = of(*COUNTS, days=days)
    assert made.labels[0].day == made.first
    assert made.labels[-1].day == LAST
    assert [label.anchor for label in (made.labels[0], made.labels[-1])] == (
        ["middle", "middle"] if days == 1 else ["start", "end"]
    )
    assert all(right.x - left.x > 50 for left, right in pairwise(made.labels))


def test_chart_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        of(days=0)


@given(
    st.lists(
        st.builds(
            DayCount,
            st.dates(LAST - timedelta(days=100), LAST + DAY),
            st.one_of(st.none(), st.sampled_from(FIXED), st.text(max_size=100)),
            st.integers(-1, 10**9),
        ),
        max_size=40,
    ),
    st.integers(1, 90),
)
@settings(max_examples=200, deadline=None)
def test_any_counts_make_a_sound_picture(counts: list[DayCount], days: int) -> None:
    made = chart(counts, last=LAST, days=days)
    within = [each for each in counts if made.first <= each.day <= LAST and each.count > 0]
    assert made.total == sum(each.count for each in within) == sum(column.total for column in made.columns)
    assert len(made.series) <= MOST_SERIES + 1
    assert len({each.css for each in made.series}) == len(made.series)
    assert len(made.ticks) <= 6
    for column in made.columns:
        assert sum(column.counts) == column.total
        assert len(column.bars) == sum(1 for count in column.counts if count)
        for bar in column.bars:
            assert 0 <= bar.y <= bar.y + bar.height <= made.bottom + 0.1
            assert made.left <= bar.x < bar.x + bar.width <= made.right


CALL = '{% from "dashboard/_chart.html" import chart with context %}{{ chart(picture, "Documents per day") }}'


def test_drawing_has_a_text_alternative_and_a_table_that_says_the_same() -> None:
    soup = drawn(CALL, picture=of(*COUNTS))
    picture = soup.select_one("svg[role=img]")
    assert picture is not None
    named = " ".join(soup.find(id=each).get_text() for each in str(picture["aria-labelledby"]).split())  # type: ignore[union-attr]
    assert "Documents per day 14 documents between 2 Mar 2026 and 31 Mar 2026" in named
    assert "The busiest day was 31 Mar 2026 with 9." in named
    rows = [[cell.get_text(strip=True) for cell in row(["th", "td"])] for row in soup.select("table tr")]
    assert rows == [
        ["Day", "Invoice", "Credit note", "Others", "All"],
        ["31 Mar 2026", "7", "2", "0", "9"],
        ["28 Mar 2026", "4", "0", "1", "5"],
        ["All", "11", "2", "1", "14"],
    ]
    assert len(picture("rect")) == 4


def test_drawing_needs_no_style_and_no_script_and_escapes_types() -> None:
    soup = drawn(CALL, picture=of(DayCount(LAST, '<script>"x"</script>', 1)))
    assert not soup("script")
    assert not soup("style")
    assert not soup(style=True)
    assert '<script>"x"</script>' in soup.get_text()


def test_drawing_of_nothing_says_so() -> None:
    soup = drawn(CALL, picture=of())
    assert not soup("svg")
    assert "No documents between 2 Mar 2026 and 31 Mar 2026." in soup.get_text()
