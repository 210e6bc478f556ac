"""A runtime for tests: the real parts, with a clock that stands still and everything kept in memory."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from backend.app import REACTIONS
from backend.foundation.bus import Bus, InProcessBus
from backend.foundation.clock import Clock
from backend.foundation.ids import Ids
from backend.foundation.keyring import Keyring
from backend.foundation.reactions import Reactions
from backend.foundation.runtime import Runtime
from backend.foundation.snapshots import Snapshots
from backend.foundation.storage import ObjectStorage
from backend.handbook import HANDBOOK
from tests.builders.clock import FixedClock

PUBLIC_URL = "http://127.0.0.1:8000"


def reactions_of_the_app() -> Reactions:
    """Give the reactions that the application is composed with."""
    return Reactions(REACTIONS)


def counted_bytes(seed: str = "") -> Callable[[int], bytes]:
    """Give a source of bytes that looks random and is the same in every run; two seeds never meet."""
    numbers = itertools.count()

    def next_bytes(size: int) -> bytes:
        return hashlib.shake_256(f"{seed}|{next(numbers)}".encode()).digest(size)

    return next_bytes


@cache
def a_keyring() -> Keyring:
    """Give a keyring of this test run."""
    with TemporaryDirectory() as folder:
        return Keyring.generate(Path(folder) / "keyring.json")


def a_runtime(
    *,
    clock: Clock | None = None,
    bus: Bus | None = None,
    keyring: Keyring | None = None,
    storage: ObjectStorage | None = None,
    reactions: Reactions | None = None,
    seed: str = "",
) -> Runtime:
    """Give a runtime; two that share a database need different seeds, or their ids collide."""
    clock = clock or FixedClock()
    return Runtime(
        clock=clock,
        ids=Ids(clock, counted_bytes(seed)),
        keyring=keyring or a_keyring(),
        bus=bus or InProcessBus(),
        storage=storage or ObjectStorage.from_url("memory:"),
        public_url=PUBLIC_URL,
        reactions=reactions or reactions_of_the_app(),
        snapshots=Snapshots((HANDBOOK,)),
    )
