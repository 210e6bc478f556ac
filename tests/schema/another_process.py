"""A second process on the same database: claims and gives back one application. Arguments: URL, application, token."""

from __future__ import annotations

import asyncio
import sys

from backend.accounts import authenticate
from backend.foundation.database import connect, disconnect
from backend.tables import TABLES
from tests.builders.runtime import a_runtime
from tests.schema.cases import Case


async def main(url: str, application_id: str, token: str) -> None:
    """Say that it is ready, wait for a line, write five events, and say so."""
    await connect(url, TABLES)
    try:
        runtime = a_runtime(seed="another process")
        reviewer = await authenticate(runtime, token)
        case = Case(runtime, reviewer, application_id)
        say("ready")
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        for number in range(5):
            await (case.release if number % 2 else case.claim)(reviewer)
        say("written")
    finally:
        await disconnect()


def say(word: str) -> None:
    """Tell whoever started this process."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
