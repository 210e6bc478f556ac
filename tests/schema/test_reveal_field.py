"""`revealField`: one masked value in clear, for a reason, on record."""

from __future__ import annotations

from typing import Final

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api, nothing_written
from tests.builders.forms import OWNER_ID_NUMBER
from tests.schema import cases
from tests.schema.mutations import assert_refused

REVEAL: Final = "RevealField"


async def test_it_is_shown_and_on_record(
    api: Api, runtime: Runtime, auditor: Viewer, reviewer: Viewer, clerk: Viewer
) -> None:
    """The version stays, staff do not see that HQ looked, and the record holds no value."""
    case = await cases.filled(runtime, clerk)
    client, version = await api.client(reviewer), await case.version()
    given = {"applicationId": case.id, "field": "id_card_number", "reason": "与身份证照片核对"}
    assert (await client.change(REVEAL, **given)).changed == OWNER_ID_NUMBER
    assert await case.version() == version
    trail = (await (await api.client(auditor)).call("AuditTrail", subjectId=case.id, first=50, after=0)).value
    assert (trail["events"][-1]["kind"], trail["isWhole"]) == ("FIELD_REVEALED", True)
    assert OWNER_ID_NUMBER not in str(trail)
    seen = (await (await api.client(clerk)).call("ApplicationTimeline", applicationId=case.id, first=50)).value
    assert "FIELD_REVEALED" not in {edge["node"]["kind"] for edge in seen["edges"]}


async def test_each_refusal_names_its_member(api: Api, runtime: Runtime, reviewer: Viewer, clerk: Viewer) -> None:
    """Only what is masked can be revealed, and only for a reason."""
    case, client = await cases.filled(runtime, clerk), await api.client(reviewer)
    given = {"applicationId": case.id, "field": "id_card_number", "reason": "核对"}
    for field in ("micro_name", "nonsense", ""):
        await assert_refused(client.change(REVEAL, **{**given, "field": field}), ("FIELD_UNKNOWN", "field"))
    await assert_refused(client.change(REVEAL, **{**given, "reason": ""}), ("REASON_MISSING", "reason"))
    await assert_refused(client.change(REVEAL, **{**given, "reason": "x" * 501}), ("TEXT_TOO_LONG", "reason"))
    async with nothing_written():
        assert (await client.change(REVEAL, **{**given, "applicationId": "apl_0"})).codes == ["NOT_FOUND"]
