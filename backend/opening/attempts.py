"""Filing attempts: which code a filing goes under, and the jobs it starts with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from backend.applications import Application
from backend.applications.rules import State
from backend.foundation.subjects import Subject
from backend.foundation.work import Work
from backend.opening.models import FilingAttempt
from backend.opening.rules import SETTLES_AFTER_SECONDS, ApplymentState, Delivery

FILE_JOB: Final = "opening.file"
SUBMIT_JOB: Final = "opening.submit"
POLL_JOB: Final = "opening.poll"


async def latest_attempt(application_id: str) -> FilingAttempt | None:
    """Give the attempt in force; the caller holds the application's lock if it is going to change it."""
    return await FilingAttempt.filter(application_id=application_id).order_by("-number").first()


async def begin_round(work: Work, application: Application, mchid: str) -> FilingAttempt:
    """Write down under which code this application is filed now, before anything is sent, and leave the submit job.

    A voided form can never open, so it gets a new attempt with a new code; every other one is filed again under its
    own code, which overwrites it. There is never a new code while an old form may still open an account.
    """
    attempt = await latest_attempt(application.id)
    if attempt is None or attempt.raw_state == ApplymentState.CANCELED:
        number = attempt.number + 1 if attempt else 1
        attempt = FilingAttempt(
            id=work.runtime.ids.new("att"),
            application_id=application.id,
            number=number,
            mchid=mchid,
            business_code=f"{mchid}_{application.id}_{number}",
            delivery=Delivery.UNSENT,
            created_at=work.now,
        )
        await attempt.save(force_create=True)
    else:
        open_next_round(attempt)
        await attempt.save()
    enqueue_submit(work, attempt)
    return attempt


def open_next_round(attempt: FilingAttempt) -> None:
    """Make the attempt ready to be filed once more under its own code; the caller saves it."""
    attempt.round += 1
    attempt.delivery = Delivery.UNSENT
    attempt.sent_at = None
    attempt.polls = 0
    attempt.settled_at = None


def enqueue_submit(work: Work, attempt: FilingAttempt) -> None:
    """Leave the job that sends the present round."""
    work.enqueue(
        SUBMIT_JOB,
        subject_id=attempt.application_id,
        dedupe=f"submit:{attempt.id}:{attempt.round}",
        attempt_id=attempt.id,
        round=attempt.round,
    )


def enqueue_poll(work: Work, attempt: FilingAttempt, why: str) -> None:
    """Leave the job that follows the form at WeChat Pay."""
    work.enqueue(
        POLL_JOB,
        subject_id=attempt.application_id,
        dedupe=f"poll:{attempt.id}:{attempt.round}:{why}",
        attempt_id=attempt.id,
        round=attempt.round,
    )


async def on_approved(work: Work, application: Subject, _body: Mapping[str, Any]) -> None:
    """Answer an approval: file when the hold is over."""
    assert isinstance(application, Application)  # noqa: S101 - the kind of event is one of applications only
    work.enqueue(
        FILE_JOB,
        subject_id=application.id,
        dedupe=f"file:{application.id}:{application.version}",
        due_at=application.hold_until,
    )


async def on_refiled(work: Work, application: Subject, body: Mapping[str, Any]) -> None:
    """Answer HQ's word to file again: a voided form goes the way of an approval, a rejected one is sent at once."""
    if application.state == State.APPROVED:
        await on_approved(work, application, body)
        return
    assert isinstance(application, Application)  # noqa: S101 - as above
    attempt = await latest_attempt(application.id)
    assert attempt is not None  # noqa: S101 - only what was filed can be rejected by the provider
    await begin_round(work, application, attempt.mchid)


async def on_abandoned(work: Work, application: Subject, _body: Mapping[str, Any]) -> None:
    """Answer an abandonment: what WeChat Pay holds is watched to its end, and what never left is dropped.

    The submit job of the round does the dropping where it is still there. Where it is not (the form was refused at the
    door, or the job was given up) the one left here does. It comes late, so that the two never meet.
    """
    attempt = await latest_attempt(application.id)
    assert attempt is not None  # noqa: S101 - only what is being filed can be abandoned
    if attempt.applyment_id is not None:
        enqueue_poll(work, attempt, "abandoned")
        return
    work.enqueue(
        SUBMIT_JOB,
        subject_id=application.id,
        dedupe=f"submit:{attempt.id}:{attempt.round}:abandoned",
        due_at=work.now + timedelta(seconds=SETTLES_AFTER_SECONDS),
        attempt_id=attempt.id,
        round=attempt.round,
    )
