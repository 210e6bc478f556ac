"""startApplication: notice, pre-check, draft."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest

from backend.accounts import Role, StaffState, Viewer
from backend.applications import ApplicationKind, start_application
from backend.applications.fields import GroupMembership, SettlementHolder
from backend.applications.policies import Channel
from backend.applications.record import values_of
from backend.foundation.jobs import Job
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_pre_check, a_start, events_of, refused, the
from tests.builders.everything import everything_in_database
from tests.conftest import MakeViewer


async def test_a_draft_is_there(runtime: Runtime, clerk: Viewer) -> None:
    """The answers that the form asks for too stand in it; one event, one job that expires it."""
    answers = a_pre_check(
        group_membership=GroupMembership.BRANCH_OF, group_name=" 大郎餐饮 ", planned_opening_on=date(2026, 12, 1)
    )
    command = a_start(kind=ApplicationKind.SWITCH_FROM_CORPORATE, pre_check=answers)
    application = await the(await start_application(runtime, clerk, command))
    assert (application.state, application.version, application.kind) == ("DRAFT", 1, "SWITCH_FROM_CORPORATE")
    assert (application.author_id, application.organisation_id) == (clerk.id, clerk.organisation_id)
    assert values_of(runtime.keyring, application) == {
        "settlement_holder": "OPERATOR",
        "licence_held": False,
        "group_membership": "BRANCH_OF",
        "group_name": "大郎餐饮",
    }
    assert orjson.loads(application.pre_check)["planned_opening_on"] == "2026-12-01"
    (event,) = await events_of(application.id)
    assert (event.kind, event.actor_id) == ("STARTED", clerk.id)
    (job,) = await Job.filter(subject_id=application.id)
    assert (job.kind, (job.due_at - runtime.clock.now()).days) == ("applications.expire", 30)


async def test_the_same_call_starts_one(runtime: Runtime, clerk: Viewer) -> None:
    """Sent again it gives the same id; the key with other answers is refused."""
    command = a_start()
    first = await start_application(runtime, clerk, command)
    before = await everything_in_database()
    assert await start_application(runtime, clerk, command) == first
    assert await everything_in_database() == before
    async with refused("IdempotencyKeyReused"):
        other = a_start(idempotency_key=command.idempotency_key, kind=ApplicationKind.SWITCH_FROM_CORPORATE)
        await start_application(runtime, clerk, other)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"notice_version": "2018-01"}, "NOTICE_OUTDATED"),
        ({"pre_check": a_pre_check(settlement_holder=SettlementHolder.OTHER)}, "HOLDER_MUST_BE_OPERATOR"),
        ({"pre_check": a_pre_check(group_name="长" * 129)}, "PRE_CHECK_INVALID"),
        ({"pre_check": a_pre_check(group_note="\x00")}, "PRE_CHECK_INVALID"),
    ],
)
async def test_what_is_refused(runtime: Runtime, clerk: Viewer, changes: dict[str, Any], code: str) -> None:
    """An old notice, a card that the channel does not take, an answer that is none."""
    async with refused(code):
        await start_application(runtime, clerk, a_start(**changes))


async def test_another_card_with_proof_to_come(runtime: Runtime, clerk: Viewer) -> None:
    """The test channel takes another's card with proof, and the proof may still be brought."""
    answers = a_pre_check(settlement_holder=SettlementHolder.OTHER)
    command = a_start(pre_check=answers, channel=Channel.TEST)
    assert (await the(await start_application(runtime, clerk, command))).state == "DRAFT"


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.BUSINESS, Role.ADMIN, Role.AUDITOR, Role.PARTNER_ADMIN])
async def test_who_does_not_file(runtime: Runtime, a_viewer: MakeViewer, role: Role) -> None:
    """Only field staff and partners' keys start applications."""
    viewer = await a_viewer("somebody", role, "hq")
    async with refused("PermissionMissing"):
        await start_application(runtime, viewer, a_start())


@pytest.mark.parametrize("state", [StaffState.PENDING, StaffState.REJECTED])
async def test_who_may_not_yet(runtime: Runtime, a_viewer: MakeViewer, state: StaffState) -> None:
    """Somebody who is not approved starts nothing."""
    viewer = await a_viewer("newcomer", Role.FIELD_STAFF, "hq_field", state)
    async with refused("PermissionMissing"):
        await start_application(runtime, viewer, a_start())
