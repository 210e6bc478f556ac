"""Submit a filing: photos first, then the form, exactly once per code as far as WeChat Pay can tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import structlog

from backend.applications import Application, lock_for_system
from backend.applications.policies import Channel
from backend.applications.record import values_of
from backend.applications.rules import State
from backend.foundation.database import transaction
from backend.foundation.events import SYSTEM, canonical
from backend.foundation.jobs import Claim, TryLater
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work, work
from backend.handbook import RatePlan, rate_plan_of
from backend.opening.models import FilingAttempt
from backend.opening.payload import (
    ENCRYPTED_PATHS,
    PAYLOAD_VERSION,
    FormIncompleteError,
    PayloadError,
    RatePlanUnusableError,
    build,
    form_hash,
)
from backend.opening.photos import PhotoRefused, forget_photos, upload_photos
from backend.opening.provider import Provider, hold, lift_hold, seconds_held
from backend.opening.reject_map import field_for_pointer
from backend.opening.rules import CHANNEL_PROBE_SECONDS, SETTLES_AFTER_SECONDS, Delivery
from backend.opening.settle import accept, drop_unsent, observe, refuse_at_the_door
from backend.wechat import Action as PayAction
from backend.wechat import Applyment, OutcomeUnknown, PayError, Retryable, UnsendableError
from backend.wechat import Final as FinalError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# After a submit whose answer was lost, this long is given to WeChat Pay before it is asked, or sent the form again.
RESEND_SECONDS: Final = 10.0
# Where a form may be sent: a first filing or a re-filing, and one that WeChat Pay shows as not taken in whole.
_FILEABLE: Final = frozenset({State.FILING, State.PROVIDER_REVIEW})


async def submit_filing(runtime: Runtime, provider: Provider, claim: Claim) -> None:
    """Handle the job of one round of one attempt.

    Whatever happens between, each run starts from what is written: a round that is delivered is done; a first filing
    whose outcome is unknown is settled by a query before anything is sent again; a re-filing is sent again as it
    stands, because a query may still show the old rejection. What was abandoned before it left is dropped. Refuses
    nothing; raises `TryLater` when WeChat Pay is not ready, and `GiveUp` for what a person must look at.
    """
    attempt = await FilingAttempt.get(id=claim.payload["attempt_id"]).prefetch_related("application")
    if attempt.round != claim.payload["round"] or attempt.delivery == Delivery.DELIVERED:
        return
    in_doubt = attempt.delivery == Delivery.SENDING
    if in_doubt and attempt.applyment_id is None:
        found = await _query(provider, claim, attempt.business_code)
        if found is not None:
            await _settle_found(runtime, claim, found)
            return
    if attempt.application.state not in _FILEABLE:
        # Nothing of an application that is to be filed no more leaves the house, its photos included.
        await _end_unsent(runtime, claim)
        return
    if seconds := await seconds_held(provider.mchid, runtime.clock.now()):
        raise TryLater("CHANNEL_HELD", seconds)
    try:
        form = await _prepare(runtime, provider, claim, attempt.application)
        if form is None:
            await _end_unsent(runtime, claim)
            return
        await _send(runtime, provider, claim, form, in_doubt=in_doubt)
    except PhotoRefused as refused:
        await _refuse(runtime, claim, code=refused.error.code or "PHOTO_REFUSED", fields=refused.fields)
    except FormIncompleteError as refused:
        await _refuse(runtime, claim, code="FORM_INCOMPLETE", fields=refused.fields)
    except (PayloadError, UnsendableError) as refused:
        log.warning("filing.unsendable", error=type(refused).__name__)
        await _refuse(runtime, claim, code="FORM_UNSENDABLE", fields=())


async def _query(provider: Provider, claim: Claim, business_code: str) -> Applyment | None:
    await claim.renew()
    try:
        return await provider.client.query_by_business_code(business_code)
    except PayError as error:
        raise TryLater(f"QUERY_{error.action}", error.retry_after_seconds) from error


async def _locked(current: Work, claim: Claim) -> tuple[Application, FilingAttempt]:
    """Lock the application, then read its attempt: nobody changes an attempt without that lock."""
    application = await lock_for_system(current, claim.subject_id)
    return application, await FilingAttempt.get(id=claim.payload["attempt_id"])


async def _prepare(
    runtime: Runtime, provider: Provider, claim: Claim, application: Application
) -> dict[str, Any] | None:
    """Upload what is missing and mark the round as being sent; None when it is not to be sent any more.

    The mark is committed before the call, and only while the application is still to be filed. Whoever abandons it
    after that has abandoned a filing that is under way, and it is watched.
    """
    media_ids = await upload_photos(runtime, provider, claim, values_of(runtime.keyring, application))
    async with work(runtime, SYSTEM) as current:
        application, attempt = await _locked(current, claim)
        if application.state not in _FILEABLE:
            return None
        values = values_of(runtime.keyring, application)
        form = build(
            values,
            business_code=attempt.business_code,
            plan=await _chosen_plan(application),
            media_ids=media_ids,
            channel=Channel(application.channel),
        )
        attempt.delivery = Delivery.SENDING
        attempt.form_hash = form_hash(form, media_ids)
        attempt.payload_version = PAYLOAD_VERSION
        attempt.snapshot = runtime.keyring.seal(
            canonical(form).encode(), table="filing_attempt", field="snapshot", row=attempt.id
        )
        attempt.sent_at = current.now
        await attempt.save()
        await claim.renew()
    return form


async def _chosen_plan(application: Application) -> RatePlan:
    """Give the rate plan as it was when the form was submitted, whatever HQ has made of it since."""
    if application.rate_plan_entry_id is None:
        # Submitted to an older release, which kept no version. HQ sends it back; the next submission chooses one.
        raise RatePlanUnusableError
    return await rate_plan_of(application.rate_plan_entry_id)


async def _send(runtime: Runtime, provider: Provider, claim: Claim, form: dict[str, Any], *, in_doubt: bool) -> None:
    """Send the form. `in_doubt` says that an earlier sending of this round may have arrived."""
    # The commit may have taken its time: whoever has lost the job by now sends nothing.
    await claim.renew()
    try:
        accepted = await provider.client.submit_applyment(form, encrypted_paths=ENCRYPTED_PATHS)
    except Retryable as error:
        await _unmark(claim, in_doubt=in_doubt)
        raise TryLater(f"SUBMIT_{error.action}", error.retry_after_seconds) from error
    except OutcomeUnknown as error:
        log.warning("filing.outcome_unknown", request_id=error.request_id)
        raise TryLater("OUTCOME_UNKNOWN", error.retry_after_seconds or RESEND_SECONDS) from error
    except FinalError as error:
        await _take_refusal(runtime, provider, claim, error, in_doubt=in_doubt)
        return
    async with work(runtime, SYSTEM) as current:
        application, attempt = await _locked(current, claim)
        await accept(current, application, attempt, accepted.applyment_id)
        await claim.close()
    await lift_hold(provider.mchid)


async def _settle_found(runtime: Runtime, claim: Claim, found: Applyment) -> None:
    """Adopt a form that WeChat Pay turns out to have: it is accepted, and whatever state it shows is taken in."""
    async with work(runtime, SYSTEM) as current:
        application, attempt = await _locked(current, claim)
        await accept(current, application, attempt, found.applyment_id)
        await observe(current, application, attempt, found)
        await claim.close()


async def _end_unsent(runtime: Runtime, claim: Claim) -> None:
    """End a round that is not to be sent any more. What has left a moment ago may still be on its way: that waits."""
    async with work(runtime, SYSTEM) as current:
        application, attempt = await _locked(current, claim)
        if application.state == State.ABANDONED and attempt.applyment_id is None:
            if attempt.delivery == Delivery.SENDING and attempt.sent_at is not None:
                settled_at = attempt.sent_at + timedelta(seconds=SETTLES_AFTER_SECONDS)
                if settled_at > current.now:
                    raise TryLater("STILL_ON_ITS_WAY", (settled_at - current.now).total_seconds())
            await drop_unsent(current, application, attempt)
        await claim.close()


async def _take_refusal(
    runtime: Runtime, provider: Provider, claim: Claim, error: FinalError, *, in_doubt: bool
) -> None:
    """Act on a final answer to a submit, by the action that the client's table gives it."""
    attempt = await FilingAttempt.get(id=claim.payload["attempt_id"]).prefetch_related("application")
    if error.action is PayAction.RECONCILE:
        # In flow under this very code: for WeChat Pay that is an acceptance.
        found = await _query(provider, claim, attempt.business_code)
        if found is None:
            raise TryLater("PROCESSING_BUT_UNKNOWN")
        await _settle_found(runtime, claim, found)
        return
    await _unmark(claim, in_doubt=in_doubt)
    if error.action in {PayAction.HALT_CHANNEL, PayAction.REFRESH_KEY}:
        await hold(provider.mchid, error, runtime.clock.now())
        raise TryLater("CHANNEL_HELD", CHANNEL_PROBE_SECONDS)
    await lift_hold(provider.mchid)
    values = values_of(runtime.keyring, attempt.application)
    if error.action is PayAction.REUPLOAD and await forget_photos(
        runtime, provider, values, even_fresh=claim.waits == 0
    ):
        raise TryLater("REUPLOAD", 1.0)
    mendable = error.pointer is not None and error.action is not PayAction.ASK_PERSON
    await _refuse(
        runtime,
        claim,
        code=error.code or f"HTTP_{error.status}",
        fields=field_for_pointer(error.pointer or "", values) if mendable else (),
        sentence=error.provider_message.reveal() if error.provider_message else "",
    )


async def _refuse(runtime: Runtime, claim: Claim, *, code: str, fields: tuple[str, ...], sentence: str = "") -> None:
    """Write down that this form will not be taken as it stands; one that was abandoned meanwhile is dropped."""
    async with work(runtime, SYSTEM) as current:
        application, attempt = await _locked(current, claim)
        if application.state == State.ABANDONED:
            await drop_unsent(current, application, attempt)
        elif application.state in _FILEABLE:
            await refuse_at_the_door(current, application, attempt, code=code, form_fields=fields, sentence=sentence)
        await claim.close()


async def _unmark(claim: Claim, *, in_doubt: bool) -> None:
    """Take back the mark of a sending that certainly did not arrive, unless an earlier one may have."""
    if in_doubt:
        return
    async with transaction():
        # A worker that has lost the job must not take back the mark of the one that has it now.
        await claim.renew()
        await FilingAttempt.filter(id=claim.payload["attempt_id"], delivery=Delivery.SENDING).update(
            delivery=Delivery.UNSENT
        )
