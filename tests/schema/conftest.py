"""What the tests of the operations share: the API in this process, and behind a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.conftest import Database
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
