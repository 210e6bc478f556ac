"""`myEvents`: one's own messages and one's own rights, as they happen."""

from __future__ import annotations

from typing import Final

from backend.accounts import Role, Viewer, open_session, suspend_staff
from backend.foundation.events import SYSTEM
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.messaging import MessageKind, notify
from tests.builders.people import a_change, reassign
from tests.schema.sockets import Server

MINE: Final = "MyEvents"


async def _tell(runtime: Runtime, person: Viewer) -> None:
    async with work(runtime, SYSTEM) as current:
        await notify(current, person.id, MessageKind.STAFF_REINSTATED, subject_id=person.id)


async def test_a_snapshot_first_and_then_every_message(
    server: Server, runtime: Runtime, clerk: Viewer, other_clerk: Viewer
) -> None:
    """Nobody else's; from a cursor on, exactly what was missed."""
    token = await open_session(runtime, clerk.id)
    await _tell(runtime, clerk)
    async with server.open(token) as stream:
        await stream.subscribe(MINE)
        snapshot = await stream.next()
        assert (snapshot["__typename"], snapshot["cursor"], snapshot["unreadCount"]) == ("MySnapshot", "e1.1", 1)
        assert snapshot["me"]["id"] == clerk.id
        await _tell(runtime, other_clerk)
        for sequence in (2, 3):
            await _tell(runtime, clerk)
            item = await stream.next()
            assert (item["__typename"], item["sequence"]) == ("InboxMessage", sequence)
    async with server.open(token) as resumed:
        await resumed.subscribe(MINE, after="e1.1")
        assert await resumed.until(3) == [2, 3]


async def test_changed_rights_are_told_and_lost_ones_end_it(
    server: Server, runtime: Runtime, admin: Viewer, partner_clerk: Viewer
) -> None:
    """A new snapshot with the new permissions; the end of access is the end of the socket."""
    async with server.open(await open_session(runtime, partner_clerk.id)) as stream:
        await stream.subscribe(MINE)
        assert "application.file" in (await stream.next())["me"]["permissions"]
        await reassign(runtime, admin, partner_clerk.id, Role.PARTNER_ADMIN)
        changed = await stream.next()
        assert changed["__typename"] == "MySnapshot"
        assert "staff.invite" in changed["me"]["permissions"]
        await suspend_staff(runtime, admin, await a_change(partner_clerk.id))
        assert await stream.end() == "4403"


async def test_cursors_that_were_never_given_are_refused(server: Server, runtime: Runtime, clerk: Viewer) -> None:
    """Each ends its own stream; the next one on the socket is served."""
    async with server.open(await open_session(runtime, clerk.id)) as stream:
        for number, after in enumerate(("", "nonsense", "e1.-1", "e2.0", "e1.1", "e1.999999999")):
            stream.id = str(number)
            await stream.subscribe(MINE, after=after)
            assert await stream.end() == "BAD_REQUEST", after
        stream.id = "good"
        await stream.subscribe(MINE, after="e1.0")
        await _tell(runtime, clerk)
        assert await stream.until(1) == [1]
