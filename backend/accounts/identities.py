"""The people of WeChat behind our staff: known by a blind index, tied to a person of ours once."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from tortoise.exceptions import IntegrityError

from backend.accounts.errors import AccountRefusal
from backend.accounts.models import DoorTicket, SpentCode, Staff, WeChatIdentity
from backend.accounts.ports import MiniProgram
from backend.foundation.database import lock_name, transaction
from backend.foundation.ids import Ids, hash_token
from backend.foundation.keyring import Keyring
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.wechat import PlatformError, PlatformFailure, WeChatPerson

TICKET_MINUTES: Final = 30
_TABLE, _SEALED = "wechat_identity", "openid"
# What WeChat's codes look like at most; anything longer is not asked about.
LONGEST_CODE: Final = 128


class WeChatApp(StrEnum):
    """Through which of our WeChat apps somebody is known."""

    MINI_PROGRAM = "MINI_PROGRAM"
    OFFICIAL_ACCOUNT = "OFFICIAL_ACCOUNT"


def required(mini_program: MiniProgram | None) -> MiniProgram:
    """Give the mini program. Refuses with WECHAT_MISCONFIGURED a deployment that has none."""
    if mini_program is None:
        raise Refused(Refusal(AccountRefusal.WECHAT_MISCONFIGURED))
    return mini_program


async def spend_code(runtime: Runtime, kind: str, code: str) -> None:
    """Write down that a one-time code is being taken to WeChat. Refuses with CODE_SPENT the second time.

    Before the call, not after: of two taps with one code only one may go through, whichever process they reach.
    """
    if not 0 < len(code) <= LONGEST_CODE or not code.isascii() or not code.isprintable():
        raise Refused(Refusal(AccountRefusal.CODE_SPENT, ("code",)))
    try:
        async with transaction():
            await SpentCode.create(code_hash=hash_token(f"{kind}|{code}"), spent_at=runtime.clock.wall())
    except IntegrityError:
        raise Refused(Refusal(AccountRefusal.CODE_SPENT, ("code",))) from None


def refusal_of(error: PlatformError) -> Refused:
    """Say in our words why WeChat did not tell us who or what a code stands for."""
    match error.kind:
        case PlatformFailure.CODE_SPENT:
            code = AccountRefusal.CODE_SPENT
        case PlatformFailure.PERSON_BLOCKED:
            code = AccountRefusal.PERSON_BLOCKED
        case PlatformFailure.CONFIGURATION:
            code = AccountRefusal.WECHAT_MISCONFIGURED
        case _:
            code = AccountRefusal.WECHAT_BUSY
    return Refused(Refusal(code, ("code",)))


async def identity_of(work: Work, app: WeChatApp, appid: str, person: WeChatPerson) -> WeChatIdentity:
    """Give the row of a person of WeChat, made where it is missing, and known by unionid from now on if one is told.

    Whoever else comes as the same person waits until the transaction ends.
    """
    keyring = work.runtime.keyring
    index = openid_index(keyring, appid, person.openid)
    await lock_name(f"person|{index}")
    unionid_index = keyring.blind_index("unionid", person.unionid) if person.unionid else None
    identity = await WeChatIdentity.get_or_none(app=app, appid=appid, openid_index=index)
    if identity is None:
        identity_id = work.runtime.ids.new("wxi")
        return await WeChatIdentity.create(
            id=identity_id,
            app=app,
            appid=appid,
            openid_sealed=keyring.seal(person.openid.encode(), table=_TABLE, field=_SEALED, row=identity_id),
            openid_index=index,
            unionid_index=unionid_index,
            created_at=work.now,
        )
    if unionid_index is not None and identity.unionid_index != unionid_index:
        identity.unionid_index = unionid_index
        await identity.save(update_fields=["unionid_index"])
    return identity


def openid_index(keyring: Keyring, appid: str, openid: str) -> str:
    """Give the index by which a person of one app is found."""
    return keyring.blind_index("openid", f"{appid}|{openid}")


def openid_of(keyring: Keyring, identity: WeChatIdentity) -> str:
    """Give the openid in clear, to send something to."""
    return keyring.open(bytes(identity.openid_sealed), table=_TABLE, field=_SEALED, row=identity.id).decode()


async def identity_for(staff_id: str, app: WeChatApp, appid: str) -> WeChatIdentity | None:
    """Give how a person of ours is known to one of our apps; None when they are not."""
    return await WeChatIdentity.filter(staff_id=staff_id, app=app, appid=appid).order_by("-tied_at", "-id").first()


async def staff_by_unionid(identity: WeChatIdentity) -> str | None:
    """Give who a person is with us by what another of our apps knows; None where there is no unionid, or nobody."""
    if identity.unionid_index is None:
        return None
    other = (
        await WeChatIdentity.filter(unionid_index=identity.unionid_index, staff_id__not_isnull=True)
        .order_by("tied_at", "id")
        .first()
    )
    return other.staff_id if other else None


async def tie(work: Work, identity: WeChatIdentity, staff: Staff) -> None:
    """Make a person of WeChat and a person of ours the same from now on."""
    identity.staff_id = staff.id
    identity.tied_at = work.now
    await identity.save(update_fields=["staff_id", "tied_at"])


def scene_token(ids: Ids) -> str:
    """Give 22 characters of chance, 132 bits: what the scene of a mini program code holds, with room for a letter."""
    return ids.token("d").removeprefix("ssm_d_")[:22]


async def issue_ticket(work: Work, identity: WeChatIdentity) -> str:
    """Give a one-time ticket for a person of the official account; whoever signs in with it is that person."""
    token = scene_token(work.runtime.ids)
    wall = work.runtime.clock.wall()
    await DoorTicket.create(
        id=work.runtime.ids.new("tkt"),
        token_hash=hash_token(token),
        identity_id=identity.id,
        created_at=wall,
        expires_at=wall + timedelta(minutes=TICKET_MINUTES),
    )
    return token


async def spend_ticket(work: Work, ticket: str, arrived: WeChatIdentity, staff: Staff) -> bool:
    """Tie the person of the official account who was given `ticket` to who came in with it; tells whether it did.

    A ticket that is unknown, spent or too old ties nobody, and neither does one whose person is tied already or is, by
    unionid, surely somebody else: a link can be passed on. Whoever brings such a one comes in all the same.
    """
    found = await DoorTicket.filter(token_hash=hash_token(ticket), spent_at=None).get_or_none()
    wall = work.runtime.clock.wall()
    if found is None or found.expires_at <= wall:
        return False
    # One statement decides between two who bring it at once.
    if not await DoorTicket.filter(id=found.id, spent_at=None).update(spent_at=wall):
        return False
    asked = await WeChatIdentity.get(id=found.identity_id)
    differs = (
        asked.unionid_index is not None
        and arrived.unionid_index is not None
        and asked.unionid_index != arrived.unionid_index
    )
    taken = await WeChatIdentity.filter(staff_id=staff.id, app=asked.app, appid=asked.appid).exists()
    if asked.staff_id is not None or differs or taken:
        return False
    await tie(work, asked, staff)
    return True
