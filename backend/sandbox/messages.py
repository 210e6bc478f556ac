"""Messages: everything that people, groups and phones received, in order."""

from enum import StrEnum
from typing import Any

import orjson

from .book import Book, Clocks, as_utc


class Channel(StrEnum):
    """How a message came."""

    SUBSCRIBE = "subscribe"
    TEMPLATE = "template"
    CUSTOM = "custom"
    ROBOT = "robot"
    SMS = "sms"
    REPLY = "reply"


class Messages:
    """The messages in the book."""

    def __init__(self, book: Book, clocks: Clocks) -> None:
        self._book = book
        self._clocks = clocks

    def add(
        self,
        channel: Channel,
        *,
        person: str | None = None,
        appid: str | None = None,
        template_id: str | None = None,
        page: str | None = None,
        recipient: str | None = None,
        client_id: str | None = None,
        data: dict[str, str] | None = None,
        text: str | None = None,
    ) -> int:
        """Store a message as received and give its id. `recipient` is a mask where there is no person."""
        row = self._book.rows(
            "INSERT INTO message (at, channel, person, appid, template_id, page, recipient, client_id, data, text)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            self._clocks.business(),
            channel,
            person,
            appid,
            template_id,
            page,
            recipient,
            client_id,
            orjson.dumps(data or {}).decode(),
            text,
        )[0]
        return int(row["id"])

    def sent_before(
        self, channel: Channel, client_id: str, *, person: str | None = None, since: float = 0.0
    ) -> int | None:
        """Give the id of the message that its sender marked with this id, or None."""
        row = self._book.row(
            "SELECT id FROM message WHERE channel = ? AND client_id = ? AND person IS ? AND at >= ? ORDER BY id",
            channel,
            client_id,
            person,
            since,
        )
        return None if row is None else int(row["id"])

    def listed(self, *, person: str | None, channel: Channel | None, after: int) -> list[dict[str, Any]]:
        """List the messages after an id, oldest first; of one person and one channel where these are named."""
        rows = self._book.rows(
            "SELECT * FROM message WHERE id > ? AND (? IS NULL OR person = ?) AND (? IS NULL OR channel = ?)"
            " ORDER BY id",
            after,
            person,
            person,
            channel,
            channel,
        )
        return [{**dict(row), "at": as_utc(row["at"]), "data": orjson.loads(row["data"])} for row in rows]

    def count(self) -> int:
        """Count the messages."""
        return int(self._book.rows("SELECT count(*) FROM message")[0][0])
