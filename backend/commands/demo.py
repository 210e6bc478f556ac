"""Demo: a shop opens, from the start of the application to the account, through public interfaces alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from backend.app import CONTRACT, migrate, open_app
from backend.commands.api_client import ApiClient, ApiRefused
from backend.commands.data_folder import locked, make_data_folder, stored_port
from backend.commands.demo_play import Play, PlayFailed
from backend.commands.output import Output
from backend.commands.processes import EMBEDDED_WORKER, running_api, running_worker, with_sandbox
from backend.commands.readiness import until_ready
from backend.commands.refusals import STEP_FAILED, USAGE, CommandRefused
from backend.commands.seed import Seeded, seed
from backend.commands.serving import bind, url_of
from backend.settings import Settings, WeChatMode

SANDBOX_START_SECONDS: Final = 20.0

# The states of the main line in their order, for the bar.
PATH: Final = (
    "DRAFT",
    "IN_REVIEW",
    "APPROVED",
    "FILING",
    "PROVIDER_REVIEW",
    "AWAITING_VERIFICATION",
    "AWAITING_SIGNATURE",
    "OPENING",
    "OPENED",
)


@dataclass(frozen=True, slots=True)
class Demo:
    """The flags of `sesame demo`."""

    data: Path | None
    api: int
    workers: int
    seconds: float


async def run(settings: Settings, flags: Demo, output: Output) -> None:
    """Play the main line; resumes on an existing data folder. Refuses with exit 1 when a step fails."""
    if settings.wechat is not WeChatMode.SANDBOX:
        raise CommandRefused("the demo plays in the sandbox only", USAGE)
    if flags.data is not None:
        await _play_in(_settings_in(settings, flags.data), flags, output)
        return
    with tempfile.TemporaryDirectory(prefix="sesame-demo-") as folder:
        await _play_in(_settings_in(settings, Path(folder)), flags, output)


def _settings_in(settings: Settings, folder: Path) -> Settings:
    """Put everything that is not named elsewhere into the demo's folder."""
    folder = folder.absolute()
    moved = {"data": folder, "keys": folder / "keys"}
    if "SESAME_DATABASE_URL" not in os.environ:
        moved["database_url"] = f"sqlite://{folder / 'sesame.sqlite3'}"  # type: ignore[assignment]
    if "SESAME_STORAGE_URL" not in os.environ:
        moved["storage_url"] = f"file:{folder / 'objects'}"  # type: ignore[assignment]
    return replace(settings, **moved)  # type: ignore[arg-type]


async def _play_in(settings: Settings, flags: Demo, output: Output) -> None:
    make_data_folder(settings.data)
    started = time.monotonic()
    with locked(settings.data):
        run_id = _run_id(settings.data)
        try:
            async with asyncio.timeout(flags.seconds):
                async with _sandbox_process(settings.data) as sandbox:
                    result = await _play(await with_sandbox(settings), flags, output, sandbox, run_id)
        except TimeoutError as error:
            raise CommandRefused(f"not opened within {flags.seconds:g} seconds", STEP_FAILED) from error
        except (ApiRefused, PlayFailed, httpx2.HTTPError) as error:
            raise CommandRefused(f"a step failed: {error}", STEP_FAILED) from error
    summary = _summary(result, time.monotonic() - started)
    if summary["state"] != "OPENED":
        output.result(summary)
        raise CommandRefused(f"the application ended in {summary['state']}", STEP_FAILED)
    output.say(f"opened: {summary['sub_mchid']} after {summary['seconds']} s, {len(summary['events'])} events")
    output.result(summary)


async def _play(settings: Settings, flags: Demo, output: Output, sandbox: str, run_id: str) -> dict[str, Any]:
    await migrate(settings)
    async with contextlib.AsyncExitStack() as stack:
        if (flags.api, flags.workers) == (1, 1):
            bound = bind("127.0.0.1", 0, folder=settings.data, name="api")
            stack.callback(bound.close)
            app = await stack.enter_async_context(running_api(settings, bound))
            await stack.enter_async_context(running_worker(app, EMBEDDED_WORKER))
            seeded = await seed(app.runtime)
            urls = [url_of(bound)]
        else:
            async with open_app(settings, public_url="http://127.0.0.1") as app:
                seeded = await seed(app.runtime)
            urls = await stack.enter_async_context(_processes(settings, flags))
        for url in urls:
            await until_ready(url)
        return await _play_with(seeded, urls, output, sandbox, run_id)


async def _play_with(seeded: Seeded, urls: list[str], output: Output, sandbox: str, run_id: str) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    async with (
        ApiClient(urls[0], seeded.tokens["staff"], CONTRACT) as staff,
        ApiClient(urls[-1], seeded.tokens["reviewer"], CONTRACT) as reviewer,
    ):
        with Progress(*columns, console=output.console, disable=not output.console.is_terminal) as progress:
            bar = progress.add_task("DRAFT", total=len(PATH) - 1)
            told = ""

            def tell(state: str, shop: str) -> None:
                nonlocal told
                if state != told:
                    told = state
                    position = PATH.index(state) if state in PATH else 0
                    progress.update(bar, completed=position, description=f"{state} {shop}")
                    output.say(f"  {state}")

            play = Play(staff=staff, reviewer=reviewer, sandbox=sandbox, run_id=run_id, tell=tell)
            return await play.run()


def _run_id(folder: Path) -> str:
    """Give the id of the run in this folder, so that the same steps have the same keys after a crash."""
    file = folder / "demo.json"
    with contextlib.suppress(OSError, orjson.JSONDecodeError, KeyError):
        return str(orjson.loads(file.read_bytes())["run"])
    run_id = secrets.token_hex(8)
    file.write_bytes(orjson.dumps({"run": run_id}))
    return run_id


def _summary(application: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Sum up: `stages` are seconds of business time in each state, `seconds` is real time of this run."""
    events = application["events"]
    stages: dict[str, float] = {}
    for event, following in zip(events, events[1:], strict=False):
        if event["toState"] is not None:
            spent = _moment(following["occurredAt"]) - _moment(event["occurredAt"])
            stages[event["toState"]] = round(stages.get(event["toState"], 0.0) + spent.total_seconds(), 3)
    return {
        "state": application["state"],
        "sub_mchid": application["subMchid"],
        "seconds": round(seconds, 2),
        "stages": stages,
        "events": [event["kind"] for event in events],
        "business_codes": [attempt["businessCode"] for attempt in application["provider"]],
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@contextlib.asynccontextmanager
async def _sandbox_process(folder: Path) -> AsyncIterator[str]:
    """Give the sandbox of this folder, in a process of its own that outlives a crash of this one.

    WeChat does not fall over when we do: a sandbox that a killed demo left behind is found and used again.
    """
    pid_file = folder / "sandbox.pid"
    url = f"http://127.0.0.1:{stored_port(folder, 'sandbox')}"
    if not await _answers(url):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "backend", "sandbox", "--data", str(folder), "--port", "0", "--json"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        pid_file.write_text(str(process.pid))
        assert process.stdout is not None  # noqa: S101 - it was asked for
        async with asyncio.timeout(SANDBOX_START_SECONDS):
            line = await process.stdout.readline()
        if not line:
            raise CommandRefused("the sandbox did not start", STEP_FAILED)
        url = orjson.loads(line)["sandbox"]
    try:
        yield url
    finally:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(pid_file.read_text()), signal.SIGTERM)


async def _answers(url: str) -> bool:
    try:
        async with httpx2.AsyncClient(timeout=2.0, trust_env=False) as http:
            return (await http.get(f"{url}/_sandbox/state")).status_code == 200
    except httpx2.RequestError:
        return False


@contextlib.asynccontextmanager
async def _processes(settings: Settings, flags: Demo) -> AsyncIterator[list[str]]:
    """Run N API processes and N workers while the block runs; gives the addresses of the APIs."""
    environment = {
        **os.environ,
        "SESAME_DATABASE_URL": settings.database_url,
        "SESAME_STORAGE_URL": settings.storage_url,
        "SESAME_SANDBOX_URL": settings.sandbox_url or "",
    }
    common = ("--data", str(settings.data), "--keys", str(settings.keys))
    ports = [_free_port() for _ in range(flags.api)]
    commands = [("serve", "--port", str(port), *common) for port in ports]
    commands += [("worker", "--name", f"demo-{number}", *common) for number in range(flags.workers)]
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "backend", *command, env=environment, stdout=asyncio.subprocess.DEVNULL
        )
        for command in commands
    ]
    try:
        yield [f"http://127.0.0.1:{port}" for port in ports]
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
        for child in children:
            await child.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
