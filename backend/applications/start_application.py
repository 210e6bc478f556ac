"""Start: the notice is acknowledged, the owner pre-check is answered, a draft exists."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from backend.accounts import Permission, Viewer, acting, call_of, require
from backend.applications.errors import ApplicationRefusal
from backend.applications.events import EventKind
from backend.applications.fields import GroupMembership, SettlementHolder
from backend.applications.form import FIELDS, is_empty
from backend.applications.models import Application
from backend.applications.policies import Channel, refusals
from backend.applications.record import columns_for
from backend.applications.rules import EXPIRES_AFTER_DAYS, State
from backend.applications.values import check_shape, normalise
from backend.foundation.clock import date_in_china
from backend.foundation.events import canonical
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.handbook import read_handbook
from backend.handbook.content import Kind

OPERATION: Final = "startApplication"
EXPIRE_JOB: Final = "applications.expire"


class ApplicationKind(StrEnum):
    """What the shop has today: nothing, a corporate account of ours, or somebody else's."""

    NEW = "NEW"
    SWITCH_FROM_CORPORATE = "SWITCH_FROM_CORPORATE"
    SWITCH_FROM_THIRD_PARTY = "SWITCH_FROM_THIRD_PARTY"


@dataclass(frozen=True, slots=True)
class PreCheck:
    """What is asked before any photo is taken."""

    owner_has_own_phone: bool
    wechat_real_name_with_bank_card: bool
    id_card_present: bool
    bank_card_present: bool
    settlement_holder: SettlementHolder
    licence_held: bool
    group_membership: GroupMembership
    group_name: str | None = None
    group_note: str | None = None
    planned_opening_on: date | None = None


@dataclass(frozen=True, slots=True)
class StartApplication:
    """The input of `startApplication`."""

    idempotency_key: str
    kind: ApplicationKind
    notice_version: str
    pre_check: PreCheck
    channel: Channel = Channel.WECHAT_PAY


# The answers that the form asks for too; staff need not type them twice.
_ALSO_IN_FORM: Final = ("settlement_holder", "licence_held", "group_membership", "group_name", "group_note")


async def start_application(runtime: Runtime, viewer: Viewer, command: StartApplication) -> str:
    """Open a draft and give its id.

    Refuses with NOTICE_OUTDATED when a newer notice is in force, with the policy's code when the channel cannot open
    such a shop at all, and with PRE_CHECK_INVALID when an answer does not fit its field. Leaves a job that expires the
    draft when nobody touches it.
    """
    require(viewer, Permission.FILE_APPLICATIONS)
    async with acting(runtime, viewer, call_of(viewer, OPERATION, command)) as outcome:
        if not outcome.replayed:
            outcome.result_id = await _start(outcome.work, viewer, command)
    return outcome.result_id


async def _start(work: Work, viewer: Viewer, command: StartApplication) -> str:
    runtime = work.runtime
    notice = (await read_handbook(Kind.NOTICE)).start_notice(date_in_china(work.now))
    if command.notice_version != notice.version_name:
        current = {"current": notice.version_name}
        raise Refused(Refusal(ApplicationRefusal.NOTICE_OUTDATED, ("notice_version",), current))
    answers: dict[str, Any] = asdict(command.pre_check)
    values = {name: normalise(FIELDS[name], answers[name]) for name in _ALSO_IN_FORM if not is_empty(answers[name])}
    problems = [problem for name, value in values.items() if (problem := check_shape(FIELDS[name], value))]
    if problems:
        raise Refused(
            *(Refusal(ApplicationRefusal.PRE_CHECK_INVALID, ("pre_check", problem.field)) for problem in problems)
        )
    # Told before photos are taken: what the channel will refuse later, it refuses now. Proof can still be brought.
    refused = [code for code in refusals(command.channel, values) if code != "HOLDER_PROOF_MISSING"]
    if refused:
        raise Refused(*(Refusal(code, ("pre_check",)) for code in refused))

    application_id = runtime.ids.new("apl")
    application = Application(
        id=application_id,
        state=State.DRAFT,
        created_at=work.now,
        updated_at=work.now,
        author_id=viewer.id,
        organisation_id=viewer.organisation_id,
        kind=command.kind,
        channel=command.channel,
        notice_version=command.notice_version,
        pre_check=canonical(answers),
        field_versions=canonical(dict.fromkeys(values, 1)),
        passed_versions=canonical({}),
        open_fields=canonical([]),
        **columns_for(runtime.keyring, application_id, values),
    )
    work.record(
        application,
        EventKind.STARTED,
        {
            "to": State.DRAFT,
            "kind": command.kind,
            "notice_version": command.notice_version,
            "pre_check": {name: value for name, value in answers.items() if not name.startswith("group_n")},
        },
    )
    work.enqueue(
        EXPIRE_JOB,
        subject_id=application_id,
        dedupe=f"expire:{application_id}",
        due_at=work.now + timedelta(days=EXPIRES_AFTER_DAYS),
    )
    await application.save(force_create=True)
    return application_id
