"""`discardHandbookDraft`: a draft is put away, and another may be begun."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.handbook_keeping import a_draft
from tests.schema.inputs import NIGHT_NOTICE
from tests.schema.mutations import assert_done_once, assert_refused

DISCARD = "DiscardHandbookDraft"


async def test_a_draft_is_put_away(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """It has ended, stays on record, cannot be published, and makes room for another."""
    client, kept = await api.client(admin), await a_draft(runtime, admin)
    given = {"entryId": kept.id, "expectedVersion": 1}
    shown = await assert_done_once(client, DISCARD, given, {"expectedVersion": 2})
    assert (shown["state"], shown["stage"], shown["availableActions"]) == ("DISCARDED", "ENDED", [])
    assert shown["effectiveOn"] is shown["versionName"] is None
    await assert_refused(
        client.change("PublishHandbookDraft", entryId=kept.id, expectedVersion=2), ("ILLEGAL_STATE", "")
    )
    other = (await client.change("SaveHandbookDraft", **NIGHT_NOTICE)).changed
    assert (other["state"], other["number"]) == ("DRAFT", 2)
    page = (await client.call("HandbookVersions", kind="NOTICE", code="NIGHT_SHIFT", first=5)).value
    assert {edge["node"]["state"] for edge in page["edges"]} == {"DISCARDED", "DRAFT"}


async def test_a_draft_that_changed_is_not_discarded_unseen(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """Somebody else may have gone on with it."""
    client, kept = await api.client(admin), await a_draft(runtime, admin)
    (error,) = await assert_refused(
        client.change(DISCARD, entryId=kept.id, expectedVersion=0), ("STALE_VERSION", "expectedVersion")
    )
    assert error["currentVersion"] == 1
