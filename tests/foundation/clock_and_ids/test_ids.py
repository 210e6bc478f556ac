"""Ids and tokens."""

import hashlib
import random
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.foundation.clock import SystemClock
from backend.foundation.ids import Ids, NotAnId, hash_token, is_id, prefix_of
from tests.builders.clock import FixedClock

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def seeded(clock: FixedClock, seed: int = 1) -> Ids:
    """Ids that come out the same in every run."""
    return Ids(clock, random.Random(seed).randbytes)  # noqa: S311 - repeatable on purpose


def as_uuid(text: str) -> uuid.UUID:
    """The 128 bits of an id, read by the alphabet's definition."""
    number = 0
    for character in text.rpartition("_")[2]:
        number = number * 32 + CROCKFORD.index(character)
    return uuid.UUID(int=number)


@given(
    at=st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive by hypothesis' rule
    seed=st.integers(0, 1000),
    prefix=st.sampled_from(["app", "img", "job", "rate_plan", "x1"]),
)
def test_an_id_is_a_uuid_of_version_seven(at: datetime, seed: int, prefix: str) -> None:
    """Time, version and variant stand where RFC 9562 puts them, and the prefix is found again."""
    made = seeded(FixedClock(at), seed).new(prefix)
    number = as_uuid(made)
    assert re.fullmatch(rf"{prefix}_[0-7][{CROCKFORD}]{{25}}", made)
    assert (number.version, number.variant) == (7, uuid.RFC_4122)
    assert number.int >> 80 == int(at.timestamp() * 1000)
    assert prefix_of(made) == prefix
    assert is_id(made, prefix)
    assert not is_id(made, prefix + "x")


def test_later_ids_sort_later_as_text() -> None:
    """Ids of later milliseconds of the wall clock sort behind earlier ones, wherever the business clock stands."""
    clock = FixedClock()
    ids = seeded(clock)
    made = []
    for step in range(200):
        made.append(ids.new("app"))
        clock.advance(0.001 * (1 + step))
        clock.offset_seconds = -1000.0 * step
    assert made == sorted(made)


def test_ids_of_one_moment_differ() -> None:
    """A standing clock gives no id twice."""
    ids = Ids(FixedClock())
    assert len({ids.new("app") for _ in range(1000)}) == 1000


def test_the_same_randomness_gives_the_same_ids() -> None:
    """With clock and randomness injected, a run can be repeated."""
    first, again = seeded(FixedClock()), seeded(FixedClock())
    assert [first.new("app"), first.token("s")] == [again.new("app"), again.token("s")]


@pytest.mark.parametrize("prefix", ["", "App", "1a", "a-b", "a b", "_a", "a_", "a__b", "芝麻", "a\n"])
def test_bad_prefixes_are_refused(prefix: str) -> None:
    """A prefix is lower-case words joined by underscores."""
    with pytest.raises(ValueError, match="not an id prefix"):
        Ids(SystemClock()).new(prefix)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "app",
        "app_",
        "_00000000000000000000000000",
        "app_0000000000000000000000000",
        "app_000000000000000000000000000",
        "app_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "app_0000000000000000000000000l",
        "app_0000000000000000000000000A",
        "app_00000000000000000000000000\n",
        "app_0000000000000000000000000０",
        "App_00000000000000000000000000",
        "app-00000000000000000000000000",
    ],
)
def test_what_is_no_id_is_refused_without_repeating_it(text: str) -> None:
    """Only the one spelling that is given out counts, and the error does not carry what came in."""
    assert not is_id(text, "app")
    with pytest.raises(NotAnId) as refusal:
        prefix_of(text)
    assert str(refusal.value) == "not an id"


@pytest.mark.parametrize("kind", ["s", "k", "t", "ticket"])
def test_tokens_have_the_published_form(kind: str) -> None:
    """A token is `ssm_`, its kind, and 43 URL-safe characters; no two are alike."""
    ids = Ids(SystemClock())
    made = {ids.token(kind) for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(rf"ssm_{kind}_[A-Za-z0-9_-]{{43}}", token) for token in made)


@pytest.mark.parametrize("kind", ["", "S", "a_b", "1", "s "])
def test_bad_token_kinds_are_refused(kind: str) -> None:
    """A kind is one lower-case word."""
    with pytest.raises(ValueError, match="not a token kind"):
        Ids(SystemClock()).token(kind)


def test_a_token_is_stored_as_its_hash() -> None:
    """The hash is plain SHA-256 in hex; any text that arrives as a token can be hashed."""
    assert hash_token("ssm_s_abc") == hashlib.sha256(b"ssm_s_abc").hexdigest()
    assert len(hash_token("\ud800")) == 64


def test_ids_follow_the_wall_clock() -> None:
    """The time in an id is wall time also while business time is moved."""
    clock = FixedClock(offset_seconds=timedelta(days=30).total_seconds())
    assert as_uuid(seeded(clock).new("app")).int >> 80 == int(clock.wall().timestamp() * 1000)
