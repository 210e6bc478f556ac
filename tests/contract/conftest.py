"""How the examples of the contract are written: `pytest tests/contract --write-examples`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.conftest import Database
from tests.schema.sockets import Server, a_server


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option; it is known only where this folder is named on the command line."""
    parser.addoption("--write-examples", action="store_true", help="write miniprogram_contract/examples anew")


@pytest.fixture
async def server(database: Database, runtime: Runtime) -> AsyncIterator[Server]:
    """The API over the fresh database of this test, behind a real server."""
    assert database.url
    api = Api(runtime)
    async with a_server(api) as server:
        yield server
    await api.close()
