"""Who is what to an application, and who may read it: the rule, and the condition of the statement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from backend.accounts import OrganisationKind, Role, StaffState, Viewer
from backend.applications import rules
from backend.applications.models import Application
from backend.applications.queries import APPLICATION, scope
from backend.applications.rules import State, Who
from backend.foundation.runtime import Runtime
from backend.foundation.views import Reading, Selection, fetch
from tests.builders.clock import START
from tests.conftest import MakeViewer


def _person(
    name: str,
    role: Role,
    organisation: str = "org_partner",
    state: StaffState = StaffState.APPROVED,
    reach: frozenset[str] = frozenset(),
) -> Viewer:
    return Viewer(name, f"ses_{name}", name, state, frozenset({role}), organisation, OrganisationKind.PARTNER, reach)


@dataclass(frozen=True)
class Case:
    """An application as far as rights go."""

    state: str = State.IN_REVIEW
    author_id: str = "author"
    successor_id: str | None = None
    organisation_id: str = "org_partner"
    claimer_id: str | None = None
    claimed_until: datetime | None = None
    approver_id: str | None = None


AUTHOR = _person("author", Role.FIELD_STAFF)
KEY = _person("author", Role.PARTNER_KEY)
REVIEWER = _person("reviewer", Role.REVIEWER, "org_review")
ADMIN = _person("admin", Role.ADMIN, "org_hq")
CHIEF = _person("chief", Role.PARTNER_ADMIN, reach=frozenset({"org_partner", "org_below"}))
HEIR = _person("heir", Role.FIELD_STAFF)
TAKEN_OVER = Case(successor_id="heir")
HELD = Case(claimer_id="reviewer", claimed_until=START + timedelta(minutes=1))
LAPSED = Case(claimer_id="reviewer", claimed_until=START)


@pytest.mark.parametrize(
    ("viewer", "case", "expected"),
    [
        (AUTHOR, Case(), {Who.AUTHOR}),
        (KEY, Case(), {Who.AUTHOR}),
        (_person("colleague", Role.FIELD_STAFF), Case(), set()),
        (CHIEF, Case(), {Who.DISPATCHER}),
        (CHIEF, Case(organisation_id="org_below"), {Who.DISPATCHER}),
        (CHIEF, Case(organisation_id="org_above"), set()),
        (replace(CHIEF, state=StaffState.SUSPENDED), Case(), set()),
        (AUTHOR, TAKEN_OVER, set()),
        (HEIR, TAKEN_OVER, {Who.AUTHOR}),
        (HEIR, Case(), set()),
        (_person("heir", Role.REVIEWER, "org_review"), replace(TAKEN_OVER, claimer_id="heir"), set()),
        (_person("auditor", Role.AUDITOR, "org_hq"), Case(), set()),
        (_person("desk", Role.BUSINESS, "org_hq"), Case(), set()),
        (REVIEWER, Case(), {Who.REVIEWER, Who.HQ}),
        (REVIEWER, HELD, {Who.REVIEWER, Who.HQ, Who.CLAIMER}),
        (REVIEWER, LAPSED, {Who.REVIEWER, Who.HQ}),
        (REVIEWER, replace(HELD, claimer_id="other"), {Who.REVIEWER, Who.HQ}),
        (REVIEWER, Case(approver_id="reviewer"), {Who.REVIEWER, Who.HQ, Who.APPROVER}),
        (ADMIN, Case(), {Who.HQ, Who.DISPATCHER}),
        (ADMIN, replace(HELD, claimer_id="admin", approver_id="admin"), {Who.HQ, Who.DISPATCHER}),
        (_person("author", Role.REVIEWER, "org_review"), HELD, set()),
        (_person("author", Role.REVIEWER, "org_review"), replace(HELD, claimer_id="author"), set()),
        (replace(REVIEWER, organisation_id="org_partner"), HELD, set()),
        (replace(ADMIN, organisation_id="org_partner"), Case(), {Who.DISPATCHER}),
        (replace(AUTHOR, state=StaffState.PENDING), Case(), set()),
        (replace(REVIEWER, state=StaffState.SUSPENDED), HELD, set()),
    ],
)
def test_what_somebody_is_to_an_application(viewer: Viewer, case: Case, expected: set[Who]) -> None:
    """Nobody reviews what they or their own organisation filed; who took over files; the suspended are nobody."""
    assert rules.standing_of(viewer, case, START) == expected


@pytest.mark.parametrize(
    ("viewer", "case", "expected"),
    [
        (AUTHOR, Case(state=State.DRAFT), True),
        (AUTHOR, Case(state=State.RETURNED), True),
        (AUTHOR, Case(), False),
        (AUTHOR, replace(TAKEN_OVER, state=State.DRAFT), False),
        (HEIR, replace(TAKEN_OVER, state=State.DRAFT), True),
        (HEIR, TAKEN_OVER, False),
        (CHIEF, Case(state=State.DRAFT), False),
        (AUTHOR, Case(state=State.OPENED), False),
        (_person("colleague", Role.FIELD_STAFF), Case(state=State.DRAFT), False),
        (REVIEWER, Case(state=State.DRAFT), False),
        (REVIEWER, Case(), False),
        (REVIEWER, HELD, True),
        (REVIEWER, LAPSED, False),
        (REVIEWER, replace(HELD, state=State.APPROVED), False),
        (REVIEWER, replace(HELD, claimer_id="other"), False),
        (ADMIN, HELD, False),
        (_person("auditor", Role.AUDITOR, "org_hq"), Case(), False),
    ],
)
def test_who_sees_clear_values(viewer: Viewer, case: Case, *, expected: bool) -> None:
    """In clear are the author's own draft while it is open, and a reviewer's claim while it runs; nothing else."""
    assert rules.sees_clear_values(viewer, case, START) is expected


async def _application(runtime: Runtime, author: Viewer, successor: Viewer | None = None) -> None:
    now = runtime.clock.now()
    await Application.create(
        id=runtime.ids.new("app"),
        state=State.DRAFT,
        created_at=now,
        updated_at=now,
        author_id=author.id,
        successor_id=successor.id if successor else None,
        organisation_id=author.organisation_id,
        kind="NEW",
        channel="WECHAT_PAY",
        notice_version="1",
        pre_check="{}",
        form="{}",
        field_versions="{}",
        passed_versions="{}",
        open_fields="[]",
    )


async def test_the_statement_reads_what_the_rule_allows(
    runtime: Runtime, organisations: dict[str, str], a_viewer: MakeViewer
) -> None:
    """For every role in every organisation, in every state of the person, the scope and the rule give the same rows."""
    viewers = [
        await a_viewer(f"{role}_{organisation}", role, organisation) for role in Role for organisation in organisations
    ]
    for author, successor in zip(viewers, (*viewers[1:], viewers[0]), strict=True):
        await _application(runtime, author)
        await _application(runtime, author, successor)
    applications = await Application.all()
    viewers += [replace(viewer, state=state) for viewer in viewers[::3] for state in StaffState]
    viewers += [replace(viewer, reach=viewer.reach | {organisations["other_partner"]}) for viewer in viewers[::5]]
    for viewer in viewers:
        allowed = {item.id for item in applications if rules.may_read(viewer, item)}
        condition = scope(viewer)
        read = set() if condition is None else {item.id for item in await Application.filter(condition)}
        assert read == allowed, viewer
        rows = await fetch(APPLICATION, Selection.of("id"), Reading(viewer, runtime))
        assert {row["id"] for row in rows} == allowed, viewer


async def test_each_reach_is_what_its_name_says(
    runtime: Runtime, clerk: Viewer, other_clerk: Viewer, partner_clerk: Viewer, partner_admin: Viewer, reviewer: Viewer
) -> None:
    """Own is one's own, organisation is one's organisation's, all is all."""
    for author in (clerk, other_clerk, partner_clerk):
        await _application(runtime, author)

    async def authors_read_by(viewer: Viewer) -> set[str]:
        rows = await fetch(APPLICATION, Selection.of("author_id"), Reading(viewer, runtime))
        return {row["author_id"] for row in rows}

    assert await authors_read_by(clerk) == {clerk.id}
    assert await authors_read_by(partner_admin) == {partner_clerk.id}
    assert await authors_read_by(reviewer) == {clerk.id, other_clerk.id, partner_clerk.id}
