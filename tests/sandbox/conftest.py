"""One fresh sandbox per test, with an enrolled provider."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sandbox.platform import Platform, platform_in_process
from tests.sandbox.provider import Provider, Wall, in_process


@pytest.fixture
def wall() -> Wall:
    """A wire clock that stands still."""
    return Wall()


@pytest.fixture
async def provider(tmp_path: Path, wall: Wall) -> AsyncIterator[Provider]:
    """A provider that is enrolled and has uploaded one photo."""
    provider = await in_process(tmp_path, wall).ready()
    yield provider
    await provider.http.aclose()


@pytest.fixture
async def platform(tmp_path: Path, wall: Wall) -> AsyncIterator[Platform]:
    """A platform with a mini program and an official account, a template of each, a robot and the gateway."""
    platform = await platform_in_process(tmp_path, wall).ready()
    yield platform
    await platform.http.aclose()
