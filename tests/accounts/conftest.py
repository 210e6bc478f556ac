"""What tests of accounts start from."""

from __future__ import annotations

import pytest

from backend.accounts import ChangeOrganisation, Viewer, change_organisation
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_key
from tests.builders.mini_program import PlayedMiniProgram
from tests.builders.people import a_guest, register


@pytest.fixture
def mini_program() -> PlayedMiniProgram:
    """The mini program's server side, with nothing going wrong."""
    return PlayedMiniProgram()


@pytest.fixture
async def partner(runtime: Runtime, organisations: dict[str, str], admin: Viewer) -> str:
    """The id of an organisation that newcomers may choose."""
    return await change_organisation(
        runtime, admin, ChangeOrganisation(a_key(), organisations["partner"], 1, accepts_registrations=True)
    )


@pytest.fixture
async def guest(runtime: Runtime, mini_program: PlayedMiniProgram, organisations: dict[str, str]) -> Viewer:
    """Somebody who has signed in and not registered yet."""
    assert organisations
    return await a_guest(runtime, mini_program)


@pytest.fixture
async def pending(runtime: Runtime, guest: Viewer, partner: str) -> str:
    """The id of somebody who waits to be let into a partner."""
    return await register(runtime, guest, organisation_id=partner)
