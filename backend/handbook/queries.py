"""What may be read of the handbook, by whom, and as of when."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, Final

import orjson
from tortoise.expressions import Q

from backend.accounts import Permission
from backend.foundation.clock import date_in_china
from backend.foundation.pages import Order
from backend.foundation.snapshots import Snapshot
from backend.foundation.views import TYPE, Derived, Reading, Relation, Row, Selection, View, fetch
from backend.handbook import rules
from backend.handbook.content import Contact, Kind, PhotoGuide, ReturnReason, read_content
from backend.handbook.differences import differences
from backend.handbook.events import EventKind
from backend.handbook.handbook import Entry, Handbook, RatePlan, RatePlans, version_name
from backend.handbook.models import HandbookAcknowledgement, HandbookEntry
from backend.handbook.rules import PUBLIC, Facts, Stage, State
from backend.images import granted_url

_ENTRY: Final = (
    "id",
    "kind",
    "code",
    "number",
    "position",
    "title",
    "content",
    "needs_acknowledgement",
    "effective_on",
    "retired_on",
)


async def read_handbook(*kinds: Kind) -> Handbook:
    """Read what was ever published, of these kinds or of all; within a transaction as that sees it."""
    rows = HandbookEntry.filter(state__in=list(PUBLIC), **({"kind__in": list(kinds)} if kinds else {}))
    return Handbook([_entry(row) for row in await rows.values(*_ENTRY)])


def _entry(row: Row) -> Entry[Any]:
    kind = Kind(row["kind"])
    return Entry(**{**row, "kind": kind, "content": read_content(kind, row["content"])})


# The published handbook as each process keeps it, for what must be told without asking the database.
HANDBOOK: Final = Snapshot(read_handbook, frozenset({EventKind.PUBLISHED, EventKind.RETIRED}))


async def rate_plans_on(on: date) -> RatePlans:
    """Read the rate plans as they stand on a day."""
    return (await read_handbook(Kind.RATE_PLAN)).rate_plans(on)


async def rate_plan_of(entry_id: str) -> RatePlan:
    """Read the very version of a rate plan that was chosen, in force or not."""
    (row,) = await HandbookEntry.filter(id=entry_id).values(*_ENTRY)
    return _entry(row)


async def return_reasons_on(on: date) -> list[Entry[ReturnReason]]:
    """Read the reasons for which a field may be sent back on a day, in the order they are shown."""
    return (await read_handbook(Kind.RETURN_REASON)).of_type(ReturnReason, on)


async def contacts_in_force(on: date) -> list[Entry[Contact]]:
    """Read whom to reach at HQ on a day, in the order they are shown; each entry's title says whom."""
    return (await read_handbook(Kind.CONTACT)).of_type(Contact, on)


def _published(reading: Reading) -> Handbook:
    handbook: Handbook = reading.runtime.snapshots[HANDBOOK]
    return handbook


def _today(reading: Reading) -> date:
    return date_in_china(reading.runtime.clock.now())


def _may_edit(_row: Row, reading: Reading) -> bool:
    return bool(reading.viewer.may(Permission.EDIT_HANDBOOK))


def _scope(reading: Reading) -> Q | None:
    """Editors read every version; whoever reads the handbook, what has been in force."""
    if _may_edit({}, reading):
        return Q()
    if reading.viewer.may(Permission.READ_HANDBOOK):
        return Q(state__in=list(PUBLIC), effective_on__lte=_today(reading))
    return None


_STANDING: Final = ("state", "kind", "code", "number", "effective_on")


def _stage(row: Row, reading: Reading) -> Stage:
    if row["state"] == State.DRAFT:
        return Stage.DRAFT
    if row["state"] == State.DISCARDED:
        return Stage.ENDED
    kind, handbook, today = Kind(row["kind"]), _published(reading), _today(reading)
    now = handbook.entry_on(kind, row["code"], today)
    if now is not None and now.number == row["number"]:
        return Stage.IN_FORCE
    ahead = row["effective_on"] > today and not handbook.is_superseded(kind, row["code"], row["number"], today)
    return Stage.SCHEDULED if ahead else Stage.ENDED


def _available_actions(row: Row, reading: Reading) -> list[Row]:
    kind, today = Kind(row["kind"]), _today(reading)
    facts = Facts(
        superseded=_published(reading).is_superseded(kind, row["code"], row["number"], today),
        # Before its first day even such a version may be taken back.
        relied_on=(kind, row["code"]) in rules.RELIED_ON
        and row["effective_on"] is not None
        and row["effective_on"] <= today,
    )
    return [
        {"action": item.action, "allowed": item.allowed, "blocked_reason": item.blocked_reason}
        for item in rules.LIFECYCLE.available(State(row["state"]), rules.standing_of(reading.viewer), facts)
    ]


def _content(row: Row, reading: Reading) -> Row:
    content = read_content(Kind(row["kind"]), row["content"])
    told: Row = {TYPE: f"{type(content).__name__}Content", **asdict(content)}
    if isinstance(content, PhotoGuide):
        for sample in told["samples"]:
            sample["url"] = granted_url(reading.runtime, sample["image_id"], reading.viewer.id)
    return told


def _version_name(row: Row, _reading: Reading) -> str | None:
    return version_name(row["effective_on"], row["number"]) if row["effective_on"] else None


_COMPARED: Final = ("title", "position", "needs_acknowledgement", "effective_on")


def _changes(row: Row, reading: Reading) -> list[Row]:
    """Tell what differs from the version that was published before; nothing for the first."""
    before = _published(reading).before(Kind(row["kind"]), row["code"], row["number"])
    if before is None:
        return []
    old = {**{name: getattr(before, name) for name in _COMPARED}, **_members(asdict(before.content))}
    new = {**{name: row[name] for name in _COMPARED}, **_members(orjson.loads(row["content"]))}
    if row["effective_on"] is None:
        # A draft takes effect when it is published, and that is no change of it.
        del old["effective_on"], new["effective_on"]
    return [{"path": item.path, "old": item.old, "new": item.new} for item in differences(_members(old), _members(new))]


def _members(content: Row) -> Row:
    """Give members as JSON has them, whether they were read from it or come from the types."""
    members: Row = orjson.loads(orjson.dumps(content))
    return members


ACKNOWLEDGEMENT: Final = View(
    type_name="HandbookAcknowledgement",
    model=HandbookAcknowledgement,
    columns=frozenset({"id", "entry_id", "acknowledged_at"}),
    scope=lambda reading: Q(staff_id=reading.viewer.id),
)

EDITING: Final = View(
    type_name="HandbookEditing",
    model=HandbookEntry,
    columns=frozenset({"id", "author_id", "publisher_id", "created_at", "updated_at", "published_at"}),
    scope=lambda reading: Q() if _may_edit({}, reading) else None,
    derived={"changes": Derived(("kind", "code", "number", "content", *_COMPARED), _changes)},
)

ENTRY: Final = View(
    type_name="HandbookEntry",
    model=HandbookEntry,
    columns=frozenset(
        {
            "id",
            "version",
            "state",
            "kind",
            "code",
            "number",
            "position",
            "title",
            "needs_acknowledgement",
            "effective_on",
            "retired_on",
            "created_at",
        }
    ),
    scope=_scope,
    derived={
        "stage": Derived(_STANDING, _stage),
        "available_actions": Derived(_STANDING, _available_actions),
        "content": Derived(("kind", "content"), _content),
        "version_name": Derived(("effective_on", "number"), _version_name),
    },
    relations={
        "acknowledgement": Relation(view=ACKNOWLEDGEMENT, local="id", remote="entry_id"),
        "editing": Relation(view=EDITING, local="id", remote="id", gate=_may_edit),
    },
)

NEWEST_FIRST: Final = Order("created_at", descending=True)


async def entries_in_force(reading: Reading, kind: Kind, selection: Selection) -> list[Row]:
    """Read what is in force today of one kind, in the order it is shown."""
    ids = [entry.id for entry in (await read_handbook(kind)).in_force(kind, _today(reading))]
    return await fetch(ENTRY, selection, reading, where=Q(id__in=ids), order_by=("position", "code"))


def versions_of(kind: Kind, code: str) -> Q:
    """Give the condition of the versions of one entry."""
    return Q(kind=kind, code=code)
