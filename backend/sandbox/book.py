"""The durable book of the sandbox: one SQLite file, and what stands in it besides filings and faults."""

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

BOOK_VERSION = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS merchant (
  mchid TEXT PRIMARY KEY, serial_no TEXT NOT NULL, public_key_pem TEXT NOT NULL, api_v3_key TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS media (
  media_id TEXT PRIMARY KEY, mchid TEXT NOT NULL, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS applyment (
  applyment_id INTEGER PRIMARY KEY, mchid TEXT NOT NULL, business_code TEXT NOT NULL, form_hash TEXT NOT NULL,
  shop_name TEXT NOT NULL, owner_mask TEXT NOT NULL, state TEXT NOT NULL, since REAL NOT NULL, cause TEXT NOT NULL,
  verdict TEXT NOT NULL, sub_mchid TEXT UNIQUE, times_accepted INTEGER NOT NULL, times_refiled INTEGER NOT NULL,
  UNIQUE (mchid, business_code)) STRICT;
CREATE TABLE IF NOT EXISTS history (
  id INTEGER PRIMARY KEY, applyment_id INTEGER NOT NULL REFERENCES applyment, at REAL NOT NULL, before TEXT,
  after TEXT NOT NULL, cause TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS history_applyment ON history (applyment_id);
CREATE TABLE IF NOT EXISTS submission (
  mchid TEXT NOT NULL, business_code TEXT NOT NULL, decided INTEGER NOT NULL,
  PRIMARY KEY (mchid, business_code)) STRICT;
CREATE TABLE IF NOT EXISTS request (
  id INTEGER PRIMARY KEY, mchid TEXT NOT NULL, business_code TEXT NOT NULL, call TEXT NOT NULL, at REAL NOT NULL,
  outcome TEXT NOT NULL, fault TEXT) STRICT;
CREATE INDEX IF NOT EXISTS request_code ON request (business_code);
CREATE TABLE IF NOT EXISTS fault (
  id INTEGER PRIMARY KEY, call TEXT NOT NULL, kind TEXT NOT NULL, times_left INTEGER, delay_seconds REAL NOT NULL,
  probability REAL NOT NULL, seed INTEGER NOT NULL, draws INTEGER NOT NULL, fields TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS app (
  appid TEXT PRIMARY KEY, kind TEXT NOT NULL, secret TEXT NOT NULL, token TEXT, encoding_aes_key TEXT, push_url TEXT,
  push_mode TEXT NOT NULL, settings TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS template (
  appid TEXT NOT NULL, template_id TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, keys TEXT NOT NULL,
  PRIMARY KEY (appid, template_id)) STRICT;
CREATE TABLE IF NOT EXISTS token (
  id INTEGER PRIMARY KEY, appid TEXT NOT NULL, kind TEXT NOT NULL, made_at REAL NOT NULL, valid_until REAL NOT NULL,
  forced INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS token_app ON token (appid, kind);
CREATE TABLE IF NOT EXISTS person (person TEXT PRIMARY KEY, at_risk INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS account (
  appid TEXT NOT NULL, person TEXT NOT NULL REFERENCES person, openid TEXT NOT NULL, followed_at REAL,
  PRIMARY KEY (appid, person), UNIQUE (appid, openid)) STRICT;
CREATE TABLE IF NOT EXISTS code (
  digest TEXT PRIMARY KEY, kind TEXT NOT NULL, appid TEXT NOT NULL, person TEXT NOT NULL REFERENCES person,
  made_at REAL NOT NULL, used INTEGER NOT NULL, sealed TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS consent (
  id INTEGER PRIMARY KEY, appid TEXT NOT NULL, person TEXT NOT NULL REFERENCES person, template_id TEXT NOT NULL,
  result TEXT NOT NULL, at REAL NOT NULL, spent_at REAL) STRICT;
CREATE INDEX IF NOT EXISTS consent_person ON consent (person, template_id);
CREATE TABLE IF NOT EXISTS reply_window (
  appid TEXT NOT NULL, person TEXT NOT NULL REFERENCES person, kind TEXT NOT NULL, closes_at REAL NOT NULL,
  left_over INTEGER NOT NULL, PRIMARY KEY (appid, person, kind)) STRICT;
CREATE TABLE IF NOT EXISTS robot (key TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS message (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, channel TEXT NOT NULL, person TEXT, appid TEXT, template_id TEXT, page TEXT,
  recipient TEXT, client_id TEXT, data TEXT NOT NULL, text TEXT) STRICT;
CREATE INDEX IF NOT EXISTS message_client ON message (channel, client_id);
"""


class BookTooNewError(Exception):
    """The file was written by a later version of the sandbox."""


@dataclass(frozen=True, slots=True)
class Merchant:
    """A service provider's merchant id as the merchant console knows it."""

    mchid: str
    serial_no: str
    public_key_pem: str


class Book:
    """The one connection to the file. Every write is a transaction that is on disk when it returns."""

    def __init__(self, path: Path) -> None:
        # Made by us first: the file holds the merchants' APIv3 keys, so nobody else may read it at any moment.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        self._connection.execute("PRAGMA busy_timeout=5000")
        with self.transaction():
            for statement in _TABLES.split(";\n"):
                self._connection.execute(statement)
            version = self.setting("version", BOOK_VERSION)
            if version > BOOK_VERSION:
                raise BookTooNewError(f"the sandbox's book has version {version}, this program knows {BOOK_VERSION}")
            self.set("version", BOOK_VERSION)

    def close(self) -> None:
        """Close the file; what was written stays."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block with the write lock held; commit at its end, roll back when it raises.

        A block inside a block joins the outer one.
        """
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Give the rows of a SELECT, or of a statement with RETURNING."""
        return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: object) -> sqlite3.Row | None:
        """Give the first row, or None."""
        found = self.rows(statement, *values)
        return found[0] if found else None

    def write(self, statement: str, *values: object) -> None:
        """Run one statement that changes rows."""
        self._connection.execute(statement, values)

    def setting(self, name: str, default: Any) -> Any:
        """Give a stored setting, or the default."""
        row = self.row("SELECT value FROM setting WHERE name = ?", name)
        return default if row is None else orjson.loads(row["value"])

    def set(self, name: str, value: Any) -> None:
        """Store a setting."""
        self.write(
            "INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            name,
            orjson.dumps(value).decode(),
        )

    def secret(self, name: str) -> bytes:
        """Give a secret of this book under a name, made at the first call."""
        with self.transaction():
            secret: str = self.setting(name, "") or secrets.token_hex(32)
            self.set(name, secret)
        return bytes.fromhex(secret)

    def enrol(self, merchant: Merchant, api_v3_key: str) -> None:
        """Store a merchant's key; another key for the same merchant id replaces it, as the console does."""
        self.write(
            "INSERT INTO merchant VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET serial_no = excluded.serial_no,"
            " public_key_pem = excluded.public_key_pem, api_v3_key = excluded.api_v3_key",
            merchant.mchid,
            merchant.serial_no,
            merchant.public_key_pem,
            api_v3_key,
        )

    def merchant(self, mchid: str) -> Merchant | None:
        """Give an enrolled merchant, or None."""
        row = self.row("SELECT mchid, serial_no, public_key_pem FROM merchant WHERE mchid = ?", mchid)
        return None if row is None else Merchant(*row)

    def merchants(self) -> list[dict[str, str]]:
        """List the enrolled merchants with their certificate serials."""
        return [dict(row) for row in self.rows("SELECT mchid, serial_no FROM merchant ORDER BY mchid")]

    def add_media(self, media_id: str, mchid: str, sha256: str, size_bytes: int) -> None:
        """Store that a merchant uploaded a photo; the photo itself is not kept."""
        self.write("INSERT INTO media VALUES (?, ?, ?, ?)", media_id, mchid, sha256, size_bytes)

    def knows_media(self, media_id: str, mchid: str) -> bool:
        """Tell whether this merchant uploaded that photo."""
        return self.row("SELECT 1 FROM media WHERE media_id = ? AND mchid = ?", media_id, mchid) is not None


class Clocks:
    """The two clocks: the wire's is real time; the business clock is the same plus a durable offset."""

    def __init__(self, book: Book, wall: Callable[[], float] = time.time) -> None:
        self._book = book
        self._wall = wall

    def wire(self) -> float:
        """Give the time that signatures are judged by, in seconds since 1970."""
        return self._wall()

    def offset_seconds(self) -> float:
        """Give how far the business clock is ahead."""
        return float(self._book.setting("offset_seconds", 0.0))

    def business(self) -> float:
        """Give the time that audits and deadlines are judged by."""
        return self._wall() + self.offset_seconds()

    def advance(self, seconds: float) -> None:
        """Move the business clock forward for good."""
        with self._book.transaction():
            self._book.set("offset_seconds", self.offset_seconds() + seconds)


def as_utc(seconds: float) -> str:
    """Give a time as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
