"""The processes a deployment is made of: API, worker, sandbox, alone or together."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from backend.app import App, make_worker, mchid_of, open_app, open_provider
from backend.commands.data_folder import stored_port
from backend.commands.serving import serving, url_of
from backend.foundation.jobs import release_leases_of
from backend.sandbox import create_app as create_sandbox
from backend.settings import Settings, WeChatMode
from backend.wechat import enrol

# The worker inside `up` and `demo`. The data folder's lock makes sure that there is only one of this name.
EMBEDDED_WORKER = "embedded"


@contextlib.asynccontextmanager
async def running_sandbox(bound: socket.socket, folder: Path) -> AsyncIterator[str]:
    """Run the sandbox on a bound socket while the block runs; gives its address."""
    url = url_of(bound)
    async with serving(create_sandbox(folder, public_url=url), bound):
        yield url


@contextlib.asynccontextmanager
async def running_api(settings: Settings, bound: socket.socket) -> AsyncIterator[App]:
    """Run the API on a bound socket while the block runs; it drains before its connections end."""
    async with open_app(settings, public_url=url_of(bound)) as app, serving(app.web, bound):
        try:
            yield app
        finally:
            await app.transport.drain()


@contextlib.asynccontextmanager
async def running_worker(app: App, name: str) -> AsyncIterator[None]:
    """Run a worker in this process while the block runs; what it has in hand ends first."""
    async with open_provider(app.settings) as provider:
        if name == EMBEDDED_WORKER:
            await release_leases_of(name)
        worker = make_worker(app, provider, name)
        task = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()
            await task


async def with_sandbox(settings: Settings) -> Settings:
    """Give settings that know the sandbox of their data folder, with our keys enrolled there; live ones stay as is."""
    if settings.wechat is WeChatMode.LIVE:
        return settings
    url = settings.sandbox_url or f"http://127.0.0.1:{stored_port(settings.data, 'sandbox')}"
    await enrol(url, settings.pay_folder, mchid=mchid_of(settings))
    return replace(settings, sandbox_url=url)
