"""The stream of what waits for HQ: counts, whenever they may have changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import strawberry

from backend.accounts import Permission, StaffState, Viewer
from backend.accounts.queries import STAFF, in_state
from backend.applications.queries import APPLICATION
from backend.foundation.views import Reading, Row, Selection, count, fetch
from backend.review.queries import IN_QUEUE, QUEUE_ORDER
from schema.common import streams
from schema.common.access import access, needs
from schema.common.context import Info

# Many changes within this time are told once.
COALESCE_SECONDS: Final = 0.3


@strawberry.type(description="What waits for HQ now; the lists themselves are read by query.")
class ReviewQueue:
    """Counts of what this viewer decides about."""

    applications_waiting: int = strawberry.field(description="In the review queue; 0 for whoever does not review.")
    oldest_queued_at: datetime | None = strawberry.field(description="Since when the first of them waits.")
    registrations_waiting: int = strawberry.field(description="People who wait to be let in.")


SETTLES: Final = needs(Permission.REVIEW_APPLICATIONS, Permission.DECIDE_REGISTRATIONS)


@access(SETTLES)
async def review_queue_changed(info: Info) -> AsyncIterator[Row]:
    """Tell what waits for HQ: at once, and again whenever that has changed."""
    context = info.context
    told: Row | None = None
    with context.log_reader.subscribe("application", "staff") as subscription:
        while True:
            reading = await streams.current_reading(context)
            # Whoever was let follow may have lost the right since.
            SETTLES.check(reading.viewer)
            waiting = await _waiting(reading)
            if waiting != told:
                told = waiting
                yield waiting
            if await subscription.next(streams.RECHECK_SECONDS) is not None:
                await asyncio.sleep(COALESCE_SECONDS)
                # It only says "look again": what came meanwhile is in the next look, however much it was.
                subscription.clear()


async def _waiting(reading: Reading) -> Row:
    viewer: Viewer = reading.viewer
    reviews, decides = viewer.may(Permission.REVIEW_APPLICATIONS), viewer.may(Permission.DECIDE_REGISTRATIONS)
    oldest = (
        await fetch(APPLICATION, Selection.of("queued_at"), reading, where=IN_QUEUE, order_by=QUEUE_ORDER.by, limit=1)
        if reviews
        else []
    )
    return {
        "applications_waiting": await count(APPLICATION, reading, where=IN_QUEUE) if reviews else 0,
        "oldest_queued_at": oldest[0]["queued_at"] if oldest else None,
        "registrations_waiting": await count(STAFF, reading, where=in_state(StaffState.PENDING)) if decides else 0,
    }
