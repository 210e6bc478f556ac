"""How long and how often an account may write to a person by customer service."""

from enum import StrEnum

from .book import Book, Clocks
from .platform_refusal import PlatformRefusal


class WindowKind(StrEnum):
    """What opened a window."""

    MESSAGE = "message"
    TOUCH = "touch"  # followed, scanned, or tapped the menu


# Seconds, and messages within them (the rule of 2023-06-12).
_WINDOWS = {WindowKind.MESSAGE: (48 * 3600, 5), WindowKind.TOUCH: (60, 3)}


class ReplyWindows:
    """The windows in the book, by the business clock."""

    def __init__(self, book: Book, clocks: Clocks) -> None:
        self._book = book
        self._clocks = clocks

    def open(self, appid: str, person: str, kind: WindowKind) -> None:
        """Open a window, or open it anew."""
        seconds, messages = _WINDOWS[kind]
        self._book.write(
            "INSERT INTO reply_window VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET closes_at = excluded.closes_at,"
            " left_over = excluded.left_over",
            appid,
            person,
            kind,
            self._clocks.business() + seconds,
            messages,
        )

    def use(self, appid: str, person: str) -> None:
        """Use up one message, of the window that closes first.

        Refuses with 45015 when no window is open, with 45047 when those that are have none left.
        """
        rows = self._book.rows(
            "SELECT kind, left_over FROM reply_window WHERE appid = ? AND person = ? AND closes_at > ?"
            " ORDER BY closes_at",
            appid,
            person,
            self._clocks.business(),
        )
        if not rows:
            raise PlatformRefusal(45015)
        kind = next((row["kind"] for row in rows if row["left_over"]), None)
        if kind is None:
            raise PlatformRefusal(45047)
        self._book.write(
            "UPDATE reply_window SET left_over = left_over - 1 WHERE appid = ? AND person = ? AND kind = ?",
            appid,
            person,
            kind,
        )
