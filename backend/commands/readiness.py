"""Readiness: asking `/readyz` until it says yes."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx2

from backend.commands.refusals import STEP_FAILED, CommandRefused

LIMIT_SECONDS: Final = 30.0


async def until_ready(url: str, *, limit_seconds: float = LIMIT_SECONDS) -> None:
    """Wait until the API at `url` answers `/readyz` with 200. Refuses (exit 1) when it does not in time."""
    try:
        async with asyncio.timeout(limit_seconds), httpx2.AsyncClient(trust_env=False, timeout=5.0) as http:
            while not await _is_ready(http, url):  # noqa: ASYNC110 - it waits for another process
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise CommandRefused(f"{url} was not ready within {limit_seconds:g} seconds", STEP_FAILED) from error


async def _is_ready(http: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == 200
    except httpx2.RequestError:
        return False
