"""A process that reads and then writes in each of its transactions, as often as it is told: URL, row, times."""

from __future__ import annotations

import asyncio
import sys

from backend.accounts.models import Staff
from backend.foundation.database import connect, disconnect, transaction
from backend.tables import TABLES


async def count_up(url: str, row_id: str, times: int) -> None:
    """Add one to the row's version, `times` times."""
    await connect(url, TABLES)
    try:
        for _ in range(times):
            async with transaction():
                row = await Staff.filter(id=row_id).select_for_update().get()
                await Staff.filter(id=row_id).update(version=row.version + 1)
    finally:
        await disconnect()


if __name__ == "__main__":
    asyncio.run(count_up(sys.argv[1], sys.argv[2], int(sys.argv[3])))
