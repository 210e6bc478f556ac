"""Migrating is all or nothing, and two that migrate at once take turns."""

from __future__ import annotations

import asyncio
import multiprocessing

import pytest
from tortoise.migrations.recorder import MigrationRecorder

from backend.foundation import database
from backend.foundation.events import Event
from backend.tables import TABLES


class _Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


async def test_a_migration_that_is_cut_off_leaves_nothing(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off after the tables and before the record of them, the next start migrates as if nothing had been."""

    async def killed(*_args: object) -> None:
        raise _Killed

    await database.connect(empty_database_url, TABLES)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(MigrationRecorder, "record_applied", killed)
            with pytest.raises(_Killed):
                await database.migrate(empty_database_url, TABLES)
        assert await database.migrate(empty_database_url, TABLES) == ["0001_initial", "0002_people"]
        assert await Event.all().count() == 0
        assert await database.migrate(empty_database_url, TABLES) == []
    finally:
        await database.disconnect()


def _migrate(url: str) -> None:
    async def run() -> None:
        await database.connect(url, TABLES)
        try:
            await database.migrate(url, TABLES)
        finally:
            await database.disconnect()

    asyncio.run(run())


def test_processes_that_migrate_at_once_take_turns(empty_database_url: str) -> None:
    """Three deployments that start together on one empty database all come up."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_migrate, args=(empty_database_url,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
