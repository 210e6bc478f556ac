"""Views: the only way to read. A view declares what may be read of a type, by whom, and with one statement each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tortoise.expressions import Q
from tortoise.models import Model

from backend.foundation.ids import may_be_id

# A row as it was read: plain values under the names of the view.
Row = dict[str, Any]

TYPE = "__type"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of a type: the names of its fields, each with what is asked of what it leads to."""

    fields: Mapping[str, Selection] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    @classmethod
    def of(cls, *names: str, **nested: Selection) -> Selection:
        """Build a selection by hand: plain names, and names with a selection of their own."""
        return cls({**{name: cls() for name in names}, **nested})


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, and what the reading is done with. `viewer` and `runtime` are opaque here."""

    viewer: Any
    runtime: Any


@dataclass(frozen=True, slots=True)
class Derived:
    """A value computed from columns (and relations) of the same row, for this viewer. Pure but for its inputs."""

    needs: tuple[str, ...]
    compute: Callable[[Row, Reading], Any]


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of another view that belong to rows of this one: `remote` there equals `local` here.

    `gate` decides, by row, whether this viewer may see the object at all; where not, it is None (or no rows).
    """

    view: View
    local: str
    remote: str
    many: bool = False
    order_by: tuple[str, ...] = ("id",)
    gate: Callable[[Row, Reading], bool] | None = None
    gate_needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """What may be read of one type.

    `scope` gives the condition that limits every read to what the viewer may see, or None when that is nothing.
    Every read goes through it: of one row, of a list, and over a relation.
    """

    type_name: str
    model: type[Model]
    columns: frozenset[str]
    scope: Callable[[Reading], Q | None]
    key: str = "id"
    derived: Mapping[str, Derived] = field(default_factory=dict)
    relations: Mapping[str, Relation] = field(default_factory=dict)

    def extended(
        self, *, derived: Mapping[str, Derived] | None = None, relations: Mapping[str, Relation] | None = None
    ) -> View:
        """Give this view with more to read; how a later feature adds to an earlier one's type."""
        return replace(
            self,
            derived={**self.derived, **(derived or {})},
            relations={**self.relations, **(relations or {})},
        )


async def fetch(
    view: View,
    selection: Selection,
    reading: Reading,
    *,
    where: Q | None = None,
    order_by: Sequence[str] = ("id",),
    limit: int | None = None,
) -> list[Row]:
    """Read rows of `view` that the viewer may see and `where` matches: one statement, and one per relation selected."""
    scope = view.scope(reading)
    if scope is None:
        return []
    query = view.model.filter(scope, *([where] if where is not None else [])).order_by(*order_by)
    if limit is not None:
        query = query.limit(limit)
    rows: list[Row] = [dict(row) for row in await query.values(*sorted(_columns_for(view, selection)))]
    for row in rows:
        row[TYPE] = view.type_name
    for name, relation in view.relations.items():
        if name in selection:
            await _attach(name, relation, rows, selection.fields[name], reading)
    derived = [(name, derived) for name, derived in view.derived.items() if name in selection]
    for row in rows:
        # All are computed before any is put in: a derived value may bear the name of the column it is made from.
        row.update({name: value.compute(row, reading) for name, value in derived})
    return rows


async def count(view: View, reading: Reading, *, where: Q) -> int:
    """Count the rows of `view` that the viewer may see and `where` matches."""
    scope = view.scope(reading)
    return 0 if scope is None else await view.model.filter(scope, where).count()


async def fetch_one(view: View, selection: Selection, reading: Reading, *, where: Q) -> Row | None:
    """Read the one row that the viewer may see and `where` matches; None when there is none for this viewer."""
    rows = await fetch(view, selection, reading, where=where, limit=1)
    return rows[0] if rows else None


async def fetch_by_id(view: View, selection: Selection, reading: Reading, row_id: str) -> Row | None:
    """Read the row with this id; None when there is none for this viewer, as for a text that is no id."""
    if not may_be_id(row_id):
        return None
    return await fetch_one(view, selection, reading, where=Q(id=row_id))


def _columns_for(view: View, selection: Selection) -> set[str]:
    """Work out which columns the statement must read: those asked for, and those that others are made from."""
    wanted = {view.key} | (set(selection.fields) & view.columns)
    for name, derived in view.derived.items():
        if name in selection:
            wanted.update(derived.needs)
    for name, relation in view.relations.items():
        if name in selection:
            wanted.update((relation.local, *relation.gate_needs))
    return wanted


async def _attach(name: str, relation: Relation, rows: Iterable[Row], selection: Selection, reading: Reading) -> None:
    """Read one relation for all rows at once and put each row's part into it."""
    seen = [row for row in rows if relation.gate is None or relation.gate(row, reading)]
    keys = {row[relation.local] for row in seen if row[relation.local] is not None}
    groups: dict[Any, list[Row]] = {}
    if keys:
        with_key = Selection({**selection.fields, relation.remote: Selection()})
        belongs: dict[str, Any] = {f"{relation.remote}__in": list(keys)}
        related = await fetch(
            relation.view,
            with_key,
            reading,
            where=Q(**belongs),
            order_by=relation.order_by,
        )
        for item in related:
            groups.setdefault(item[relation.remote], []).append(item)
    permitted = {row["id"] for row in seen}
    for row in rows:
        mine = groups.get(row.get(relation.local), []) if row["id"] in permitted else []
        row[name] = mine if relation.many else (mine[-1] if mine else None)
