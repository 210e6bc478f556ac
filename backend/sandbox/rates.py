"""How often somebody may call within a sliding window of the wire clock."""

from collections import deque

from .book import Clocks


class Rates:
    """The recent calls of each caller. Not in the book: a window is over before a restart is."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._recent: dict[tuple[str, ...], deque[float]] = {}

    def admits(self, caller: tuple[str, ...], limit: int, *, seconds: float) -> bool:
        """Count one more call and tell True; or tell False when the window is full, and count nothing."""
        now = self._clocks.wire()
        recent = self._recent.setdefault(caller, deque())
        while recent and recent[0] <= now - seconds:
            recent.popleft()
        if len(recent) >= limit:
            return False
        recent.append(now)
        return True
