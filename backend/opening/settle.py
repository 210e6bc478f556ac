"""Settling: what an answer of WeChat Pay does to the attempt and to the application, in one transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog

from backend.applications import SYSTEM_STANDING, Application, move_application
from backend.applications.form import FIELDS, mask
from backend.applications.record import values_of, versions_of
from backend.applications.rules import WITH_PROVIDER, Action, Facts, State, is_forward
from backend.foundation.events import canonical
from backend.foundation.jobs import GiveUp
from backend.foundation.work import Work
from backend.opening.attempts import enqueue_poll, enqueue_submit, open_next_round
from backend.opening.models import FilingAttempt
from backend.opening.reject_map import fields_for
from backend.opening.rules import (
    MEANINGS,
    STALE_REJECTION_SECONDS,
    UNKNOWN_STATE,
    ApplymentState,
    Delivery,
    Meaning,
    meaning_of,
)
from backend.wechat import Applyment, AuditItem

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

NOTE_LIMIT: Final = 200
RAW_STATE_LIMIT: Final = 64
_LONG_NUMBER: Final = re.compile(r"[0-9]{4,}([0-9]{2}[0-9Xx]?)")


async def accept(work: Work, application: Application, attempt: FilingAttempt, applyment_id: str) -> None:
    """Write down that WeChat Pay has the form of the present round, and start following it.

    A second id under one code would mean that two accounts can open: that stops here, for a person to look at.
    """
    if attempt.applyment_id not in {None, applyment_id}:
        raise GiveUp("PROVIDER_ID_CHANGED")
    attempt.applyment_id = applyment_id
    attempt.delivery = Delivery.DELIVERED
    attempt.accepted_at = work.now
    attempt.polls = 0
    attempt.settled_at = None
    await attempt.save()
    enqueue_poll(work, attempt, "accepted")
    if application.state == State.FILING:
        await move_application(
            work,
            application,
            Action.ACCEPT,
            standing=SYSTEM_STANDING,
            facts=Facts(provider_id_known=True),
            body={"business_code": attempt.business_code, "applyment_id": applyment_id},
        )


async def observe(work: Work, application: Application, attempt: FilingAttempt, answer: Applyment) -> Meaning:
    """Take in the answer of a query: raw as it came, and what it means. Gives the meaning, for when to look again."""
    if attempt.applyment_id not in {None, answer.applyment_id}:
        raise GiveUp("PROVIDER_ID_CHANGED")
    if _shows_the_past(work, attempt, answer):
        return MEANINGS[ApplymentState.AUDITING]
    meaning = _meaning_here(State(application.state), attempt, answer)
    reasons = _reasons(answer.audit_detail, values_of(work.runtime.keyring, application))
    raw_state = answer.applyment_state[:RAW_STATE_LIMIT]
    # Counted anew in each state: after a long audit the owner is followed closely again.
    attempt.polls = attempt.polls + 1 if raw_state == attempt.raw_state else 1
    attempt.raw_state = raw_state
    attempt.raw_answer = work.runtime.keyring.seal(
        answer.body, table="filing_attempt", field="raw_answer", row=attempt.id
    )
    attempt.audit_detail = canonical(reasons)
    attempt.sub_mchid = answer.sub_mchid or attempt.sub_mchid
    attempt.sign_url = answer.sign_url or attempt.sign_url
    attempt.observed_at = work.now
    if not meaning.poll_seconds:
        attempt.settled_at = work.now
    if meaning is MEANINGS[ApplymentState.EDITTING]:
        open_next_round(attempt)
        enqueue_submit(work, attempt)
    await attempt.save()
    await _apply(work, application, attempt, meaning, reasons)
    return meaning


def _meaning_here(state: State, attempt: FilingAttempt, answer: Applyment) -> Meaning:
    """Give the meaning of an answer for an application in `state`: what would lead nowhere is only looked at again."""
    meaning = meaning_of(answer.applyment_state)
    if answer.applyment_state == ApplymentState.EDITTING:
        if state not in {State.FILING, State.PROVIDER_REVIEW}:
            return UNKNOWN_STATE
        # Sent again once by ourselves; then a person looks at it, or the two of us would go on for ever.
        return MEANINGS[ApplymentState.REJECTED] if attempt.raw_state == ApplymentState.EDITTING else meaning
    if meaning.action is Action.REJECT and state is State.OPENING:
        return UNKNOWN_STATE
    return meaning


async def refuse_at_the_door(
    work: Work,
    application: Application,
    attempt: FilingAttempt,
    *,
    code: str,
    form_fields: Sequence[str],
    sentence: str = "",
) -> None:
    """Take in that the submit itself was refused for good: nothing was stored at WeChat Pay in this round.

    `sentence` is WeChat Pay's own reason; it is kept without what is sensitive in the form.
    """
    attempt.delivery = Delivery.UNSENT
    attempt.raw_state = code[:RAW_STATE_LIMIT]
    attempt.settled_at = work.now
    note = scrubbed(sentence, values_of(work.runtime.keyring, application))[:NOTE_LIMIT] or code
    reasons = [{"provider_field": "", "note": note, "form_fields": list(form_fields)}]
    attempt.audit_detail = canonical(reasons)
    await attempt.save()
    await _reject(work, application, attempt, reasons)


async def drop_unsent(work: Work, application: Application, attempt: FilingAttempt) -> None:
    """Take in that an abandoned filing never reached WeChat Pay: there is nothing to watch, and the shop is free."""
    attempt.settled_at = work.now
    await attempt.save()
    await _move(work, application, attempt, Action.VOID, None, {})


async def _apply(
    work: Work,
    application: Application,
    attempt: FilingAttempt,
    meaning: Meaning,
    reasons: list[dict[str, Any]],
) -> None:
    state = State(application.state)
    if state not in WITH_PROVIDER and state is not State.ABANDONED:
        return
    if meaning.action is Action.REJECT:
        if state is not State.PROVIDER_REJECTED:
            await _reject(work, application, attempt, reasons)
    elif meaning.action is Action.VOID:
        await _move(work, application, attempt, Action.VOID, None, {})
    elif meaning.action is Action.OBSERVE and meaning.target is not None:
        await _advance(work, application, attempt, meaning.target)
    elif meaning is UNKNOWN_STATE:
        log.warning("provider.state_unexpected", attempt_id=attempt.id, raw_state=attempt.raw_state)


async def _advance(work: Work, application: Application, attempt: FilingAttempt, target: State) -> None:
    """Move forward to what WeChat Pay shows; an answer that shows the past, or no account number yet, moves nothing."""
    state = State(application.state)
    if target is State.OPENED and not attempt.sub_mchid:
        raise GiveUp("OPENED_WITHOUT_SUB_MCHID")
    opened = {"sub_mchid": attempt.sub_mchid, "opened_at": work.now} if target is State.OPENED else {}
    if state is State.ABANDONED:
        if target is State.OPENED:
            log.error("filing.opened_after_abandon", application_id=application.id)
            await _move(work, application, attempt, Action.OBSERVE, target, opened)
        return
    if state in {State.FILING, State.PROVIDER_REJECTED} or not is_forward(state, target):
        return
    await _move(work, application, attempt, Action.OBSERVE, target, opened)


async def _move(
    work: Work,
    application: Application,
    attempt: FilingAttempt,
    action: Action,
    target: State | None,
    changes: Mapping[str, Any],
) -> None:
    body: dict[str, Any] = {"business_code": attempt.business_code, "raw_state": attempt.raw_state}
    if target is State.OPENED:
        body["sub_mchid"] = attempt.sub_mchid
    await move_application(work, application, action, standing=SYSTEM_STANDING, to=target, changes=changes, body=body)


async def _reject(work: Work, application: Application, attempt: FilingAttempt, reasons: list[dict[str, Any]]) -> None:
    """Reject, and where every reason points at a field of the form send it straight back to the staff."""
    await move_application(
        work,
        application,
        Action.REJECT,
        standing=SYSTEM_STANDING,
        body={
            "business_code": attempt.business_code,
            "raw_state": attempt.raw_state,
            "reasons": [
                {"field": field, "code": "PROVIDER", "note": item["note"]}
                for item in reasons
                for field in item["form_fields"] or [item["provider_field"]]
            ],
        },
    )
    if application.state != State.PROVIDER_REJECTED or not reasons or not all(r["form_fields"] for r in reasons):
        return
    notes = {field: item["note"] for item in reasons for field in item["form_fields"]}
    await move_application(
        work,
        application,
        Action.RETURN,
        standing=SYSTEM_STANDING,
        facts=Facts(all_reasons_mapped=True),
        changes={
            "open_fields": canonical(
                [
                    {"field": field, "code": "PROVIDER", "note": note, "version": application.version}
                    for field, note in notes.items()
                ]
            ),
            "passed_versions": canonical(
                {k: v for k, v in versions_of(application.passed_versions).items() if k not in notes}
            ),
        },
        body={"reasons": [{"field": field, "code": "PROVIDER", "note": note} for field, note in notes.items()]},
    )


def _shows_the_past(work: Work, attempt: FilingAttempt, answer: Applyment) -> bool:
    """Tell an old verdict that is still shown right after the same code was sent again from a new one."""
    if answer.applyment_state not in {ApplymentState.REJECTED, ApplymentState.EDITTING}:
        return False
    if attempt.round == 1 or attempt.delivery == Delivery.UNSENT or attempt.sent_at is None or attempt.polls > 0:
        return False
    return (work.now - attempt.sent_at).total_seconds() < STALE_REJECTION_SECONDS


def _reasons(audit_detail: Sequence[AuditItem], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give each reason with the form fields it speaks of, and without anything sensitive it may quote."""
    return [
        {
            "provider_field": item.field[:64],
            "note": scrubbed(item.reject_reason, values)[:NOTE_LIMIT],
            "form_fields": list(fields_for(item.field, values)),
        }
        for item in audit_detail
    ]


def scrubbed(text: str, values: Mapping[str, Any]) -> str:
    """Take out of a sentence of WeChat Pay what is sensitive in this form, and any long number."""
    for name, value in values.items():
        field = FIELDS[name]
        if field.mask is not None and isinstance(value, str) and len(value) > 1:
            text = text.replace(value, mask(field, value))
    return _LONG_NUMBER.sub(r"****\1", text)
