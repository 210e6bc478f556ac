"""Through what a deployment reaches its people; what it does not have is None, and passed by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from backend.messaging.ports import MiniProgram, OfficialAccountServer, Robot, SmsGateway
from backend.messaging.sms import SandboxSms
from backend.messaging.template_ids import enrol_templates, load_templates
from backend.messaging.templates import Templates
from backend.wechat import MiniProgramState, WeChatApps, load_sms_secret


class Channel(StrEnum):
    """How a message goes out beside the inbox, in the order in which it is tried."""

    SUBSCRIBE_MESSAGE = "SUBSCRIBE_MESSAGE"
    TEMPLATE_MESSAGE = "TEMPLATE_MESSAGE"
    SMS = "SMS"


@dataclass(frozen=True, slots=True)
class Channels:
    """The ways out of one deployment. `state` is the version of the mini program that messages open."""

    mini_program: MiniProgram | None = None
    official_account: OfficialAccountServer | None = None
    robot: Robot | None = None
    sms: SmsGateway | None = None
    templates: Templates = field(default_factory=Templates)
    state: MiniProgramState = MiniProgramState.FORMAL


@asynccontextmanager
async def open_channels(folder: Path, apps: WeChatApps, *, sandbox_url: str | None) -> AsyncIterator[Channels]:
    """Open the ways out that the apps and the keys folder have, at the sandbox or live.

    In the sandbox our templates are registered as they are, and text messages go to its gateway; live the ids of the
    templates come from the folder, and there is no gateway.
    """
    async with AsyncExitStack() as stack:
        sms: SmsGateway | None = None
        if sandbox_url is None:
            templates = load_templates(folder)
        else:
            clients = {"subscribe": apps.mini_program, "template": apps.official_account}
            appids = {kind: client.appid for kind, client in clients.items() if client is not None}
            templates = await enrol_templates(sandbox_url, appids)
            secret = load_sms_secret(folder)
            if secret is not None:
                sms = await stack.enter_async_context(SandboxSms(secret, base_url=sandbox_url))
        yield Channels(apps.mini_program, apps.official_account, apps.robot, sms, templates)
