"""A sandbox behind a real socket for all tests of filing, and a desk of its own for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from backend.foundation.runtime import Runtime
from tests.builders.clock import FixedClock
from tests.builders.pay import Desk, Sandbox, WatchedClient, enrolled, serving_sandbox
from tests.builders.runtime import a_runtime


@pytest.fixture
def runtime(clock: FixedClock) -> Runtime:
    """A runtime whose ids no other test has: all tests file with one sandbox."""
    return a_runtime(clock=clock, seed=uuid4().hex)


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all tests."""
    with (
        serving_sandbox(tmp_path_factory.mktemp("sandbox")) as url,
        enrolled(url, tmp_path_factory.mktemp("credentials")) as sandbox,
    ):
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """The sandbox with everything going well."""
    running_sandbox.forget_faults()
    running_sandbox.order("permission", {"micro": True})
    return running_sandbox


@pytest.fixture
async def desk(runtime: Runtime, clock: FixedClock, sandbox: Sandbox) -> AsyncIterator[Desk]:
    """A desk whose client gives up sooner than in production, so that lost answers do not cost minutes."""
    client = WatchedClient(sandbox.credentials, base_url=sandbox.url, timeout_seconds=1.0)
    async with client:
        yield Desk(runtime, clock, sandbox, client)
