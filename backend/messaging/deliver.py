"""Deliver: bring a message of the inbox to a person's attention, over the first channel that takes it, never twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog

from backend.accounts.identities import WeChatApp, identity_for, openid_of
from backend.accounts.models import Staff
from backend.accounts.register_staff import mobile_in_clear
from backend.accounts.rules import CUT_OFF
from backend.foundation.database import transaction
from backend.foundation.jobs import Claim, TryLater
from backend.foundation.runtime import Runtime
from backend.messaging.channels import Channel, Channels
from backend.messaging.consents import give_consent_back, settle_consent, spend_consent
from backend.messaging.messages import MESSAGES, MessageKind
from backend.messaging.models import Delivery, InboxMessage
from backend.messaging.results import Result, result_of
from backend.messaging.templates import filled, fit
from backend.wechat import PlatformError, PlatformFailure

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# How long a channel that is busy or away is waited for before the next one is tried.
GIVE_UP_AFTER: Final = timedelta(minutes=10)
_OVER: Final = frozenset({Result.SENT, Result.UNKNOWN})


# A message made ready for one channel: the one call that sends it.
_Letter = Callable[[], Awaitable[None]]


async def deliver(runtime: Runtime, channels: Channels, claim: Claim) -> None:
    """Handle the job that a message left. Nothing goes out that was read, or to somebody whose access has ended.

    A row says SENDING before each call. One that is found so was left by a worker that died in between: nobody knows
    whether it went out, so nothing is sent any more.
    """
    message = await InboxMessage.get(id=claim.payload["message_id"])
    attempts = {Channel(row.channel): row for row in await Delivery.filter(message_id=message.id)}
    if any(attempt.result in _OVER for attempt in attempts.values()):
        return
    for attempt in attempts.values():
        if attempt.result == Result.SENDING:
            await _settle(runtime, attempt, Result.UNKNOWN, "FOUND_SENDING")
            return
    for channel in Channel:
        if channel in attempts and attempts[channel].result == Result.FAILED:
            continue
        staff = await Staff.get(id=message.staff_id)
        if staff.state in CUT_OFF or await InboxMessage.exists(id=message.id, read_at__not_isnull=True):
            return
        letter = await _PREPARE[channel](runtime, channels, message, staff)
        if letter is None:
            continue
        begun = await _begin(runtime, claim, message, channel)
        if begun is not None and await _send(runtime, begun, letter) in _OVER:
            return


async def _begin(runtime: Runtime, claim: Claim, message: InboxMessage, channel: Channel) -> Delivery | None:
    """Write down that the call is about to be made; None where a consent is needed and none is left.

    Raises `LeaseLost` when the job is another worker's by now.
    """
    async with transaction():
        await claim.renew()
        consented = channel is not Channel.SUBSCRIBE_MESSAGE or await spend_consent(
            runtime, message.staff_id, MESSAGES[MessageKind(message.kind)].template, message.id
        )
        attempt = await Delivery.get_or_none(message_id=message.id, channel=channel)
        if attempt is None:
            attempt = Delivery(
                id=runtime.ids.new("dlv"), message_id=message.id, channel=channel, created_at=runtime.clock.now()
            )
        attempt.result = Result.SENDING if consented else Result.FAILED
        attempt.outcome = None if consented else PlatformFailure.NO_CONSENT
        await attempt.save()
    return attempt if consented else None


async def _send(runtime: Runtime, attempt: Delivery, letter: _Letter) -> Result:
    """Make the call and write down what became of it. Raises `TryLater` where the same is to be tried again."""
    result, code = Result.SENT, ""
    try:
        await letter()
    except PlatformError as error:
        result, code = result_of(error), str(error.kind)
        log.info("delivery_failed", channel=attempt.channel, reason=code, errcode=error.errcode)
    if result is Result.WAITING and runtime.clock.now() - attempt.created_at >= GIVE_UP_AFTER:
        result = Result.FAILED
    await _settle(runtime, attempt, result, code)
    if result is Result.WAITING:
        raise TryLater(code)
    return result


async def _settle(runtime: Runtime, attempt: Delivery, result: Result, code: str) -> None:
    """Write down what became of a call, unless somebody else has said so meanwhile."""
    async with transaction():
        settled_at = None if result is Result.WAITING else runtime.clock.now()
        mine = Delivery.filter(id=attempt.id, result=Result.SENDING)
        if not await mine.update(result=result, outcome=code or None, settled_at=settled_at):
            return
        if attempt.channel == Channel.SUBSCRIBE_MESSAGE and result is not Result.WAITING:
            if result is Result.FAILED and code == PlatformFailure.UNREACHABLE:
                await give_consent_back(attempt.message_id)
            else:
                await settle_consent(attempt.message_id, code or result)


def _values(message: InboxMessage) -> tuple[MessageKind, Mapping[str, Any], datetime]:
    return MessageKind(message.kind), orjson.loads(message.params), message.created_at


async def _by_subscribe_message(
    runtime: Runtime, channels: Channels, message: InboxMessage, _staff: Staff
) -> _Letter | None:
    kind = MessageKind(message.kind)
    app, template_id = channels.mini_program, channels.templates.subscribe_id(MESSAGES[kind].template)
    if app is None or template_id is None:
        return None
    identity = await identity_for(message.staff_id, WeChatApp.MINI_PROGRAM, app.appid)
    if identity is None:
        return None
    openid, page = openid_of(runtime.keyring, identity), MESSAGES[kind].page.path_to(message.subject_id)
    data = filled(*_values(message))
    return lambda: app.send_subscribe_message(openid, template_id, page, data, channels.state)


async def _by_template_message(
    runtime: Runtime, channels: Channels, message: InboxMessage, _staff: Staff
) -> _Letter | None:
    kind = MessageKind(message.kind)
    account, template_id = channels.official_account, channels.templates.template_id(MESSAGES[kind].template)
    if account is None or template_id is None:
        return None
    identity = await identity_for(message.staff_id, WeChatApp.OFFICIAL_ACCOUNT, account.appid)
    if identity is None or not identity.is_following:
        return None
    openid, page = openid_of(runtime.keyring, identity), MESSAGES[kind].page.path_to(message.subject_id)
    app, data = channels.mini_program, filled(*_values(message))
    return lambda: account.send_template(
        openid,
        template_id,
        data,
        mini_program_page=page if app else None,
        mini_appid=app.appid if app else "",
        client_msg_id=message.id,
    )


async def _by_sms(runtime: Runtime, channels: Channels, message: InboxMessage, staff: Staff) -> _Letter | None:
    kind, params, _ = _values(message)
    gateway = channels.sms
    if gateway is None or not MESSAGES[kind].by_sms or staff.mobile_sealed is None:
        return None
    mobile = mobile_in_clear(runtime.keyring, staff.id, bytes(staff.mobile_sealed))
    # Gateways hold their params to about the length that WeChat does.
    fitted = {name: fit("thing1", str(value)) for name, value in params.items()}
    return lambda: gateway.send(mobile, kind.value, fitted, message.id)


_Prepare = Callable[[Runtime, Channels, InboxMessage, Staff], Awaitable[_Letter | None]]

_PREPARE: Final[Mapping[Channel, _Prepare]] = {
    Channel.SUBSCRIBE_MESSAGE: _by_subscribe_message,
    Channel.TEMPLATE_MESSAGE: _by_template_message,
    Channel.SMS: _by_sms,
}
