"""Decide: approve, return or refuse what was filed; file again what WeChat Pay sent back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from backend.accounts import Viewer
from backend.applications import Change, changing, checked_reason, move_for
from backend.applications.errors import ApplicationRefusal
from backend.applications.fields import GroupMembership
from backend.applications.form import FIELDS, check_shape, is_empty, normalise
from backend.applications.policies import Channel, refusals
from backend.applications.record import fields_to_pass, values_of, versions_of
from backend.applications.rules import HOLD_SECONDS, Action, Facts, State
from backend.foundation.clock import date_in_china
from backend.foundation.events import canonical
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.handbook import return_reasons_on
from backend.review.errors import ReviewRefusal

OPERATION: Final = "decideApplication"
MOST_REASONS: Final = 60
NOTE_LIMIT: Final = 200


class Decision(StrEnum):
    """What HQ decides; REFILE is for what came back from WeChat Pay through no fault of the form."""

    APPROVE = "APPROVE"
    RETURN = "RETURN"
    REFUSE = "REFUSE"
    REFILE = "REFILE"


@dataclass(frozen=True, slots=True)
class FieldReason:
    """Why one field is sent back: a code from the handbook, and a note for the staff."""

    field: str
    code: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class DecideApplication:
    """The input of `decideApplication`. Which members count depends on the decision."""

    idempotency_key: str
    application_id: str
    expected_version: int
    decision: Decision
    reason: str = ""
    field_reasons: tuple[FieldReason, ...] = ()
    passed_fields: tuple[str, ...] = ()
    group_membership: GroupMembership | None = None
    group_name: str | None = None


async def decide_application(runtime: Runtime, viewer: Viewer, command: DecideApplication) -> str:
    """Decide about an application and give its id.

    APPROVE wants every field passed and the group settled, and starts the ten seconds in which it may be recalled.
    RETURN wants at least one field with a reason; only these fields unlock. REFUSE and REFILE want a reason in words.
    Refuses as the table says, and with the codes of `ReviewRefusal`.
    """
    reason = checked_reason(command.reason)
    async with changing(runtime, viewer, OPERATION, command) as change:
        if change is not None:
            await _check_reasons(change, command)
            await _DECISIONS[command.decision](change, viewer, command, reason)
    return command.application_id


async def _check_reasons(change: Change, command: DecideApplication) -> None:
    if len(command.field_reasons) > MOST_REASONS:
        raise Refused(Refusal(ReviewRefusal.TOO_MANY_REASONS, ("field_reasons",), {"max": MOST_REASONS}))
    known = {reason.code for reason in await return_reasons_on(date_in_china(change.work.now))}
    wrong = [
        Refusal(ReviewRefusal.REASON_FIELD_UNKNOWN, ("field_reasons", str(index)))
        for index, item in enumerate(command.field_reasons)
        if item.field not in FIELDS or item.code not in known or len(item.note) > NOTE_LIMIT
    ]
    if wrong:
        raise Refused(*wrong)


async def _approve(change: Change, viewer: Viewer, command: DecideApplication, _reason: str) -> None:
    application = change.application
    values = values_of(change.work.runtime.keyring, application)
    to_pass = fields_to_pass(values, application.field_versions, application.passed_versions)
    membership = command.group_membership or values.get("group_membership")
    group_name = normalise(FIELDS["group_name"], command.group_name) or values.get("group_name")
    if membership == GroupMembership.BRANCH_OF:
        if is_empty(group_name):
            raise Refused(Refusal(ReviewRefusal.GROUP_NAME_MISSING, ("group_name",)))
        if problem := check_shape(FIELDS["group_name"], group_name):
            params = {"problem": problem.code, **problem.params}
            raise Refused(Refusal(ApplicationRefusal.FIELD_INVALID, ("group_name",), params))
    settled_name = group_name if membership == GroupMembership.BRANCH_OF else None
    hold_until = change.work.now + timedelta(seconds=HOLD_SECONDS)
    await move_for(
        change.work,
        viewer,
        application,
        Action.APPROVE,
        expected_version=command.expected_version,
        facts=Facts(
            fields_passed=set(to_pass) <= set(command.passed_fields),
            membership_settled=membership not in {None, GroupMembership.UNKNOWN},
            policies_satisfied=not refusals(Channel(application.channel), values),
        ),
        changes={
            "approver_id": viewer.id,
            "hold_until": hold_until,
            "passed_versions": canonical(
                {**versions_of(application.passed_versions), **dict.fromkeys(to_pass, application.version)}
            ),
            "settled_membership": membership,
            "settled_group_name": settled_name,
        },
        body={"hold_until": hold_until.isoformat(), "membership": membership, "group_name": settled_name},
    )


async def _return(change: Change, viewer: Viewer, command: DecideApplication, _reason: str) -> None:
    application = change.application
    values = values_of(change.work.runtime.keyring, application)
    sent_back = {item.field for item in command.field_reasons}
    passed = [
        name
        for name in fields_to_pass(values, application.field_versions, application.passed_versions)
        if name in command.passed_fields and name not in sent_back
    ]
    await move_for(
        change.work,
        viewer,
        application,
        Action.RETURN,
        expected_version=command.expected_version,
        facts=Facts(field_reasons_given=bool(sent_back)),
        changes={
            "open_fields": canonical(
                [
                    {"field": item.field, "code": item.code, "note": item.note, "version": application.version}
                    for item in command.field_reasons
                ]
            ),
            "passed_versions": canonical(
                {
                    **{k: v for k, v in versions_of(application.passed_versions).items() if k not in sent_back},
                    **dict.fromkeys(passed, application.version),
                }
            ),
        },
        body={"reasons": [{"field": i.field, "code": i.code, "note": i.note} for i in command.field_reasons]},
    )


async def _refuse(change: Change, viewer: Viewer, command: DecideApplication, reason: str) -> None:
    await move_for(
        change.work,
        viewer,
        change.application,
        Action.REFUSE,
        expected_version=command.expected_version,
        facts=Facts(reason_given=bool(reason)),
        body={"reason": reason},
    )


async def _refile(change: Change, viewer: Viewer, command: DecideApplication, reason: str) -> None:
    # A voided form needs a new code, so it goes the way of a fresh approval; its hold is over at once.
    voided = change.application.state == State.VOIDED
    await move_for(
        change.work,
        viewer,
        change.application,
        Action.REFILE,
        expected_version=command.expected_version,
        facts=Facts(reason_given=bool(reason)),
        changes={"hold_until": change.work.now} if voided else {},
        body={"reason": reason},
    )


_Apply = Callable[[Change, Viewer, DecideApplication, str], Awaitable[None]]

_DECISIONS: Final[Mapping[Decision, _Apply]] = {
    Decision.APPROVE: _approve,
    Decision.RETURN: _return,
    Decision.REFUSE: _refuse,
    Decision.REFILE: _refile,
}
