"""The inbox: each message is written where what it tells of is decided, before any other channel hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from backend.accounts import Viewer
from backend.accounts.service import acting, call_of
from backend.foundation.database import lock_name, transaction
from backend.foundation.events import canonical
from backend.foundation.ids import may_be_id
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.messaging.errors import MessagingRefusal
from backend.messaging.events import InboxEvent
from backend.messaging.messages import MESSAGES, MessageKind
from backend.messaging.models import Inbox, InboxMessage

DELIVER_JOB: Final = "messaging.deliver"
READ_OPERATION: Final = "markInboxRead"
MOST_AT_ONCE: Final = 100


async def notify(work: Work, staff_id: str, kind: MessageKind, *, subject_id: str, **params: str | int) -> str:
    """Write a message to one person in the transaction of what it tells of, and leave the job that takes it further.

    Gives its id. Locks the inbox: whoever holds staff or an application may call it, and locks neither of them after.
    """
    if params.keys() != MESSAGES[kind].params:
        raise ValueError(f"{kind} is filled by {', '.join(sorted(MESSAGES[kind].params)) or 'nothing'}")
    inbox = await _lock_inbox(work, staff_id)
    message_id = work.runtime.ids.new("msg")
    work.record(
        inbox, InboxEvent.INBOX_MESSAGE, {"message_id": message_id, "kind": kind.value, "subject_id": subject_id}
    )
    inbox.updated_at = work.now
    await inbox.save(update_fields=["event_sequence", "event_hash", "updated_at"])
    await InboxMessage.create(
        id=message_id,
        inbox_id=inbox.id,
        staff_id=staff_id,
        sequence=inbox.event_sequence,
        kind=kind,
        subject_id=subject_id,
        params=canonical(params),
        cause=work.cause,
        created_at=work.now,
    )
    work.enqueue(DELIVER_JOB, subject_id=message_id, dedupe=f"deliver|{message_id}", message_id=message_id)
    return message_id


async def count_up(work: Work, staff_id: str, kind: MessageKind, *, subject_id: str) -> None:
    """Tell a person of one more of the same: once per call, with how many there were in its `count`."""
    inbox = await _lock_inbox(work, staff_id)
    told = await InboxMessage.get_or_none(inbox_id=inbox.id, kind=kind, subject_id=subject_id, cause=work.cause)
    if told is None:
        await notify(work, staff_id, kind, subject_id=subject_id, count=1)
        return
    told.params = canonical({"count": int(orjson.loads(told.params)["count"]) + 1})
    await told.save(update_fields=["params"])


async def inbox_id_of(runtime: Runtime, staff_id: str) -> str:
    """Give the id of a person's inbox, whose events are the feed of `myEvents`; made where it is missing."""
    inbox = await Inbox.get_or_none(staff_id=staff_id)
    if inbox is not None:
        return inbox.id
    async with transaction():
        return (await _made(runtime, staff_id)).id


@dataclass(frozen=True, slots=True)
class MarkInboxRead:
    """The input of `markInboxRead`: some messages by id, all up to (and with) one of them, or both."""

    idempotency_key: str
    message_ids: tuple[str, ...] = ()
    up_to_message_id: str | None = None


async def mark_inbox_read(runtime: Runtime, viewer: Viewer, command: MarkInboxRead) -> int:
    """Mark messages of the viewer's own as read and give how many are still unread.

    What is read already stays as it is, and ids of other people's messages change nothing. Refuses with
    TOO_MANY_MESSAGES more than a hundred ids.
    """
    if len(command.message_ids) > MOST_AT_ONCE:
        raise Refused(Refusal(MessagingRefusal.TOO_MANY_MESSAGES, ("message_ids",), {"max": MOST_AT_ONCE}))
    async with acting(runtime, viewer, call_of(viewer, READ_OPERATION, command)) as outcome:
        if not outcome.replayed:
            unread = InboxMessage.filter(staff_id=viewer.id, read_at=None)
            if ids := [message_id for message_id in command.message_ids if may_be_id(message_id)]:
                await unread.filter(id__in=ids).update(read_at=outcome.work.now)
            last = await _own(viewer, command.up_to_message_id)
            if last is not None:
                await unread.filter(sequence__lte=last.sequence).update(read_at=outcome.work.now)
            outcome.result_id = viewer.id
    return await unread_count(viewer)


async def unread_count(viewer: Viewer) -> int:
    """Count what the viewer has not read yet."""
    return await InboxMessage.filter(staff_id=viewer.id, read_at=None).count()


async def _own(viewer: Viewer, message_id: str | None) -> InboxMessage | None:
    if message_id is None or not may_be_id(message_id):
        return None
    return await InboxMessage.get_or_none(id=message_id, staff_id=viewer.id)


async def _lock_inbox(work: Work, staff_id: str) -> Inbox:
    inbox = await Inbox.get_or_none(staff_id=staff_id) or await _made(work.runtime, staff_id)
    locked = await work.lock(Inbox, inbox.id)
    assert locked is not None  # noqa: S101 - inboxes are never removed
    return locked


async def _made(runtime: Runtime, staff_id: str) -> Inbox:
    # Two who tell somebody something for the first time at once: the second waits and finds the first one's row.
    await lock_name(f"inbox|{staff_id}")
    inbox = await Inbox.get_or_none(staff_id=staff_id)
    now = runtime.clock.now()
    return inbox or await Inbox.create(
        id=runtime.ids.new("inb"), staff_id=staff_id, state="OPEN", created_at=now, updated_at=now
    )
