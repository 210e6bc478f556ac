"""A process that works on jobs until it is told to stop: URL, its name, a file for what it starts and completes.

A job writes a line when it is started and a row when it is completed, in the transaction that closes it. With a fourth
argument the process holds each job open instead, and never completes one.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from backend.foundation.bus import InProcessBus
from backend.foundation.clock import SystemClock
from backend.foundation.database import connect, disconnect
from backend.foundation.events import SYSTEM
from backend.foundation.jobs import Claim
from backend.foundation.work import work
from backend.foundation.worker import Worker
from backend.tables import TABLES
from tests.builders.runtime import a_runtime


async def main(url: str, name: str, journal: Path, *, holds_on: bool) -> None:
    """Work under `name` until SIGTERM."""
    clock = SystemClock()
    runtime = a_runtime(clock=clock, seed=name)

    async def oil(claim: Claim) -> None:
        with journal.open("a") as file:
            file.write(f"{claim.payload['name']}\n")
        if holds_on:
            await asyncio.Event().wait()
        async with work(runtime, SYSTEM) as current:
            # The dedupe key is unique: a second completion of this job would be refused, and be seen.
            current.enqueue("doors.oiled", subject_id=claim.subject_id, dedupe=f"oiled:{claim.id}")
            await claim.close()

    await connect(url, TABLES)
    try:
        worker = Worker(name, clock=clock, bus=InProcessBus(), handlers={"doors.oil": oil})
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.run()
    finally:
        await disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), holds_on=len(sys.argv) > 4))
