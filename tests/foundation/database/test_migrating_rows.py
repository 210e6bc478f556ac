"""A database of the first version that people work with comes to the newest with everything in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
from tortoise import Tortoise
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from backend.foundation import database
from backend.foundation.database import APP_LABEL, connection
from backend.tables import TABLES
from tests.foundation.database.tables_of_both_engines import Facts, postgres_facts, sqlite_facts

FIRST: Final = "0001_initial"
# Each table has one row with every column filled, and one with every column empty that may be.
FULL, SPARE = 1, 2

Row = dict[str, Any]


@pytest.fixture
async def first_version(empty_database_url: str) -> AsyncIterator[str]:
    """The URL of a connected database as the first migration alone leaves it."""
    await database.connect(empty_database_url, TABLES)
    try:
        apps = database.tortoise_config(empty_database_url, TABLES)["apps"]
        await MigrationExecutor(connection(), apps).migrate([MigrationTarget(APP_LABEL, FIRST)])
        yield empty_database_url
    finally:
        await database.disconnect()


async def facts_of(engine: str) -> Facts:
    """Read the schema of the connected database."""
    return await (sqlite_facts() if engine == "sqlite" else postgres_facts())


def _literal(engine: str, kind: str, column: str, number: int) -> str:
    """Write a value of a column's kind, another one in each row; an engine reads its own spelling of it."""
    if kind == "bytes":
        return f"x'0{number}ff'" if engine == "sqlite" else f"'\\x0{number}ff'"
    if kind == "instant":
        return f"'2026-01-0{number} 08:00:00.123456+00:00'"
    if kind == "DATE":
        return f"'2026-01-0{number}'"
    if kind in {"integer", "bigint"}:
        # Also a truth value: the two rows have one of each.
        return f"'{number % 2}'" if kind == "integer" else f"'{number}'"
    if kind == "TEXT":
        return f'\'{{"{column}":"文字{number}"}}\''
    length = int(kind.removeprefix("VARCHAR(").removesuffix(")"))
    return f"'{f'{number}{column}'[:length]}'"


def _row_of(engine: str, table: str, facts: Row, number: int) -> dict[str, str]:
    """Give the literals of one row of a table; ids are the table's name with the row's number."""
    targets = {column: target for column, target, _, _ in facts["foreign_keys"]}
    literals: dict[str, str] = {}
    for column, (kind, required) in facts["columns"].items():
        if number == SPARE and not required:
            literals[column] = "NULL"
        elif column in targets:
            literals[column] = f"'{targets[column]}_{number}'"
        elif (column,) == facts["primary_key"] and kind.startswith("VARCHAR"):
            literals[column] = f"'{table}_{number}'"
        else:
            literals[column] = _literal(engine, kind, column, number)
    return literals


def _in_order(facts: Facts) -> Iterator[str]:
    """Give the tables so that each comes behind those it points at; one that points at itself is ready by itself."""
    done: set[str] = set()
    while left := [table for table in facts if table not in done]:
        ready = [t for t in left if {target for _, target, _, _ in facts[t]["foreign_keys"]} <= done | {t}]
        assert ready, left
        yield from ready
        done.update(ready)


async def rows_of(table: str, columns: list[str]) -> list[Row]:
    """Read these columns of a table as they are."""
    names = ", ".join(f'"{column}"' for column in columns)
    rows = [dict(row) for row in await connection().execute_query_dict(f'SELECT {names} FROM "{table}"')]  # noqa: S608
    return sorted(rows, key=repr)


async def fill(engine: str, facts: Facts) -> dict[str, list[Row]]:
    """Put both rows into every table; give what stands there then."""
    for table in _in_order(facts):
        for number in (FULL, SPARE):
            row = _row_of(engine, table, facts[table], number)
            names = ", ".join(f'"{name}"' for name in row)
            await connection().execute_query(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join(row.values())})')  # noqa: S608
    return {table: await rows_of(table, list(facts[table]["columns"])) for table in facts}


async def test_everything_in_it_comes_along(engine: str, first_version: str) -> None:
    """Every column of every row of then stands there after as it stood, and points at what it pointed at."""
    then = await facts_of(engine)
    before = await fill(engine, then)
    assert {table: len(rows) for table, rows in before.items()} == dict.fromkeys(then, 2)
    applied = await database.migrate(first_version, TABLES)
    assert applied
    assert FIRST not in applied
    now = await facts_of(engine)
    for table, rows in before.items():
        columns = list(then[table]["columns"])
        assert set(columns) <= now[table]["columns"].keys(), table
        assert await rows_of(table, columns) == rows, table
        assert then[table]["foreign_keys"] <= now[table]["foreign_keys"], table
    if engine == "sqlite":
        assert await connection().execute_query_dict("PRAGMA foreign_key_check") == []
        assert await connection().execute_query_dict("PRAGMA foreign_keys") == [{"foreign_keys": 1}]


async def test_rows_of_then_can_be_read_now(engine: str, first_version: str) -> None:
    """What is new in a row of then has a value that today's code reads."""
    then = await facts_of(engine)
    await fill(engine, then)
    await database.migrate(first_version, TABLES)
    apps = Tortoise.apps
    assert apps is not None
    read = {model._meta.db_table: await model.all().values() for model in apps[APP_LABEL].values()}  # noqa: SLF001 - no public name
    assert {table: len(read[table]) for table in then} == dict.fromkeys(then, 2)
    assert {row["state"] for row in read["organisation"]} == {"OPEN"}
    assert {row["kind"] for row in read["session"]} == {"SESSION"}
    assert {row["successor_id"] for row in read["staff"] + read["application"]} == {None}


async def test_a_migrated_database_is_a_new_one(engine: str, first_version: str) -> None:
    """Come to by steps with rows in it or made at once: the two schemas are the same, down to the indexes."""
    await fill(engine, await facts_of(engine))
    await database.migrate(first_version, TABLES)
    by_steps = await facts_of(engine)
    for table in reversed(list(_in_order(by_steps))):
        await connection().execute_query(f'DROP TABLE "{table}"')
    await connection().execute_query("DROP TABLE tortoise_migrations")
    await database.migrate(first_version, TABLES)
    assert await facts_of(engine) == by_steps


async def test_nothing_can_point_at_nothing_after(engine: str, first_version: str) -> None:
    """The keys that rebuilt tables point with still hold."""
    await fill(engine, await facts_of(engine))
    await database.migrate(first_version, TABLES)
    with pytest.raises(database.DATABASE_ERRORS):
        await connection().execute_query('UPDATE "staff" SET "organisation_id" = \'nowhere\' WHERE "id" = \'staff_1\'')
    with pytest.raises(database.DATABASE_ERRORS):
        await connection().execute_query('DELETE FROM "staff" WHERE "id" = \'staff_1\'')
