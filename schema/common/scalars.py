"""Scalars of our own: instants in UTC to the millisecond, days, cursors."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from schema.transport import Upload, UploadedFile

Cursor = NewType("Cursor", str)


def _write_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read_instant(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("an instant is text")  # noqa: TRY004 - graphql-core reports ValueError as a coercion error
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC")
    return moment.astimezone(UTC)


def _read_day(value: Any) -> date:
    if not isinstance(value, str):
        raise ValueError("a day is text")  # noqa: TRY004 - as above
    day = date.fromisoformat(value)
    if day.isoformat() != value:
        raise ValueError("a day is written YYYY-MM-DD")
    return day


def _read_cursor(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a cursor is text")  # noqa: TRY004 - as above
    return value


DateTime: Final = strawberry.scalar(
    name="DateTime",
    description="An instant: RFC 3339 with offset going in, UTC with `Z` and milliseconds coming out.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    serialize=_write_instant,
    parse_value=_read_instant,
)

LocalDate: Final = strawberry.scalar(
    name="LocalDate",
    description="A day, YYYY-MM-DD, as it is in China.",
    specified_by_url="https://scalars.graphql.org/andimarek/local-date",
    serialize=lambda value: value.isoformat(),
    parse_value=_read_day,
)

CursorScalar: Final = strawberry.scalar(
    name="Cursor",
    description="A position in a list or a stream. Opaque: send back what you were given.",
    serialize=str,
    parse_value=_read_cursor,
)

SCALARS: Final[dict[object, ScalarDefinition]] = {
    datetime: DateTime,
    date: LocalDate,
    Cursor: CursorScalar,
    UploadedFile: Upload,
}
