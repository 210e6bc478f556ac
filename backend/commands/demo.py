"""Demo: a shop opens, from the start of the application to the account, through public interfaces alone."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx2
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from backend.app import CONTRACT, migrate, open_app
from backend.commands.api_client import ApiClient, ApiRefused
from backend.commands.data_folder import id_of, locked, make_data_folder
from backend.commands.demo_newcomer import Door, Newcomer
from backend.commands.demo_play import Play, PlayFailed
from backend.commands.demo_processes import api_and_worker_processes, sandbox_process
from backend.commands.output import Output
from backend.commands.processes import open_the_door, running_together, with_sandbox
from backend.commands.readiness import until_ready
from backend.commands.refusals import STEP_FAILED, USAGE, CommandRefused
from backend.commands.seed import Seeded, seed
from backend.commands.serving import bind, stop_signal, url_of
from backend.settings import Settings, WeChatMode

# The states of the main line in their order, for the bar.
PATH: Final = (
    "DOOR",
    "REGISTRATION",
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
    """Play the main line; goes on in an existing data folder. Refuses with exit 1 a step that fails, or a stop."""
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
    moved = replace(settings, data=folder, keys=folder / "keys")
    if "SESAME_DATABASE_URL" not in os.environ:
        moved = replace(moved, database_url=f"sqlite://{folder / 'sesame.sqlite3'}")
    if "SESAME_STORAGE_URL" not in os.environ:
        moved = replace(moved, storage_url=f"file:{folder / 'objects'}")
    return moved


async def _play_in(settings: Settings, flags: Demo, output: Output) -> None:
    make_data_folder(settings.data)
    started = time.monotonic()
    with locked(settings.data):
        async with stop_signal() as stop:
            play = asyncio.create_task(_play(settings, flags, output))
            stopped = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait((play, stopped), timeout=flags.seconds, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stopped.cancel()
                in_time = play.done()
                play.cancel()
                await asyncio.wait((play, stopped))
        if not in_time:
            reason = "stopped" if stop.is_set() else f"not opened within {flags.seconds:g} seconds"
            raise CommandRefused(reason, STEP_FAILED)
    try:
        summary = _summary(play.result(), time.monotonic() - started)
    except (ApiRefused, PlayFailed, httpx2.HTTPError) as error:
        raise CommandRefused(f"a step failed: {error}", STEP_FAILED) from error
    if summary["state"] != "OPENED":
        output.result(summary)
        raise CommandRefused(f"the application ended in {summary['state']}", STEP_FAILED)
    output.say(f"opened: {summary['sub_mchid']} after {summary['seconds']} s, {len(summary['events'])} events")
    output.result(summary)


async def _play(settings: Settings, flags: Demo, output: Output) -> dict[str, Any]:
    async with contextlib.AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(sandbox_process(settings.data, lasting=flags.data is not None))
        settings = await with_sandbox(replace(settings, sandbox_url=sandbox))
        await migrate(settings)
        if (flags.api, flags.workers) == (1, 1):
            bound = bind("127.0.0.1", 0, folder=settings.data, name="api")
            stack.callback(bound.close)
            app, _ = await stack.enter_async_context(running_together(settings, bound))
            seeded = await seed(app.runtime)
            urls = [url_of(bound)]
        else:
            async with open_app(settings, public_url="http://127.0.0.1") as app:
                seeded = await seed(app.runtime)
            urls = await stack.enter_async_context(
                api_and_worker_processes(settings, apis=flags.api, workers=flags.workers)
            )
        for url in urls:
            await until_ready(url)
        output.say(f"API at {', '.join(urls)}; sandbox at {sandbox}")
        ours = await open_the_door(settings, sandbox, urls[0])
        door = Door(
            api_url=urls[0],
            sandbox_url=sandbox,
            mini_program_appid=ours.mini_program_appid,
            official_account_appid=ours.official_account_appid,
            keyword=settings.door_keyword,
            contract=CONTRACT,
        )
        return await _play_with(seeded, urls, output, door, id_of(settings.data))


async def _play_with(seeded: Seeded, urls: list[str], output: Output, door: Door, run_id: str) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    async with ApiClient(urls[-1], seeded.tokens["reviewer"], CONTRACT) as reviewer:
        with Progress(*columns, console=output.console, disable=not output.console.is_terminal) as progress:
            bar = progress.add_task(PATH[0], total=len(PATH) - 1)
            told = ""

            def tell(state: str, shop: str) -> None:
                nonlocal told
                if state != told:
                    told = state
                    position = PATH.index(state) if state in PATH else 0
                    progress.update(bar, completed=position, description=f"{state} {shop}")
                    output.say(f"  {state}")

            token = await Newcomer(door, hq=reviewer, run_id=run_id, tell=tell).come_in()
            async with ApiClient(door.api_url, token, CONTRACT) as staff:
                play = Play(staff=staff, reviewer=reviewer, sandbox=door.sandbox_url, run_id=run_id, tell=tell)
                return await play.run()


def _summary(application: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Sum up: `stages` are seconds of business time in each state, `seconds` is real time of this run."""
    events = application["events"]
    stages: dict[str, float] = {}
    for event, following in itertools.pairwise(events):
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
