"""The clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.foundation.clock import Clock, SystemClock
from tests.builders.clock import START, FixedClock


def test_the_system_clock_gives_aware_real_time() -> None:
    """Wall time is the machine's, in UTC."""
    clock: Clock = SystemClock()
    before = datetime.now(UTC)
    told = clock.wall()
    assert before <= told <= datetime.now(UTC)
    assert told.tzinfo is UTC
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize("offset_seconds", [0.0, 86_400.0 * 30, 0.5, -3600.0])
def test_business_time_is_ahead_by_the_offset(offset_seconds: float) -> None:
    """A moved business clock moves `now` and leaves `wall`."""
    clock = SystemClock()
    clock.offset_seconds = offset_seconds
    before = clock.wall()
    told = clock.now() - timedelta(seconds=offset_seconds)
    assert before <= told <= clock.wall()


def test_the_fixed_clock_moves_only_when_told() -> None:
    """Time in a test passes by `advance`, on both clocks, and never runs back."""
    clock = FixedClock(offset_seconds=10)
    assert (clock.wall(), clock.now()) == (START, START + timedelta(seconds=10))
    clock.advance(60)
    clock.offset_seconds = 20
    assert (clock.wall(), clock.now()) == (START + timedelta(seconds=60), START + timedelta(seconds=80))
    with pytest.raises(ValueError, match="run back"):
        clock.advance(-1)
