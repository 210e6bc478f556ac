"""What a database belongs to."""

from __future__ import annotations

import pytest

from backend.foundation.installation import ForeignDatabase, Installation, stamp
from tests.builders.clock import FixedClock

pytestmark = pytest.mark.usefixtures("database")


async def test_the_first_stamp_stays(clock: FixedClock) -> None:
    """What was stamped first holds; the same again changes nothing, and its time is the first one's."""
    await stamp(clock, mode="sandbox", mchid="1900000109")
    before = await Installation.all().values()
    clock.advance(60)
    await stamp(clock, mode="sandbox", mchid="1900000109")
    assert await Installation.all().values() == before
    assert [(row["mode"], row["mchid"]) for row in before] == [("sandbox", "1900000109")]


@pytest.mark.parametrize(("mode", "mchid"), [("live", "1900000109"), ("sandbox", "1900000110"), ("live", "1")])
async def test_another_mode_or_merchant_is_refused(clock: FixedClock, mode: str, mchid: str) -> None:
    """Test data and real shops never meet, nor those of two merchant ids: the refusal says both, and writes nothing."""
    await stamp(clock, mode="sandbox", mchid="1900000109")
    before = await Installation.all().values()
    with pytest.raises(ForeignDatabase) as refused:
        await stamp(clock, mode=mode, mchid=mchid)
    assert "sandbox" in str(refused.value)
    assert mchid in str(refused.value)
    assert await Installation.all().values() == before
