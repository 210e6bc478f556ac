"""People come and go as the design says, whoever tries what in whatever order."""

from __future__ import annotations

import pytest

from tests.accounts.staff_machine import open_staff_ground, play

RUNS = 8


@pytest.mark.usefixtures("engine")
def test_people_follow_the_design(database_url: str) -> None:
    """A short form: few runs, the same ones each time; every kind of step is taken with and without success."""
    with open_staff_ground(database_url) as ground:
        play(ground, runs=RUNS)
        assert ground.counted["runs"] >= RUNS
        done = {step.removesuffix(" done") for step in ground.counted if step.endswith(" done")}
        assert {"register", "decide", "suspend", "offboard", "reinstate", "reassign", "invite"} <= done
