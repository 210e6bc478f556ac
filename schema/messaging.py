"""Hearing of it, in the API: the inbox, its stream, and HQ's alerts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final

import strawberry

import backend.messaging as service
from backend.accounts import Permission, Viewer
from backend.foundation.pages import MOST_PER_PAGE, fetch_page, sequence_of, stream_cursor
from backend.foundation.views import TYPE, Row, Selection
from backend.messaging.queries import ALERT, INBOX_MESSAGE, NEWEST_FIRST, inbox_events_after, last_sequence
from schema.accounts import Me, read_me
from schema.common.access import SIGNED_IN, Otherwise, access, gated, needs, viewer_of
from schema.common.connection import DEFAULT_FIRST, After, First, checked_first, connection_of
from schema.common.context import Context, Info
from schema.common.scalars import Cursor
from schema.common.selection import selection_of
from schema.common.streams import StreamLagged, current_reading, follow
from schema.common.user_errors import UserError, checked_key, payload
from schema.transport import ApiError, Code

_KEY: Final = "16 to 64 characters; the same call has the same key."


@strawberry.type(
    description=gated(
        "InboxMessage", "A message to one person.", reach="the person themselves", otherwise=Otherwise.ABSENT
    )
)
class InboxMessage:
    """What happened, told to one person."""

    id: strawberry.ID = strawberry.field(description="Send it to `markInboxRead`.")
    kind: service.MessageKind = strawberry.field(description="What it tells of.")
    subject_id: strawberry.ID = strawberry.field(description="The application or person it is about.")
    title: str = strawberry.field(description="Its heading, in Chinese, for display.")
    text: str = strawberry.field(description="What it says, in Chinese, for display.")
    page: str = strawberry.field(description="The page of the mini program to open.")
    cursor: Cursor = strawberry.field(description="Send it as `after` to `myEvents` to go on from here.")
    sequence: int = strawberry.field(description="Counts the viewer's messages without gaps.")
    created_at: datetime = strawberry.field(description="When it was written.")
    read_at: datetime | None = strawberry.field(description="When it was read.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == "InboxMessage"


@strawberry.type(
    description=gated(
        "Alert",
        "Something HQ must look at; the group robot tells it too.",
        Permission.DECIDE_REGISTRATIONS,
        Permission.REVIEW_APPLICATIONS,
        reach="the one about people, the other about applications",
        otherwise=Otherwise.ABSENT,
    )
)
class Alert:
    """What waits for somebody at HQ."""

    id: strawberry.ID = strawberry.field(description="Our id of it.")
    kind: service.AlertKind = strawberry.field(description="What it is about.")
    subject_id: strawberry.ID = strawberry.field(description="The application or person it is about.")
    text: str = strawberry.field(description="What it says, in Chinese, for display.")
    created_at: datetime = strawberry.field(description="When it came up.")


@strawberry.type(
    description="Where the viewer stands: first in `myEvents` without `after`, and again when it has changed."
)
class MySnapshot:
    """Where a client starts, and starts again when its rights have changed."""

    cursor: Cursor = strawberry.field(description="Send it as `after` to go on from here.")
    me: Me = strawberry.field(description="As they are now.")
    unread_count: int = strawberry.field(description="How many messages they have not read.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == "MySnapshot"


MyStreamItem = Annotated[
    MySnapshot | InboxMessage | StreamLagged,
    strawberry.union("MyStreamItem", description="What one's own stream gives."),
]


@strawberry.input(description="Input of `markInboxRead`: some messages, all up to one, or both.")
class MarkInboxReadInput:
    """Mark as read."""

    idempotency_key: str = strawberry.field(description=_KEY)
    message_ids: list[strawberry.ID] = strawberry.field(description="At most a hundred.", default_factory=list)
    up_to_message_id: strawberry.ID | None = strawberry.field(description="This one and all before it.", default=None)


@strawberry.type(description="How many messages are still unread, or why nothing was done.")
class MarkInboxReadPayload:
    """The answer of `markInboxRead`."""

    unread_count: int | None = strawberry.field(description="How many are still unread.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done; empty when it was.")


@strawberry.input(description="What a person answered about one template.")
class SubscribeAnswerInput:
    """One member of what `wx.requestSubscribeMessage` gave."""

    template_id: str = strawberry.field(description="One of `subscribeTemplates`.")
    result: service.ConsentResult = strawberry.field(description="The answer.")


@strawberry.input(description="Input of `recordSubscribeResults`: what `wx.requestSubscribeMessage` gave.")
class RecordSubscribeResultsInput:
    """Record consents."""

    idempotency_key: str = strawberry.field(description=_KEY)
    moment: service.Moment = strawberry.field(description="What the person was asked at.")
    answers: list[SubscribeAnswerInput] = strawberry.field(description="At most three.")


@strawberry.type(description="What may still be asked for, or why nothing was recorded.")
class RecordSubscribeResultsPayload:
    """The answer of `recordSubscribeResults`."""

    template_ids: list[str] | None = strawberry.field(description="What `subscribeTemplates` gives from now on.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done; empty when it was.")


@access(SIGNED_IN)
async def subscribe_templates(
    info: Info,
    moment: Annotated[service.Moment, strawberry.argument(description="Which tap it is asked at.")],
) -> list[str]:
    """List what to ask `wx.requestSubscribeMessage` for now: templates of which no consent is left, at most three."""
    return await service.templates_to_ask(info.context.templates, viewer_of(info.context), moment)


@access(SIGNED_IN)
async def record_subscribe_results(info: Info, input: RecordSubscribeResultsInput) -> Row:  # noqa: A002 - every mutation's argument
    """Keep what the person answered; each acceptance is good for one message."""
    context = info.context

    async def change() -> list[str]:
        command = service.RecordSubscribeResults(
            checked_key(input.idempotency_key),
            input.moment,
            tuple(service.SubscribeAnswer(answer.template_id, answer.result) for answer in input.answers),
        )
        await service.record_subscribe_results(context.runtime, context.templates, viewer_of(context), command)
        return await service.templates_to_ask(context.templates, viewer_of(context), input.moment)

    return await payload("template_ids", change)


@access(SIGNED_IN)
async def inbox(info: Info, first: First = DEFAULT_FIRST, after: After = None) -> Row:
    """List the viewer's messages, the newest first."""
    page = await fetch_page(
        INBOX_MESSAGE,
        selection_of(info, "edges", "node"),
        info.context.reading,
        order=NEWEST_FIRST,
        first=checked_first(first),
        after=after,
    )
    return connection_of(page)


@access(SIGNED_IN)
async def inbox_unread_count(info: Info) -> int:
    """Count the messages the viewer has not read."""
    return await service.unread_count(viewer_of(info.context))


@access(needs(Permission.DECIDE_REGISTRATIONS, Permission.REVIEW_APPLICATIONS))
async def alerts(info: Info, first: First = DEFAULT_FIRST, after: After = None) -> Row:
    """List what HQ must look at and the viewer is there to settle, the newest first."""
    page = await fetch_page(
        ALERT,
        selection_of(info, "edges", "node"),
        info.context.reading,
        order=NEWEST_FIRST,
        first=checked_first(first),
        after=after,
    )
    return connection_of(page)


@access(SIGNED_IN)
async def mark_inbox_read(info: Info, input: MarkInboxReadInput) -> Row:  # noqa: A002 - every mutation's argument
    """Mark messages of one's own as read."""

    async def change() -> int:
        command = service.MarkInboxRead(
            checked_key(input.idempotency_key), tuple(input.message_ids), input.up_to_message_id
        )
        return await service.mark_inbox_read(info.context.runtime, viewer_of(info.context), command)

    return await payload("unread_count", change)


@access(SIGNED_IN)
async def my_events(
    info: Info,
    after: Annotated[
        Cursor | None,
        strawberry.argument(description="Where to go on: what comes behind it is replayed. Absent: a snapshot first."),
    ] = None,
) -> AsyncIterator[Row]:
    """Follow one's own messages, and one's own rights; ends at once when they are gone."""
    context = info.context
    wanted = selection_of(info)
    known = viewer_of(context)
    inbox_id = await service.inbox_id_of(context.runtime, known.id)
    # Following starts before the past is read, so that nothing falls in between.
    with context.log_reader.subscribe(inbox_id, known.id) as subscription:
        if after is None:
            seen = await last_sequence(inbox_id)
            yield await _snapshot(info, seen, known)
        else:
            seen = await _start_behind(inbox_id, after)

        async def missed(behind: int) -> AsyncIterator[Row]:
            nonlocal known
            reading = await current_reading(context)
            if reading.viewer != known:
                known = reading.viewer
                yield await _snapshot(info, behind, known)
            async for row in _missed(context, wanted, behind):
                yield row

        async for item in follow(subscription, inbox_id, seen, missed):
            yield item


async def _missed(context: Context, wanted: Selection, after: int) -> AsyncIterator[Row]:
    has_more = True
    while has_more:
        rows = await inbox_events_after(await current_reading(context), wanted, after, first=MOST_PER_PAGE)
        has_more = len(rows) > MOST_PER_PAGE
        for row in rows[:MOST_PER_PAGE]:
            after = row["sequence"]
            yield row


async def _snapshot(info: Info, sequence: int, viewer: Viewer) -> Row:
    return {
        TYPE: "MySnapshot",
        "sequence": sequence,
        "cursor": stream_cursor(sequence),
        "me": await read_me(info, "me"),
        "unread_count": await service.unread_count(viewer),
    }


async def _start_behind(inbox_id: str, after: str) -> int:
    """Give the sequence behind which to replay. Refuses with BAD_REQUEST a cursor that this inbox never gave."""
    start = sequence_of(after)
    if start is None or start > await last_sequence(inbox_id):
        raise ApiError(Code.BAD_REQUEST)
    return start
