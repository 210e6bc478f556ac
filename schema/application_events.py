"""The stream of one application: a snapshot or what was missed, and then every event as it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry

from backend.applications.queries import timeline
from backend.foundation.pages import MOST_PER_PAGE, sequence_of, stream_cursor
from backend.foundation.views import TYPE, Row, Selection, fetch_by_id
from schema.application_type import APPLICATION, Application, ApplicationEvent, ApplicationId
from schema.applications import READS
from schema.common.access import access, viewer_of
from schema.common.context import Context, Info
from schema.common.scalars import Cursor
from schema.common.selection import selection_of
from schema.common.streams import StreamLagged, current_reading, follow
from schema.transport import ApiError, Code


@strawberry.type(description="The application as it is now; the first item of a stream without `after`.")
class ApplicationSnapshot:
    """Where a client starts."""

    cursor: Cursor = strawberry.field(description="Send it as `after` to go on from here.")
    application: Application = strawberry.field(description="As this viewer may see it.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == "ApplicationSnapshot"


ApplicationStreamItem = Annotated[
    ApplicationSnapshot | ApplicationEvent | StreamLagged,
    strawberry.union("ApplicationStreamItem", description="What an application's stream gives."),
]


@access(READS)
async def application_events(
    info: Info,
    application_id: ApplicationId,
    after: Annotated[
        Cursor | None,
        strawberry.argument(description="Where to go on: what comes behind it is replayed. Absent: a snapshot first."),
    ] = None,
) -> AsyncIterator[Row]:
    """Follow one application. The right to see it is checked again at every event; when it is gone the stream ends."""
    context = info.context
    event_fields = selection_of(info)
    # Following starts before the past is read, so that nothing falls in between. What comes twice is known by its
    # sequence. The viewer is followed too: what ends their access ends the stream at once.
    with context.log_reader.subscribe(application_id, viewer_of(context).id) as subscription:
        if after is None:
            snapshot = await _snapshot(info, application_id)
            seen = snapshot["application"]["event_sequence"]
            yield snapshot
        else:
            seen = await _start_behind(context, application_id, after)

        def missed(behind: int) -> AsyncIterator[Row]:
            return _missed(context, application_id, event_fields, behind)

        async for item in follow(subscription, application_id, seen, missed):
            yield item


async def _missed(context: Context, application_id: str, event_fields: Selection, after: int) -> AsyncIterator[Row]:
    """Read the log behind a sequence, page by page, as this viewer may see it by then.

    Ends the stream with the error of whoever may not see it any more.
    """
    has_more = True
    while has_more:
        reading = await current_reading(context)
        rows = await timeline(reading, application_id, event_fields, first=MOST_PER_PAGE, after=stream_cursor(after))
        if rows is None:
            raise ApiError(Code.NOT_FOUND)
        has_more = len(rows) > MOST_PER_PAGE
        for row in rows[:MOST_PER_PAGE]:
            after = row["sequence"]
            yield row


async def _snapshot(info: Info, application_id: str) -> Row:
    asked = selection_of(info, "application").fields
    wanted = Selection({**asked, "event_sequence": Selection()})
    row = await _visible(info.context, wanted, application_id)
    return {TYPE: "ApplicationSnapshot", "cursor": stream_cursor(row["event_sequence"]), "application": row}


async def _start_behind(context: Context, application_id: str, after: str) -> int:
    """Give the sequence behind which to replay. Refuses with BAD_REQUEST a cursor that this log never gave.

    One that lies ahead of the log is such a cursor: whoever waited behind it would miss what comes before.
    """
    row = await _visible(context, Selection.of("event_sequence"), application_id)
    start = sequence_of(after)
    if start is None or start > row["event_sequence"]:
        raise ApiError(Code.BAD_REQUEST)
    return start


async def _visible(context: Context, wanted: Selection, application_id: str) -> Row:
    row = await fetch_by_id(APPLICATION, wanted, await current_reading(context), application_id)
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    return row
