"""A process that makes one call that must be done once: URL, keyring file, door. Says the result's id."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from backend.foundation.clock import SystemClock
from backend.foundation.database import connect, disconnect
from backend.foundation.keyring import Keyring
from backend.tables import TABLES
from tests.builders.runtime import a_runtime
from tests.foundation.work.painting import paint_once


async def main(url: str, keyring: Path, door_id: str, seed: str) -> str:
    """Paint the door once more, under the key that all processes use."""
    await connect(url, TABLES)
    try:
        runtime = a_runtime(clock=SystemClock(), keyring=Keyring.load(keyring), seed=seed)
        return await paint_once(runtime, door_id, "红")
    finally:
        await disconnect()


if __name__ == "__main__":
    print(asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])))  # noqa: T201 - its answer
