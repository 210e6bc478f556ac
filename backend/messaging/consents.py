"""Consents: one answer of a person to one question, good for one subscribe message. The ledger of what may be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from backend.accounts import Viewer
from backend.accounts.service import acting, call_of
from backend.foundation.database import connection, is_postgres
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.messaging.errors import MessagingRefusal
from backend.messaging.messages import TemplateName
from backend.messaging.models import SubscribeConsent
from backend.messaging.templates import Templates
from backend.wechat import TemplateConsent

RECORD_OPERATION: Final = "recordSubscribeResults"
# What `wx.requestSubscribeMessage` takes in one call.
MOST_ASKED: Final = 3


class Moment(StrEnum):
    """When a person is asked. It must be a tap of theirs, so there are few."""

    REGISTRATION = "REGISTRATION"
    SUBMISSION = "SUBMISSION"
    LIST = "LIST"


_T = TemplateName
# What is worth asking for at each moment, the weightiest first.
ASKED_AT: Final[Mapping[Moment, tuple[TemplateName, ...]]] = {
    Moment.REGISTRATION: (_T.REGISTRATION_RESULT,),
    Moment.SUBMISSION: (_T.APPLICATION_RESULT, _T.OWNER_ACTION),
    Moment.LIST: (_T.APPLICATION_RESULT, _T.OWNER_ACTION, _T.WORK_CHANGED),
}


class ConsentResult(StrEnum):
    """What a person answered, in upper case as WeChat's words for it."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    BAN = "BAN"
    FILTER = "FILTER"


@dataclass(frozen=True, slots=True)
class SubscribeAnswer:
    """One template and what the person answered about it."""

    template_id: str
    result: ConsentResult


@dataclass(frozen=True, slots=True)
class RecordSubscribeResults:
    """The input of `recordSubscribeResults`: what `wx.requestSubscribeMessage` gave."""

    idempotency_key: str
    moment: Moment
    answers: tuple[SubscribeAnswer, ...] = field(default=())


async def templates_to_ask(templates: Templates, viewer: Viewer, moment: Moment) -> list[str]:
    """Give the ids of at most three templates to ask the viewer for now: those of which no consent is left."""
    rows = await SubscribeConsent.filter(
        staff_id=viewer.id, result=ConsentResult.ACCEPT, spent_at=None, template__in=list(ASKED_AT[moment])
    ).values("template")
    left = {row["template"] for row in rows}
    wanted = (templates.subscribe_id(name) for name in ASKED_AT[moment] if name not in left)
    return [template_id for template_id in wanted if template_id is not None][:MOST_ASKED]


async def record_subscribe_results(
    runtime: Runtime, templates: Templates, viewer: Viewer, command: RecordSubscribeResults
) -> str:
    """Keep what the viewer answered and give their id; each ACCEPT is good for one message.

    Refuses with CONSENT_RESULT_INVALID a template that is not ours, one that is named twice, and too many.
    """
    names = [templates.named(answer.template_id) for answer in command.answers]
    if len(names) > MOST_ASKED or len(set(names)) < len(names) or None in names:
        raise Refused(Refusal(MessagingRefusal.CONSENT_RESULT_INVALID, ("answers",)))
    async with acting(runtime, viewer, call_of(viewer, RECORD_OPERATION, command)) as outcome:
        if not outcome.replayed:
            for name, answer in zip(names, command.answers, strict=True):
                await SubscribeConsent.create(
                    id=runtime.ids.new("con"),
                    staff_id=viewer.id,
                    template=name,
                    asked_for=command.moment,
                    result=answer.result,
                    asked_at=outcome.work.now,
                )
            outcome.result_id = viewer.id
    return viewer.id


_SPEND: Final = """
UPDATE subscribe_consent SET spent_at = {now}, message_id = {message}
WHERE spent_at IS NULL AND id = (
  SELECT id FROM subscribe_consent
  WHERE staff_id = {staff} AND template = {template} AND result = 'ACCEPT' AND spent_at IS NULL
  ORDER BY id LIMIT 1{lock})
RETURNING id
"""


async def spend_consent(runtime: Runtime, staff_id: str, template: TemplateName, message_id: str) -> bool:
    """Take one consent for a message, or find the one it has taken; tells whether there is one.

    Inside a transaction. Two messages never take the same one, whichever process they are sent from.
    """
    if await SubscribeConsent.exists(message_id=message_id, template=template):
        return True
    names = ("now", "message", "staff", "template")
    marks = {name: f"${number}" if is_postgres() else "?" for number, name in enumerate(names, start=1)}
    now = runtime.clock.now()
    rows = await connection().execute_query_dict(
        # Whoever else is spending one just now is passed by, not waited for.
        _SPEND.format(**marks, lock=" FOR UPDATE SKIP LOCKED" if is_postgres() else ""),
        [now if is_postgres() else now.isoformat(" "), message_id, staff_id, template.value],
    )
    return bool(rows)


async def settle_consent(message_id: str, outcome: str) -> None:
    """Note what became of the message that took a consent."""
    await SubscribeConsent.filter(message_id=message_id).update(spend_outcome=outcome)


async def give_consent_back(message_id: str) -> None:
    """Let a consent be spent again, because what took it surely never reached WeChat."""
    await SubscribeConsent.filter(message_id=message_id).update(spent_at=None, message_id=None, spend_outcome=None)


async def withdraw_consents(
    current: Work, staff_id: str, templates: Templates, told: Sequence[TemplateConsent]
) -> None:
    """Void what is left of the templates that a person has switched off in WeChat.

    What they allow there comes by `record_subscribe_results`, from the phone: counted here too, it would count twice.
    """
    off = [templates.named(consent.template_id) for consent in told if consent.status == "reject"]
    names = [name for name in off if name is not None]
    await SubscribeConsent.filter(
        staff_id=staff_id, template__in=names, result=ConsentResult.ACCEPT, spent_at=None
    ).update(spent_at=current.now, spend_outcome="WITHDRAWN")
