"""Who is told what: by the use cases themselves, from their events, in their transactions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
import pytest

from backend.accounts import (
    ChangeStaff,
    DecideRegistration,
    RegistrationDecision,
    Role,
    StaffState,
    Viewer,
    decide_registration,
    reinstate_staff,
    report_leaver,
    suspend_staff,
)
from backend.accounts.models import Staff
from backend.applications import SYSTEM_STANDING, HandOverApplications, hand_over_applications, move_application
from backend.applications.models import Application
from backend.applications.rules import Action, Facts, State
from backend.foundation.events import SYSTEM
from backend.foundation.lifecycle import MoveRefused
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.messaging import AlertKind, MessageKind
from backend.messaging.models import Alert, InboxMessage
from backend.opening.attempts import begin_round
from backend.review import Decision
from tests.builders.applications import (
    a_draft,
    a_key,
    a_submitted,
    an_approved,
    claim,
    decide,
    send_back,
    submit,
    withdraw,
)
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database
from tests.builders.pay import MCHID
from tests.conftest import MakeViewer
from tests.messaging.ground import set_staff

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

Told = list[tuple[str, MessageKind, Mapping[str, Any]]]
_K = MessageKind


async def told() -> Told:
    """Give who was told what, in order."""
    rows = await InboxMessage.all().order_by("created_at", "sequence")
    return [(row.staff_id, MessageKind(row.kind), orjson.loads(row.params)) for row in rows]


async def move_by_system(
    runtime: Runtime, application_id: str, action: Action, to: State | None = None, **facts: bool
) -> None:
    """Let the system move an application, as an answer of WeChat Pay does."""
    async with work(runtime, SYSTEM) as current:
        application = await current.lock(Application, application_id)
        assert application is not None
        if action is Action.FILE:
            await begin_round(current, application, MCHID)
        await move_application(
            current, application, action, standing=SYSTEM_STANDING, facts=Facts(**facts), to=to, body={"reasons": []}
        )


async def filed(runtime: Runtime, author: Viewer, reviewer: Viewer, *actions: tuple[Action, State | None]) -> str:
    """Give an application that WeChat Pay has, moved on by these actions."""
    application_id = await an_approved(runtime, author, reviewer, micro_name="张记面馆")
    for action, to in ((Action.FILE, None), (Action.ACCEPT, None), *actions):
        await move_by_system(runtime, application_id, action, to)
    return application_id


SHOP: Final = {"shop": "张记面馆"}


async def test_decisions_about_a_registration(runtime: Runtime, admin: Viewer, a_viewer: MakeViewer) -> None:
    """The person is told, with the reason where there is one."""
    for code, decision, reason in (("one", "APPROVE", ""), ("two", "REJECT", "照片不清")):
        person = await a_viewer(code, Role.FIELD_STAFF, "hq_field", StaffState.PENDING)
        command = DecideRegistration(a_key(), person.id, 1, RegistrationDecision(decision), reason)
        await decide_registration(runtime, admin, command)
    kinds = [(kind, params) for _, kind, params in await told()]
    assert kinds == [(_K.REGISTRATION_APPROVED, {}), (_K.REGISTRATION_REJECTED, {"reason": "照片不清"})]


async def test_a_leaver_is_reported_to_hq_and_told_when_back(
    runtime: Runtime, admin: Viewer, partner_admin: Viewer, partner_clerk: Viewer
) -> None:
    """HQ reads the first character of the name; whoever is cut off is told nothing until they are back."""
    await Staff.filter(id=partner_clerk.id).update(name="王小明")
    await report_leaver(runtime, partner_admin, ChangeStaff(a_key(), partner_clerk.id, 1, "离职"))
    row = await Alert.get()
    assert (row.kind, row.subject_id, row.params) == (AlertKind.LEAVER_REPORTED, partner_clerk.id, '{"name":"王**"}')
    assert await told() == []
    await reinstate_staff(runtime, admin, ChangeStaff(a_key(), partner_clerk.id, 2, "误报"))
    assert await told() == [(partner_clerk.id, _K.STAFF_REINSTATED, {})]


async def test_decisions_of_reviewers(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """Returned, mended and refused: the author hears of each, and HQ of what waits."""
    application_id = await a_submitted(runtime, clerk, micro_name="张记面馆")
    assert [row.kind for row in await Alert.all()] == [AlertKind.APPLICATION_WAITING]
    await send_back(runtime, reviewer, application_id, "micro_name")
    assert await told() == [(clerk.id, _K.APPLICATION_RETURNED, SHOP)]
    await Application.filter(id=application_id).update(open_fields="[]")
    await submit(runtime, clerk, application_id)
    await claim(runtime, reviewer, application_id)
    await decide(runtime, reviewer, application_id, Decision.REFUSE, reason="不合规")
    assert (await told())[1:] == [(clerk.id, _K.APPLICATION_REFUSED, {**SHOP, "reason": "不合规"})]


_OBSERVED = Action.OBSERVE


@pytest.mark.parametrize(
    ("actions", "kinds"),
    [
        ([(_OBSERVED, State.AWAITING_VERIFICATION)], [_K.OWNER_MUST_SIGN]),
        ([(_OBSERVED, State.AWAITING_SIGNATURE)], [_K.OWNER_MUST_SIGN]),
        ([(_OBSERVED, State.AWAITING_VERIFICATION), (_OBSERVED, State.AWAITING_SIGNATURE)], [_K.OWNER_MUST_SIGN]),
        (
            [(_OBSERVED, State.AWAITING_SIGNATURE), (_OBSERVED, State.OPENING), (_OBSERVED, State.OPENED)],
            [_K.OWNER_MUST_SIGN, _K.APPLICATION_OPENED],
        ),
        ([(_OBSERVED, State.OPENING)], []),
        ([(Action.VOID, None)], [_K.APPLICATION_VOIDED]),
        ([(Action.REJECT, None)], []),
        ([(Action.REJECT, None), (Action.RETURN, None)], [_K.APPLICATION_PROVIDER_REJECTED]),
    ],
)
async def test_what_wechat_pay_answers(
    runtime: Runtime,
    clerk: Viewer,
    reviewer: Viewer,
    actions: list[tuple[Action, State | None]],
    kinds: list[MessageKind],
) -> None:
    """The owner's part is asked for once; a rejection is told when it comes back to whoever files."""
    await filed(runtime, clerk, reviewer, *actions)
    assert await told() == [(clerk.id, kind, SHOP) for kind in kinds]


async def test_an_account_that_opens_after_all(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """HQ is alerted; the author abandoned it and is told nothing."""
    application_id = await filed(runtime, clerk, reviewer)
    await withdraw(runtime, clerk, application_id)
    await Alert.all().delete()
    await move_by_system(runtime, application_id, Action.OBSERVE)
    assert [row.kind for row in await Alert.all()] == [AlertKind.OPENED_AFTER_ABANDON]
    assert await told() == []


async def test_nobody_is_told_of_their_own_doing(
    runtime: Runtime, clerk: Viewer, other_clerk: Viewer, admin: Viewer, reviewer: Viewer
) -> None:
    """What the author withdraws is no news to the author; what HQ withdraws is."""
    await withdraw(runtime, clerk, await a_draft(runtime, clerk, micro_name="张记面馆"))
    assert await told() == []
    application_id = await a_draft(runtime, other_clerk, micro_name="张记面馆")
    await submit(runtime, other_clerk, application_id)
    await withdraw(runtime, reviewer, application_id)
    assert admin.id != reviewer.id
    assert await told() == [(other_clerk.id, _K.APPLICATION_WITHDRAWN, SHOP)]


async def test_work_handed_over_is_told_once_with_its_number(
    runtime: Runtime, clock: FixedClock, clerk: Viewer, other_clerk: Viewer, admin: Viewer
) -> None:
    """The successor hears how many; each hand-over is told by itself, and later news goes to the successor."""
    for number in range(3):
        await a_draft(runtime, clerk, micro_name=f"第{number}家")
    await hand_over_applications(runtime, admin, HandOverApplications(a_key(), clerk.id, other_clerk.id))
    assert await told() == [(other_clerk.id, _K.WORK_HANDED_OVER, {"count": 3})]
    clock.advance(60)
    await hand_over_applications(runtime, admin, HandOverApplications(a_key(), other_clerk.id, clerk.id))
    clock.advance(60)
    await a_draft(runtime, clerk)
    await hand_over_applications(runtime, admin, HandOverApplications(a_key(), clerk.id, other_clerk.id))
    counts = [(staff_id, params["count"]) for staff_id, _, params in await told()]
    assert counts == [(other_clerk.id, 3), (clerk.id, 3), (other_clerk.id, 4)]


async def test_a_shop_without_a_name(runtime: Runtime, clerk: Viewer) -> None:
    """A draft may expire before anybody has named the shop."""
    application_id = await a_draft(runtime, clerk, micro_name=None)
    await move_by_system(runtime, application_id, Action.EXPIRE)
    assert await told() == [(clerk.id, _K.APPLICATION_EXPIRED, {"shop": "未命名门店"})]


async def test_a_refused_call_tells_nobody(runtime: Runtime, clerk: Viewer, admin: Viewer) -> None:
    """What is undone has told nothing either."""
    await set_staff(clerk.id, StaffState.LEFT)
    before = await everything_in_database()
    with pytest.raises(MoveRefused):
        await suspend_staff(runtime, admin, ChangeStaff(a_key(), clerk.id, 1, "x"))
    assert await everything_in_database() == before
