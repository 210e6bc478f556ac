"""The processes of the demo: a sandbox that outlives a crash of ours, and several APIs and workers that do not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2

from backend.commands.data_folder import holder_of, stored_port
from backend.commands.refusals import STEP_FAILED, CommandRefused
from backend.commands.serving import bind_free
from backend.settings import Settings

SANDBOX_START_SECONDS: Final = 20.0
END_SECONDS: Final = 15.0
_LOOK_AGAIN_SECONDS: Final = 0.05
_OURS: Final = "demo.sandbox"


@contextlib.asynccontextmanager
async def sandbox_process(folder: Path, *, lasting: bool) -> AsyncIterator[str]:
    """Give the sandbox of this folder, in a process of its own; the caller holds the folder's lock.

    WeChat does not fall over when we do: a `lasting` sandbox that a killed demo left behind is found and used again.
    One that somebody else started here is used, and left running.
    """
    ours = folder / _OURS
    started: subprocess.Popen[bytes] | None = None
    try:
        if holder_of(folder / "sandbox") is None:
            # Noted first: killed right after the start, the next demo must know whose it is.
            ours.touch()
            started = _start_sandbox(folder, lasting=lasting)
        yield await _until_it_answers(folder, started)
    finally:
        if ours.exists():
            await _end_sandbox(folder, started)
            ours.unlink()


def _start_sandbox(folder: Path, *, lasting: bool) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "backend", "sandbox", "--data", str(folder), "--port", "0"]
    return subprocess.Popen(  # noqa: S603 - our own command
        command if lasting else [*command, "--with-parent"],
        stdin=subprocess.DEVNULL if lasting else subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Neither a Ctrl-C nor a closed terminal is meant for it.
        start_new_session=True,
    )


async def _until_it_answers(folder: Path, started: subprocess.Popen[bytes] | None) -> str:
    """Give the address of the sandbox once it answers; its lock says that it is this folder's and nobody else's."""
    try:
        async with asyncio.timeout(SANDBOX_START_SECONDS), httpx2.AsyncClient(timeout=2.0, trust_env=False) as http:
            while started is None or started.poll() is None:
                url = f"http://127.0.0.1:{stored_port(folder, 'sandbox')}"
                with contextlib.suppress(httpx2.RequestError):
                    held = holder_of(folder / "sandbox") is not None
                    if held and (await http.get(f"{url}/_sandbox/clock")).status_code == 200:
                        return url
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    except TimeoutError:
        pass
    raise CommandRefused("the sandbox did not start; `sesame sandbox` on this folder tells why", STEP_FAILED)


async def _end_sandbox(folder: Path, started: subprocess.Popen[bytes] | None) -> None:
    """End the sandbox and wait until it is gone, so that nothing is left behind."""
    process_id = started.pid if started else holder_of(folder / "sandbox")
    with contextlib.suppress(TimeoutError, ProcessLookupError):
        async with asyncio.timeout(END_SECONDS):
            if process_id is not None:
                os.kill(process_id, signal.SIGTERM)
            while process_id is not None:
                if started is not None and started.poll() is not None:
                    return
                # Signal 0 asks whether there still is such a process.
                os.kill(process_id, 0)
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
