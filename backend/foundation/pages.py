"""Pages: a list read piece by piece by its sort key, so that rows which come in between neither repeat nor hide."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from tortoise.expressions import Q

from backend.foundation.ids import may_be_id
from backend.foundation.views import Reading, Row, Selection, View, fetch

MOST_PER_PAGE: Final = 100
_CURSOR_VERSION: Final = "k1"


class CursorMalformed(Exception):
    """The text is no cursor of this list."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by: one column that holds an instant, and then the id, both in one direction."""

    column: str
    descending: bool = False

    @property
    def by(self) -> tuple[str, str]:
        """Give the two keys as a statement wants them."""
        sign = "-" if self.descending else ""
        return (f"{sign}{self.column}", f"{sign}id")

    def beyond(self, value: Any, row_id: str) -> Q:
        """Give the condition of what comes after one row."""
        word = "lt" if self.descending else "gt"
        beyond_value: dict[str, Any] = {f"{self.column}__{word}": value}
        same_value: dict[str, Any] = {self.column: value, f"id__{word}": row_id}
        return Q(Q(**beyond_value), Q(**same_value), join_type="OR")


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, each with its cursor, and whether there are more behind them."""

    rows: list[Row]
    cursors: list[str]
    has_next_page: bool


async def fetch_page(
    view: View,
    selection: Selection,
    reading: Reading,
    *,
    order: Order,
    first: int,
    after: str | None,
    where: Q | None = None,
) -> Page:
    """Read the `first` rows (at most a hundred) behind the cursor `after`. Refuses with `CursorMalformed`."""
    limit = max(0, min(first, MOST_PER_PAGE))
    conditions = [condition for condition in (where, order.beyond(*_decode(after)) if after else None) if condition]
    wanted = Selection({**selection.fields, order.column: Selection(), "id": Selection()})
    rows = await fetch(view, wanted, reading, where=Q(*conditions), order_by=order.by, limit=limit + 1)
    shown = rows[:limit]
    return Page(shown, [_encode(row[order.column], row["id"]) for row in shown], has_next_page=len(rows) > limit)


def _encode(instant: datetime, row_id: str) -> str:
    content = orjson.dumps([_CURSOR_VERSION, instant.isoformat(), row_id])
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, str]:
    try:
        version, moment, row_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if version != _CURSOR_VERSION or not isinstance(row_id, str) or not may_be_id(row_id):
            raise CursorMalformed
        instant = datetime.fromisoformat(moment)
        if instant.tzinfo is None:
            raise CursorMalformed
        return instant.astimezone(UTC), row_id
    except (binascii.Error, orjson.JSONDecodeError, ValueError, TypeError, OverflowError) as error:
        raise CursorMalformed from error


def stream_cursor(sequence: int) -> str:
    """Give the cursor of one subject's stream: where in its events a client is."""
    return f"e1.{sequence}"


def sequence_of(cursor: str) -> int | None:
    """Read a stream cursor; None when it is not one."""
    version, _, number = cursor.partition(".")
    return int(number) if version == "e1" and number.isascii() and number.isdigit() and len(number) < 10 else None
