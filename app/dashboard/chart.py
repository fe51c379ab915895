"""Documents per day and type as geometry that a template draws as SVG, and as the table that says the same.

Pure and deterministic: equal counts give equal records, whatever their order. Colours are classes (chart-1 …), never
styles: the content security policy allows none. Refuses nothing: unknown types are series of their own, the smallest
ones together, days outside are left out, and negative counts count as none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 12, 24
FIXED = ("Invoice", "CreditNote", "PaymentReminder", "ApplicationResponse")  # keep colours 1 to 4 wherever they occur
MOST_SERIES = 6
OTHER: None = None  # the type of the series that holds all smaller ones, and documents without a type
GAP = 0.22  # of a day's width
DATE_LABEL_WIDTH = 64
LONGEST = 80  # characters of an unknown type's name


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many documents of a type came on a day. `type` is None when it is not known."""

    day: date
    type: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle: one type on one day. Lengths in units of the view box."""

    css: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A day: its bars from the bottom up, and its counts in the order of Chart.series."""

    day: date
    counts: tuple[int, ...]
    total: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One type in the legend. `type` None stands for all others."""

    type: str | None
    css: str
    total: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A line and number of the scale."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class DayLabel:
    """A date under the columns. `anchor` is a value of SVG's text-anchor."""

    day: date
    x: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything a template needs. With total 0 there are no series, no bars and no busiest day."""

    width: int
    height: int
    left: float
    right: float
    bottom: float
    first: date
    last: date
    series: tuple[Series, ...]
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[DayLabel, ...]
    total: int
    busiest: Column | None

    @property
    def rows(self) -> tuple[Column, ...]:
        """Days with documents, newest first: the table beside the picture."""
        return tuple(column for column in reversed(self.columns) if column.total)


def chart(counts: Iterable[DayCount], *, last: date, days: int) -> Chart:
    """Lay out the `days` days that end with `last`. Raises ValueError when there would be none."""
    if days < 1:
        raise ValueError(days)
    first = last - timedelta(days=days - 1)
    within = [each for each in counts if first <= each.day <= last and each.count > 0]
    series = _series(within)
    by_day = _by_day(within, series)
    top, ticks = _scale(max((sum(values) for values in by_day.values()), default=0))
    nothing = [0] * len(series)
    dates = [first + timedelta(days=index) for index in range(days)]
    columns = tuple(
        _column(day, _slot(index, days), by_day.get(day, nothing), series, top) for index, day in enumerate(dates)
    )
    busiest = max(columns, key=lambda column: column.total)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=HEIGHT - BOTTOM,
        first=first,
        last=last,
        series=series,
        columns=columns,
        ticks=ticks,
        labels=_labels(first, days),
        total=sum(each.total for each in series),
        busiest=busiest if busiest.total else None,
    )


def _series(counts: list[DayCount]) -> tuple[Series, ...]:
    """Known types first, then others by size and name, at most MOST_SERIES."""
    totals: dict[str | None, int] = {}
    for each in counts:
        name = each.type[:LONGEST] if each.type else OTHER
        totals[name] = totals.get(name, 0) + each.count
    rest = totals.pop(OTHER, 0)
    known = [name for name in FIXED if name in totals]
    unknown = sorted((name for name in totals if name and name not in FIXED), key=lambda name: (-totals[name], name))
    room = MOST_SERIES - len(known)
    shown = unknown if len(unknown) <= room and not rest else unknown[: room - 1]
    rest += sum(totals[name] for name in unknown[len(shown) :])
    named = [Series(name, f"chart-{FIXED.index(name) + 1}", totals[name]) for name in known]
    free = (number for number in range(1, MOST_SERIES + 1) if number > len(FIXED) or FIXED[number - 1] not in known)
    colours = sorted(free, key=lambda number: (number <= len(FIXED), number))  # those of no known type first
    named += [Series(name, f"chart-{number}", totals[name]) for name, number in zip(shown, colours, strict=False)]
    return (*named, Series(OTHER, "chart-other", rest)) if rest else tuple(named)


def _by_day(counts: list[DayCount], series: tuple[Series, ...]) -> dict[date, list[int]]:
    place = {each.type: number for number, each in enumerate(series)}
    days: dict[date, list[int]] = {}
    for each in counts:
        values = days.setdefault(each.day, [0] * len(series))
        name = each.type[:LONGEST] if each.type else OTHER
        values[place[name] if name in place else place[OTHER]] += each.count
    return days


def _slot(index: int, days: int) -> tuple[float, float]:
    """Where the bars of a day stand: x and width."""
    step = (WIDTH - LEFT - RIGHT) / days
    return round(LEFT + step * (index + GAP / 2), 2), round(step * (1 - GAP), 2)


def _column(day: date, slot: tuple[float, float], counts: list[int], series: tuple[Series, ...], top: int) -> Column:
    x, width = slot
    bars = tuple(
        Bar(each.css, x, _y(upto, top), width, round(_y(upto - count, top) - _y(upto, top), 2))
        for each, count, upto in zip(series, counts, accumulate(counts), strict=True)
        if count
    )
    return Column(day, tuple(counts), sum(counts), bars)


def _y(value: int, top: int) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 2)


def _scale(highest: int) -> tuple[int, tuple[Tick, ...]]:
    """A round top at or above the highest day, and the lines at most five steps apart: steps of 1, 2 or 5 times 10ⁿ."""
    step = 1
    while highest > step * 4:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    top = max(step, -(-highest // step) * step)
    return top, tuple(Tick(value, _y(value, top)) for value in range(0, top + 1, step))


def _labels(first: date, days: int) -> tuple[DayLabel, ...]:
    """Dates under the first, the last and evenly between, as many as fit."""
    step = (WIDTH - LEFT - RIGHT) / days
    spaces = min(days - 1, int((WIDTH - LEFT - RIGHT) // DATE_LABEL_WIDTH) - 1, 6)
    indexes = sorted({round(each * (days - 1) / spaces) for each in range(spaces + 1)}) if spaces else [0]
    return tuple(
        DayLabel(first + timedelta(days=index), round(LEFT + step * (index + 0.5), 2), _anchor(index, days))
        for index in indexes
    )


def _anchor(index: int, days: int) -> str:
    """Labels at the edges stay inside the picture."""
    if days == 1:
        return "middle"
    return {0: "start", days - 1: "end"}.get(index, "middle")
