"""What may be read of applications, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson
from tortoise.expressions import Q

from backend.accounts import Viewer
from backend.applications import rules
from backend.applications.completeness import missing, sections
from backend.applications.events import EventKind
from backend.applications.form import FIELDS
from backend.applications.models import Application
from backend.applications.policies import Channel, refusals
from backend.applications.record import (
    masked_values,
    open_fields_of,
    open_values,
    unchanged_since_return,
)
from backend.applications.rules import Facts, State
from backend.consent.texts import current_text
from backend.foundation.clock import date_in_china
from backend.foundation.events import Event
from backend.foundation.pages import MOST_PER_PAGE, CursorMalformed, Order, sequence_of, stream_cursor
from backend.foundation.views import Derived, Reading, Relation, Row, Selection, View, fetch, fetch_by_id
from backend.handbook import HANDBOOK, Handbook, RatePlans
from backend.images.queries import IMAGE

# What a read must hold for `rules` to say what somebody is to an application.
STANDING: Final = (
    "state",
    "author_id",
    "successor_id",
    "organisation_id",
    "claimer_id",
    "claimed_until",
    "approver_id",
)
_FORM = ("id", "form", "sealed")


@dataclass(frozen=True, slots=True)
class StandingRow:
    """The columns that decide what somebody is to an application, from a row that was read."""

    state: str
    author_id: str
    successor_id: str | None
    organisation_id: str
    claimer_id: str | None
    claimed_until: datetime | None
    approver_id: str | None

    @classmethod
    def of(cls, row: Row) -> StandingRow:
        """Take them out of a row that was read with `STANDING`."""
        return cls(**{name: row[name] for name in STANDING})


def scope(viewer: Viewer) -> Q | None:
    """Limit a read to the applications `viewer` may know of; the same three reaches as `rules.may_read`."""
    if viewer.may(rules.READS_ALL):
        return Q()
    reaches = []
    if viewer.may(rules.READS_ORGANISATION):
        reaches.append(Q(organisation_id__in=list(viewer.reach)))
    if viewer.may(rules.READS_OWN):
        reaches.append(Q(Q(author_id=viewer.id), Q(successor_id=viewer.id), join_type="OR"))
    return Q(*reaches, join_type="OR") if reaches else None


def _sees_clear(row: Row, reading: Reading) -> bool:
    return rules.sees_clear_values(reading.viewer, StandingRow.of(row), reading.runtime.clock.now())


def _all_values(row: Row, reading: Reading) -> dict[str, Any]:
    return open_values(reading.runtime.keyring, row["id"], row["form"], row["sealed"])


def _form(row: Row, reading: Reading) -> dict[str, Any]:
    """The form for this viewer: in clear where the rules say so, else masked."""
    values = _all_values(row, reading) if _sees_clear(row, reading) else masked_values(row["form"])
    return {name: values.get(name) for name in FIELDS}


def _rate_plans(reading: Reading, on: date) -> RatePlans:
    handbook: Handbook = reading.runtime.snapshots[HANDBOOK]
    return handbook.rate_plans(on)


def _sections(row: Row, reading: Reading) -> list[Row]:
    values, on = _all_values(row, reading), date_in_china(reading.runtime.clock.now())
    plans = _rate_plans(reading, on)
    lacking = missing(values, on, plans)
    returned = (
        unchanged_since_return(row["open_fields"], row["field_versions"]) if row["state"] == State.RETURNED else ()
    )
    return [
        {
            "section": section,
            "state": state,
            "missing": [{"field": item.field, "code": item.code} for item in lacking if item.section is section],
        }
        for section, state in sections(values, on, plans, returned).items()
    ]


def _missing(row: Row, reading: Reading) -> list[Row]:
    values, on = _all_values(row, reading), date_in_china(reading.runtime.clock.now())
    lacking = missing(values, on, _rate_plans(reading, on))
    return [{"field": item.field, "code": item.code} for item in lacking]


def _open_fields(row: Row, _reading: Reading) -> list[Row]:
    if row["state"] != State.RETURNED:
        return []
    untouched = unchanged_since_return(row["open_fields"], row["field_versions"])
    return [
        {"field": name, "code": item.code, "note": item.note, "is_changed": name not in untouched}
        for name, item in open_fields_of(row["open_fields"]).items()
    ]


def _available_actions(row: Row, reading: Reading) -> list[Row]:
    """What this viewer can do now; what only the input can tell is taken as given."""
    now = reading.runtime.clock.now()
    standing_row = StandingRow.of(row)
    facts = Facts(
        claimed_by_another=rules.claimed_by_another(reading.viewer, standing_row, now),
        hold_over=row["hold_until"] is not None and row["hold_until"] <= now,
    )
    if row["state"] in rules.EDITABLE:
        values, on = _all_values(row, reading), date_in_china(now)
        facts = Facts(
            complete=not missing(values, on, _rate_plans(reading, on)),
            consented=values.get("consent_text_version") == current_text(on).version,
            policies_satisfied=not refusals(Channel(row["channel"]), values),
        )
    standing = rules.standing_of(reading.viewer, standing_row, now)
    return [
        {"action": item.action, "allowed": item.allowed, "blocked_reason": item.blocked_reason}
        for item in rules.LIFECYCLE.available(State(row["state"]), standing, facts)
    ]


def _event_body(row: Row, _reading: Reading) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(row["body"]) if row["body"] else {}
    return body


def _from_body(name: str) -> Derived:
    return Derived(("body",), lambda row, reading: _event_body(row, reading).get(name))


def _changes(row: Row, reading: Reading) -> list[Row]:
    changes: Mapping[str, Mapping[str, Any]] = _event_body(row, reading).get("changes", {})
    return [
        {"field": name, "old": _text(change["old"]), "new": _text(change["new"])} for name, change in changes.items()
    ]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


# Facts about who holds a review are HQ's own; staff see that HQ is looking, not who.
HQ_ONLY_EVENTS = frozenset({EventKind.CLAIMED, EventKind.CLAIM_RELEASED, EventKind.FIELD_REVEALED})

EVENT = View(
    type_name="ApplicationEvent",
    model=Event,
    key="position",
    columns=frozenset({"subject_id", "sequence", "kind", "occurred_at", "actor_kind", "actor_id", "hash"}),
    # Events are reached over their application, which has the scope; HQ's own ones are left out for the others.
    scope=lambda reading: (
        Q(subject_type="application")
        if reading.viewer.may(rules.READS_ALL)
        else Q(~Q(kind__in=list(HQ_ONLY_EVENTS)), subject_type="application")
    ),
    derived={
        "cursor": Derived(("sequence",), lambda row, _reading: stream_cursor(row["sequence"])),
        "from_state": _from_body("from"),
        "to_state": _from_body("to"),
        "reason": _from_body("reason"),
        "reasons": Derived(("body",), lambda row, reading: _event_body(row, reading).get("reasons", [])),
        "changes": Derived(("body",), _changes),
    },
)


APPLICATION = View(
    type_name="Application",
    model=Application,
    columns=frozenset(
        {
            "id",
            "version",
            "state",
            "kind",
            "channel",
            "notice_version",
            "author_id",
            "successor_id",
            "organisation_id",
            "created_at",
            "updated_at",
            "submitted_at",
            "queued_at",
            "hold_until",
            "sub_mchid",
            "opened_at",
            "event_sequence",
        }
    ),
    scope=lambda reading: scope(reading.viewer),
    derived={
        "stage": Derived(("state",), lambda row, _reading: rules.STAGES[State(row["state"])]),
        "shop_name": Derived(("form",), lambda row, _reading: masked_values(row["form"]).get("micro_name")),
        "form": Derived((*_FORM, *STANDING), _form),
        "is_clear_view": Derived(STANDING, _sees_clear),
        "sections": Derived((*_FORM, "state", "open_fields", "field_versions"), _sections),
        "missing": Derived(_FORM, _missing),
        "open_fields": Derived(("state", "open_fields", "field_versions"), _open_fields),
        "available_actions": Derived((*_FORM, *STANDING, "hold_until", "channel"), _available_actions),
        "cursor": Derived(("event_sequence",), lambda row, _reading: stream_cursor(row["event_sequence"])),
    },
    relations={
        "images": Relation(
            view=IMAGE, local="id", remote="subject_id", many=True, gate=_sees_clear, gate_needs=STANDING
        ),
    },
)

# Lists of applications show the newest first; the timeline of one goes from its beginning on.
NEWEST_FIRST = Order("created_at", descending=True)


async def timeline(
    reading: Reading, application_id: str, selection: Selection, *, first: int, after: str | None
) -> list[Row] | None:
    """Read the events of an application behind a stream cursor, oldest first; None when it is not the viewer's to see.

    Refuses with `CursorMalformed`.
    """
    if await fetch_by_id(APPLICATION, Selection.of("id"), reading, application_id) is None:
        return None
    start = sequence_of(after) if after else 0
    if start is None:
        raise CursorMalformed
    return await fetch(
        EVENT,
        Selection({**selection.fields, "sequence": Selection(), "cursor": Selection()}),
        reading,
        where=Q(subject_id=application_id, sequence__gt=start),
        order_by=("sequence",),
        limit=min(first, MOST_PER_PAGE) + 1,
    )
