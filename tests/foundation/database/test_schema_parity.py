"""The schema is the same on both engines, is what the models say, and holds the indexes our rules rest on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector

from backend.foundation.database import (
    connect,
    connection,
    create_indexes,
    disconnect,
    migrate,
    pending_migrations,
    tortoise_config,
)
from backend.tables import TABLES
from tests import servers
from tests.builders.everything import all_models
from tests.conftest import Database
from tests.foundation.database.tables_of_both_engines import Facts, postgres_facts, sqlite_facts


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[None]:
    await connect(url, TABLES)
    try:
        yield
    finally:
        await disconnect()


async def test_both_engines_get_the_same_schema(tmp_path: Path, postgres_server: str) -> None:
    """Migrated from empty, both have the same tables, columns, keys, unique sets and indexes."""
    name = f"sesame_test_{uuid4().hex[:12]}"
    sqlite_url, postgres_url = f"sqlite://{tmp_path}/sesame.db", await servers.create_database(postgres_server, name)
    try:
        async with _connected(sqlite_url):
            await migrate(sqlite_url, TABLES)
            sqlite = await sqlite_facts()
        async with _connected(postgres_url):
            await migrate(postgres_url, TABLES)
            postgres = await postgres_facts()
    finally:
        await servers.drop_database(postgres_server, name)
    assert sqlite.keys() == postgres.keys()
    for table in sqlite:
        assert sqlite[table] == postgres[table], table


async def _facts(database: Database) -> Facts:
    return await (sqlite_facts() if database.engine == "sqlite" else postgres_facts())


async def test_the_schema_is_what_the_models_say(database: Database) -> None:
    """Every model's columns and unique columns are there, nothing else is, and each declared index is where it says."""
    facts = await _facts(database)
    assert facts.keys() == {model._meta.db_table for model in all_models()}  # noqa: SLF001 - no public name
    for model in all_models():
        meta, table = model._meta, facts[model._meta.db_table]  # noqa: SLF001 - no public name
        assert table["columns"].keys() == set(meta.fields_db_projection.values())
        declared = {(field.source_field or name, field) for name, field in meta.fields_map.items()}
        assert table["unique"] == {(name,) for name, field in declared if field.unique and not field.pk}
        for name, field in declared:
            if name in table["columns"]:
                assert table["columns"][name][1] is not field.null, f"{meta.db_table}.{name}"
    assert {name for table in facts.values() for name in table["indexes"]} == TABLES.indexes.keys()


@pytest.mark.usefixtures("database")
async def test_the_migrations_are_up_to_date_with_the_models(database_url: str) -> None:
    """Nobody has changed a model and forgotten its migration."""
    apps = Tortoise.apps
    assert apps is not None
    found = await MigrationAutodetector(apps, tortoise_config(database_url, TABLES)["apps"]).changes()
    assert [operation for writer in found for operation in writer.operations] == []


@pytest.mark.parametrize("name", sorted(TABLES.indexes))
async def test_a_lost_index_is_restored(database: Database, name: str) -> None:
    """An index that a rebuilt table has lost is there again after the next migration, and is the same."""
    before = await _facts(database)
    await connection().execute_script(f'DROP INDEX "{name}"')
    assert await _facts(database) != before
    assert await migrate(database.url, TABLES) == []
    assert await _facts(database) == before
    await create_indexes(TABLES)
    assert await _facts(database) == before


async def test_only_an_empty_database_has_migrations_before_it(empty_database_url: str) -> None:
    """What is pending is told without doing it, is done by `migrate`, and is then no more."""
    async with _connected(empty_database_url):
        pending = await pending_migrations(empty_database_url, TABLES)
        assert pending[0] == "0001_initial"
        assert await pending_migrations(empty_database_url, TABLES) == pending
        assert await migrate(empty_database_url, TABLES) == pending
        assert await pending_migrations(empty_database_url, TABLES) == []
        assert await migrate(empty_database_url, TABLES) == []
