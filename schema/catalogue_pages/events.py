"""The page of events: every kind of fact in the log. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from backend.accounts import events as accounts
from backend.applications import events as applications
from backend.handbook import events as handbook
from backend.messaging import events as messaging
from schema.catalogue_pages.life_cycles import LIVES
from schema.catalogue_pages.markdown import NONE, codes, page, table

# Whose events, and where their kinds stand with what the body of each may hold.
_LOGS: Final[tuple[tuple[str, str, Mapping[Any, frozenset[str]]], ...]] = (
    ("An application", "backend/applications/events.py", applications.BODIES),
    ("People, organisations, invitations", "backend/accounts/events.py", accounts.BODIES),
    ("An entry of the handbook", "backend/handbook/events.py", handbook.BODIES),
    ("An inbox", "backend/messaging/events.py", messaging.BODIES),
)


def events_page() -> str:
    """Give the page with every kind of event."""
    return page(
        "Events",
        "What happened, in the transaction in which it did. An event that changes the state also has `from` and `to` "
        "in its body. Sensitive values stand there masked, or not at all. `Left by` are the actions of the "
        "[life cycles](life-cycle.md).",
        *(block for log in _LOGS for block in _blocks_of(*log)),
    )


def _blocks_of(subject: str, path: str, bodies: Mapping[Any, frozenset[str]]) -> tuple[str, ...]:
    rows = [(f"`{kind}`", codes(sorted(members)) or NONE, _left_by(kind)) for kind, members in bodies.items()]
    head = ("Kind", "Members of the body", "Left by")
    return f"## {subject}", f"The kinds are in `{path}`.", table(head, rows)


def _left_by(kind: str) -> str:
    actions = dict.fromkeys(row.action for life in LIVES for row in life.table.transitions if row.event == kind)
    return codes(actions) or "no row of a table"
