"""Connections that are open already, so that tasks which start together also run together."""

from __future__ import annotations

import asyncio

from backend.foundation.database import is_postgres, transaction


async def open_connections(count: int) -> None:
    """Open `count` connections of the pool; SQLite has the one that it has.

    Opening one takes longer than a small transaction: without this the first of several tasks is done before the
    second has its connection.
    """
    if not is_postgres():
        return
    all_open = asyncio.Barrier(count)

    async def hold() -> None:
        async with transaction():
            await all_open.wait()

    await asyncio.gather(*(hold() for _ in range(count)))
