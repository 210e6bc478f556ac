"""A process that files without a pause: URL, keyring file, token. Says when it is at it, and why it stopped."""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path
from typing import Final

from backend.accounts import SessionInvalid, authenticate
from backend.applications import start_application
from backend.foundation.database import connect, disconnect
from backend.foundation.keyring import Keyring
from backend.tables import TABLES
from tests.builders.applications import a_start, save
from tests.builders.clock import FixedClock
from tests.builders.runtime import a_runtime

# After so many it is well under way.
ENOUGH: Final = 3


async def main(url: str, keyring: Path, token: str) -> str:
    """File until it is refused; every request comes in anew."""
    await connect(url, TABLES)
    try:
        runtime = a_runtime(clock=FixedClock(), keyring=Keyring.load(keyring), seed="another process")
        await runtime.snapshots.refresh()
        for number in itertools.count():
            viewer = await authenticate(runtime, token)
            application_id = await start_application(runtime, viewer, a_start())
            await save(runtime, viewer, application_id, micro_name="烧饼店")
            if number == ENOUGH:
                print("filing", flush=True)  # noqa: T201 - what the test waits for
    except SessionInvalid:
        return "cut off"
    finally:
        await disconnect()
    raise AssertionError("there is always a next one")


if __name__ == "__main__":
    print(asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))  # noqa: T201 - its answer
