"""Submit a filing: photos first, then the form, exactly once per code as far as WeChat Pay can tell."""

from __future__ import annotations

from typing import Any, Final

import structlog

from backend.applications import lock_for_system
from backend.applications.policies import Channel
from backend.applications.record import Values, values_of
from backend.applications.rules import State
from backend.foundation.events import SYSTEM, canonical
from backend.foundation.jobs import Claim, GiveUp, TryLater
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.handbook.rate_plans import plan
from backend.images import read
from backend.opening.models import FilingAttempt, ProviderChannel, ProviderMedia
from backend.opening.payload import ENCRYPTED_PATHS, PAYLOAD_VERSION, build, form_hash, images_to_upload
from backend.opening.provider import Provider
from backend.opening.reject_map import field_for_pointer
from backend.opening.rules import CHANNEL_PROBE_SECONDS, Delivery
from backend.opening.settle import accept, drop_unsent, observe, refuse_at_the_door
from backend.wechat import Action as PayAction
from backend.wechat import Applyment, OutcomeUnknown, PayError, Retryable
from backend.wechat import Final as FinalError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# After a re-filing whose answer was lost, this long is given to WeChat Pay before the same form is sent once more.
RESEND_SECONDS: Final = 10.0


async def submit_filing(runtime: Runtime, provider: Provider, claim: Claim) -> None:
    """Handle the job of one round of one attempt.

    Whatever happens between, each run starts from what is written: a round that is delivered is done; a first filing
    whose outcome is unknown is settled by a query before anything is sent again; a re-filing is sent again as it
    stands, because a query may still show the old rejection. Refuses nothing; raises `TryLater` when WeChat Pay is not
    ready, and `GiveUp` for what a person must look at.
    """
    attempt = await FilingAttempt.get(id=claim.payload["attempt_id"])
    if attempt.round != claim.payload["round"] or attempt.delivery == Delivery.DELIVERED:
        return
    if attempt.delivery == Delivery.SENDING and attempt.applyment_id is None:
        found = await _query(provider, claim, attempt.business_code)
        if found is not None:
            await _settle_found(runtime, claim, attempt.id, found)
            return
    form = await _prepare(runtime, provider, claim, attempt)
    if form is None:
        return
    await _send(runtime, provider, claim, attempt.id, form)


async def _query(provider: Provider, claim: Claim, business_code: str) -> Applyment | None:
    await claim.renew()
    try:
        return await provider.client.query_by_business_code(business_code)
    except PayError as error:
        raise TryLater(f"QUERY_{error.action}", error.retry_after_seconds) from error


async def _prepare(runtime: Runtime, provider: Provider, claim: Claim, attempt: FilingAttempt) -> dict[str, Any] | None:
    """Upload what is missing and mark the round as being sent; None when there is nothing to send any more.

    The mark is committed before the call, and only while the application is still to be filed. Whoever abandons it
    after that has abandoned a filing that is under way, and it is watched.
    """
    values = await _values(runtime, attempt)
    media_ids = await _upload(runtime, provider, claim, values)
    async with work(runtime, SYSTEM) as current:
        application = await lock_for_system(current, attempt.application_id)
        stored = await FilingAttempt.get(id=attempt.id)
        if application.state not in {State.FILING, State.PROVIDER_REVIEW}:
            # Abandoned: what never left is dropped. What may have left was just not found, and is dropped as well.
            if application.state == State.ABANDONED and stored.applyment_id is None:
                await drop_unsent(current, application, stored)
            await claim.close()
            return None
        values = values_of(runtime.keyring, application)
        form = build(
            values,
            business_code=stored.business_code,
            plan=plan(values["rate_plan"]),
            media_ids=media_ids,
            channel=Channel(application.channel),
        )
        stored.delivery = Delivery.SENDING
        stored.form_hash = form_hash(form, media_ids)
        stored.payload_version = PAYLOAD_VERSION
        stored.snapshot = runtime.keyring.seal(
            canonical(form).encode(), table="filing_attempt", field="snapshot", row=stored.id
        )
        stored.sent_at = current.now
        await stored.save()
        await claim.renew()
    return form


async def _values(runtime: Runtime, attempt: FilingAttempt) -> Values:
    await attempt.fetch_related("application")
    return values_of(runtime.keyring, attempt.application)


async def _upload(runtime: Runtime, provider: Provider, claim: Claim, values: Values) -> dict[str, str]:
    """Give the media id of every photo of the form, uploading those WeChat Pay has not got from this merchant yet."""
    image_ids = images_to_upload(values)
    rows = await ProviderMedia.filter(mchid=provider.mchid, image_id__in=list(image_ids)).values("image_id", "media_id")
    media_ids = {row["image_id"]: row["media_id"] for row in rows}
    for image_id in image_ids:
        if image_id in media_ids:
            continue
        content = await read(runtime, image_id)
        await claim.renew()
        try:
            media_id = await provider.client.upload_image(content, filename=f"{image_id}.jpg")
        except PayError as error:
            if error.action is PayAction.HALT_CHANNEL:
                await _halt(runtime, provider, error)
            raise TryLater(f"UPLOAD_{error.action}", error.retry_after_seconds) from error
        await ProviderMedia.create(
            id=runtime.ids.new("med"),
            mchid=provider.mchid,
            image_id=image_id,
            media_id=media_id,
            uploaded_at=runtime.clock.now(),
        )
        media_ids[image_id] = media_id
    return media_ids


async def _send(runtime: Runtime, provider: Provider, claim: Claim, attempt_id: str, form: dict[str, Any]) -> None:
    try:
        accepted = await provider.client.submit_applyment(form, encrypted_paths=ENCRYPTED_PATHS)
    except Retryable as error:
        await _unmark(attempt_id)
        raise TryLater(f"SUBMIT_{error.action}", error.retry_after_seconds) from error
    except OutcomeUnknown as error:
        log.warning("filing.outcome_unknown", attempt_id=attempt_id, request_id=error.request_id)
        raise TryLater("OUTCOME_UNKNOWN", error.retry_after_seconds or RESEND_SECONDS) from error
    except FinalError as error:
        await _take_refusal(runtime, provider, claim, attempt_id, error)
        return
    async with work(runtime, SYSTEM) as current:
        attempt = await FilingAttempt.get(id=attempt_id)
        application = await lock_for_system(current, attempt.application_id)
        await accept(current, application, attempt, accepted.applyment_id)
        await claim.close()
    await _open_channel(provider)


async def _settle_found(runtime: Runtime, claim: Claim, attempt_id: str, found: Applyment) -> None:
    """Adopt a form that WeChat Pay turns out to have: it is accepted, and whatever state it shows is taken in."""
    async with work(runtime, SYSTEM) as current:
        attempt = await FilingAttempt.get(id=attempt_id)
        application = await lock_for_system(current, attempt.application_id)
        await accept(current, application, attempt, found.applyment_id)
        await observe(current, application, attempt, found)
        await claim.close()


async def _take_refusal(runtime: Runtime, provider: Provider, claim: Claim, attempt_id: str, error: FinalError) -> None:
    """Act on a final answer to a submit, by the action that the client's table gives it."""
    if error.action is PayAction.RECONCILE:
        # In flow under this very code: for WeChat Pay that is an acceptance.
        attempt = await FilingAttempt.get(id=attempt_id)
        found = await _query(provider, claim, attempt.business_code)
        if found is None:
            raise TryLater("PROCESSING_BUT_UNKNOWN")
        await _settle_found(runtime, claim, attempt_id, found)
        return
    await _unmark(attempt_id)
    if error.action in {PayAction.HALT_CHANNEL, PayAction.REFRESH_KEY}:
        await _halt(runtime, provider, error)
        raise TryLater("CHANNEL_HELD", CHANNEL_PROBE_SECONDS)
    if error.action is PayAction.REUPLOAD and claim.waits == 0:
        await _forget_media(runtime, provider, attempt_id)
        raise TryLater("REUPLOAD", 1.0)
    async with work(runtime, SYSTEM) as current:
        attempt = await FilingAttempt.get(id=attempt_id)
        application = await lock_for_system(current, attempt.application_id)
        values = values_of(runtime.keyring, application)
        fields = field_for_pointer(error.pointer, values) if error.pointer else ()
        if error.action is PayAction.ASK_PERSON:
            fields = ()
        if application.state == State.ABANDONED:
            await drop_unsent(current, application, attempt)
        elif application.state == State.FILING:
            await refuse_at_the_door(
                current, application, attempt, code=error.code or f"HTTP_{error.status}", form_fields=fields
            )
        else:
            raise GiveUp(error.code or f"HTTP_{error.status}")
        await claim.close()


async def _unmark(attempt_id: str) -> None:
    """Take back the mark of a round that certainly did not arrive."""
    await FilingAttempt.filter(id=attempt_id, delivery=Delivery.SENDING).update(delivery=Delivery.UNSENT)


async def _forget_media(runtime: Runtime, provider: Provider, attempt_id: str) -> None:
    attempt = await FilingAttempt.get(id=attempt_id)
    values = await _values(runtime, attempt)
    await ProviderMedia.filter(mchid=provider.mchid, image_id__in=list(images_to_upload(values))).delete()


async def _halt(runtime: Runtime, provider: Provider, error: PayError) -> None:
    """Hold the channel, so that one wrong key or missing right does not burn the whole queue."""
    log.error("channel.held", code=error.code, status=error.status, request_id=error.request_id)
    await ProviderChannel.update_or_create(
        {"held_reason": error.code or str(error.action), "held_at": runtime.clock.now()}, mchid=provider.mchid
    )


async def _open_channel(provider: Provider) -> None:
    """Lift a hold: something was just accepted."""
    await ProviderChannel.filter(mchid=provider.mchid, held_reason__isnull=False).update(held_reason=None, held_at=None)
