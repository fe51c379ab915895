"""What the overview says of the window: counts, failures, the latest, and documents per day. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from app.dashboard import pages
from app.dashboard.chart import Chart, DayCount, chart
from app.dashboard.parts import Part
from app.dashboard.window import Window
from app.pagero.records import Document

CHART_DAYS = (30, 90)
CREDIT = ("Invoice", "Credit")


@dataclass(frozen=True)
class Overview:
    """The overview's parts: a Direction each, or the fault in its place."""

    window: Window
    received: Part[pages.Direction]
    sent: Part[pages.Direction]
    chart: Chart

    @property
    def directions(self) -> list[pages.Direction]:
        """Those that could be read."""
        return [part.value for part in (self.received, self.sent) if part.value]

    @property
    def concerns(self) -> list[pages.Row]:
        """What probably needs the person, of both directions, newest first."""
        found = [row for direction in self.directions for row in direction.concerns]
        return sorted(found, key=lambda row: _age(row.document.created_at), reverse=True)[: pages.MOST_CONCERNS]

    @property
    def recent_errors(self) -> pages.Count:
        """Errors and rejections of the last 30 days."""
        return _added(direction.recent_errors for direction in self.directions)

    @property
    def all_errors(self) -> pages.Count:
        """Errors and rejections of everything Pagero lists."""
        return _added(direction.all_errors for direction in self.directions)

    @property
    def is_complete(self) -> bool:
        """Whether both directions could be read."""
        return self.received.problem is None and self.sent.problem is None

    @property
    def chart_reaches(self) -> bool:
        """Whether the picture shows every document of its days."""
        back = self.window.looked_back_to
        return self.window.problem is None and (back is None or back.date() < self.chart.first)


def overview(window: Window, now: datetime, zone: tzinfo, days: int = CHART_DAYS[0]) -> Overview:
    """Make the overview of what was read, with the days as they are in `zone`."""
    received, sent = (
        Part(pages.direction(part.value.page, now) if part.value else None, part.problem) for part in window.parts
    )
    return Overview(window, received, sent, documents_per_day(window.documents, now, zone, days))


def documents_per_day(documents: Iterable[Document], now: datetime, zone: tzinfo, days: int) -> Chart:
    """The picture of the last `days` days. What has no time is on no day."""
    since = now - timedelta(days=days + 1)  # whatever the zone; finding the day of each costs more than this
    recent = [document for document in documents if document.created_at and document.created_at > since]
    counts = [DayCount(_day(each.created_at, zone), _type(each), 1) for each in recent if each.created_at]
    return chart(counts, last=now.astimezone(zone).date(), days=days)


def _day(moment: datetime, zone: tzinfo) -> date:
    try:
        return moment.astimezone(zone).date()
    except OverflowError:  # the first and the last day that exist
        return moment.date()


def _type(document: Document) -> str | None:
    return "CreditNote" if (document.document_type, document.document_sub_type) == CREDIT else document.document_type


def _added(counts: Iterable[pages.Count]) -> pages.Count:
    found = list(counts)
    return pages.Count(sum(count.number for count in found), exact=all(count.exact for count in found))


def _age(created_at: datetime | None) -> float:
    return created_at.timestamp() if created_at else 0.0
