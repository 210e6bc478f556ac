"""A filing survives its process: killed at ten moments, it is still filed exactly once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.killing import MOMENTS, kill_at_each_moment


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_demo_killed_at_ten_moments_files_exactly_once(tmp_path: Path, database_url: str) -> None:
    """Each start goes on where the kill came; the sandbox, running on, has accepted one form once; the log is whole."""
    outcome = await kill_at_each_moment(tmp_path / "demo", database_url)

    assert [kill.moment for kill in outcome.kills] == [moment.name for moment in MOMENTS]
    assert len(outcome.kills) == 10
    assert outcome.summary["state"] == "OPENED"
    assert outcome.summary["business_codes"] == [outcome.at_sandbox["business_code"]]
    assert outcome.summary["sub_mchid"] == outcome.at_sandbox["sub_mchid"]
    assert (outcome.filings_at_sandbox, outcome.at_sandbox["times_accepted"]) == (1, 1)
    assert outcome.at_sandbox["times_refiled"] == 0
    assert outcome.chain_break is None
    for once in ("STARTED", "SUBMITTED", "APPROVED", "FILING_STARTED", "PROVIDER_ACCEPTED"):
        assert outcome.event_kinds.count(once) == 1
