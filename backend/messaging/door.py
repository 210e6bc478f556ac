"""The door: a push of the official account is taken once, and answered the same however often it comes."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tortoise.expressions import Q

from backend.accounts.identities import WeChatApp, identity_of, issue_ticket, staff_by_unionid
from backend.accounts.models import Staff, WeChatIdentity
from backend.accounts.rules import StaffState
from backend.applications import Application
from backend.applications.record import masked_values
from backend.applications.rules import AWAITING, UNFINISHED, State
from backend.foundation.clock import date_in_china
from backend.foundation.database import lock_name
from backend.foundation.events import SYSTEM
from backend.foundation.jobs import Job
from backend.foundation.keyring import Keyring
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work, work
from backend.handbook import contacts_in_force
from backend.messaging.consents import withdraw_consents
from backend.messaging.conversation import MOST_SHOWN, Ask, Asker, Door, Reply, Unfinished, ask_of, opens_door, reply_to
from backend.messaging.models import PushNonce, ReceivedPush
from backend.messaging.results import Result
from backend.messaging.templates import Templates
from backend.messaging.texts import UNNAMED_SHOP
from backend.wechat import PushKind, PushMessage, WeChatPerson

FOLLOWER_JOB: Final = "messaging.follower"
DOOR_REPLY_JOB: Final = "messaging.door_reply"
# What waits for whoever files it; the others wait for somebody else.
WAITS_FOR_FILER: Final = frozenset({State.RETURNED, *AWAITING})
_TABLE, _SEALED = "received_push", "reply_sealed"


class NonceReused(Exception):
    """The timestamp and nonce of this push came before with another message."""


class OfficialAccount:
    """How one official account answers. With `by_customer_service` what has a link goes by a message of its own."""

    def __init__(
        self, runtime: Runtime, appid: str, door: Door, templates: Templates, *, by_customer_service: bool
    ) -> None:
        self._runtime = runtime
        self._appid = appid
        self._door = door
        self._templates = templates
        self._by_customer_service = by_customer_service

    async def answer(self, message: PushMessage, timestamp: str, nonce: str) -> str:
        """Take one push and give the text to reply with, empty where nothing is to be said in the reply.

        The same message again, in whichever process, gives the same text; one that comes while the first is being
        answered waits for it. Calls nobody. Refuses with `NonceReused`.
        """
        keyring = self._runtime.keyring
        index = keyring.fingerprint(f"push|{self._appid}|{message.dedupe_key}".encode())
        nonce_index = keyring.fingerprint(f"push nonce|{self._appid}|{timestamp}|{nonce}".encode())
        async with work(self._runtime, SYSTEM) as current:
            await self._claim_nonce(current, nonce_index, index)
            await lock_name(f"push|{index}")
            earlier = await ReceivedPush.get_or_none(dedupe_index=index)
            if earlier is not None:
                return "" if earlier.result is not None else reply_of(keyring, earlier)
            person = WeChatPerson(message.openid, None)
            identity = await identity_of(current, WeChatApp.OFFICIAL_ACCOUNT, self._appid, person)
            reply = await self._react(current, identity, message)
            goes_apart = self._by_customer_service and reply.has_link
            if goes_apart:
                current.enqueue(
                    DOOR_REPLY_JOB, subject_id=identity.id, dedupe=f"door reply|{index}", dedupe_index=index
                )
            await ReceivedPush.create(
                dedupe_index=index,
                received_at=self._runtime.clock.wall(),
                reply_sealed=keyring.seal(reply.text.encode(), table=_TABLE, field=_SEALED, row=index),
                result=Result.WAITING if goes_apart else None,
            )
            return "" if goes_apart else reply.text

    async def _claim_nonce(self, current: Work, nonce_index: str, index: str) -> None:
        await lock_name(f"push nonce|{nonce_index}")
        seen = await PushNonce.get_or_none(nonce_index=nonce_index)
        if seen is None:
            await PushNonce.create(
                nonce_index=nonce_index, dedupe_index=index, received_at=current.runtime.clock.wall()
            )
        elif seen.dedupe_index != index:
            raise NonceReused

    async def _react(self, current: Work, identity: WeChatIdentity, message: PushMessage) -> Reply:
        """Do what a push asks for beside being answered, and make the answer."""
        await _note_following(identity, following=message.kind is not PushKind.UNSUBSCRIBE)
        staff = await _staff_of(identity)
        if message.kind is PushKind.CONSENT_CHANGED and staff is not None:
            await withdraw_consents(current, staff.id, self._templates, message.consents)
        ask = ask_of(message, self._door.keyword)
        if ask is Ask.NOTHING:
            return Reply("")
        if identity.staff_id is None:
            await _ask_for_unionid(current, identity, again=message.kind is PushKind.SUBSCRIBE)
        asker = Asker(None) if staff is None else await _asker(staff, current.now)
        needs_ticket = opens_door(ask, asker.state) and identity.staff_id is None
        ticket = await issue_ticket(current, identity) if needs_ticket else ""
        return reply_to(self._door, ask, asker, ticket)


def reply_of(keyring: Keyring, push: ReceivedPush) -> str:
    """Give the text that a push was answered with."""
    return keyring.open(bytes(push.reply_sealed), table=_TABLE, field=_SEALED, row=push.dedupe_index).decode()


async def _note_following(identity: WeChatIdentity, *, following: bool) -> None:
    if identity.is_following is not following:
        identity.is_following = following
        await identity.save(update_fields=["is_following"])


async def _staff_of(identity: WeChatIdentity) -> Staff | None:
    staff_id = identity.staff_id or await staff_by_unionid(identity)
    return await Staff.get_or_none(id=staff_id) if staff_id else None


async def _ask_for_unionid(current: Work, identity: WeChatIdentity, *, again: bool) -> None:
    """Leave the job that asks WeChat who a follower is in our other apps; not here, where five seconds count."""
    asked = await Job.filter(kind=FOLLOWER_JOB, subject_id=identity.id).count()
    if asked == 0 or (again and identity.unionid_index is None):
        current.enqueue(FOLLOWER_JOB, subject_id=identity.id, dedupe=f"follower|{identity.id}|{asked}")


async def _asker(staff: Staff, now: datetime) -> Asker:
    state = StaffState(staff.state)
    if state is not StaffState.APPROVED:
        contacts = await contacts_in_force(date_in_china(now))
        reached = tuple((contact.title, contact.content.value) for contact in contacts)
        return Asker(state, reason=staff.decision_reason or "", contacts=reached)
    mine = Application.filter(Q(Q(author_id=staff.id, successor_id=None), Q(successor_id=staff.id), join_type="OR"))
    waiting = await mine.filter(state__in=list(WAITS_FOR_FILER)).count()
    newest = await mine.filter(state__in=list(UNFINISHED)).order_by("-created_at", "-id").limit(MOST_SHOWN)
    unfinished = tuple(
        Unfinished(masked_values(one.form).get("micro_name") or UNNAMED_SHOP, State(one.state)) for one in newest
    )
    return Asker(state, waiting=waiting, unfinished=unfinished)
