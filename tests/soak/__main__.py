"""Long runs with fixed seeds: the machines of applications and of people on both engines, and crashes of a filing."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import orjson
import structlog
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from backend.foundation.database import connect, disconnect, migrate
from backend.tables import TABLES
from tests import servers
from tests.accounts import staff_machine
from tests.journeys import application_machine
from tests.journeys.application_ground import open_ground

RUNS: Final = 500
REPORTS: Final = Path("reports")
CRASHES: Final = "tests/opening/test_crash_windows_of_filing.py"


async def _migrate(url: str) -> None:
    await connect(url, TABLES)
    try:
        await migrate(url, TABLES)
    finally:
        await disconnect()


@contextmanager
def _database(engine: str, folder: Path) -> Iterator[str]:
    """Give the URL of a fresh migrated database."""
    if engine == "sqlite":
        url = f"sqlite://{folder / 'soak.db'}"
        asyncio.run(_migrate(url))
        yield url
        return
    with servers.postgres_url(folder / "postgres") as server:
        name = f"sesame_soak_{uuid4().hex[:12]}"
        url = asyncio.run(servers.create_database(server, name))
        try:
            asyncio.run(_migrate(url))
            yield url
        finally:
            asyncio.run(servers.drop_database(server, name))


class _Runs(ProgressColumn):
    """How far the machine is: the runs and steps that its ground has counted."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()

    def render(self, task: Task) -> Text:
        """Move the bar to the runs so far, and say them."""
        if not self.counted:
            return Text()
        task.completed = min(self.counted["runs"], task.total or 0)
        return Text(f"{self.counted['runs']} runs, {self.counted['steps']} steps")


def _play_applications(url: str, runs: int, shown: _Runs) -> dict[str, object]:
    with open_ground(url) as ground:
        shown.counted = ground.counted
        application_machine.play(ground, runs=runs)
    return {"counted": dict(sorted(ground.counted.items())), "states": dict(sorted(ground.states.items()))}


def _play_people(url: str, runs: int, shown: _Runs) -> dict[str, object]:
    with staff_machine.open_staff_ground(url) as ground:
        shown.counted = ground.counted
        staff_machine.play(ground, runs=runs)
    return {"counted": dict(sorted(ground.counted.items()))}


MACHINES: Final = {"applications": _play_applications, "people": _play_people}


def soak_machine(name: str, engine: str, runs: int, shown: _Runs) -> dict[str, object]:
    """Play one machine on one engine; give its figures."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, _database(engine, Path(folder)) as url:
        figures = MACHINES[name](url, runs, shown)
    return {"machine": name, "engine": engine, "seconds": round(time.monotonic() - began, 1), **figures}


def soak_crashes() -> dict[str, object]:
    """Let a filing crash at every moment there is, on both engines; give the last line of the report."""
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", "-q", CRASHES],
        env={**os.environ, "SESAME_TEST_SOAK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout.strip().splitlines()
    return {
        "exit": done.returncode,
        "seconds": round(time.monotonic() - began, 1),
        "said": said[-1:] if done.returncode == 0 else said,
    }


def main(arguments: list[str]) -> int:
    """Run everything, or the machines with another number of runs; write and print the report."""
    runs = int(arguments[0]) if arguments else RUNS
    # Half of what the machine does goes wrong on purpose; the report says all there is to say.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    machines, shown = [], _Runs()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), shown, TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for name, engine in itertools.product(MACHINES, ("sqlite", "postgresql")):
            task = progress.add_task(f"{name} on {engine}", total=runs)
            machines.append(soak_machine(name, engine, runs, shown))
            progress.remove_task(task)
        progress.add_task("crashes of a filing", total=None)
        shown.counted = Counter()
        crashes = soak_crashes()
    report: dict[str, object] = {"machines": machines}
    report["crashes"] = crashes
    REPORTS.mkdir(exist_ok=True)
    text = orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()
    (REPORTS / "soak.json").write_text(text + "\n")
    sys.stdout.write(text + "\n")
    return 0 if crashes["exit"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
