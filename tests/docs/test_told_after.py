"""After which event the page of messages says that people are told: held against the reactions themselves."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

import pytest

from backend.accounts.events import StaffEvent
from backend.accounts.models import Staff
from backend.applications.models import Application
from backend.applications.rules import State
from backend.foundation.events import SYSTEM
from backend.foundation.subjects import Subject
from backend.messaging import MESSAGING_REACTIONS, AlertKind, MessageKind, reactions
from schema.catalogue_pages.messages import ALERTED_AFTER, TOLD_AFTER

# Everything that the page tells of an event, by kind.
AFTER: Final[tuple[Mapping[Any, tuple[str, ...]], ...]] = (TOLD_AFTER, ALERTED_AFTER)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> set[Any]:
    """Collect the kinds that reactions tell of, instead of telling."""
    kinds: set[Any] = set()

    async def tell(_work: Any, *told: Any, **_params: Any) -> None:
        kinds.update(kind for kind in told if isinstance(kind, MessageKind | AlertKind))

    for name in ("notify", "count_up", "alert", "alert_at_most_once_a_minute"):
        monkeypatch.setattr(reactions, name, tell)
    return kinds


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("event", sorted(MESSAGING_REACTIONS))
async def test_the_page_says_what_each_event_brings(event: str, told: set[Any]) -> None:
    """Whatever state it comes from and leads to, an event brings what stands behind it on the page."""
    subject: Subject = (
        Staff(id="stf_1", name="") if event in set(StaffEvent) else Application(author_id="stf_1", form="{}")
    )
    work: Any = SimpleNamespace(actor=SYSTEM)
    body = {"reason": "", "from_staff_id": "stf_1", "to_staff_id": "stf_2"}
    for source, target in itertools.product(State, State):
        await MESSAGING_REACTIONS[event](work, subject, {**body, "from": source, "to": target})
    assert told == {kind for page in AFTER for kind, events in page.items() if event in events}
    assert told


def test_the_page_leaves_no_kind_out() -> None:
    """Each kind of message and alert has an event that brings it."""
    assert TOLD_AFTER.keys() == set(MessageKind)
    assert ALERTED_AFTER.keys() == set(AlertKind)
