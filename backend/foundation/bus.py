"""The bus. It says "look again" and nothing else: the truth is in the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from typing import Protocol


class Topic(StrEnum):
    """What there may be more of."""

    EVENTS = "events"
    JOBS = "jobs"


class Bus(Protocol):
    """Wakes whoever waits for a topic. A wake-up may be lost or come twice; waiters also look by themselves."""

    def wake(self, topic: Topic) -> None:
        """Tell every listener of `topic`, in every process the bus reaches, to look again."""

    def listen(self, topic: Topic) -> AbstractContextManager[asyncio.Event]:
        """Listen to `topic` while the returned context is open; it gives an event that is set at each wake-up."""


class InProcessBus:
    """The bus of the embedded default: one process, no broker."""

    def __init__(self) -> None:
        self._listeners: dict[Topic, set[asyncio.Event]] = {topic: set() for topic in Topic}

    def wake(self, topic: Topic) -> None:
        """Set the event of every listener of this process."""
        for listener in self._listeners[topic]:
            listener.set()

    @contextmanager
    def listen(self, topic: Topic) -> Iterator[asyncio.Event]:
        """Register one listener; the caller clears its event before it looks, so that no wake-up is missed."""
        listener = asyncio.Event()
        self._listeners[topic].add(listener)
        try:
            yield listener
        finally:
            self._listeners[topic].discard(listener)


async def wait_for_wake(listener: asyncio.Event, timeout_seconds: float) -> None:
    """Wait until woken or until `timeout_seconds` have passed, whichever is first."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            await listener.wait()
