"""People: who they are to each app, whether they follow it, and the one-time codes of their phones."""

import base64
import hashlib
import hmac
import secrets
from enum import StrEnum

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .apps import App
from .book import Book, Clocks
from .platform_refusal import PlatformRefusal

CODE_SECONDS = 300
_NONCE_BYTES = 12


class CodeKind(StrEnum):
    """What a code is for; the two are never exchanged for each other."""

    LOGIN = "login"
    PHONE = "phone"


class People:
    """The people in the book. A person is a free name; one that nobody named before comes into being."""

    def __init__(self, book: Book, clocks: Clocks) -> None:
        self._book = book
        self._clocks = clocks
        self._secret = book.secret("people_secret")

    def openid(self, appid: str, person: str) -> str:
        """Give the person's openid in an app, always the same."""
        openid = self._id(f"openid/{appid}/{person}")
        with self._book.transaction():
            self._book.write("INSERT INTO person VALUES (?, 0) ON CONFLICT DO NOTHING", person)
            self._book.write("INSERT INTO account VALUES (?, ?, ?, NULL) ON CONFLICT DO NOTHING", appid, person, openid)
        return openid

    def unionid(self, app: App, person: str) -> str | None:
        """Give the person's unionid, the same in all apps of the 开放平台 account; None when this app is not bound."""
        return self._id(f"unionid/{person}") if app.settings.bound else None

    def person(self, appid: str, openid: object) -> str:
        """Give the person with this openid; refuse with 40003 when the app knows none."""
        if not isinstance(openid, str):
            raise PlatformRefusal(40003)
        row = self._book.row("SELECT person FROM account WHERE appid = ? AND openid = ?", appid, openid)
        if row is None:
            raise PlatformRefusal(40003)
        name: str = row["person"]
        return name

    def count(self) -> int:
        """Count the people."""
        return int(self._book.rows("SELECT count(*) FROM person")[0][0])

    def set_at_risk(self, person: str, *, at_risk: bool) -> None:
        """Put a person among those whom the platform does not let log in, or take it out."""
        self._book.write(
            "INSERT INTO person VALUES (?, ?) ON CONFLICT DO UPDATE SET at_risk = excluded.at_risk", person, at_risk
        )

    def at_risk(self, person: str) -> bool:
        """Tell whether the platform keeps this person from logging in."""
        return self._book.row("SELECT 1 FROM person WHERE person = ? AND at_risk", person) is not None

    def follow(self, appid: str, person: str) -> bool:
        """Let a person follow an account; tell False when it did already."""
        if self.followed_at(appid, person) is not None:
            return False
        self.openid(appid, person)
        self._book.write(
            "UPDATE account SET followed_at = ? WHERE appid = ? AND person = ?", self._clocks.wire(), appid, person
        )
        return True

    def unfollow(self, appid: str, person: str) -> None:
        """Let a person follow an account no longer; what it could be sent by customer service is over."""
        self._book.write("UPDATE account SET followed_at = NULL WHERE appid = ? AND person = ?", appid, person)
        self._book.write("DELETE FROM reply_window WHERE appid = ? AND person = ?", appid, person)

    def followed_at(self, appid: str, person: str) -> float | None:
        """Give since when a person follows an account; None when it does not."""
        row = self._book.row("SELECT followed_at FROM account WHERE appid = ? AND person = ?", appid, person)
        return None if row is None else row["followed_at"]

    def make_code(self, kind: CodeKind, appid: str, person: str, content: str = "") -> str:
        """Make a one-time code. The book has its digest alone, and its content under a key that is in the code."""
        self.openid(appid, person)
        code = secrets.token_urlsafe(24)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + AESGCM(_key(code)).encrypt(nonce, content.encode(), None)
        self._book.write(
            "INSERT INTO code VALUES (?, ?, ?, ?, ?, 0, ?)",
            _digest(code),
            kind,
            appid,
            person,
            self._clocks.wire(),
            sealed.hex(),
        )
        return code

    def use_code(self, kind: CodeKind, appid: str, code: str, *, when_used: int) -> tuple[str, str]:
        """Use a code up and give its person and content.

        Refuses with 40029 one that is unknown, too old, of another app or of the other kind, with `when_used` one that
        was used before.
        """
        row = self._book.row("SELECT * FROM code WHERE digest = ?", _digest(code))
        if row is None or row["kind"] != kind or row["appid"] != appid:
            raise PlatformRefusal(40029)
        if row["used"]:
            raise PlatformRefusal(when_used)
        if self._clocks.wire() > row["made_at"] + CODE_SECONDS:
            raise PlatformRefusal(40029)
        self._book.write("UPDATE code SET used = 1, sealed = '' WHERE digest = ?", row["digest"])
        sealed = bytes.fromhex(row["sealed"])
        content = AESGCM(_key(code)).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        return row["person"], content.decode()

    def _id(self, label: str) -> str:
        """Give 28 characters that begin with o, as openids and unionids look."""
        digest = hmac.digest(self._secret, label.encode(), "sha256")
        return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _key(code: str) -> bytes:
    return hashlib.sha256(b"content/" + code.encode()).digest()
