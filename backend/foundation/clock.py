"""The two times: business time, which a sandbox may move, and wall time, which nothing moves."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol


class Clock(Protocol):
    """Where every part of the system asks for the time; both answers are aware and in UTC."""

    def now(self) -> datetime:
        """Business time: deadlines, ages, audits, everything a person is told."""
        ...

    def wall(self) -> datetime:
        """Real time: signatures on the wire, leases, the order of ids."""
        ...


class SystemClock:
    """The machine's clock, with business time ahead of it by `offset_seconds`.

    The offset stays zero in production. The sandbox's business clock can be moved, and then moves this one:
    whoever learns the new offset assigns `offset_seconds`.
    """

    def __init__(self, offset_seconds: float = 0.0) -> None:
        self.offset_seconds = offset_seconds

    def now(self) -> datetime:
        """Business time: the machine's time plus the offset."""
        return self.wall() + timedelta(seconds=self.offset_seconds)

    def wall(self) -> datetime:
        """The machine's own time."""
        return datetime.now(UTC)


CHINA = timezone(timedelta(hours=8), "CST")


def date_in_china(moment: datetime) -> date:
    """The day it is in China, which has one time zone and no summer time: the day that forms and notices go by."""
    return moment.astimezone(CHINA).date()
