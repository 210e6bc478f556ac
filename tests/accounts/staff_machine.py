"""The machine that lets people come, be let in, changed, cut off and come back, in whatever order."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tortoise.expressions import Q

from backend.accounts import (
    CloseOrganisation,
    HurryRegistration,
    OrganisationKind,
    RegistrationDecision,
    RevokeInvitation,
    Role,
    SessionInvalid,
    StaffState,
    Viewer,
    WorkKind,
    authenticate,
    ensure_organisation,
    ensure_staff,
    hurry_registration,
    open_session,
    reinstate_staff,
    reopen_organisation,
    report_leaver,
    revoke_invitation,
    suspend_staff,
)
from backend.accounts.models import Invitation, Organisation, Session, Staff
from backend.accounts.rules import CUT_OFF, ROLES_IN
from backend.accounts.service import roles_of
from backend.applications import HandOverApplications, hand_over_applications, start_application
from backend.applications.hand_over_applications import unfinished_of
from backend.applications.models import Application
from backend.foundation.database import connect, connection, disconnect
from backend.foundation.events import Event, first_break
from backend.foundation.runtime import Runtime
from backend.foundation.views import Reading
from backend.handbook import ship
from backend.insight.leavers import proof_of
from backend.tables import TABLES
from tests.builders import people
from tests.builders.applications import REFUSALS, a_key, a_start
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database
from tests.builders.mini_program import PlayedMiniProgram
from tests.builders.runtime import a_runtime

Result = TypeVar("Result")

_KINDS: Final = {
    "hq": OrganisationKind.HQ,
    "hq_field": OrganisationKind.HQ_FIELD,
    "hq_review": OrganisationKind.HQ_REVIEW,
    "partner": OrganisationKind.PARTNER,
}
# Who is there from the start: two admins, so that one can be cut off; two colleagues who file.
_FIRST: Final = {
    "admin": (Role.ADMIN, "hq"),
    "other_admin": (Role.ADMIN, "hq"),
    "reviewer": (Role.REVIEWER, "hq_review"),
    "clerk": (Role.FIELD_STAFF, "partner"),
    "other_clerk": (Role.FIELD_STAFF, "partner"),
    "partner_admin": (Role.PARTNER_ADMIN, "partner"),
    "partner_key": (Role.PARTNER_KEY, "partner"),
}
_TABLES_OF_A_RUN: Final = (
    *("delivery", "inbox_message", "inbox", "alert", "application", "invitation", "door_ticket", "wechat_identity"),
    *("spent_code", "session", "event", "job", "idempotency", "staff", "organisation"),
)
MOST_NEWCOMERS: Final = 4
WHICH = st.integers(0, 20)


@dataclass
class StaffGround:
    """Where runs take place, one after the other, and what they counted."""

    runner: asyncio.Runner
    clock: FixedClock = field(init=False)
    runtime: Runtime = field(init=False)
    counted: Counter[str] = field(default_factory=Counter)

    async def begin(self) -> None:
        """Remove what the last run left, and let the first people be there; alike in every run, down to the ids."""
        self.clock = FixedClock()
        self.runtime = a_runtime(clock=self.clock)
        await self.runtime.snapshots.refresh()
        # Before their rows, what points from one of them to another.
        await connection().execute_script("UPDATE staff SET successor_id = NULL")
        await connection().execute_script("UPDATE organisation SET parent_id = NULL")
        for table in _TABLES_OF_A_RUN:
            await connection().execute_script(f'DELETE FROM "{table}"')  # noqa: S608 - our own names
        ids: dict[str, str] = {}
        for code, kind in _KINDS.items():
            ids[code] = await ensure_organisation(
                self.runtime,
                code=code,
                name=code,
                kind=kind,
                parent_id=ids.get("hq"),
                accepts_registrations=kind is OrganisationKind.PARTNER,
            )
        for code, (role, organisation) in _FIRST.items():
            # One after the other, so that the steps know them by their place.
            self.clock.advance(1)
            await ensure_staff(
                self.runtime,
                code=code,
                name=code,
                roles=frozenset({role}),
                organisation_id=ids[organisation],
                state=StaffState.APPROVED,
            )


class StaffMachine(RuleBasedStateMachine):
    """Anybody tries anything with anybody; `ground` is set by whoever runs it."""

    ground: StaffGround

    def __init__(self) -> None:
        super().__init__()
        self.mini_program = PlayedMiniProgram()
        self.newcomers: list[str] = []
        self.tokens: list[str] = []

    def run(self, coroutine: Any) -> Any:
        """Run something to its end."""
        return self.ground.runner.run(coroutine)

    @initialize()
    def begin(self) -> None:
        """Start on swept ground."""
        self.run(self.ground.begin())
        self.ground.counted["runs"] += 1

    @rule(data=st.data())
    def take_a_step(self, data: st.DataObject) -> None:
        """Somebody tries something; what is refused leaves everything as it was, and what must hold holds after."""
        name = data.draw(st.sampled_from([*sorted(_STEPS), *_FURTHER, *_FURTHER]))
        # Mostly an admin tries, who may do most.
        by = data.draw(st.one_of(st.just(0), st.just(0), WHICH), label="by")
        self.run(self._take(name, by, data.draw(WHICH, label="whom"), data.draw(WHICH, label="with")))

    async def _take(self, name: str, by: int, whom: int, extra: int) -> None:
        self.ground.clock.advance(1)
        everybody = await Staff.all().order_by("created_at", "id")
        actor = await self._signed_in(everybody[by % len(everybody)])
        before = await everything_in_database()
        try:
            await _STEPS[name](self, actor, everybody[whom % len(everybody)], extra)
            self.ground.counted[f"{name} done"] += 1
        except REFUSALS:
            self.ground.counted[f"{name} refused"] += 1
            after = await everything_in_database()
            # A code that was taken to WeChat stays spent; and a step may have signed somebody else in first.
            assert {table for table in after if after[table] != before[table]} <= {"spent_code", "session"}, name
        await self._must_hold()

    async def _signed_in(self, person: Staff) -> Viewer:
        """Give a person as they may come in now; the first admin who may for whoever may not."""
        for staff_id in (person.id, *[each.id for each in await Staff.filter(state="APPROVED").order_by("id")]):
            if person.state in CUT_OFF and staff_id == person.id:
                continue
            token = await open_session(self.ground.runtime, staff_id)
            with contextlib.suppress(SessionInvalid):
                return await authenticate(self.ground.runtime, token)
        raise AssertionError("nobody is left")

    async def _must_hold(self) -> None:
        organisations = {row.id: row for row in await Organisation.all()}
        closed = {row.id for row in organisations.values() if row.state == "CLOSED"}
        assert not [row for row in organisations.values() if row.state == "OPEN" and row.parent_id in closed]
        auditor = await self._auditor()
        for person in await Staff.all():
            roles = roles_of(person.roles)
            if person.state == StaffState.GUEST:
                assert (roles, person.organisation_id) == (frozenset(), None)
                continue
            organisation = organisations[person.organisation_id or ""]
            if roles != {Role.PARTNER_KEY}:
                assert roles
                assert roles <= ROLES_IN[OrganisationKind(organisation.kind)]
            if person.state not in CUT_OFF:
                assert organisation.state == "OPEN" or person.state in {StaffState.PENDING, StaffState.REJECTED}
                assert person.cut_off_at is None
                continue
            ways_in = Session.filter(Q(staff_id=person.id) | Q(issued_by_id=person.id), ended_at=None)
            assert not await ways_in.exists()
            assert not await Invitation.filter(inviter_id=person.id, state="OPEN").exists()
            assert not await Application.filter(claimer_id=person.id).exists()
            if person.state == StaffState.LEFT:
                assert await unfinished_of(person.id) == []
            proof = await proof_of(Reading(auditor, self.ground.runtime), person.id)
            assert proof is not None
            assert proof["is_clean"], proof
        await self._chains_are_whole()

    async def _auditor(self) -> Viewer:
        staff = await Staff.filter(roles=Role.ADMIN, state="APPROVED").first()
        assert staff is not None
        return Viewer(staff.id, "", "", StaffState.APPROVED, frozenset({Role.AUDITOR}), "", OrganisationKind.HQ)

    async def _chains_are_whole(self) -> None:
        events: dict[str, list[Event]] = {}
        for event in await Event.all().order_by("sequence"):
            events.setdefault(event.subject_id, []).append(event)
        for model in (Staff, Organisation, Invitation, Application):
            for row in await model.all():
                told = events.get(row.id, [])
                assert first_break(told, last_sequence=row.event_sequence, last_hash=row.event_hash) is None

    # The steps: who, about whom, and a number to choose by.

    async def arrive(self, _actor: Viewer, _person: Staff, number: int) -> None:
        """Somebody comes in by WeChat, mostly known already."""
        if len(self.newcomers) < MOST_NEWCOMERS:
            self.newcomers.append(f"newcomer {len(self.newcomers)}")
        name = self.newcomers[number % len(self.newcomers)]
        await people.come_in(self.ground.runtime, self.mini_program, people.a_wechat_person(name))

    async def register(self, actor: Viewer, _person: Staff, number: int) -> None:
        """A guest, or whoever was rejected, registers by an invitation or by choice."""
        waiting = await Staff.filter(state__in=["GUEST", "REJECTED"]).order_by("id").first()
        viewer = actor if waiting is None or number % 5 == 4 else await self._signed_in(waiting)
        given: dict[str, Any] = {"mobile": f"1390013900{number % 4}", "work_kind": WorkKind.SALES}
        if number % 2 and self.tokens:
            given["invitation"] = self.tokens[number % len(self.tokens)]
        else:
            open_for_all = await Organisation.filter(accepts_registrations=True, state="OPEN").order_by("id").first()
            given["organisation_id"] = (open_for_all or await self._organisation(number)).id
        await people.register(self.ground.runtime, viewer, **given)

    async def hurry(self, actor: Viewer, person: Staff, _number: int) -> None:
        """Whoever waits reminds HQ."""
        viewer = await self._signed_in(person) if person.state == "PENDING" else actor
        version = (await people.the_person(viewer.id)).version
        await hurry_registration(self.ground.runtime, viewer, HurryRegistration(a_key(), version))

    async def decide(self, actor: Viewer, person: Staff, number: int) -> None:
        """HQ decides about whoever waits, mostly in their favour."""
        waiting = await Staff.filter(state="PENDING").order_by("id").first() or person
        decision = RegistrationDecision.REJECT if number % 4 == 3 else RegistrationDecision.APPROVE
        await people.decide(self.ground.runtime, actor, waiting.id, decision, reason="核对")

    async def reassign(self, actor: Viewer, person: Staff, number: int) -> None:
        """Other roles or another organisation, fitting or not."""
        await self._spare_the_last_admin(person)
        organisation = await self._organisation(number)
        fitting = min(ROLES_IN[OrganisationKind(organisation.kind)])
        role = list(Role)[number % len(Role)] if number % 3 == 0 else fitting
        await people.reassign(self.ground.runtime, actor, person.id, role, to=organisation.id)

    async def report(self, actor: Viewer, person: Staff, _number: int) -> None:
        """A partner admin reports a leaver, if one is there."""
        chief = await Staff.filter(roles=Role.PARTNER_ADMIN, state="APPROVED").first()
        viewer = await self._signed_in(chief) if chief is not None else actor
        await report_leaver(self.ground.runtime, viewer, await people.a_change(person.id))

    async def suspend(self, actor: Viewer, person: Staff, _number: int) -> None:
        """HQ suspends somebody."""
        await self._spare_the_last_admin(person)
        await suspend_staff(self.ground.runtime, actor, await people.a_change(person.id))

    async def reinstate(self, actor: Viewer, person: Staff, _number: int) -> None:
        """HQ lets somebody in again."""
        out = await Staff.filter(state__in=list(CUT_OFF)).order_by("id").first() or person
        await reinstate_staff(self.ground.runtime, actor, await people.a_change(out.id))

    async def offboard(self, actor: Viewer, person: Staff, number: int) -> None:
        """HQ ends everything of somebody, with a successor who fits, any, or none."""
        await self._spare_the_last_admin(person)
        colleague = await self._colleague(person)
        successor = {0: None, 1: actor.id}.get(number % 5, colleague.id if colleague else None)
        await people.offboard(self.ground.runtime, actor, person.id, successor)

    async def invite(self, actor: Viewer, _person: Staff, number: int) -> None:
        """Somebody makes an invitation."""
        organisation = await self._organisation(number)
        role = min(ROLES_IN[OrganisationKind(organisation.kind)])
        invitation_id = await people.invite(self.ground.runtime, actor, organisation.id, role)
        self.tokens.append(await people.token_of(self.ground.runtime, self.mini_program, actor, invitation_id))

    async def revoke(self, actor: Viewer, _person: Staff, _number: int) -> None:
        """Somebody takes an invitation back."""
        invitation = await Invitation.filter(state="OPEN").order_by("id").first()
        if invitation is not None:
            command = RevokeInvitation(a_key(), invitation.id, invitation.version)
            await revoke_invitation(self.ground.runtime, actor, command)

    async def issue_key(self, actor: Viewer, _person: Staff, _number: int) -> None:
        """A system gets a key, for which somebody answers."""
        key = await Staff.get(code="partner_key")
        if key.state == "APPROVED":
            await open_session(self.ground.runtime, key.id, issued_by_id=actor.id)

    async def start(self, actor: Viewer, person: Staff, _number: int) -> None:
        """Somebody begins an application."""
        viewer = await self._signed_in(person) if "FIELD_STAFF" in person.roles else actor
        await start_application(self.ground.runtime, viewer, a_start())

    async def hold_a_claim(self, _actor: Viewer, _person: Staff, number: int) -> None:
        """A reviewer has an application in hand; how it came to that is another machine's business."""
        reviewer = await Staff.filter(roles=Role.REVIEWER, state="APPROVED").order_by("id").first()
        application = await Application.filter(state="DRAFT").order_by("id").first()
        if reviewer is not None and application is not None and number % 3 == 0:
            until = self.ground.clock.now() + timedelta(minutes=15)
            rows = Application.filter(id=application.id)
            await rows.update(state="IN_REVIEW", claimer_id=reviewer.id, claimed_until=until)

    async def hand_over(self, actor: Viewer, person: Staff, _number: int) -> None:
        """Somebody gives the work of one to a colleague."""
        colleague = await self._colleague(person)
        successor_id = colleague.id if colleague is not None else actor.id
        await hand_over_applications(self.ground.runtime, actor, HandOverApplications(a_key(), person.id, successor_id))

    async def close_organisation(self, actor: Viewer, _person: Staff, number: int) -> None:
        """HQ closes a node of the tree."""
        await people.close(self.ground.runtime, actor, (await self._organisation(number)).id)

    async def reopen_organisation(self, actor: Viewer, _person: Staff, number: int) -> None:
        """HQ opens one again."""
        closed = await Organisation.filter(state="CLOSED").order_by("id").first() or await self._organisation(number)
        command = CloseOrganisation(a_key(), closed.id, closed.version, "恢复合作")
        await reopen_organisation(self.ground.runtime, actor, command)

    async def add_organisation(self, actor: Viewer, _person: Staff, number: int) -> None:
        """HQ adds a node, as long as there are few."""
        if len(await Organisation.all()) < 8:
            await people.a_team(self.ground.runtime, actor, parent_id=(await self._organisation(number)).id)

    async def pass_time(self, _actor: Viewer, _person: Staff, number: int) -> None:
        """An hour, a day or more than a week goes by."""
        self.ground.clock.advance((3600.0, 86_400.0, 8 * 86_400.0)[number % 3])

    async def _colleague(self, person: Staff) -> Staff | None:
        colleagues = Staff.filter(organisation_id=person.organisation_id, state="APPROVED").exclude(id=person.id)
        return await colleagues.order_by("id").first()

    async def _organisation(self, number: int) -> Organisation:
        rows = await Organisation.all().order_by("id")
        return rows[number % len(rows)]

    async def _spare_the_last_admin(self, person: Staff) -> None:
        """Look for another victim where nobody could do anything any more."""
        admins = await Staff.filter(roles=Role.ADMIN, state="APPROVED").exclude(id=person.id).count()
        if admins < 1:
            raise SessionInvalid


Step = Callable[[StaffMachine, Viewer, Staff, int], Awaitable[None]]

_STEPS: Final[dict[str, Step]] = {
    step.__name__: step
    for step in (
        *(StaffMachine.arrive, StaffMachine.register, StaffMachine.hurry, StaffMachine.decide, StaffMachine.reassign),
        *(StaffMachine.report, StaffMachine.suspend, StaffMachine.reinstate, StaffMachine.offboard),
        *(StaffMachine.invite, StaffMachine.revoke, StaffMachine.issue_key, StaffMachine.start),
        *(StaffMachine.hold_a_claim, StaffMachine.hand_over, StaffMachine.close_organisation),
        *(StaffMachine.reopen_organisation, StaffMachine.add_organisation, StaffMachine.pass_time),
    )
}

# What brings people further is drawn more often.
_FURTHER: Final = ("arrive", "register", "decide", "reassign")


@contextmanager
def open_staff_ground(database_url: str) -> Iterator[StaffGround]:
    """Open the ground over a migrated database that nobody is connected to."""
    # What a power cut would do to a test's data is nobody's worry.
    url = f"{database_url}?synchronous=OFF" if database_url.startswith("sqlite:") else database_url
    clock = FixedClock()
    with asyncio.Runner() as runner:
        runner.run(connect(url, TABLES))
        try:
            runner.run(ship(a_runtime(clock=clock, seed="shipped").ids, clock.now()))
            yield StaffGround(runner)
        finally:
            runner.run(disconnect())


def play(ground: StaffGround, *, runs: int) -> None:
    """Play this many runs on a ground, the same ones each time."""
    machine = type("Machine", (StaffMachine,), {"ground": ground})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=40,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
