"""Transactions, on both engines and between processes."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from pathlib import Path

import pytest
from tortoise.exceptions import TransactionManagementError

from backend.accounts.models import Organisation, Staff
from backend.foundation.database import (
    DATABASE_ERRORS,
    UnsupportedDatabase,
    connect,
    connection,
    connection_settings,
    disconnect,
    lock_name,
    pending_migrations,
    transaction,
)
from backend.foundation.runtime import Runtime
from backend.tables import TABLES
from tests.builders.doors import a_door
from tests.conftest import Database

ROOT = Path(__file__).parents[3]
PROCESSES = 3
TIMES = 25
# No test comes near it; a hang is told as one.
HANG_SECONDS = 10.0


async def _organisation(code: str) -> None:
    await Organisation.create(id=f"org_{code}", code=code, name=code, kind="HQ", created_at="2026-11-22T00:00:00+00:00")


async def test_processes_that_read_then_write_never_fail(database: Database, runtime: Runtime) -> None:
    """Several processes read a row and write it in one transaction each: none is refused and no count is lost."""
    row = await a_door(runtime)
    script = "tests.foundation.database.read_then_write"
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", script, database.url, row.id, str(TIMES)),
            cwd=ROOT,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]
    said = [(await process.communicate())[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, said
    assert (await Staff.get(id=row.id)).version == 1 + PROCESSES * TIMES


@pytest.mark.usefixtures("database")
async def test_an_exception_undoes_the_whole_block() -> None:
    """Nothing of a block that ended with an exception is there afterwards, and the next block works."""

    async def break_off() -> None:
        async with transaction():
            await _organisation("a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    async with transaction():
        await _organisation("b")
    assert [organisation.code for organisation in await Organisation.all()] == ["b"]


@pytest.mark.usefixtures("database")
async def test_a_cancelled_block_is_undone() -> None:
    """A task that is cancelled inside its transaction leaves nothing, and holds nothing."""
    inside = asyncio.Event()

    async def stay() -> None:
        async with transaction():
            await _organisation("a")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stay())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(HANG_SECONDS), transaction():
        assert await Organisation.all().count() == 0


async def test_tasks_cancelled_at_any_moment_cost_no_connection(engine: str, database_url: str) -> None:
    """Wherever a block is cancelled, at its BEGIN, inside or at its end, the one connection there is stays usable."""
    url = database_url if engine == "sqlite" else f"{database_url}?maxsize=1"
    await connect(url, TABLES)

    async def look() -> None:
        async with transaction():
            await Organisation.all().count()

    try:
        for turns in range(40):
            task = asyncio.create_task(look())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
        async with asyncio.timeout(HANG_SECONDS):
            await look()
    finally:
        await disconnect()


@pytest.mark.usefixtures("database")
async def test_nobody_else_sees_an_open_transaction() -> None:
    """What a block has written is seen inside it at once, and by another task only after the commit."""
    written, seen = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with transaction():
            await _organisation("a")
            assert await Organisation.all().count() == 1
            written.set()
            if connection().capabilities.dialect == "postgres":
                await seen.wait()

    task = asyncio.create_task(write())
    await written.wait()
    # On SQLite the whole process shares one connection, so this read waits for the commit instead.
    expected = 0 if connection().capabilities.dialect == "postgres" else 1
    assert await Organisation.all().count() == expected
    seen.set()
    await task
    assert await Organisation.all().count() == 1


@pytest.mark.usefixtures("database")
async def test_a_name_is_held_by_one_at_a_time() -> None:
    """Whoever locks a name that is held waits until the holder's transaction has ended; another name is free."""
    order: list[str] = []
    holding, both_wait = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with transaction():
            await lock_name("one")
            holding.set()
            await both_wait.wait()
            order.append("first")

    async def second() -> None:
        await holding.wait()
        async with asyncio.timeout(HANG_SECONDS), transaction():
            both_wait.set()
            await lock_name("one")
            order.append("second")

    if connection().capabilities.dialect == "sqlite":
        # One writer at a time already: the second cannot even begin.
        both_wait.set()
    await asyncio.gather(first(), second())
    assert order == ["first", "second"]


class TestSqliteWriteLock:
    """What happens when another process holds SQLite's one write lock for too long."""

    @pytest.fixture
    def engine(self) -> str:
        """SQLite only: PostgreSQL has no such lock."""
        return "sqlite"

    @pytest.fixture
    def holder(self, database_url: str) -> sqlite3.Connection:
        """Another connection, which holds the lock."""
        holder = sqlite3.connect(database_url.removeprefix("sqlite://"), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        return holder

    async def test_a_begin_that_fails_leaves_the_connection_usable(
        self, database_url: str, holder: sqlite3.Connection
    ) -> None:
        """After a BEGIN that had to give up, the process goes on as soon as the lock is free."""
        await connect(f"{database_url}?busy_timeout=20", TABLES)
        try:
            with pytest.raises(TransactionManagementError):
                async with transaction():
                    pass
            holder.rollback()
            async with asyncio.timeout(HANG_SECONDS), transaction():
                await _organisation("a")
            assert await Organisation.all().count() == 1
        finally:
            holder.close()
            await disconnect()

    async def test_a_begin_that_is_cancelled_holds_no_lock(self, database_url: str, holder: sqlite3.Connection) -> None:
        """A BEGIN that is granted only after its task was cancelled is taken back, and nobody is locked out."""
        await connect(database_url, TABLES)
        try:
            assert await Organisation.all().count() == 0  # connected, so that only BEGIN is left to wait for
            asyncio.get_running_loop().call_later(0.1, holder.rollback)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02), transaction():
                    pass
            holder.execute("BEGIN IMMEDIATE")
            holder.rollback()
            async with asyncio.timeout(HANG_SECONDS), transaction():
                await _organisation("a")
        finally:
            holder.close()
            await disconnect()


@pytest.mark.parametrize(
    "url", ["sqlite:///nowhere/at/all/sesame.db", "postgresql://nobody@127.0.0.1:1/none"], ids=["sqlite", "postgresql"]
)
async def test_a_database_that_is_not_there_is_told_as_such(url: str, tmp_path: Path) -> None:
    """An unreachable database is refused at the start, leaves no thread behind, and keeps no later one from opening."""
    with pytest.raises(DATABASE_ERRORS):
        await connect(url, TABLES)
    for thread in threading.enumerate():
        if thread.name.endswith("(_connection_worker_thread)"):
            thread.join(HANG_SECONDS)
            assert not thread.is_alive()
    await connect(f"sqlite://{tmp_path}/sesame.db", TABLES)
    try:
        assert await pending_migrations(f"sqlite://{tmp_path}/sesame.db", TABLES)
    finally:
        await disconnect()


def test_an_unknown_engine_is_refused_without_its_password() -> None:
    """The refusal names the scheme; the rest of a URL may hold a password."""
    with pytest.raises(UnsupportedDatabase) as refused:
        connection_settings("mysql://root:hunter2@db.example/sesame")
    assert "mysql" in str(refused.value)
    assert "hunter2" not in str(refused.value)


async def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    """The path of an SQLite file is taken as it is written, whatever characters it holds."""
    folder = tmp_path / "芝麻 #1 @[100%]"
    folder.mkdir()
    await connect(f"sqlite://{folder}/sesame.db", TABLES)
    try:
        await connection().execute_query("SELECT 1")
    finally:
        await disconnect()
    assert (folder / "sesame.db").exists()


async def test_sqlite_runs_with_the_settings_that_safety_rests_on(tmp_path: Path) -> None:
    """Acknowledged is on disk, readers go on while one writes, foreign keys hold, and writers wait for each other."""
    await connect(f"sqlite://{tmp_path}/sesame.db", TABLES)
    try:
        found = {
            name: next(iter(dict((await connection().execute_query(f"PRAGMA {name}"))[1][0]).values()))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    finally:
        await disconnect()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
