"""The processes a deployment is made of: API, worker, sandbox, alone or together."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from backend.app import App, make_worker, mchid_of, open_app, open_provider
from backend.commands.data_folder import id_of, locked, make_data_folder, stored_port
from backend.commands.serving import serving, url_of
from backend.foundation.jobs import release_leases_of
from backend.foundation.worker import Worker
from backend.messaging.http import PUSH_PATH
from backend.sandbox import create_app as create_sandbox
from backend.settings import Settings, WeChatMode
from backend.wechat import (
    MINI_PROGRAM_FILE,
    OFFICIAL_ACCOUNT_FILE,
    PushMode,
    SandboxError,
    enrol,
    enrol_apps,
    load_app_credentials,
    set_push_url,
)

# It keeps all it has said; who waits for a held answer asks again.
SANDBOX_DRAIN_SECONDS: Final = 1


@contextlib.asynccontextmanager
async def running_sandbox(bound: socket.socket, folder: Path) -> AsyncIterator[str]:
    """Run the sandbox on a bound socket while the block runs; gives its address. Refuses a folder that is in use."""
    url = url_of(bound)
    make_data_folder(folder)
    with contextlib.closing(bound), locked(folder):
        async with serving(create_sandbox(folder, public_url=url), bound, drain_seconds=SANDBOX_DRAIN_SECONDS):
            yield url


@contextlib.asynccontextmanager
async def serving_api(app: App, bound: socket.socket) -> AsyncIterator[None]:
    """Serve the API on a bound socket while the block runs; subscriptions are told to come again before it ends."""
    async with serving(app.web, bound):
        try:
            yield
        finally:
            await app.transport.drain()


@contextlib.asynccontextmanager
async def running_worker(app: App, name: str) -> AsyncIterator[Worker]:
    """Run a worker in this process while the block runs; what it has in hand ends first."""
    async with open_provider(app.settings) as provider:
        worker = make_worker(app, provider, name)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await task


@contextlib.asynccontextmanager
async def running_together(settings: Settings, bound: socket.socket) -> AsyncIterator[tuple[App, Worker]]:
    """Run API and worker in this process, over a data folder that the caller has locked.

    The lock proves that an earlier life of this worker is over, so what it held is free at once and not only after the
    lease. Stop the worker before the block ends, and both drain at the same time.
    """
    async with open_app(settings, public_url=url_of(bound)) as app:
        name = f"embedded:{id_of(settings.data)}"
        await release_leases_of(name)
        async with running_worker(app, name) as worker, serving_api(app, bound):
            yield app, worker


async def with_sandbox(settings: Settings) -> Settings:
    """Give settings that know the sandbox of their data folder, with our keys enrolled there; live ones stay as is."""
    if settings.wechat is WeChatMode.LIVE:
        return settings
    url = settings.sandbox_url or f"http://127.0.0.1:{stored_port(settings.data, 'sandbox')}"
    await enrol(url, settings.pay_folder, mchid=mchid_of(settings))
    await enrol_apps(url, settings.apps_folder)
    return replace(settings, sandbox_url=url)


@dataclass(frozen=True, slots=True)
class OurApps:
    """Which apps of ours the sandbox plays."""

    official_account_appid: str
    mini_program_appid: str


async def open_the_door(settings: Settings, sandbox_url: str, api_url: str) -> OurApps:
    """Tell the sandbox's official account where our API takes its pushes, as one does in its console.

    The sandbox asks the address first, so the API must answer by now. Refuses with `SandboxError`.
    """
    account = load_app_credentials(settings.apps_folder, OFFICIAL_ACCOUNT_FILE)
    program = load_app_credentials(settings.apps_folder, MINI_PROGRAM_FILE)
    if account is None or program is None:
        raise SandboxError("the apps are not enrolled at the sandbox")
    await set_push_url(sandbox_url, account.appid, f"{api_url}{PUSH_PATH}", PushMode.SAFE)
    return OurApps(account.appid, program.appid)
