"""The inbox: written where things are decided, read by its owner alone."""

from __future__ import annotations

import asyncio

import pytest

from backend.accounts import Viewer
from backend.foundation.events import SYSTEM, Event, first_break
from backend.foundation.jobs import Job
from backend.foundation.refusal import Refused
from backend.foundation.runtime import Runtime
from backend.foundation.views import Reading, Selection, fetch
from backend.foundation.work import work
from backend.messaging import MarkInboxRead, MessageKind, inbox_id_of, mark_inbox_read, notify, unread_count
from backend.messaging.events import BODIES, InboxEvent
from backend.messaging.messages import MESSAGES
from backend.messaging.models import Inbox, InboxMessage
from backend.messaging.queries import INBOX_MESSAGE, inbox_events_after
from tests.builders.applications import a_key
from tests.builders.everything import everything_in_database
from tests.messaging.ground import a_message

ALL = Selection.of("id", "kind", "subject_id", "title", "text", "page", "created_at", "read_at")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_each_kind_of_message_has_its_words_and_its_page(runtime: Runtime, clerk: Viewer) -> None:
    """Nothing is left unfilled, and the page is one path."""
    for kind in MessageKind:
        await a_message(runtime, clerk.id, kind)
    rows = await fetch(INBOX_MESSAGE, ALL, Reading(clerk, runtime), order_by=("sequence",))
    assert [row["kind"] for row in rows] == list(MessageKind)
    for row in rows:
        assert row["title"]
        assert row["text"].endswith("。")
        assert "{" not in row["text"] + row["page"]
        assert ("张记面馆" in row["text"]) is ("shop" in MESSAGES[MessageKind(row["kind"])].params)


async def test_a_message_is_an_event_of_the_inbox_and_leaves_a_job(runtime: Runtime, clerk: Viewer) -> None:
    """The chain is whole, its events say nothing but ids, and each message is to be delivered once."""
    messages = [await a_message(runtime, clerk.id, MessageKind.APPLICATION_REFUSED) for _ in range(3)]
    inbox = await Inbox.get(id=await inbox_id_of(runtime, clerk.id))
    events = await Event.filter(subject_id=inbox.id).order_by("sequence")
    assert first_break(events, last_sequence=inbox.event_sequence, last_hash=inbox.event_hash) is None
    assert [event.kind for event in events] == [InboxEvent.INBOX_MESSAGE] * 3
    assert [message.sequence for message in messages] == [1, 2, 3]
    for event in events:
        assert event.body is not None
        assert "张记" not in event.body
        assert set(BODIES[InboxEvent.INBOX_MESSAGE]) == {"message_id", "kind", "subject_id"}
    jobs = await Job.filter(kind="messaging.deliver").order_by("id")
    assert sorted(job.subject_id for job in jobs) == sorted(message.id for message in messages)


async def test_many_at_once_make_one_inbox(runtime: Runtime, clerk: Viewer) -> None:
    """Whoever comes second waits for the first one's row, and no message is lost."""
    await asyncio.gather(*(a_message(runtime, clerk.id, MessageKind.STAFF_REINSTATED) for _ in range(8)))
    assert await Inbox.filter(staff_id=clerk.id).count() == 1
    rows = await InboxMessage.filter(staff_id=clerk.id).order_by("sequence")
    assert [row.sequence for row in rows] == list(range(1, 9))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_params_are_those_of_the_kind(runtime: Runtime, clerk: Viewer) -> None:
    """A message that could not be told in full is not written at all."""
    before = await everything_in_database()
    with pytest.raises(ValueError, match="filled by"):
        async with work(runtime, SYSTEM) as current:
            await notify(current, clerk.id, MessageKind.APPLICATION_OPENED, subject_id="app_1", name="张三")
    assert await everything_in_database() == before


async def test_an_inbox_is_nobody_elses(runtime: Runtime, clerk: Viewer, other_clerk: Viewer, admin: Viewer) -> None:
    """Neither a colleague nor HQ's admin reads, counts or marks what is another's."""
    message = await a_message(runtime, clerk.id, MessageKind.STAFF_REINSTATED)
    for stranger in (other_clerk, admin):
        assert await fetch(INBOX_MESSAGE, ALL, Reading(stranger, runtime)) == []
        assert await inbox_events_after(Reading(stranger, runtime), ALL, 0, first=10) == []
        command = MarkInboxRead(a_key(), (message.id,), message.id)
        assert await mark_inbox_read(runtime, stranger, command) == 0
    assert await unread_count(clerk) == 1


async def test_messages_are_marked_by_id_and_up_to_one(runtime: Runtime, clerk: Viewer) -> None:
    """What was read keeps its time, and the same call again changes nothing."""
    messages = [await a_message(runtime, clerk.id, MessageKind.STAFF_REINSTATED) for _ in range(5)]
    first = MarkInboxRead(a_key(), (messages[4].id,))
    assert await mark_inbox_read(runtime, clerk, first) == 4
    assert await mark_inbox_read(runtime, clerk, MarkInboxRead(a_key(), (), messages[2].id)) == 1
    read = {row.id: row.read_at for row in await InboxMessage.filter(staff_id=clerk.id)}
    assert [read[message.id] is not None for message in messages] == [True, True, True, False, True]
    later = [await a_message(runtime, clerk.id, MessageKind.STAFF_REINSTATED)]
    assert await mark_inbox_read(runtime, clerk, first) == 2
    assert await mark_inbox_read(runtime, clerk, MarkInboxRead(a_key(), (), later[0].id)) == 0


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_too_many_ids_are_refused(runtime: Runtime, clerk: Viewer) -> None:
    """A call has its limit, and beyond it nothing is marked."""
    message = await a_message(runtime, clerk.id, MessageKind.STAFF_REINSTATED)
    before = await everything_in_database()
    with pytest.raises(Refused, match="TOO_MANY_MESSAGES"):
        await mark_inbox_read(runtime, clerk, MarkInboxRead(a_key(), (message.id,) * 101))
    assert await everything_in_database() == before


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_feed_goes_on_behind_a_sequence(runtime: Runtime, clerk: Viewer) -> None:
    """Oldest first, one more than asked for when there is one."""
    messages = [await a_message(runtime, clerk.id, MessageKind.STAFF_REINSTATED) for _ in range(4)]
    rows = await inbox_events_after(Reading(clerk, runtime), Selection.of("id"), 1, first=2)
    assert [row["id"] for row in rows] == [message.id for message in messages[1:4]]
    assert [row["sequence"] for row in rows] == [2, 3, 4]


async def test_an_inbox_id_is_always_the_same(runtime: Runtime, clerk: Viewer) -> None:
    """Whoever subscribes first makes the inbox that the first message then goes to."""
    ids = await asyncio.gather(*(inbox_id_of(runtime, clerk.id) for _ in range(5)))
    message = await a_message(runtime, clerk.id, MessageKind.STAFF_REINSTATED)
    assert set(ids) == {message.inbox_id}
