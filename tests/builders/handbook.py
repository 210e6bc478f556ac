"""The handbook as it comes with the system, for what is tested without a database; and entries made by hand."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from backend.foundation.ids import Ids
from backend.handbook.content import KINDS, Content, Kind
from backend.handbook.handbook import Entry, Handbook, RatePlan, RatePlans
from backend.handbook.shipped import shipped_entries
from tests.builders.clock import FixedClock
from tests.builders.runtime import counted_bytes


@cache
def the_shipped() -> dict[tuple[Kind, str], Entry[Any]]:
    """Give what comes with the system, by kind and code."""
    entries = shipped_entries(Ids(FixedClock(), counted_bytes("shipped")))
    return {(entry.kind, entry.code): entry for entry in entries}


def plans_on(on: date) -> RatePlans:
    """Give the rate plans that come with the system as they stand on a day."""
    return Handbook(the_shipped().values()).rate_plans(on)


def a_plan(code: str) -> RatePlan:
    """Give a rate plan that comes with the system."""
    return the_shipped()[Kind.RATE_PLAN, code]


def an_entry(content: Content, *, number: int = 1, effective_on: date, **members: Any) -> Entry[Any]:
    """Give one published version, of the code X unless another is given."""
    return Entry(
        **{
            "id": f"hbe_{number}",
            "kind": KINDS[type(content)],
            "code": "X",
            "number": number,
            "position": 10,
            "title": "一项",
            "needs_acknowledgement": False,
            "effective_on": effective_on,
            "retired_on": None,
            "content": content,
            **members,
        }
    )
