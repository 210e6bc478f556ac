"""`alerts`: what HQ must look at."""

from __future__ import annotations

from backend.accounts import Viewer, report_leaver
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.builders.people import a_change
from tests.schema import cases


async def test_each_sees_what_they_are_there_to_settle(
    api: Api, runtime: Runtime, clock: FixedClock, partner_admin: Viewer, partner_clerk: Viewer, clerk: Viewer,
    reviewer: Viewer, admin: Viewer,
) -> None:  # fmt: skip
    """The newest first; a name is a letter and stars."""
    case = await cases.submitted(runtime, clerk)
    clock.advance(60)
    await report_leaver(runtime, partner_admin, await a_change(partner_clerk.id))
    for viewer, expected in (
        (reviewer, [("LEAVER_REPORTED", partner_clerk.id), ("APPLICATION_WAITING", case.id)]),
        (admin, [("LEAVER_REPORTED", partner_clerk.id)]),
    ):
        page = (await (await api.client(viewer)).call("Alerts", first=5)).value
        assert [(edge["node"]["kind"], edge["node"]["subjectId"]) for edge in page["edges"]] == expected
        assert "测试partner_clerk" not in str(page)
        assert "测**" in page["edges"][0]["node"]["text"]
