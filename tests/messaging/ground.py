"""What the tests of messaging share: channels that note what they send, people known to WeChat, a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from backend.accounts.identities import WeChatApp, identity_of, tie
from backend.accounts.models import Staff, WeChatIdentity
from backend.accounts.register_staff import mobile_columns
from backend.foundation.events import SYSTEM
from backend.foundation.jobs import Job, claim_due
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.foundation.worker import Worker
from backend.messaging import Channels, MessageKind, Templates, messaging_handlers, notify
from backend.messaging.messages import MESSAGES, TemplateName
from backend.messaging.models import InboxMessage, SubscribeConsent
from backend.wechat import MiniProgramState, PlatformError, PlatformFailure, WeChatPerson

MINI_APPID: Final = "wx00000000000000aa"
ACCOUNT_APPID: Final = "wx00000000000000bb"
MOBILE: Final = "13811112222"
PARAMS: Final[Mapping[str, str | int]] = {"shop": "张记面馆", "reason": "资料与本人不符", "count": 3}

TEMPLATES: Final = Templates(
    {name: f"sub-{name}" for name in TemplateName}, {name: f"tpl-{name}" for name in TemplateName}
)


@dataclass(frozen=True)
class Sent:
    """One call that a channel got."""

    channel: str
    to: str
    what: Mapping[str, Any] = field(default_factory=dict)


class Outside:
    """Every channel at once. `fail` lets the next calls of a channel end in errors, in turn."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.unionids: dict[str, str] = {}
        self._failures: dict[str, list[PlatformFailure]] = {}

    def fail(self, channel: str, *kinds: PlatformFailure) -> None:
        """Let the next calls of a channel fail."""
        self._failures.setdefault(channel, []).extend(kinds)

    def take(self, channel: str, to: str, **what: Any) -> None:
        """Note a call, and fail it when it is to fail."""
        self.sent.append(Sent(channel, to, what))
        if self._failures.get(channel):
            raise PlatformError(channel, self._failures[channel].pop(0))

    @property
    def calls(self) -> list[str]:
        """The channels that were called, in order."""
        return [one.channel for one in self.sent]


@dataclass(frozen=True)
class AMiniProgram:
    """The mini program's server."""

    outside: Outside
    appid: str = MINI_APPID

    async def send_subscribe_message(
        self, openid: str, template_id: str, page: str, data: Mapping[str, str], state: MiniProgramState
    ) -> None:
        """Note it."""
        self.outside.take("subscribe", openid, template=template_id, page=page, data=data, state=state)
        # The answer is under way: whoever dies here has sent it and does not know.
        await asyncio.sleep(0)


@dataclass(frozen=True)
class AnAccount:
    """The official account's server."""

    outside: Outside
    appid: str = ACCOUNT_APPID

    async def unionid_of(self, openid: str) -> str | None:
        """Tell what a test has said."""
        self.outside.take("unionid", openid)
        return self.outside.unionids.get(openid)

    async def send_text(self, openid: str, text: str) -> None:
        """Note it."""
        self.outside.take("text", openid, text=text)

    async def send_template(self, openid: str, template_id: str, data: Mapping[str, str], **more: Any) -> None:
        """Note it."""
        self.outside.take("template", openid, template=template_id, data=data, **more)


@dataclass(frozen=True)
class ARobot:
    """The group robot."""

    outside: Outside

    async def send_markdown(self, text: str) -> None:
        """Note it."""
        self.outside.take("robot", "", text=text)


@dataclass(frozen=True)
class AGateway:
    """The gateway for text messages."""

    outside: Outside

    async def send(self, mobile: str, template: str, params: Mapping[str, str], client_id: str) -> None:
        """Note it."""
        self.outside.take("sms", mobile, template=template, params=params, client_id=client_id)


def channels_to(outside: Outside, **without: None) -> Channels:
    """Give all channels, or some of them."""
    ways: dict[str, Any] = {
        "mini_program": AMiniProgram(outside),
        "official_account": AnAccount(outside),
        "robot": ARobot(outside),
        "sms": AGateway(outside),
        "templates": TEMPLATES,
    }
    return Channels(**{**ways, **without})


def a_worker(runtime: Runtime, channels: Channels, name: str = "post") -> Worker:
    """Give a worker that knows the jobs of messaging."""
    handlers = dict(messaging_handlers(runtime, channels))
    return Worker(name, clock=runtime.clock, bus=runtime.bus, handlers=handlers)


async def run_due(runtime: Runtime, channels: Channels) -> None:
    """Do the due jobs of messaging, one after the other, until none is."""
    worker = a_worker(runtime, channels)
    for _ in range(500):
        claims = await claim_due(runtime.clock, worker=worker.name, limit=1)
        if not claims:
            return
        await worker.run_one(claims[0])
    raise AssertionError("the jobs do not come to an end")


async def dead_or_failed() -> list[str]:
    """Name the jobs that did not go well."""
    jobs = await Job.filter().order_by("id")
    return [f"{job.kind}: {job.last_error}" for job in jobs if job.dead or job.failures]


async def make_known(
    runtime: Runtime, staff_id: str, app: WeChatApp, openid: str, *, following: bool = True, unionid: str | None = None
) -> WeChatIdentity:
    """Tie a person of WeChat to a person of ours."""
    appid = MINI_APPID if app is WeChatApp.MINI_PROGRAM else ACCOUNT_APPID
    async with work(runtime, SYSTEM) as current:
        identity = await identity_of(current, app, appid, WeChatPerson(openid, unionid))
        await tie(current, identity, await Staff.get(id=staff_id))
        identity.is_following = following and app is WeChatApp.OFFICIAL_ACCOUNT
        await identity.save(update_fields=["is_following"])
    return identity


async def give_mobile(runtime: Runtime, staff_id: str) -> None:
    """Let a person have a mobile number."""
    await Staff.filter(id=staff_id).update(**mobile_columns(runtime.keyring, staff_id, MOBILE))


async def a_message(runtime: Runtime, staff_id: str, kind: MessageKind) -> InboxMessage:
    """Write a message of a kind to a person."""
    async with work(runtime, SYSTEM) as current:
        message_id = await notify(
            current, staff_id, kind, subject_id="app_1", **{name: PARAMS[name] for name in MESSAGES[kind].params}
        )
    return await InboxMessage.get(id=message_id)


async def give_consents(runtime: Runtime, staff_id: str, template: TemplateName, count: int = 1) -> None:
    """Let a person have allowed some messages."""
    for _ in range(count):
        await SubscribeConsent.create(
            id=runtime.ids.new("con"),
            staff_id=staff_id,
            template=template,
            asked_for="LIST",
            result="ACCEPT",
            asked_at=runtime.clock.now(),
        )


async def set_staff(staff_id: str, state: str, **columns: Any) -> None:
    """Put a person where a test needs them; how they get there has tests of its own."""
    await Staff.filter(id=staff_id).update(**{"state": state, **columns})
