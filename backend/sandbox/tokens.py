"""Access tokens of both kinds: the stable one, and the one whose every call throws out the one before."""

import base64
import hmac
import re
import sqlite3
from enum import StrEnum

from .apps import App, AppKind, Apps
from .book import Book, Clocks
from .platform_refusal import PlatformRefusal

TOKEN_SECONDS = 7200
# In the last minutes of a stable token a new one is handed out; a token that was thrown out still passes this long.
OVERLAP_SECONDS = 300
# As long as the documentation tells clients to make room for, so that one which makes less is found out.
TOKEN_LENGTH = 512
FORCED_A_DAY = 20
FORCED_APART_SECONDS = 30
_DAY_SECONDS = 86_400

_TOKEN = re.compile(r"([0-9]{1,9})_[A-Za-z0-9_-]+")


class TokenKind(StrEnum):
    """The two kinds, isolated from each other."""

    STABLE = "stable"
    PLAIN = "plain"


class Tokens:
    """The tokens in the book: when each was made, not what it says, which is derived from a secret."""

    def __init__(self, book: Book, clocks: Clocks, apps: Apps) -> None:
        self._book = book
        self._clocks = clocks
        self._apps = apps
        self._secret = book.secret("tokens_secret")

    def stable(self, appid: str) -> tuple[str, int]:
        """Give the app's stable token and the seconds it has left; a new one in the last five minutes."""
        newest = self._newest(appid, TokenKind.STABLE)
        if newest is not None:
            left = min(newest["made_at"] + TOKEN_SECONDS, newest["valid_until"]) - self._clocks.wire()
            if left > OVERLAP_SECONDS:
                return self._text(newest["id"]), int(left)
        return self._made(appid, TokenKind.STABLE), TOKEN_SECONDS

    def forced(self, appid: str) -> tuple[str, int]:
        """Give a new stable token; the one before is void at once.

        Refuses more than 20 a day with 45009. Two within 30 seconds are refused with 45011: that there is a limit is
        documented, its errcode is the sandbox's choice.
        """
        now = self._clocks.wire()
        rows = self._book.rows(
            "SELECT made_at FROM token WHERE appid = ? AND forced AND made_at > ?", appid, now - _DAY_SECONDS
        )
        if any(row["made_at"] > now - FORCED_APART_SECONDS for row in rows):
            raise PlatformRefusal(45011)
        if len(rows) >= FORCED_A_DAY:
            raise PlatformRefusal(45009)
        self._end(appid, TokenKind.STABLE, now)
        return self._made(appid, TokenKind.STABLE, forced=True), TOKEN_SECONDS

    def plain(self, appid: str) -> tuple[str, int]:
        """Give a new token of the other kind; the one before passes for five more minutes."""
        self._end(appid, TokenKind.PLAIN, self._clocks.wire() + OVERLAP_SECONDS)
        return self._made(appid, TokenKind.PLAIN), TOKEN_SECONDS

    def app(self, token: str | None, kind: AppKind) -> App:
        """Give the app of a token.

        Refuses with 41001, 40014, 40001 or 42001 a token that is none, and with 48001 that of an app of another kind.
        """
        if not token:
            raise PlatformRefusal(41001)
        match = _TOKEN.fullmatch(token)
        if match is None or len(token) != TOKEN_LENGTH:
            raise PlatformRefusal(40014)
        row = self._book.row("SELECT * FROM token WHERE id = ?", int(match[1]))
        if row is None or not hmac.compare_digest(self._text(row["id"]), token):
            raise PlatformRefusal(40001)
        now = self._clocks.wire()
        if now >= row["made_at"] + TOKEN_SECONDS:
            raise PlatformRefusal(42001)
        app = self._apps.app(row["appid"])
        if now >= row["valid_until"] or app is None:
            raise PlatformRefusal(40001)
        if app.kind is not kind:
            raise PlatformRefusal(48001)
        return app

    def _newest(self, appid: str, kind: TokenKind) -> sqlite3.Row | None:
        return self._book.row("SELECT * FROM token WHERE appid = ? AND kind = ? ORDER BY id DESC LIMIT 1", appid, kind)

    def _made(self, appid: str, kind: TokenKind, *, forced: bool = False) -> str:
        now = self._clocks.wire()
        row = self._book.rows(
            "INSERT INTO token (appid, kind, made_at, valid_until, forced) VALUES (?, ?, ?, ?, ?) RETURNING id",
            appid,
            kind,
            now,
            now + TOKEN_SECONDS,
            forced,
        )[0]
        return self._text(row["id"])

    def _end(self, appid: str, kind: TokenKind, at: float) -> None:
        self._book.write(
            "UPDATE token SET valid_until = min(valid_until, ?) WHERE appid = ? AND kind = ?", at, appid, kind
        )

    def _text(self, token_id: int) -> str:
        blocks = (hmac.digest(self._secret, f"{token_id}/{block}".encode(), "sha512") for block in range(6))
        return (f"{token_id}_" + base64.urlsafe_b64encode(b"".join(blocks)).decode())[:TOKEN_LENGTH]
