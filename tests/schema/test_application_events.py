"""`applicationEvents`: a snapshot or what was missed, and then every event as it happens, over a real socket."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import pytest

from backend.accounts import Viewer, open_session
from backend.accounts.models import Organisation, Session, Staff
from backend.foundation.log_reader import POLL_SECONDS
from backend.foundation.runtime import Runtime
from tests.builders.applications import withdraw
from tests.builders.runtime import a_runtime
from tests.conftest import Database, MakeViewer
from tests.schema import cases
from tests.schema.callers import ANSWERS, all_callers
from tests.schema.sockets import Ended, Server

MANY: Final = 200
WRITER: Final = Path(__file__).parent / "another_process.py"


async def _write(case: cases.Case, count: int) -> None:
    for number in range(count):
        await case.save(micro_name=f"大郎烧饼第{number}次")


async def test_nothing_is_missed_and_nothing_comes_twice(server: Server, runtime: Runtime, clerk: Viewer) -> None:
    """While two hundred events are written, a follower that breaks off and resumes sees each once, in order."""
    case, token = await cases.started(runtime, clerk), await open_session(runtime, clerk.id)
    last = 1 + MANY
    async with asyncio.TaskGroup() as tasks, server.following(token, case.id) as steady:
        snapshot = await steady.next()
        assert (snapshot["__typename"], snapshot["cursor"]) == ("ApplicationSnapshot", "e1.1")
        assert (snapshot["application"]["id"], snapshot["application"]["cursor"]) == (case.id, "e1.1")
        tasks.create_task(_write(case, MANY))
        async with server.following(token, case.id, after="e1.1") as broken:
            seen = await broken.until(last // 4)
        async with server.following(token, case.id, after=broken.cursors[-1]) as resumed:
            seen += await resumed.until(last)
        async with server.following(token, case.id) as late:
            snapshot = await late.next()
            assert snapshot["cursor"] == f"e1.{last}"
        assert await steady.until(last) == seen == list(range(2, last + 1))
    # All of it is in the past now: a replay gives exactly what lies behind the cursor, more than one page of it.
    async with server.following(token, case.id, after="e1.7") as replayed:
        assert await replayed.until(last) == list(range(8, last + 1))
        await case.save(micro_name="最后一次")
        item = await replayed.next()
    assert (item["sequence"], item["kind"], item["actorKind"]) == (last + 1, "DRAFT_SAVED", "STAFF")
    assert item["changes"] == [{"field": "micro_name", "old": f"大郎烧饼第{MANY - 1}次", "new": "最后一次"}]


async def test_everybody_gets_the_answer_of_the_table(server: Server, runtime: Runtime, a_viewer: MakeViewer) -> None:
    """Whoever may not follow is told so: by an error of this stream, or by the end of the socket."""
    callers = await all_callers(server.api, a_viewer)
    case = await cases.started(runtime, callers.people["author"])
    told = {}
    for name, client in callers.clients.items():
        try:
            async with server.following(client.token, case.id) as stream:
                told[name] = "OK" if (await stream.next())["cursor"] == "e1.1" else "?"
        except Ended as ended:
            told[name] = "UNAUTHENTICATED" if ended.how == "4403" else ended.how
    assert told == ANSWERS["application_events"]


async def test_a_stream_that_is_refused_leaves_the_socket(
    server: Server, runtime: Runtime, clerk: Viewer, other_clerk: Viewer
) -> None:
    """An error ends its own stream; the next one on the same socket is served. Forged cursors are errors, too."""
    mine, other = await cases.started(runtime, clerk), await cases.started(runtime, other_clerk)
    async with server.open(await open_session(runtime, clerk.id)) as stream:
        for number, (application_id, after, code) in enumerate(
            [
                (other.id, None, "NOT_FOUND"),
                (other.id, "e1.1", "NOT_FOUND"),
                ("apl_none", None, "NOT_FOUND"),
                ("x" * 500, None, "NOT_FOUND"),
                (mine.id, "nonsense", "BAD_REQUEST"),
                (mine.id, "e1.-1", "BAD_REQUEST"),
                (mine.id, "e2.1", "BAD_REQUEST"),
                (mine.id, "", "BAD_REQUEST"),
                (mine.id, "e1.2", "BAD_REQUEST"),
                (mine.id, "e1.999999999", "BAD_REQUEST"),
            ]
        ):
            stream.id = str(number)
            await stream.follow(application_id, after)
            assert await stream.end() == code, (application_id, after)
        stream.id = "good"
        await stream.follow(mine.id, "e1.0")
        assert await stream.until(1) == [1]


@pytest.mark.parametrize("with_event", [True, False])
async def test_a_session_that_ends_takes_its_socket_along(
    server: Server, runtime: Runtime, clerk: Viewer, other_clerk: Viewer, reviewer: Viewer,
    monkeypatch: pytest.MonkeyPatch, *, with_event: bool,
) -> None:  # fmt: skip
    """Signed out or suspended: the socket is closed with 4403 at the next event, and soon without one."""
    if not with_event:
        monkeypatch.setattr("schema.common.streams.RECHECK_SECONDS", 0.05)
    for viewer, leaving in (
        (clerk, Session.filter(staff_id=clerk.id).update(ended_at=runtime.clock.wall())),
        (other_clerk, Staff.filter(id=other_clerk.id).update(state="SUSPENDED")),
    ):
        case, token = await cases.started(runtime, viewer), await open_session(runtime, viewer.id)
        async with server.following(token, case.id) as stream:
            await stream.next()
            await leaving
            if with_event:
                await withdraw(runtime, reviewer, case.id)
            assert await stream.end() == "4403"
            assert len(stream.cursors) == 1


async def test_a_right_that_is_lost_ends_the_stream(
    server: Server, runtime: Runtime, partner_clerk: Viewer, reviewer: Viewer
) -> None:
    """Whoever was moved elsewhere gets no further event of what is not theirs any more; the socket stays."""
    case, token = await cases.started(runtime, partner_clerk), await open_session(runtime, partner_clerk.id)
    elsewhere = await Organisation.get(code="other_partner")
    async with server.following(token, case.id) as stream:
        await stream.next()
        await Staff.filter(id=partner_clerk.id).update(roles="PARTNER_ADMIN", organisation_id=elsewhere.id)
        await withdraw(runtime, reviewer, case.id)
        assert await stream.end() == "NOT_FOUND"
        assert len(stream.cursors) == 1
        await stream.send({"type": "ping"})
        assert await stream.hear() == {"type": "pong"}


async def test_hqs_own_events_are_hidden_and_keep_their_numbers(
    server: Server, runtime: Runtime, clerk: Viewer, reviewer: Viewer
) -> None:
    """Staff do not see who looks at it, and their cursor goes on over the gap."""
    case = await cases.submitted(runtime, clerk)
    tokens = [await open_session(runtime, viewer.id) for viewer in (clerk, reviewer)]
    async with (
        server.following(tokens[0], case.id, "e1.2") as staff,
        server.following(tokens[1], case.id, "e1.2") as hq,
    ):
        for _ in range(2):
            await case.claim(reviewer)
            await case.release(reviewer)
        await case.claim(reviewer)
        await case.send_back(reviewer, "micro_name")
        assert await hq.until(9) == [3, 4, 5, 6, 7, 8, 9]
        assert await staff.until(9) == [3, 9]


async def test_who_falls_behind_is_told_and_loses_nothing(
    server: Server, runtime: Runtime, database: Database, clerk: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More events at once than a stream may have waiting: it ends with where to go on, and nothing is lost there."""
    monkeypatch.setattr("backend.foundation.log_reader.MAX_WAITING_EVENTS", 3)
    case, token = await cases.started(runtime, clerk), await open_session(runtime, clerk.id)
    # Written over a bus that this process does not hear, so that they are read in one go.
    silent = cases.Case(a_runtime(clock=runtime.clock, seed=database.engine), clerk, case.id)
    last = 1
    async with server.following(token, case.id) as stream:
        await stream.next()
        lagged = False
        while not lagged:
            await _write(silent, 12)
            last += 12
            seen: list[int] = []
            while not lagged and (not seen or seen[-1] < last):
                item = await stream.next()
                lagged = item["__typename"] == "StreamLagged"
                seen += [] if lagged else [item["sequence"]]
        assert await stream.end() == "COMPLETE"
    await case.save(micro_name="之后")
    resume_after = stream.cursors[-1]
    async with server.following(token, case.id, resume_after) as resumed:
        first = int(resume_after.removeprefix("e1.")) + 1
        assert await resumed.until(last + 1) == list(range(first, last + 2))


async def test_what_another_process_writes_comes_by_polling(
    server: Server, runtime: Runtime, database: Database, clerk: Viewer, reviewer: Viewer
) -> None:
    """Its bus does not reach this process; its events do, long before the stream would look by itself."""
    case = await cases.submitted(runtime, clerk)
    token = await open_session(runtime, reviewer.id)
    writer = await asyncio.create_subprocess_exec(
        sys.executable, WRITER, database.url, case.id, token,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        cwd=WRITER.parents[2], env={"PYTHONPATH": str(WRITER.parents[2])},
    )  # fmt: skip
    assert writer.stdin is not None
    assert writer.stdout is not None
    async with server.following(token, case.id) as stream:
        await stream.next()
        assert await writer.stdout.readline() == b"ready\n"
        writer.stdin.write(b"go\n")
        assert await writer.stdout.readline() == b"written\n"
        async with asyncio.timeout(2 * POLL_SECONDS):
            assert await stream.until(8) == [4, 5, 6, 7, 8]
    assert await writer.wait() == 0
