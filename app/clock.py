"""What time it is for the application. Every time in it is aware UTC; naive times are refused where they are stored.

Production never moves `offset`; tests and the fault harness do, and because database_now() takes the same offset,
Python and SQL agree about the time even then.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class Clock:
    """The system's clock, shifted by `offset`."""

    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The current time, aware UTC."""
        return datetime.now(UTC) + self.offset
