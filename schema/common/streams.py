"""Streams: what was missed and then what happens, with today's rights at every event."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import strawberry

from backend.accounts import reauthenticate
from backend.foundation.log_reader import Subscription
from backend.foundation.pages import stream_cursor
from backend.foundation.views import TYPE, Reading, Row
from schema.common.access import viewer_of
from schema.common.context import Context
from schema.common.scalars import Cursor

# Without events the right to listen is looked at again this often.
RECHECK_SECONDS: Final = 15.0


@strawberry.type(description="The client fell behind; the stream ends. Subscribe again from `resumeAfter`.")
class StreamLagged:
    """The end of a stream that could not keep up; nothing is lost."""

    resume_after: Cursor = strawberry.field(description="Send it as `after`.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == "StreamLagged"


async def current_reading(context: Context) -> Reading:
    """Look again at who asks; a session that has ended meanwhile ends the stream."""
    return Reading(await reauthenticate(context.runtime, viewer_of(context)), context.runtime)


async def follow(
    subscription: Subscription, subject_id: str, seen: int, missed: Callable[[int], AsyncIterator[Row]]
) -> AsyncIterator[Row]:
    """Give what comes behind a sequence of one subject, for as long as the client keeps up.

    `missed` reads the log behind a sequence with the rights of that moment, and raises what ends the stream. It is
    asked at every event that is followed: also at those of the viewer, which may mean that the right to listen is gone.
    """
    while True:
        async for row in missed(seen):
            seen = row["sequence"]
            yield row
        told_before = True
        while told_before:
            if subscription.lagged:
                yield {TYPE: "StreamLagged", "resume_after": stream_cursor(seen)}
                return
            event = await subscription.next(RECHECK_SECONDS)
            told_before = event is not None and event.subject_id == subject_id and event.sequence <= seen
