"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


class FixedClock:
    """A `Clock` whose both times change only by `advance`, and whose business time also follows `offset_seconds`."""

    def __init__(self, at: datetime = START, *, offset_seconds: float = 0.0) -> None:
        self._wall = at
        self.offset_seconds = offset_seconds

    def now(self) -> datetime:
        """The business time it was set to."""
        return self._wall + timedelta(seconds=self.offset_seconds)

    def wall(self) -> datetime:
        """The wall time it was set to."""
        return self._wall

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks; a negative number is refused, as time does not run back."""
        if seconds < 0:
            raise ValueError("time does not run back")
        self._wall += timedelta(seconds=seconds)
