"""Views: scope, relations, gates, derived values, and how many statements a read costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tortoise.expressions import Q

from backend.accounts.models import Organisation, Session, Staff
from backend.foundation.database import connection
from backend.foundation.runtime import Runtime
from backend.foundation.views import TYPE, Derived, Reading, Relation, Row, Selection, View, fetch, fetch_one

pytestmark = pytest.mark.usefixtures("database")


@contextmanager
def _counted_statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give the statements that the block sends to the database."""
    sent: list[str] = []
    client = connection()
    real = {name: getattr(client, name) for name in ("execute_query", "execute_query_dict")}

    def counting(name: str) -> Any:
        async def count(query: str, *rest: Any) -> Any:
            sent.append(query)
            return await real[name](query, *rest)

        return count

    with monkeypatch.context() as patch:
        for name in real:
            patch.setattr(client, name, counting(name))
        yield sent


SESSION = View(
    type_name="Session",
    model=Session,
    columns=frozenset({"id", "staff_id", "expires_at"}),
    scope=lambda reading: None if reading.viewer == "stranger" else Q(),
)

STAFF = View(
    type_name="Staff",
    model=Staff,
    columns=frozenset({"id", "code", "organisation_id"}),
    scope=lambda reading: Q() if reading.viewer == "all" else Q(code=reading.viewer),
    derived={"greeting": Derived(("name",), lambda row, reading: f"{row['name']},{reading.viewer}")},
    relations={
        "sessions": Relation(view=SESSION, local="id", remote="staff_id", many=True),
        "latest_session": Relation(view=SESSION, local="id", remote="staff_id", order_by=("expires_at",)),
        "own_sessions": Relation(
            view=SESSION,
            local="id",
            remote="staff_id",
            many=True,
            gate=lambda row, reading: row["code"] == reading.viewer,
            gate_needs=("code",),
        ),
        "own_session": Relation(
            view=SESSION,
            local="id",
            remote="staff_id",
            gate=lambda row, reading: row["code"] == reading.viewer,
            gate_needs=("code",),
        ),
    },
)

ORGANISATION = View(
    type_name="Organisation",
    model=Organisation,
    columns=frozenset({"id", "code", "parent_id"}),
    scope=lambda _reading: Q(),
    relations={"staff": Relation(view=STAFF, local="id", remote="organisation_id", many=True, order_by=("-code",))},
)


@pytest.fixture(autouse=True)
async def people(database: object, runtime: Runtime) -> None:
    """Two organisations; in each three people; each of them with two sessions."""
    assert database
    now = runtime.clock.now()
    for house in ("one", "two"):
        await Organisation.create(id=f"org_{house}", code=house, name=house, kind="HQ", created_at=now)
        for number in range(3):
            code = f"{house}{number}"
            await Staff.create(
                id=f"stf_{code}",
                code=code,
                name=f"名{code}",
                roles="",
                state="APPROVED",
                organisation_id=f"org_{house}",
                created_at=now,
                updated_at=now,
            )
            for days in (2, 1):
                await Session.create(
                    id=f"ses_{code}_{days}",
                    token_hash=f"{code}{days}",
                    staff_id=f"stf_{code}",
                    created_at=now,
                    expires_at=now + timedelta(days=days),
                )


def _as(viewer: str, runtime: Runtime) -> Reading:
    return Reading(viewer, runtime)


async def test_only_what_is_selected_is_read(runtime: Runtime) -> None:
    """A row has what was asked for, its id, and its type; a value that nobody asked for is not even computed."""
    rows = await fetch(ORGANISATION, Selection.of("code"), _as("all", runtime), order_by=("code",))
    assert rows == [
        {"id": "org_one", "code": "one", TYPE: "Organisation"},
        {"id": "org_two", "code": "two", TYPE: "Organisation"},
    ]

    def never(_row: Row, _reading: Reading) -> str:
        raise AssertionError("computed without being selected")

    lazy = STAFF.extended(derived={"greeting": Derived(("name",), never)})
    assert len(await fetch(lazy, Selection.of("code"), _as("all", runtime))) == 6


async def test_a_derived_value_reads_what_it_needs(runtime: Runtime) -> None:
    """Selected, it is made from its columns and the viewer."""
    row = await fetch_one(STAFF, Selection.of("greeting"), _as("all", runtime), where=Q(code="one1"))
    assert row is not None
    assert row["greeting"] == "名one1,all"


async def test_each_relation_costs_one_statement(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two organisations, six people, twelve sessions: three statements, whatever the numbers."""
    selection = Selection.of("code", staff=Selection.of("code", sessions=Selection.of("expires_at")))
    with _counted_statements(monkeypatch) as sent:
        rows = await fetch(ORGANISATION, selection, _as("all", runtime), order_by=("code",))
    assert len(sent) == 3, sent
    assert [[person["code"] for person in row["staff"]] for row in rows] == [
        ["one2", "one1", "one0"],
        ["two2", "two1", "two0"],
    ]
    sessions = {session["id"] for row in rows for person in row["staff"] for session in person["sessions"]}
    assert len(sessions) == 12
    for row in rows:
        for person in row["staff"]:
            assert {session["id"] for session in person["sessions"]} == {
                f"ses_{person['code']}_1",
                f"ses_{person['code']}_2",
            }


async def test_a_relation_to_one_gives_the_last_in_its_order(runtime: Runtime) -> None:
    """Where several rows belong to one, the last by the relation's order is it; where none does, nothing is."""
    row = await fetch_one(STAFF, Selection.of(latest_session=Selection.of("id")), _as("one0", runtime), where=Q())
    assert row is not None
    assert row["latest_session"]["id"] == "ses_one0_2"
    await Session.filter(staff_id="stf_one0").delete()
    row = await fetch_one(
        STAFF,
        Selection.of(latest_session=Selection.of("id"), sessions=Selection.of("id")),
        _as("one0", runtime),
        where=Q(),
    )
    assert row is not None
    assert (row["latest_session"], row["sessions"]) == (None, [])


async def test_the_scope_limits_every_read(runtime: Runtime) -> None:
    """One row, a list, and a relation all go through the scope, whatever else the condition asks for."""
    one = _as("one1", runtime)
    assert [row["code"] for row in await fetch(STAFF, Selection.of("code"), one)] == ["one1"]
    assert await fetch_one(STAFF, Selection.of("code"), one, where=Q(code="two1")) is None
    either = Q(Q(code="two1"), Q(code="one2"), join_type="OR")
    assert await fetch(STAFF, Selection.of("code"), one, where=either) == []
    rows = await fetch(ORGANISATION, Selection.of(staff=Selection.of("code")), one, order_by=("code",))
    assert [[person["code"] for person in row["staff"]] for row in rows] == [["one1"], []]


async def test_a_scope_of_none_reads_nothing(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may see nothing costs no statement, and an object behind a relation is then nothing as well."""
    stranger = _as("stranger", runtime)
    with _counted_statements(monkeypatch) as sent:
        assert await fetch(SESSION, Selection.of("id"), stranger) == []
        assert await fetch_one(SESSION, Selection.of("id"), stranger, where=Q(id="ses_one0_1")) is None
    assert sent == []
    rows = await fetch(
        replace(STAFF, scope=lambda _reading: Q()),
        Selection.of(sessions=Selection.of("id"), latest_session=Selection.of("id")),
        stranger,
    )
    assert len(rows) == 6
    assert {(str(row["sessions"]), row["latest_session"]) for row in rows} == {("[]", None)}


async def test_a_gate_shuts_the_object_row_by_row(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a shut gate an object is None and a list is empty; where every gate is shut nothing is read."""
    selection = Selection.of("code", own_sessions=Selection.of("id"), own_session=Selection.of("id"))
    mine = await fetch(STAFF, selection, _as("one0", runtime))
    assert [(len(row["own_sessions"]), row["own_session"]["id"]) for row in mine] == [(2, "ses_one0_2")]
    with _counted_statements(monkeypatch) as sent:
        rows = await fetch(STAFF, selection, _as("all", runtime))
    assert {(str(row["own_sessions"]), row["own_session"]) for row in rows} == {("[]", None)}
    assert len(sent) == 1


async def test_a_column_that_a_view_does_not_name_cannot_be_read(runtime: Runtime) -> None:
    """Selecting a column of the table that the view leaves out gives nothing of it."""
    rows = await fetch(SESSION, Selection.of("id", "token_hash"), _as("all", runtime))
    assert rows
    assert all("token_hash" not in row for row in rows)


async def test_order_and_limit_are_the_statements_own(runtime: Runtime) -> None:
    """A list comes in the order and length that was asked for."""
    rows = await fetch(STAFF, Selection.of("code"), _as("all", runtime), order_by=("-code",), limit=2)
    assert [row["code"] for row in rows] == ["two2", "two1"]


async def test_a_later_feature_adds_to_an_earlier_ones_type(runtime: Runtime) -> None:
    """What is added is there in the new view, and the old one is as it was."""
    extended = SESSION.extended(
        derived={"is_long": Derived(("id",), lambda row, _reading: row["id"].endswith("2"))},
        relations={"person": Relation(view=STAFF, local="staff_id", remote="id")},
    )
    selection = Selection.of("is_long", person=Selection.of("code"))
    row = await fetch_one(extended, selection, _as("all", runtime), where=Q(id="ses_two1_2"))
    assert row is not None
    assert (row["is_long"], row["person"]["code"]) == (True, "two1")
    assert SESSION.derived == {}
    assert SESSION.relations == {}
