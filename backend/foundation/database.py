"""The database: connecting, transactions that are safe on both engines, and the indexes our rules rest on."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient, TransactionContextPooled
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.backends.sqlite.client import SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connection, get_connections
from tortoise.exceptions import BaseORMException, TransactionManagementError
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor, SqliteSchemaEditor
from tortoise.transactions import in_transaction

APP_LABEL = "sesame"
MIGRATIONS = "backend.migrations"

# What a sleeping writer may wait for the one SQLite write lock before it gives up.
SQLITE_BUSY_MILLISECONDS = 10_000
POSTGRES_POOL_SIZE = 20
POSTGRES_COMMAND_TIMEOUT_SECONDS = 30

# One lock for the whole event log. Any constant does, as long as nothing else in the database uses it.
EVENT_LOG_ADVISORY_LOCK = 0x5E5A_3E00


class UnsupportedDatabase(ValueError):
    """The database URL names an engine we do not run on. Carries the scheme only: URLs hold passwords."""


# What a query may fail with while the database is away or busy. Tortoise passes on most of the drivers' own errors.
DATABASE_ERRORS: Final = (
    BaseORMException,
    OSError,
    sqlite3.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)


async def _begin_immediate(self: SqliteTransactionWrapper) -> None:
    """Take the write lock at BEGIN.

    Tortoise begins deferred transactions. Two of those that read first and write later cannot both be granted the
    lock: one fails at once with "database is locked", whatever the busy timeout says.
    """
    try:
        # Whatever an earlier one left open was never acknowledged.
        await self._connection.rollback()
        await self._connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise TransactionManagementError(str(error)) from error


async def _enter_transaction(self: SqliteTransactionContext) -> TransactionalDBClient:
    """Enter a transaction, and leave everything free when it cannot begin.

    Tortoise keeps its lock on the process's one connection when BEGIN fails or is cancelled: all later work would hang.
    """
    await self._trxlock.acquire()
    try:
        await self.ensure_connection()
        try:
            await self.connection.begin()
        except BaseException:
            # A BEGIN that was cancelled here is still carried out by the connection's thread; this comes after it.
            await self.connection._connection.rollback()  # noqa: SLF001 - there is no public name for it
            raise
    except BaseException:
        self._trxlock.release()
        raise
    self.token = get_connections().set(self.connection_name, self.connection)
    client: TransactionalDBClient = self.connection
    return client


async def _enter_pooled_transaction(self: TransactionContextPooled) -> TransactionalDBClient:
    """Enter a transaction on a connection of the pool, and give it back when the transaction cannot begin.

    Tortoise keeps it then, and so loses one for each task that is cancelled at BEGIN, until the pool is empty.
    """
    await self.ensure_connection()
    pool = self.client._parent._pool  # noqa: SLF001 - there is no public name for it
    self.client._connection = await pool.acquire()  # noqa: SLF001 - as above
    try:
        await self.client.begin()
    except BaseException:
        await pool.release(self.client._connection)  # noqa: SLF001 - as above
        raise
    self.token = get_connections().set(self.connection_name, self.client)
    client: TransactionalDBClient = self.client
    return client


# There is no setting for any of it.
SqliteTransactionWrapper.begin = _begin_immediate  # type: ignore[method-assign]
SqliteTransactionContext.__aenter__ = _enter_transaction  # type: ignore[method-assign]
TransactionContextPooled.__aenter__ = _enter_pooled_transaction  # type: ignore[method-assign]


def connection_settings(url: str) -> dict[str, Any]:
    """Turn `sqlite://PATH` or `postgresql://…` into what Tortoise wants of a connection, with our settings in it.

    Refuses other schemes with `UnsupportedDatabase`.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        # Not by way of Tortoise's URL: a folder may have any character in its name.
        path, _, options = url.removeprefix("sqlite://").partition("?")
        return {
            "engine": "tortoise.backends.sqlite",
            "credentials": {
                "file_path": path,
                "busy_timeout": SQLITE_BUSY_MILLISECONDS,
                # Acknowledged means on disk: FULL syncs the log at each commit; WAL keeps readers going.
                "synchronous": "FULL",
                **dict(parse_qsl(options)),
            },
        }
    if parts.scheme in {"postgresql", "postgres", "asyncpg"}:
        defaults = {"maxsize": str(POSTGRES_POOL_SIZE), "command_timeout": str(POSTGRES_COMMAND_TIMEOUT_SECONDS)}
        options = urlencode(defaults | dict(parse_qsl(parts.query)))
        settings: dict[str, Any] = expand_db_url(urlunsplit(("asyncpg", parts.netloc, parts.path, options, "")))
        return settings
    raise UnsupportedDatabase(f"unsupported database scheme: {parts.scheme or '(none)'}")


async def lock_name(name: str) -> None:
    """Hold `name` until the transaction ends; another holder is waited for. SQLite has one writer at a time anyway."""
    if is_postgres():
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        await connection().execute_query("SELECT pg_advisory_xact_lock($1)", [number])


@dataclass(frozen=True, slots=True)
class Tables:
    """What the features keep: their model modules, and the indexes beside them.

    `indexes` maps a name to what follows CREATE, with `{name}` in it, in SQL that both engines read. Tortoise neither
    creates conditional indexes nor, on SQLite, keeps any index when it rebuilds a table: so they are ours, and are
    created where missing after every migration.
    """

    models: tuple[str, ...]
    indexes: Mapping[str, str]


def tortoise_config(url: str, tables: Tables) -> dict[str, Any]:
    """Give Tortoise's configuration for `url` and the tables of all features."""
    return {
        "connections": {"default": connection_settings(url)},
        "apps": {
            APP_LABEL: {"models": list(tables.models), "default_connection": "default", "migrations": MIGRATIONS},
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def connect(url: str, tables: Tables) -> None:
    """Open the database for this process. One at a time per process; close it with `disconnect`.

    Refuses with one of `DATABASE_ERRORS` a database that cannot be reached, and leaves nothing open then.
    """
    # Tortoise keeps made statements by connection name, in the dialect of whichever engine was connected before.
    EXECUTOR_CACHE.clear()
    # The fallback makes the connection visible to requests, sockets and tasks, which do not inherit the context of
    # whoever called this.
    await Tortoise.init(config=tortoise_config(url, tables), _enable_global_fallback=True)
    try:
        # Tortoise would connect at the first query, and after one that could not it keeps its lock for good.
        await connection().create_connection(with_db=True)
    except BaseException:
        await disconnect()
        raise


async def disconnect() -> None:
    """Close every connection of this process."""
    await Tortoise.close_connections()


def connection() -> BaseDBAsyncClient:
    """Give the connection in force: the transaction's inside one, the pool's outside."""
    return get_connection("default")


def is_postgres() -> bool:
    """Tell which of the two engines this process is connected to."""
    return connection().capabilities.dialect == "postgres"


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """Run a block in one transaction. No network, image or OCR work and no new task inside: SQLite has one writer."""
    async with in_transaction("default") as current:
        yield current


async def lock_event_log() -> None:
    """Make commit order equal log order: from here to the commit nobody else appends to the log.

    Take it last, just before the insert: a sequence hands out numbers at insert, and a reader that has seen 7 must
    never meet a 6 that commits later. SQLite has one writer at a time anyway.
    """
    if is_postgres():
        await connection().execute_query("SELECT pg_advisory_xact_lock($1)", [EVENT_LOG_ADVISORY_LOCK])


async def create_indexes(tables: Tables) -> None:
    """Create the indexes that are missing; leaves the rest alone, so it may run at any time."""
    for name, statement in tables.indexes.items():
        await connection().execute_query("CREATE " + statement.format(name=name))


async def pending_migrations(url: str, tables: Tables) -> list[str]:
    """Name the migrations that this code has and the connected database has not. Writes nothing."""
    # Tortoise takes a database that does not answer for one without any migration.
    await connection().execute_query("SELECT 1")
    executor = MigrationExecutor(connection(), tortoise_config(url, tables)["apps"])
    return [step.migration.name for step in await executor.plan()]


async def _make_record_table() -> None:
    """Make the table in which Tortoise writes down what ran, where it is missing."""
    if not is_postgres():
        await MigrationRecorder(connection()).ensure_schema(SqliteSchemaEditor(connection(), atomic=False))
        return
    async with transaction():
        await lock_name("migrate")
        await MigrationRecorder(connection()).ensure_schema(AsyncpgSchemaEditor(connection(), atomic=False))


class _RecordTableExists(MigrationRecorder):
    """A recorder that need not make its table: making it runs a script, which on SQLite commits what is open."""

    async def ensure_schema(self, _schema_editor: object) -> None:
        """Make nothing: `migrate` has made it before its transaction."""


class MigrationBreaksReferences(Exception):
    """A migration would leave rows that point at nothing. It has been undone."""


@asynccontextmanager
async def _without_foreign_keys() -> AsyncIterator[None]:
    """Let SQLite rebuild tables that others point at; it takes no word on that inside a transaction."""
    if is_postgres():
        yield
        return
    await connection().execute_query("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        await connection().execute_query("PRAGMA foreign_keys = ON")


async def migrate(url: str, tables: Tables) -> list[str]:
    """Bring the connected database to this code's schema; gives the names of the migrations that ran.

    All of it is one transaction: Tortoise writes down that a migration ran after its own, and a process killed
    between the two would leave tables that the next start tries to make again. Two that migrate at once take turns.
    """
    await _make_record_table()
    async with _without_foreign_keys(), transaction():
        await lock_name("migrate")
        pending = await pending_migrations(url, tables)
        executor = MigrationExecutor(connection(), tortoise_config(url, tables)["apps"])
        executor.recorder = _RecordTableExists(connection())
        await executor.migrate()
        await create_indexes(tables)
        if not is_postgres() and await connection().execute_query_dict("PRAGMA foreign_key_check"):
            raise MigrationBreaksReferences
    return pending
