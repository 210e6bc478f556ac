"""Names for rows, and bearer tokens."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable

from backend.foundation.clock import Clock

RandomBytes = Callable[[int], bytes]

# Crockford's base 32, in lower case: no i, l, o, u. Digits sort before letters, so text order is number order.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_BODY_CHARACTERS = 26
_PREFIX = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
# 26 characters hold 130 bits; the first is at most 7 because an id has 128.
_BODY = re.compile(rf"[0-7][{_ALPHABET}]{{{_BODY_CHARACTERS - 1}}}")
# What an id column holds.
LONGEST_ID = 40
_TOKEN_KIND = re.compile(r"[a-z][a-z0-9]*")
_TOKEN_BYTES = 32


class NotAnId(ValueError):
    """The text is no id; it is not repeated here, because it came from outside."""


class Ids:
    """Makes ids and tokens from a clock and a source of random bytes."""

    def __init__(self, clock: Clock, random_bytes: RandomBytes = secrets.token_bytes) -> None:
        self._clock = clock
        self._random_bytes = random_bytes

    def new(self, prefix: str) -> str:
        """A fresh id, `<prefix>_<26 characters>`.

        The 26 characters are a UUID version 7 (RFC 9562, 5.7): 48 bits of wall time in milliseconds, then 74 random
        bits, so ids of later milliseconds sort later as text. Two ids of one millisecond sort by chance.
        Raises ValueError on a prefix that is not lower-case words joined by underscores.
        """
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"not an id prefix: {prefix!r}")
        milliseconds = int(self._clock.wall().timestamp() * 1000)
        random_bits = int.from_bytes(self._random_bytes(10)) & ((1 << 74) - 1)
        high, low = random_bits >> 62, random_bits & ((1 << 62) - 1)
        number = milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
        body = "".join(_ALPHABET[number >> shift & 31] for shift in range(5 * (_BODY_CHARACTERS - 1), -1, -5))
        return f"{prefix}_{body}"

    def token(self, kind: str) -> str:
        """A fresh bearer token, `ssm_<kind>_<43 characters>`: 256 random bits, safe in a URL and a header.

        Only `hash_token` of it may be stored. Raises ValueError on a kind that is not one lower-case word.
        """
        if not _TOKEN_KIND.fullmatch(kind):
            raise ValueError(f"not a token kind: {kind!r}")
        body = base64.urlsafe_b64encode(self._random_bytes(_TOKEN_BYTES)).rstrip(b"=").decode("ascii")
        return f"ssm_{kind}_{body}"


def prefix_of(text: str) -> str:
    """What kind of thing the id names. Raises `NotAnId` when the text is not of the form `Ids.new` makes."""
    prefix, _, body = text.rpartition("_")
    if not (_PREFIX.fullmatch(prefix) and _BODY.fullmatch(body)):
        raise NotAnId("not an id")
    return prefix


def is_id(text: str, prefix: str) -> bool:
    """Whether the text is an id of this kind, in the one spelling `Ids.new` gives it."""
    head, _, body = text.rpartition("_")
    return head == prefix and _PREFIX.fullmatch(head) is not None and _BODY.fullmatch(body) is not None


def may_be_id(text: str) -> bool:
    """Whether the text could stand in an id column; the database must not be asked for anything else."""
    return 0 < len(text) <= LONGEST_ID and text.isascii() and text.isprintable()


def hash_token(token: str) -> str:
    """What is stored of a token: SHA-256 in hex. A token has 256 random bits, so no salt or stretching is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
