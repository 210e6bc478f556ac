"""Consents to subscribe messages: one accepted is one message."""

from enum import StrEnum

from .book import Book, Clocks


class ConsentResult(StrEnum):
    """What wx.requestSubscribeMessage tells for a template."""

    ACCEPT = "accept"
    REJECT = "reject"
    BAN = "ban"
    FILTER = "filter"


class Consents:
    """The consents in the book."""

    def __init__(self, book: Book, clocks: Clocks) -> None:
        self._book = book
        self._clocks = clocks

    def add(self, appid: str, person: str, template_id: str, result: ConsentResult) -> None:
        """Store what a person answered when asked."""
        self._book.write(
            "INSERT INTO consent (appid, person, template_id, result, at) VALUES (?, ?, ?, ?, ?)",
            appid,
            person,
            template_id,
            result,
            self._clocks.business(),
        )

    def left(self, appid: str, person: str, template_id: str) -> int:
        """Count the messages that a person still takes."""
        row = self._book.rows(
            "SELECT count(*) FROM consent WHERE appid = ? AND person = ? AND template_id = ? AND result = ?"
            " AND spent_at IS NULL",
            appid,
            person,
            template_id,
            ConsentResult.ACCEPT,
        )[0]
        return int(row[0])

    def spend(self, appid: str, person: str, template_id: str) -> bool:
        """Use up the oldest consent; tell False when none is left."""
        return bool(
            self._book.rows(
                "UPDATE consent SET spent_at = ? WHERE id = (SELECT min(id) FROM consent WHERE appid = ? AND person = ?"
                " AND template_id = ? AND result = ? AND spent_at IS NULL) RETURNING id",
                self._clocks.business(),
                appid,
                person,
                template_id,
                ConsentResult.ACCEPT,
            )
        )
