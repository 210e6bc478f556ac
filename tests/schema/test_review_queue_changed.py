"""`reviewQueueChanged`: how much waits for HQ, now and whenever that has changed."""

from __future__ import annotations

from typing import Any, Final

import pytest

from backend.accounts import Role, StaffState, Viewer, open_session, suspend_staff
from backend.accounts.models import Staff
from backend.foundation.runtime import Runtime
from tests.builders.people import a_change, decide
from tests.conftest import MakeViewer
from tests.schema import cases
from tests.schema.sockets import Server, Stream

QUEUE: Final = "ReviewQueueChanged"


def _counts(item: dict[str, Any]) -> tuple[int, int]:
    return item["applicationsWaiting"], item["registrationsWaiting"]


async def _until(stream: Stream, applications: int, registrations: int) -> int:
    """Read until this much waits; gives how many items that took."""
    count = 1
    while _counts(await stream.next()) != (applications, registrations):
        count += 1
    return count


async def test_what_waits_is_told_at_once_and_when_it_changes(
    server: Server, runtime: Runtime, clerk: Viewer, reviewer: Viewer, a_viewer: MakeViewer
) -> None:
    """Applications with how long the first has waited, and people; what was decided waits no more."""
    newcomer = await a_viewer("newcomer", Role.FIELD_STAFF, "partner", StaffState.PENDING)
    async with server.open(await open_session(runtime, reviewer.id)) as stream:
        await stream.subscribe(QUEUE)
        first = await stream.next()
        assert (_counts(first), first["oldestQueuedAt"]) == ((0, 1), None)
        case = await cases.submitted(runtime, clerk)
        second = await stream.next()
        assert _counts(second) == (1, 1)
        assert second["oldestQueuedAt"] is not None
        await decide(runtime, reviewer, newcomer.id)
        assert _counts(await stream.next()) == (1, 0)
        await case.claim(reviewer)
        await case.send_back(reviewer, "micro_name")
        assert _counts(await stream.next()) == (0, 0)


async def test_many_changes_at_once_are_told_together(
    server: Server, runtime: Runtime, clerk: Viewer, reviewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer items than changes, and the last one is right."""
    monkeypatch.setattr("schema.live_queue.COALESCE_SECONDS", 0.05)
    drafts = [await cases.filled(runtime, clerk) for _ in range(12)]
    async with server.open(await open_session(runtime, reviewer.id)) as stream:
        await stream.subscribe(QUEUE)
        assert _counts(await stream.next()) == (0, 0)
        for draft in drafts:
            await draft.submit()
        assert await _until(stream, len(drafts), 0) < len(drafts)


async def test_rights_count_at_every_item(
    server: Server, runtime: Runtime, admin: Viewer, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer
) -> None:
    """Whoever decides about people alone hears of them alone; whoever lost the right hears no more."""
    await cases.submitted(runtime, clerk)
    async with server.open(await open_session(runtime, admin.id)) as stream:
        await stream.subscribe(QUEUE)
        assert _counts(await stream.next()) == (0, 0)
    for viewer, how in ((reviewer, "FORBIDDEN"), (other_reviewer, "4403")):
        async with server.open(await open_session(runtime, viewer.id)) as stream:
            await stream.subscribe(QUEUE)
            assert _counts(await stream.next())[0] >= 1
            if how == "FORBIDDEN":
                await Staff.filter(id=viewer.id).update(roles="AUDITOR")
                await cases.submitted(runtime, clerk)
            else:
                await suspend_staff(runtime, admin, await a_change(viewer.id))
            assert await stream.end() == how
