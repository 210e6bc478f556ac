"""What the tests of the operations share: the API in this process, and behind a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.conftest import Database
from tests.schema.callers import ANSWERS, CALLERS, SEEN
from tests.schema.sockets import Server, a_server


@pytest.fixture
async def api(database: Database, runtime: Runtime) -> AsyncIterator[Api]:
    """The API over the fresh database of this test."""
    assert database.url
    api = Api(runtime)
    yield api
    await api.close()


@pytest.fixture
async def server(api: Api) -> AsyncIterator[Server]:
    """The same API behind a real server."""
    async with a_server(api) as server:
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how large the role matrix is, where it was asked."""
    passed = {report.nodeid.rpartition("/")[2].partition("::")[0] for report in terminalreporter.getreports("passed")}
    if {"test_access.py", "test_objects.py"} <= passed:
        objects, answers = len({name for name, _ in SEEN}), (len(ANSWERS) + len(SEEN)) * len(CALLERS)
        terminalreporter.write_line(
            f"role matrix: {len(ANSWERS)} operations and {objects} objects in {len(SEEN)} situations"
            f" x {len(CALLERS)} callers = {answers:,} answers"
        )
