"""What stands in a database, told alike for both engines: columns, keys, unique sets, indexes."""

from __future__ import annotations

import re
from typing import Any

from backend.foundation.database import connection

# What a column holds, by the engine's word for it. SQLite has no boolean of its own.
_SQLITE_KINDS = {"INT": "integer", "INTEGER": "bigint", "BIGINT": "bigint", "TIMESTAMP": "instant", "BLOB": "bytes"}
_POSTGRES_KINDS = {
    "integer": "integer",
    "boolean": "integer",
    "bigint": "bigint",
    "timestamp with time zone": "instant",
    "bytea": "bytes",
    "text": "TEXT",
    "date": "DATE",
}

# Tortoise's own record of the migrations that ran.
_NOT_OURS = "tortoise_migrations"

Facts = dict[str, Any]


async def _rows(statement: str, *values: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await connection().execute_query_dict(statement, list(values))]


def _condition(text: str | None) -> str:
    """Give the condition of an index in one spelling: without quotes, casts and needless parentheses."""
    return re.sub(r"\s+", " ", re.sub(r"::\w+|[\"()]", "", text or "")).strip()


async def sqlite_facts() -> Facts:
    """Read the schema of the connected SQLite database."""
    facts: Facts = {}
    tables = await _rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    for table in sorted(row["name"] for row in tables if row["name"] != _NOT_OURS):
        columns = await _rows(f'PRAGMA table_info("{table}")')
        unique, indexes = set(), {}
        for index in await _rows(f'PRAGMA index_list("{table}")'):
            names = tuple(row["name"] for row in await _rows(f'PRAGMA index_info("{index["name"]}")'))
            if index["origin"] == "c":
                [made] = await _rows("SELECT sql FROM sqlite_master WHERE name = ?", index["name"])
                where = made["sql"].partition(" WHERE ")[2]
                indexes[index["name"]] = (names, bool(index["unique"]), _condition(where))
            elif index["origin"] == "u":
                unique.add(names)
        facts[table] = {
            "columns": {
                row["name"]: (
                    _SQLITE_KINDS.get(row["type"], row["type"]),
                    # SQLite tells a primary key apart from NOT NULL; what cannot be null is the same.
                    bool(row["notnull"] or row["pk"]),
                )
                for row in columns
            },
            "primary_key": tuple(row["name"] for row in columns if row["pk"]),
            "unique": unique,
            "foreign_keys": {
                (row["from"], row["table"], row["to"], row["on_delete"])
                for row in await _rows(f'PRAGMA foreign_key_list("{table}")')
            },
            "indexes": indexes,
        }
    return facts


_ACTIONS = {"r": "RESTRICT", "a": "NO ACTION", "c": "CASCADE", "n": "SET NULL"}


async def postgres_facts() -> Facts:
    """Read the schema of the connected PostgreSQL database."""
    facts: Facts = {}
    tables = await _rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in sorted(row["tablename"] for row in tables if row["tablename"] != _NOT_OURS):
        columns = await _rows(
            "SELECT column_name, data_type, character_maximum_length AS length, is_nullable "
            "FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
            table,
        )
        constraints = await _rows(
            "SELECT c.contype::text AS kind, c.conname AS name, c.confdeltype::text AS on_delete, "
            "(SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k(num, n) "
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num) AS columns, "
            "(SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY k(num, n) "
            " JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num) AS targets, "
            "c.confrelid::regclass::text AS target_table "
            "FROM pg_constraint c WHERE c.conrelid = to_regclass($1)",
            f'"{table}"',
        )
        indexes = await _rows(
            "SELECT i.relname::text AS name, x.indisunique AS is_unique, pg_get_expr(x.indpred, x.indrelid) AS where, "
            "(SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(x.indkey) WITH ORDINALITY k(num, n) "
            " JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.num) AS columns "
            "FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = to_regclass($1)",
            f'"{table}"',
        )
        of_constraints = {row["name"] for row in constraints}
        facts[table] = {
            "columns": {
                row["column_name"]: (
                    f"VARCHAR({row['length']})" if row["length"] else _POSTGRES_KINDS[row["data_type"]],
                    row["is_nullable"] == "NO",
                )
                for row in columns
            },
            "primary_key": next(tuple(row["columns"]) for row in constraints if row["kind"] == "p"),
            "unique": {tuple(row["columns"]) for row in constraints if row["kind"] == "u"},
            "foreign_keys": {
                (row["columns"][0], row["target_table"].strip('"'), row["targets"][0], _ACTIONS[row["on_delete"]])
                for row in constraints
                if row["kind"] == "f"
            },
            "indexes": {
                row["name"]: (tuple(row["columns"]), row["is_unique"], _condition(row["where"]))
                for row in indexes
                if row["name"] not in of_constraints
            },
        }
    return facts
