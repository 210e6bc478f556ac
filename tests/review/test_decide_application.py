"""decideApplication: approve, return, refuse, file again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from backend.accounts import Viewer
from backend.applications.fields import GroupMembership
from backend.applications.record import open_fields_of
from backend.foundation.jobs import Job
from backend.foundation.runtime import Runtime
from backend.review import DecideApplication, Decision, FieldReason, decide_application
from tests.builders.applications import (
    a_kept_photo,
    a_key,
    a_submitted,
    approve,
    claim,
    decide,
    events_of,
    refused,
    save,
    send_back,
    submit,
    the,
    to_pass,
)
from tests.builders.clock import FixedClock


async def a_claimed(runtime: Runtime, clerk: Viewer, reviewer: Viewer, **fields: Any) -> str:
    """Give an application that the reviewer holds."""
    application_id = await a_submitted(runtime, clerk, **fields)
    await claim(runtime, reviewer, application_id)
    return application_id


async def test_an_approval_waits_ten_seconds(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """The claim ends, the group is settled, and the job that files is due when the hold is over."""
    application_id = await a_claimed(runtime, clerk, reviewer)
    passed = await to_pass(runtime, application_id)
    await decide(runtime, reviewer, application_id, Decision.APPROVE, passed_fields=passed)
    application = await the(application_id)
    assert (application.state, application.approver_id, application.claimer_id) == ("APPROVED", reviewer.id, None)
    assert application.hold_until == runtime.clock.now() + timedelta(seconds=10)
    assert (application.settled_membership, application.settled_group_name) == ("STANDALONE", None)
    assert (await Job.get(kind="opening.file")).due_at == application.hold_until
    assert await to_pass(runtime, application_id) == ()


NOT_APPROVED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"passed_fields": ("owner_name",)}, "FIELDS_NOT_PASSED"),
    ({"group_membership": GroupMembership.UNKNOWN}, "MEMBERSHIP_UNKNOWN"),
    ({"group_membership": GroupMembership.BRANCH_OF}, "GROUP_NAME_MISSING"),
    ({"group_membership": GroupMembership.BRANCH_OF, "group_name": "  "}, "GROUP_NAME_MISSING"),
    ({"group_membership": GroupMembership.BRANCH_OF, "group_name": "长" * 129}, "FIELD_INVALID"),
    ({"reason": "长" * 501}, "TEXT_TOO_LONG"),
)


async def test_what_is_not_approved(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """A field not passed, a group not settled, a name that cannot be one."""
    application_id = await a_claimed(runtime, clerk, reviewer)
    passed = await to_pass(runtime, application_id)
    for members, code in NOT_APPROVED:
        async with refused(code):
            await decide(runtime, reviewer, application_id, Decision.APPROVE, **{"passed_fields": passed, **members})


async def test_a_group_that_staff_did_not_know(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """UNKNOWN may be submitted; HQ settles it at approval."""
    application_id = await a_claimed(runtime, clerk, reviewer, group_membership="UNKNOWN")
    passed = await to_pass(runtime, application_id)
    async with refused("MEMBERSHIP_UNKNOWN"):
        await decide(runtime, reviewer, application_id, Decision.APPROVE, passed_fields=passed)
    await decide(
        runtime,
        reviewer,
        application_id,
        Decision.APPROVE,
        passed_fields=passed,
        group_membership=GroupMembership.BRANCH_OF,
        group_name=" 大郎餐饮 ",
    )
    application = await the(application_id)
    assert (application.settled_membership, application.settled_group_name) == ("BRANCH_OF", "大郎餐饮")


async def test_only_the_differences_are_passed_again(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """What was passed before the return stays passed; what was sent back is looked at again, changed or not."""
    application_id = await a_submitted(runtime, clerk)
    await send_back(runtime, reviewer, application_id, "account_bank", "id_card_copy")
    photo = await a_kept_photo(runtime, clerk, application_id, "id_card_copy")
    await save(runtime, clerk, application_id, id_card_copy=photo)
    await submit(runtime, clerk, application_id)
    assert await to_pass(runtime, application_id) == ("id_card_copy", "account_bank")
    await claim(runtime, reviewer, application_id)
    async with refused("FIELDS_NOT_PASSED"):
        await decide(runtime, reviewer, application_id, Decision.APPROVE, passed_fields=("id_card_copy",))
    passed = ("id_card_copy", "account_bank")
    await decide(runtime, reviewer, application_id, Decision.APPROVE, passed_fields=passed)


async def test_a_return_names_fields(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """Each with its code and note; the claim ends, the shop stays held."""
    application_id = await a_submitted(runtime, clerk)
    await send_back(runtime, reviewer, application_id, "account_bank")
    application = await the(application_id)
    assert (application.state, application.claimer_id) == ("RETURNED", None)
    assert application.live_key is not None
    (item,) = open_fields_of(application.open_fields).values()
    assert (item.field, item.code, item.note) == ("account_bank", "BLURRED", "请重拍")
    assert (await events_of(application_id))[-1].kind == "RETURNED"


REFUSED: tuple[tuple[Decision, dict[str, Any], str], ...] = (
    (Decision.RETURN, {}, "FIELD_REASONS_MISSING"),
    (Decision.RETURN, {"field_reasons": (FieldReason("nickname", "BLURRED"),)}, "REASON_FIELD_UNKNOWN"),
    (Decision.RETURN, {"field_reasons": (FieldReason("owner_name", "UGLY"),)}, "REASON_FIELD_UNKNOWN"),
    (Decision.RETURN, {"field_reasons": (FieldReason("owner_name", "OTHER", "长" * 201),)}, "REASON_FIELD_UNKNOWN"),
    (Decision.RETURN, {"field_reasons": (FieldReason("owner_name", "OTHER"),) * 61}, "TOO_MANY_REASONS"),
    (Decision.REFUSE, {}, "REASON_MISSING"),
    (Decision.REFUSE, {"reason": "   "}, "REASON_MISSING"),
    (Decision.REFILE, {"reason": "再试一次"}, "ILLEGAL_STATE"),
)


async def test_what_is_refused(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """A decision without its reason, or with one that is none, decides nothing."""
    application_id = await a_claimed(runtime, clerk, reviewer)
    for decision, members, code in REFUSED:
        async with refused(code):
            await decide(runtime, reviewer, application_id, decision, **members)


async def test_a_refusal_frees_the_shop(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """The end, with its reason; somebody else may apply."""
    application_id = await a_claimed(runtime, clerk, reviewer)
    await decide(runtime, reviewer, application_id, Decision.REFUSE, reason="店铺不存在")
    application = await the(application_id)
    assert (application.state, application.live_key, application.claimer_id) == ("REFUSED", None, None)
    await a_submitted(runtime, clerk)


async def test_who_may_not_decide(
    runtime: Runtime,
    clock: FixedClock,
    clerk: Viewer,
    reviewer: Viewer,
    other_reviewer: Viewer,
    admin: Viewer,
    partner_clerk: Viewer,
) -> None:
    """Only the holder of the claim, while it runs, on what they have seen."""
    application_id = await a_claimed(runtime, clerk, reviewer)
    for viewer, code in (
        (other_reviewer, "NOT_ALLOWED"),
        (admin, "NOT_ALLOWED"),
        (clerk, "NOT_ALLOWED"),
        (partner_clerk, "NotFound"),
    ):
        async with refused(code):
            await decide(runtime, viewer, application_id, Decision.REFUSE, reason="不行")
    async with refused("StaleVersion"):
        command = DecideApplication(a_key(), application_id, 1, Decision.REFUSE, reason="不行")
        await decide_application(runtime, reviewer, command)
    clock.advance(15 * 60)
    async with refused("NOT_ALLOWED"):
        await decide(runtime, reviewer, application_id, Decision.REFUSE, reason="不行")


async def test_the_same_decision_sent_twice(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """It is taken once and leaves one job."""
    application_id = await a_submitted(runtime, clerk)
    await approve(runtime, reviewer, application_id)
    assert await Job.filter(kind="opening.file").count() == 1
    async with refused("ILLEGAL_STATE"):
        await decide(runtime, reviewer, application_id, Decision.APPROVE)
