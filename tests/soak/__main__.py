"""Long runs with fixed seeds: the application machine on both engines, and a crash at every moment of a filing."""

from __future__ import annotations

import asyncio
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
from tests.journeys.application_ground import open_ground
from tests.journeys.application_machine import play

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


def soak_machine(engine: str, runs: int, shown: _Runs) -> dict[str, object]:
    """Play the application machine on one engine; give its figures."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, _database(engine, Path(folder)) as url, open_ground(url) as ground:
        shown.counted = ground.counted
        play(ground, runs=runs)
    return {
        "engine": engine,
        "seconds": round(time.monotonic() - began, 1),
        "counted": dict(sorted(ground.counted.items())),
        "states": dict(sorted(ground.states.items())),
    }


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
    """Run everything, or the machine with another number of runs; write and print the report."""
    runs = int(arguments[0]) if arguments else RUNS
    # Half of what the machine does goes wrong on purpose; the report says all there is to say.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    machines, shown = [], _Runs()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), shown, TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for engine in ("sqlite", "postgresql"):
            task = progress.add_task(f"machine on {engine}", total=runs)
            machines.append(soak_machine(engine, runs, shown))
            progress.remove_task(task)
        progress.add_task("crashes of a filing", total=None)
        shown.counted = Counter()
        crashes = soak_crashes()
    report: dict[str, object] = {"machine": machines}
    report["crashes"] = crashes
    REPORTS.mkdir(exist_ok=True)
    text = orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()
    (REPORTS / "soak.json").write_text(text + "\n")
    sys.stdout.write(text + "\n")
    return 0 if crashes["exit"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
