"""The stream of one application: a snapshot or what was missed, and then every event as it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import strawberry

from backend.accounts import reauthenticate
from backend.applications.queries import sequence_of, stream_cursor, timeline
from backend.foundation.log_reader import Subscription
from backend.foundation.pages import MOST_PER_PAGE
from backend.foundation.views import TYPE, Reading, Row, Selection, fetch_by_id
from schema.application_type import APPLICATION, Application, ApplicationEvent
from schema.applications import READS
from schema.common.access import access, viewer_of
from schema.common.context import Context, Info
from schema.common.scalars import Cursor
from schema.common.selection import selection_of
from schema.transport import ApiError, Code

# Without events the right to listen is looked at again this often.
RECHECK_SECONDS: Final = 15.0


@strawberry.type(description="The application as it is now; the first item of a stream without `after`.")
class ApplicationSnapshot:
    """Where a client starts."""

    cursor: Cursor = strawberry.field(description="Send it as `after` to go on from here.")
    application: Application = strawberry.field(description="As this viewer may see it.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == "ApplicationSnapshot"


@strawberry.type(description="The client fell behind; the stream ends. Subscribe again from `resumeAfter`.")
class StreamLagged:
    """The end of a stream that could not keep up; nothing is lost."""

    resume_after: Cursor = strawberry.field(description="Send it as `after`.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == "StreamLagged"


ApplicationStreamItem = Annotated[
    ApplicationSnapshot | ApplicationEvent | StreamLagged,
    strawberry.union("ApplicationStreamItem", description="What an application's stream gives."),
]


@access(READS)
async def application_events(
    info: Info, application_id: strawberry.ID, after: Cursor | None = None
) -> AsyncIterator[Row]:
    """Follow one application. The right to see it is checked again at every event; when it is gone the stream ends."""
    context = info.context
    event_fields = selection_of(info)
    # Following starts before the past is read, so that nothing falls in between. What comes twice is known by its
    # sequence.
    with context.log_reader.subscribe(application_id) as subscription:
        reading = await _still_permitted(context, application_id)
        if after is None:
            snapshot = await _snapshot(info, reading, application_id)
            seen = snapshot["application"]["event_sequence"]
            yield snapshot
        else:
            start = sequence_of(after)
            if start is None:
                raise ApiError(Code.BAD_REQUEST)
            seen = start
        async for row in _missed(reading, application_id, event_fields, seen):
            seen = row["sequence"]
            yield row
        async for item in _live(context, application_id, event_fields, subscription, seen):
            yield item


async def _live(
    context: Context, application_id: str, event_fields: Selection, subscription: Subscription, seen: int
) -> AsyncIterator[Row]:
    while True:
        if subscription.lagged:
            yield {TYPE: "StreamLagged", "resume_after": stream_cursor(seen)}
            return
        event = await subscription.next(RECHECK_SECONDS)
        reading = await _still_permitted(context, application_id)
        if event is None or event.sequence <= seen:
            continue
        async for row in _missed(reading, application_id, event_fields, seen):
            seen = row["sequence"]
            yield row


async def _missed(reading: Reading, application_id: str, event_fields: Selection, after: int) -> AsyncIterator[Row]:
    """Read the log behind a sequence, page by page, as this viewer may see it."""
    while True:
        rows = await timeline(reading, application_id, event_fields, first=MOST_PER_PAGE, after=stream_cursor(after))
        for row in (rows or [])[:MOST_PER_PAGE]:
            after = row["sequence"]
            yield row
        if not rows or len(rows) <= MOST_PER_PAGE:
            return


async def _snapshot(info: Info, reading: Reading, application_id: str) -> Row:
    asked = selection_of(info, "application").fields
    wanted = Selection({**asked, "event_sequence": Selection()})
    row = await fetch_by_id(APPLICATION, wanted, reading, application_id)
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    return {TYPE: "ApplicationSnapshot", "cursor": stream_cursor(row["event_sequence"]), "application": row}


async def _still_permitted(context: Context, application_id: str) -> Reading:
    """Look again at who asks and whether they may see this; ends the stream with the error of whoever may not."""
    viewer = await reauthenticate(context.runtime, viewer_of(context))
    reading = Reading(viewer, context.runtime)
    if await fetch_by_id(APPLICATION, Selection.of("id"), reading, application_id) is None:
        raise ApiError(Code.NOT_FOUND)
    return reading
