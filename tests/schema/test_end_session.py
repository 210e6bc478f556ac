"""`endSession`: signing out, here or elsewhere."""

from __future__ import annotations

from typing import Final

from backend.accounts import Viewer
from tests.builders.api import Api, a_key, nothing_written
from tests.schema.mutations import BAD_KEYS, assert_refused

END: Final = "EndSession"


async def test_the_one_that_asks_ends_at_once(api: Api, clerk: Viewer) -> None:
    """Its next call is refused, a replay of the same one as well; other sessions go on."""
    here, there, key = await api.client(clerk), await api.client(clerk), a_key()
    current = next(item for item in (await here.call("Sessions")).value if item["isCurrent"])
    assert (await here.change(END, idempotencyKey=key)).changed == current["id"]
    async with nothing_written():
        answer = await here.change(END, idempotencyKey=key)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert (await there.call("Me")).outcome == "OK"


async def test_another_of_ones_own_ends(api: Api, clerk: Viewer) -> None:
    """By its id, once; a second time changes nothing."""
    here, there = await api.client(clerk), await api.client(clerk)
    other = next(item["id"] for item in (await there.call("Sessions")).value if item["isCurrent"])
    key = a_key()
    assert (await here.change(END, idempotencyKey=key, sessionId=other)).changed == other
    async with nothing_written():
        assert (await here.change(END, idempotencyKey=key, sessionId=other)).changed == other
    await assert_refused(here.change(END, idempotencyKey=key), ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey"))
    assert (await there.call("Me")).status == 401
    assert other not in {item["id"] for item in (await here.call("Sessions")).value}


async def test_nobody_elses_ends(api: Api, clerk: Viewer, other_clerk: Viewer) -> None:
    """A stranger's session and one that never was look alike; a key must be one."""
    client = await api.client(clerk)
    for session_id in (other_clerk.session_id, "ses_0", "x" * 500, "\u0000"):
        await assert_refused(client.change(END, sessionId=session_id), ("SESSION_UNKNOWN", "sessionId"))
    for key in BAD_KEYS:
        await assert_refused(client.change(END, idempotencyKey=key), ("IDEMPOTENCY_KEY_INVALID", "idempotencyKey"))
