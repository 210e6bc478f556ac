"""`auditTrail`: who did what to one subject, and whether the record is whole."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.foundation.events import Event
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.forms import CARD_NUMBER, OWNER_ID_NUMBER
from tests.builders.people import invite
from tests.schema import cases

TRAIL = "AuditTrail"


async def test_it_is_read_in_pages_and_holds_nothing_sensitive(
    api: Api, runtime: Runtime, auditor: Viewer, clerk: Viewer
) -> None:
    """Oldest first, each link with its actor and hash."""
    case = await cases.submitted(runtime, clerk)
    client = await api.client(auditor)
    whole = (await client.call(TRAIL, subjectId=case.id, first=100, after=0)).value
    assert (whole["isWhole"], whole["brokenAt"], whole["hasMore"]) == (True, None, False)
    assert [event["sequence"] for event in whole["events"]] == list(range(1, whole["length"] + 1))
    assert {event["actorId"] for event in whole["events"]} == {clerk.id}
    for secret in (OWNER_ID_NUMBER, CARD_NUMBER, "13800138000"):
        assert secret not in str(whole)
    page = (await client.call(TRAIL, subjectId=case.id, first=1, after=1)).value
    assert (page["events"], page["hasMore"]) == (whole["events"][1:2], whole["length"] > 2)


async def test_a_changed_record_is_found(api: Api, runtime: Runtime, auditor: Viewer, clerk: Viewer) -> None:
    """At the link where it no longer fits."""
    case, client = await cases.submitted(runtime, clerk), await api.client(auditor)
    await Event.filter(subject_id=case.id, sequence=2).update(actor_id="stf_somebody_else")
    trail = (await client.call(TRAIL, subjectId=case.id, first=5, after=0)).value
    assert (trail["isWhole"], trail["brokenAt"]) == (False, 2)


async def test_every_kind_of_subject_has_one(
    api: Api, runtime: Runtime, auditor: Viewer, partner_admin: Viewer, clerk: Viewer
) -> None:
    """What is no subject has none; pages that cannot be are refused."""
    client = await api.client(auditor)
    invitation = await invite(runtime, partner_admin, partner_admin.organisation_id)
    for subject_id in (clerk.id, partner_admin.organisation_id, invitation):
        assert (await client.call(TRAIL, subjectId=subject_id, first=5, after=0)).value["isWhole"] is True
    for nothing in ("stf_0", "ses_0", "x" * 500, "\u0000", ""):
        assert (await client.call(TRAIL, subjectId=nothing, first=5, after=0)).value is None
    for first, after in ((0, 0), (101, 0), (5, -1)):
        answer = await client.call(TRAIL, subjectId=clerk.id, first=first, after=after)
        assert answer.codes == ["BAD_REQUEST"]
