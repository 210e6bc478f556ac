"""What the door leaves to be done after its answer: who a follower is elsewhere, and replies that go by themselves."""

from __future__ import annotations

from typing import Final

import structlog

from backend.accounts.identities import WeChatApp, identity_of, openid_of, staff_by_unionid, tie
from backend.accounts.models import Staff, WeChatIdentity
from backend.foundation.database import transaction
from backend.foundation.events import SYSTEM
from backend.foundation.jobs import Claim, TryLater
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.messaging.door import reply_of
from backend.messaging.models import ReceivedPush
from backend.messaging.ports import OfficialAccountServer
from backend.messaging.results import Result, result_of
from backend.wechat import PlatformError, WeChatPerson

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST_WAITS: Final = 8


async def look_up_follower(runtime: Runtime, account: OfficialAccountServer | None, claim: Claim) -> None:
    """Handle the job of somebody new at the door: who they are in our other apps, where WeChat tells.

    Whoever signed in to the mini program before is tied to their account here. Asking does no harm, so it is repeated
    for a while; after that they are tied by the ticket of their link.
    """
    identity = await WeChatIdentity.get(id=claim.subject_id)
    if account is None or account.appid != identity.appid or identity.unionid_index is not None:
        return
    openid = openid_of(runtime.keyring, identity)
    try:
        unionid = await account.unionid_of(openid)
    except PlatformError as error:
        if result_of(error) is not Result.FAILED and claim.waits < MOST_WAITS:
            raise TryLater(str(error.kind)) from None
        log.info("follower_not_looked_up", reason=error.kind, errcode=error.errcode)
        return
    if unionid is None:
        return
    async with work(runtime, SYSTEM) as current:
        person = WeChatPerson(openid, unionid)
        identity = await identity_of(current, WeChatApp.OFFICIAL_ACCOUNT, account.appid, person)
        staff_id = await staff_by_unionid(identity) if identity.staff_id is None else None
        staff = await current.lock(Staff, staff_id) if staff_id else None
        if staff is None:
            return
        taken = WeChatIdentity.filter(staff_id=staff.id, app=WeChatApp.OFFICIAL_ACCOUNT, appid=account.appid)
        if not await taken.exists():
            await tie(current, identity, staff)


async def send_door_reply(runtime: Runtime, account: OfficialAccountServer | None, claim: Claim) -> None:
    """Handle the job of a reply that goes as a customer-service message; what may have gone out is not sent again."""
    push = await ReceivedPush.get_or_none(dedupe_index=claim.payload["dedupe_index"])
    if account is None or push is None:
        return
    mine = ReceivedPush.filter(dedupe_index=push.dedupe_index)
    if push.result == Result.SENDING:
        await mine.update(result=Result.UNKNOWN)
    if push.result != Result.WAITING:
        return
    identity = await WeChatIdentity.get(id=claim.subject_id)
    openid, text = openid_of(runtime.keyring, identity), reply_of(runtime.keyring, push)
    async with transaction():
        await claim.renew()
        await mine.update(result=Result.SENDING)
    try:
        await account.send_text(openid, text)
    except PlatformError as error:
        result, code = result_of(error), str(error.kind)
        log.info("door_reply_not_sent", reason=code, errcode=error.errcode)
    else:
        result, code = Result.SENT, ""
    await mine.filter(result=Result.SENDING).update(result=result)
    if result is Result.WAITING:
        raise TryLater(code)
