"""`preflightApplication`: what there is to know before staff leave the shop."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api, nothing_written
from tests.schema import cases
from tests.schema.mutations import CHINESE


async def test_a_bare_draft_is_told_what_is_missing(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Every missing field with its sentence, the consent, nobody on duty, no history; and it writes nothing."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    async with nothing_written():
        found = (await client.call("PreflightApplication", applicationId=case.id)).value
    missing = (await client.call("Application", id=case.id)).value["missing"]
    assert [(item["code"], item["field"]) for item in found["blockers"]] == [
        *((item["code"], item["field"]) for item in missing),
        ("CONSENT_MISSING", "consent_text_version"),
    ]
    assert all(CHINESE.search(item["message"]) for item in found["blockers"])
    assert found["warnings"] == []
    assert found["reviewersOnDuty"] == 0
    assert [(item["stage"], item["medianSeconds"], item["sample"]) for item in found["stageTimes"]] == [
        ("HQ", None, 0),
        ("FILING", None, 0),
        ("PROVIDER_TO_OPENED", None, 0),
    ]


async def test_a_complete_draft_has_warnings_at_most(
    api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer, other_clerk: Viewer
) -> None:
    """A licence is a warning, a taken shop a blocker, an unchanged field of a return a warning; reviewers count."""
    client = await api.client(clerk)
    case = await cases.filled(runtime, clerk, licence_held=True, micro_name="大郎烧饼本店")
    found = (await client.call("PreflightApplication", applicationId=case.id)).value
    assert found["blockers"] == []
    assert [(item["code"], item["field"]) for item in found["warnings"]] == [
        ("CONSIDER_INDIVIDUAL_BUSINESS", "licence_held")
    ]
    await cases.claimed(runtime, other_clerk, reviewer, micro_name="大郎烧饼本店")
    found = (await client.call("PreflightApplication", applicationId=case.id)).value
    assert [item["code"] for item in found["blockers"]] == ["DUPLICATE"]
    assert found["reviewersOnDuty"] == 1

    sent_back = await cases.returned(runtime, clerk, reviewer, "micro_name")
    found = (await client.call("PreflightApplication", applicationId=sent_back.id)).value
    assert [(item["code"], item["field"]) for item in found["warnings"]] == [("UNCHANGED", "micro_name")]
    assert all(CHINESE.search(item["message"]) for item in found["warnings"])
