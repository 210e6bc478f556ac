"""Where access tokens stand between calls, so that one process after the other uses the same."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class TokenStore(Protocol):
    """Keeps the token of each app until it expires.

    One that cannot be reached gives none and keeps none: a new token is asked for then, and nothing else is lost.
    """

    async def get(self, appid: str) -> str | None:
        """Give the token, or `None` when there is none or its time is over."""
        ...

    async def put(self, appid: str, token: str, *, ttl_seconds: float) -> None:
        """Keep `token` in place of any other."""
        ...

    def single_flight(self, appid: str) -> AbstractAsyncContextManager[object]:
        """Let one caller at a time renew the token of an app."""
        ...


class InProcessTokens:
    """Tokens of one process on one event loop."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._tokens: dict[str, tuple[str, float]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, appid: str) -> str | None:
        """Give the token, or `None` when there is none or its time is over."""
        token, ends_seconds = self._tokens.get(appid, ("", 0.0))
        return token if token and self._monotonic() < ends_seconds else None

    async def put(self, appid: str, token: str, *, ttl_seconds: float) -> None:
        """Keep `token` in place of any other."""
        self._tokens[appid] = (token, self._monotonic() + ttl_seconds)

    def single_flight(self, appid: str) -> AbstractAsyncContextManager[object]:
        """Let one caller at a time renew the token of an app."""
        return self._locks[appid]
