"""The processes of the demo: a sandbox that outlives a crash of ours, and several APIs and workers that do not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2
import orjson

from backend.commands.data_folder import holder_of, stored_port
from backend.commands.refusals import STEP_FAILED, CommandRefused
from backend.commands.serving import bind_free
from backend.settings import Settings

SANDBOX_START_SECONDS: Final = 20.0
END_SECONDS: Final = 15.0
_LOOK_AGAIN_SECONDS: Final = 0.05
_OURS: Final = "demo.sandbox"


@contextlib.asynccontextmanager
async def sandbox_process(folder: Path) -> AsyncIterator[str]:
    """Give the sandbox of this folder, in a process of its own; the caller holds the folder's lock.

    WeChat does not fall over when we do: a sandbox that a killed demo left behind is found and used again. One that
    somebody else started here is used, and left running.
    """
    ours = folder / _OURS
    if holder_of(folder / "sandbox") is None:
        # Noted first: killed right after the start, the next demo must know whose it is.
        ours.touch()
        url = await _started_sandbox(folder)
    else:
        url = f"http://127.0.0.1:{stored_port(folder, 'sandbox')}"
        await _until_it_answers(url)
    try:
        yield url
    finally:
        if ours.exists():
            await _end_sandbox(folder)
            ours.unlink()


async def _started_sandbox(folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend", "sandbox", "--data", str(folder), "--port", "0", "--json"),
        stdin=DEVNULL,
        stdout=PIPE,
        # Neither a Ctrl-C nor a closed terminal is meant for it.
        stderr=DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - it was asked for
    try:
        async with asyncio.timeout(SANDBOX_START_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        line = b""
    if not line:
        raise CommandRefused("the sandbox did not start; `sesame sandbox` in this folder tells why", STEP_FAILED)
    url: str = orjson.loads(line)["sandbox"]
    return url


async def _until_it_answers(url: str) -> None:
    try:
        async with asyncio.timeout(SANDBOX_START_SECONDS), httpx2.AsyncClient(timeout=2.0, trust_env=False) as http:
            while True:
                with contextlib.suppress(httpx2.RequestError):
                    if (await http.get(f"{url}/_sandbox/clock")).status_code == 200:
                        return
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    except TimeoutError as error:
        raise CommandRefused(f"the sandbox at {url} does not answer", STEP_FAILED) from error


async def _end_sandbox(folder: Path) -> None:
    """End the sandbox and wait until it is gone, so that nothing is left behind."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_SECONDS):
            while (process_id := holder_of(folder / "sandbox")) is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGTERM)
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)


@contextlib.asynccontextmanager
async def api_and_worker_processes(settings: Settings, *, apis: int, workers: int) -> AsyncIterator[list[str]]:
    """Run so many API and worker processes while the block runs; gives the addresses of the APIs.

    They end with this process, however that ends: each watches a pipe whose other end is here.
    """
    environment = {
        **os.environ,
        "SESAME_DATABASE_URL": settings.database_url,
        "SESAME_STORAGE_URL": settings.storage_url,
        "SESAME_SANDBOX_URL": settings.sandbox_url or "",
    }
    common = ("--data", str(settings.data), "--keys", str(settings.keys), "--with-parent")
    ports = [_free_port() for _ in range(apis)]
    commands = [("serve", "--port", str(port), *common) for port in ports]
    commands += [("worker", "--name", f"demo-{number}", *common) for number in range(workers)]
    async with contextlib.AsyncExitStack() as stack:
        for command in commands:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "backend", *command), env=environment, stdin=PIPE, stdout=DEVNULL
            )
            stack.push_async_callback(_end, child)
        yield [f"http://127.0.0.1:{port}" for port in ports]


async def _end(child: Process) -> None:
    """End a child as a deployment does; one that does not drain in time is killed."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(END_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


def _free_port() -> int:
    with contextlib.closing(bind_free("127.0.0.1")) as bound:
        port: int = bound.getsockname()[1]
        return port
