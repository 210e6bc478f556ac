"""Applications do what the design says, whatever people and WeChat Pay do in whatever order."""

from __future__ import annotations

import pytest

from tests.journeys.application_ground import open_ground
from tests.journeys.application_machine import play

RUNS = 12


@pytest.mark.usefixtures("engine")
def test_applications_follow_the_design(database_url: str) -> None:
    """A short form of the soak: the same machine, fewer runs, the same ones each time."""
    with open_ground(database_url) as ground:
        play(ground, runs=RUNS)
        assert ground.counted["runs"] >= RUNS
        assert ground.counted["steps"] > 10 * RUNS
