"""What the tests of the operations share: the API in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.conftest import Database


@pytest.fixture
async def api(database: Database, runtime: Runtime) -> AsyncIterator[Api]:
    """The API over the fresh database of this test."""
    assert database.url
    api = Api(runtime)
    yield api
    await api.close()
