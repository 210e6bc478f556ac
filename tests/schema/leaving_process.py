"""A second process on the same database: suspends whom it is told to. Arguments: URL, token of an admin."""

from __future__ import annotations

import asyncio
import sys

from backend.accounts import ChangeStaff, authenticate, suspend_staff
from backend.accounts.models import Staff
from backend.foundation.database import connect, disconnect
from backend.tables import TABLES
from tests.builders.api import a_key
from tests.builders.runtime import a_runtime
from tests.schema.another_process import say


async def main(url: str, token: str) -> None:
    """Say that it is ready; for each line with a person's id suspend them, and say so."""
    await connect(url, TABLES)
    try:
        runtime = a_runtime(seed="leaving process")
        admin = await authenticate(runtime, token)
        say("ready")
        loop = asyncio.get_running_loop()
        while staff_id := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            version = (await Staff.get(id=staff_id)).version
            await suspend_staff(runtime, admin, ChangeStaff(a_key(), staff_id, version, "已离职"))
            say("suspended")
    finally:
        await disconnect()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
