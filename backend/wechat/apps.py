"""The WeChat apps of one deployment, as its keys folder has them: each is there, or its channel is absent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.wechat.app_credentials import (
    MINI_PROGRAM_FILE,
    OFFICIAL_ACCOUNT_FILE,
    AppCredentials,
    load_app_credentials,
    load_robot_key,
)
from backend.wechat.hosts import PLATFORM_HOST, ROBOT_HOST
from backend.wechat.mini_program import MiniProgramClient
from backend.wechat.official_account import OfficialAccountClient
from backend.wechat.platform_tokens import TokenStore
from backend.wechat.robot import RobotClient


@dataclass(frozen=True, slots=True)
class WeChatApps:
    """The clients of one deployment; None where it has no such app."""

    mini_program: MiniProgramClient | None
    official_account: OfficialAccountClient | None
    official_account_credentials: AppCredentials | None
    robot: RobotClient | None


@asynccontextmanager
async def open_apps(folder: Path, tokens: TokenStore, *, sandbox_url: str | None) -> AsyncIterator[WeChatApps]:
    """Open the clients of the apps whose credentials lie in `folder`, at the sandbox or at the live hosts.

    Refuses with `AppCredentialsError` files that cannot be used; a file that is absent leaves its channel out.
    """
    program = load_app_credentials(folder, MINI_PROGRAM_FILE)
    account = load_app_credentials(folder, OFFICIAL_ACCOUNT_FILE)
    robot_key = load_robot_key(folder)
    platform, robots = sandbox_url or PLATFORM_HOST, sandbox_url or ROBOT_HOST
    async with AsyncExitStack() as stack:
        yield WeChatApps(
            await stack.enter_async_context(MiniProgramClient(program, tokens=tokens, base_url=platform))
            if program
            else None,
            await stack.enter_async_context(OfficialAccountClient(account, tokens=tokens, base_url=platform))
            if account
            else None,
            account,
            await stack.enter_async_context(RobotClient(robot_key, base_url=robots)) if robot_key else None,
        )
