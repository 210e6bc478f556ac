"""The machine that plays applications through the public services and holds them against the model."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from backend.accounts import Viewer
from backend.applications import (
    EXPIRE_JOB,
    AllowDuplicate,
    Application,
    HandOverApplications,
    SaveApplicationDraft,
    SubmitApplication,
    UploadImage,
    WithdrawApplication,
    allow_duplicate,
    expire_application,
    hand_over_applications,
    save_application_draft,
    start_application,
    submit_application,
    upload_image,
    withdraw_application,
)
from backend.applications.fields import GroupMembership
from backend.applications.queries import APPLICATION
from backend.foundation.events import SYSTEM, Event, first_break
from backend.foundation.jobs import Claim, GiveUp, Handler, Job, claim_due
from backend.foundation.views import Reading, Selection, fetch_by_id
from backend.foundation.work import Work, work
from backend.foundation.worker import Worker
from backend.opening import FILE_JOB, POLL_JOB, SUBMIT_JOB, Provider, file_application
from backend.opening.models import FilingAttempt, ProviderChannel
from backend.opening.settle import accept, drop_unsent, observe, refuse_at_the_door
from backend.review import (
    ClaimApplication,
    DecideApplication,
    Decision,
    FieldReason,
    RecallApplication,
    claim_application,
    decide_application,
    recall_application,
    release_application,
)
from backend.wechat import Applyment, AuditItem
from tests.builders import applications as built
from tests.builders.everything import Contents, everything_in_database
from tests.builders.forms import a_complete_form
from tests.builders.pictures import encoded, with_marked_corner
from tests.journeys.application_ground import PEOPLE, Ground, Person
from tests.journeys.application_model import CLAIM, EDITABLE, ENDED, HOLD, UNTOUCHED, WITH_PROVIDER, Model

MOST_APPLICATIONS: Final = 3
MCHID: Final = "1900013511"
SHOPS: Final = ("一号店", "二号店")
TINY_PICTURE: Final = encoded(with_marked_corner())

PERSON = st.sampled_from(sorted(PEOPLE))
# Mostly the person whose turn it is, at one of the applications whose turn it is; else anybody, at any.
# (The number that counts lies in the middle: hypothesis is fond of the ends.)
FITTING = st.integers(0, 5).map(lambda drawn: drawn != 3)
# Who can take over from whom: both file, for one organisation.
COLLEAGUES: Final = {"clerk": "other_clerk", "other_clerk": "clerk"}
WHICH = st.integers(0, 6).map(lambda drawn: 0 if drawn == 3 else drawn + 1)
# One time in twelve from a version that is not the present one.
STALE = st.integers(0, 11).map(lambda drawn: drawn == 7)
REASON = st.sampled_from(["", "说明原因", "说明原因"])
FIELD = st.sampled_from(["id_card_copy", "micro_name", "account_bank"])
STATES_AT_WECHAT = (
    "AUDITING REJECTED REJECTED TO_BE_CONFIRMED TO_BE_SIGNED SIGNING FINISHED CANCELED EDITTING NOT_YET_KNOWN"
)
RAW = st.sampled_from(STATES_AT_WECHAT.split())


@dataclass(frozen=True)
class Step:
    """One kind of step: when it can be taken, and what it is drawn from."""

    take: Callable[..., None]
    when: Callable[[Any], object]
    drawn: Mapping[str, st.SearchStrategy[Any]]


STEPS: dict[str, Step] = {}
# What brings an application further is drawn more often.
MOVING: Final = frozenset({"submit", "claim", "decide", "do_jobs", "answer_submit", "answer_query"})


def step(
    when: Callable[[Any], object], **drawn: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a kind of step to those that the machine chooses from."""

    def add(take: Callable[..., None]) -> Callable[..., None]:
        STEPS[take.__name__] = Step(take, when, drawn)
        return take

    return add


class ApplicationMachine(RuleBasedStateMachine):
    """Several people at several applications for two shops; `ground` is set by whoever runs it."""

    ground: Ground

    def __init__(self) -> None:
        super().__init__()
        self.models: list[Model] = []
        self.held = False
        self.last: Callable[[], Awaitable[object]] | None = None
        self.steps = 0
        self.numbers: dict[str, str] = {}

    @initialize(reached=st.lists(st.integers(0, 4), min_size=1, max_size=2))
    def begin(self, reached: list[int]) -> None:
        """Start on swept ground, with applications that are already on their way."""
        self.ground.run(self.ground.sweep())
        self.ground.counted["runs"] += 1
        for number, far in enumerate(reached):
            self.start("clerk", True, SHOPS[number], outdated=False, far=1)
            which = number + len(self.models)
            if far > 0:
                self.submit(which, "clerk", True, stale=False)
            if far > 1:
                self.claim(which, "reviewer", True, stale=False)
            if far > 2:
                self.decide(which, "reviewer", True, False, "APPROVE", "", None, passed=True, settled=True)
            if far > 3:
                self.do_jobs(11)

    @rule(data=st.data())
    def take_a_step(self, data: st.DataObject) -> None:
        """Take one of the steps that can be taken now.

        One rule for all of them: hypothesis leaves some rules out of each run, and without most of them nothing moves.
        """
        possible = [name for name, each in STEPS.items() if each.when(self) for _ in range(1 + 2 * (name in MOVING))]
        name = data.draw(st.sampled_from(possible))
        chosen = STEPS[name]
        chosen.take(self, **{word: data.draw(strategy, label=word) for word, strategy in chosen.drawn.items()})

    # How every step is taken.

    @property
    def now(self) -> Any:
        """Business time."""
        return self.ground.clock.now()

    def viewer(self, person: Person) -> Viewer:
        """Give a person signed in."""
        return self.ground.viewers[person.name]

    def model(self, which: int, *states: str) -> Model:
        """Choose one of the applications, mostly one in these states."""
        fitting = [model for model in self.models if model.state in states] if which else []
        chosen = fitting or self.models
        return chosen[which % len(chosen)]

    def person(self, name: str, fitting: bool, model: Model, turn: str) -> Person:
        """Choose who acts: the one whose turn it is, or the named one."""
        if not fitting:
            return PEOPLE[name]
        if turn == "author":
            return model.filer
        return PEOPLE[(model.claimer or "reviewer") if turn == "claimer" else turn]

    def version(self, model: Model, *, stale: bool) -> int:
        """Give the version that the caller has seen."""
        return model.version - 1 if stale else model.version

    def expect(self, call: Callable[[], Awaitable[object]], *, allowed: bool, action: str) -> bool:
        """Take a step that must be done or refused as the model says; what is refused has changed nothing."""
        self.ground.counted["steps"] += 1
        self.ground.counted[f"{action} {'done' if allowed else 'refused'}"] += 1
        self.ground.run(self._expect(call, allowed=allowed, action=action))
        if allowed:
            self.last = call
        return allowed

    async def _expect(self, call: Callable[[], Awaitable[object]], *, allowed: bool, action: str) -> None:
        before: Contents | None = None if allowed else await everything_in_database()
        if before is None:
            await call()
        else:
            with pytest.raises(built.REFUSALS):
                await call()
            assert await everything_in_database() == before, f"{action} was refused and left something behind"

    def settled(self, model: Model) -> None:
        """Check everything that must hold after a step that had to do with `model`."""
        self.steps += 1
        self.ground.states[model.state] += 1
        self.ground.run(self._settled(model))

    async def _settled(self, model: Model) -> None:
        rows = {row.id: row for row in await Application.all()}
        assert rows.keys() == {each.id for each in self.models}
        for each in self.models:
            row = rows[each.id]
            assert (row.state, row.version) == (each.state, each.version)
            assert (row.live_key is not None) == (each.held_shop is not None)
            assert (row.claimer_id is not None) == (each.claimer is not None)
        for shop in SHOPS:
            assert sum(each.held_shop == shop and not each.allowed for each in self.models) <= 1
        row = rows[model.id]
        events = await Event.filter(subject_id=model.id).order_by("sequence")
        assert first_break(events, last_sequence=row.event_sequence, last_hash=row.event_hash) is None
        await self._check_attempts(model)
        await self._check_masks(model)

    async def _check_attempts(self, model: Model) -> None:
        attempts = await FilingAttempt.filter(application_id=model.id).order_by("number")
        assert [(a.round, a.applyment_id, a.delivery == "DELIVERED") for a in attempts] == [
            (a.round, a.applyment_id, a.delivered) for a in model.attempts
        ]
        for attempt in attempts:
            if attempt.applyment_id is not None:
                # One number under one code, for good.
                assert self.numbers.setdefault(attempt.business_code, attempt.applyment_id) == attempt.applyment_id
        # A new code only where the old form can never open.
        assert all(attempt.raw_state == "APPLYMENT_STATE_CANCELED" for attempt in attempts[:-1])

    async def _check_masks(self, model: Model) -> None:
        names = sorted(PEOPLE)
        for name in (names[self.steps % len(names)], model.filer.name, model.claimer or "reviewer"):
            person = PEOPLE[name]
            reading = Reading(self.viewer(person), self.ground.runtime)
            row = await fetch_by_id(
                APPLICATION, Selection.of("form", "is_clear_view", "sections", "open_fields"), reading, model.id
            )
            assert (row is not None) == model.read_by(person)
            if row is None:
                continue
            assert row["is_clear_view"] == model.seen_clear_by(person, self.now)
            if not row["is_clear_view"]:
                shown = orjson.dumps(row, default=str).decode()
                assert not [secret for secret in built.SECRETS if secret in shown and secret != "张三"]

    # What people do.

    @step(
        lambda self: len(self.models) < MOST_APPLICATIONS,
        name=PERSON,
        fitting=FITTING,
        shop=st.sampled_from(SHOPS),
        outdated=STALE,
        far=st.integers(0, 3),
    )
    def start(self, name: str, fitting: bool, shop: str, outdated: bool, far: int) -> None:
        """Start an application, and mostly fill it in."""
        person = PEOPLE[name] if not fitting else PEOPLE["partner_clerk" if len(self.models) == 1 else "clerk"]
        viewer, runtime = self.viewer(person), self.ground.runtime
        allowed = person.files and not outdated and person.state == "APPROVED"
        changes = {"notice_version": "2018-01"} if outdated else {}
        command = built.a_start(**changes)
        if not self.expect(lambda: start_application(runtime, viewer, command), allowed=allowed, action="start"):
            return
        application_id = self.ground.run(start_application(runtime, viewer, command))
        model = Model(application_id, person, shop, self.now)
        self.models.append(model)
        if far:
            form = a_complete_form(micro_name=shop)
            photos = self.ground.run(built.with_photos(runtime, viewer, application_id, form))
            self.ground.run(built.save(runtime, viewer, application_id, **photos))
            model.filled = model.owner_named = True
            model.enter("DRAFT", self.now)
        self.settled(model)

    @step(
        lambda self: self.models,
        which=WHICH,
        name=PERSON,
        fitting=FITTING,
        stale=STALE,
        change=st.sampled_from(["bank", "shop", "shop", "clear owner", "name owner", "photo", "foreign photo"]),
        shop=st.sampled_from(SHOPS),
    )
    def save(self, which: int, name: str, fitting: bool, stale: bool, change: str, shop: str) -> None:
        """Change one field of the form."""
        model = self.model(which, *EDITABLE)
        person = self.person(name, fitting, model, "author")
        viewer, runtime = self.viewer(person), self.ground.runtime
        fields: dict[str, Any]
        match change:
            case "bank":
                fields = {"account_bank": "农业银行" if model.bank == "工商银行" else "工商银行"}
            case "shop":
                fields = {"micro_name": shop}
            case "clear owner":
                fields = {"owner_name": None}
            case "name owner":
                fields = {"owner_name": "张三"}
            case "photo":
                owner = self.viewer(model.filer)
                photo = self.ground.run(built.a_kept_photo(runtime, owner, model.id, "id_card_copy"))
                fields = {"id_card_copy": photo}
            case _:
                fields = {"id_card_copy": "img_of_somebody_else"}
        (field,) = fields
        allowed = (
            model.is_author(person)
            and model.state in EDITABLE
            and not stale
            and change != "foreign photo"
            and (model.state == "DRAFT" or field in model.open_fields)
        )
        command = SaveApplicationDraft(built.a_key(), model.id, self.version(model, stale=stale), fields)
        call = partial(save_application_draft, runtime, viewer, command)
        if self.expect(call, allowed=allowed, action="save"):
            self._saved(model, change, shop, fields)
        self.settled(model)

    def _saved(self, model: Model, change: str, shop: str, fields: dict[str, Any]) -> None:
        was_shop = model.shop if model.filled or model.shop_named else None
        if change == "shop" and was_shop == shop:
            return
        if change in {"clear owner", "name owner"} and model.owner_named == (change == "name owner"):
            return
        if change == "bank":
            model.bank = fields["account_bank"]
        elif change == "shop":
            model.shop, model.shop_named = shop, True
        elif change != "photo":
            model.owner_named = change == "name owner"
        model.unpassed |= set(fields)
        model.enter(model.state, self.now)

    @step(lambda self: self.models, which=WHICH, name=PERSON, fitting=FITTING)
    def upload(self, which: int, name: str, fitting: bool) -> None:
        """Upload a photo; the draft stays as it is until it is saved into its field."""
        model = self.model(which, *EDITABLE)
        person = self.person(name, fitting, model, "author")
        command = UploadImage(built.a_key(), model.id, "store_entrance_pic", TINY_PICTURE)
        call = partial(upload_image, self.ground.runtime, self.viewer(person), command)
        self.expect(call, allowed=model.is_author(person) and model.state in EDITABLE, action="upload")
        self.settled(model)

    @step(lambda self: self.models, which=WHICH, name=PERSON, fitting=FITTING, stale=STALE)
    def submit(self, which: int, name: str, fitting: bool, stale: bool) -> None:
        """Send an application to HQ."""
        model = self.model(which, *EDITABLE)
        person = self.person(name, fitting, model, "author")
        command = SubmitApplication(built.a_key(), model.id, self.version(model, stale=stale))
        call = partial(submit_application, self.ground.runtime, self.viewer(person), command)
        if self.expect(call, allowed=not stale and model.may_submit(person, self.models), action="submit"):
            model.held_shop = model.shop
            model.enter("IN_REVIEW", self.now)
        self.settled(model)

    @step(
        lambda self: self.models,
        which=WHICH,
        name=PERSON,
        fitting=FITTING,
        stale=STALE,
        reason=REASON,
        often=st.integers(0, 3).map(lambda drawn: drawn != 1),
    )
    def withdraw(self, which: int, name: str, fitting: bool, stale: bool, reason: str, often: bool) -> None:
        """End an application; not too often, or nothing ever comes of one."""
        model = self.model(which)
        if often and model.state not in ("VOIDED", "FILING", "PROVIDER_REVIEW"):
            return
        person = self.person(name, fitting, model, "author")
        command = WithdrawApplication(built.a_key(), model.id, self.version(model, stale=stale), reason)
        call = partial(withdraw_application, self.ground.runtime, self.viewer(person), command)
        allowed = not stale and model.read_by(person) and model.may_withdraw(person, reason)
        if self.expect(call, allowed=allowed, action="withdraw"):
            model.enter("ABANDONED" if model.state in WITH_PROVIDER else "WITHDRAWN", self.now)
        self.settled(model)

    @step(lambda self: self.models, which=WHICH, name=PERSON, fitting=FITTING, stale=STALE, reason=REASON)
    def let_be_double(self, which: int, name: str, fitting: bool, stale: bool, reason: str) -> None:
        """HQ lets an application stand beside another for the same shop."""
        model = self.model(which, *EDITABLE)
        person = self.person(name, fitting, model, "admin")
        command = AllowDuplicate(built.a_key(), model.id, self.version(model, stale=stale), reason)
        call = partial(allow_duplicate, self.ground.runtime, self.viewer(person), command)
        allowed = not stale and bool(reason) and model.is_hq(person) and model.state in EDITABLE
        if self.expect(call, allowed=allowed, action="allow duplicate"):
            model.allowed = True
            model.enter(model.state, self.now)
        self.settled(model)

    @step(
        lambda self: any(model.state == "IN_REVIEW" for model in self.models),
        which=WHICH,
        name=PERSON,
        fitting=FITTING,
        stale=STALE,
    )
    def claim(self, which: int, name: str, fitting: bool, stale: bool) -> None:
        """Take an application for review."""
        model = self.model(which, "IN_REVIEW")
        person = self.person(name, fitting, model, "reviewer")
        command = ClaimApplication(built.a_key(), model.id, self.version(model, stale=stale))
        call = partial(claim_application, self.ground.runtime, self.viewer(person), command)
        free = not model.claim_runs(self.now) or model.claimer == person.name
        allowed = not stale and model.state == "IN_REVIEW" and model.is_reviewer(person) and free
        if self.expect(call, allowed=allowed, action="claim"):
            model.claimer, model.claimed_until = person.name, self.now + CLAIM
            model.enter(model.state, self.now)
        self.settled(model)

    @step(
        lambda self: any(model.claimer for model in self.models),
        which=WHICH,
        name=PERSON,
        fitting=FITTING,
        stale=STALE,
        often=st.integers(0, 2).map(lambda drawn: drawn != 1),
    )
    def release(self, which: int, name: str, fitting: bool, stale: bool, often: bool) -> None:
        """Give a claimed application back to the queue."""
        model = self.model(which, "IN_REVIEW")
        if often:
            return
        person = self.person(name, fitting, model, "claimer")
        command = ClaimApplication(built.a_key(), model.id, self.version(model, stale=stale))
        call = partial(release_application, self.ground.runtime, self.viewer(person), command)
        allowed = not stale and model.state == "IN_REVIEW" and model.is_claimer(person, self.now)
        if self.expect(call, allowed=allowed, action="release"):
            model.claimer = model.claimed_until = None
            model.enter(model.state, self.now)
        self.settled(model)

    @step(lambda self: self.models, which=WHICH, name=PERSON, fitting=FITTING, to=PERSON)
    def hand_over(self, which: int, name: str, fitting: bool, to: str) -> None:
        """Give all that one person files to a colleague."""
        giver = self.model(which, "RETURNED", "PROVIDER_REVIEW").filer
        person = PEOPLE["admin"] if fitting else PEOPLE[name]
        taker = PEOPLE[COLLEAGUES.get(giver.name, to) if fitting else to]
        command = HandOverApplications(built.a_key(), self.viewer(giver).id, self.viewer(taker).id)
        call = partial(hand_over_applications, self.ground.runtime, self.viewer(person), command)
        distributes = person.name == "admin" or (
            person.name == "partner_admin" and giver.organisation == person.organisation
        )
        allowed = distributes and COLLEAGUES.get(giver.name) == taker.name
        if self.expect(call, allowed=allowed, action="hand over"):
            for model in self.models:
                if model.filer.name == giver.name and model.is_unfinished:
                    model.successor = taker
                    model.enter(model.state, self.now)
        for model in self.models:
            self.settled(model)

    @step(
        lambda self: any(m.state in ("IN_REVIEW", "PROVIDER_REJECTED", "VOIDED") for m in self.models),
        which=WHICH,
        name=PERSON,
        fitting=FITTING,
        stale=STALE,
        decision=st.sampled_from(["APPROVE", "APPROVE", "APPROVE", "RETURN", "RETURN", "REFILE", "REFUSE"]),
        reason=REASON,
        field=st.one_of(st.none(), FIELD, FIELD),
        passed=st.integers(0, 5).map(lambda drawn: drawn != 3),
        settled=st.integers(0, 5).map(lambda drawn: drawn != 3),
    )
    def decide(
        self,
        which: int,
        name: str,
        fitting: bool,
        stale: bool,
        decision: str,
        reason: str,
        field: str | None,
        passed: bool,
        settled: bool,
    ) -> None:
        """Decide about an application, in one of the four ways."""
        model = self.model(which, "IN_REVIEW", "PROVIDER_REJECTED", "VOIDED")
        if fitting and reason and model.state != "IN_REVIEW":
            decision = "REFILE"
        person = self.person(name, fitting, model, "claimer")
        runtime = self.ground.runtime
        command = DecideApplication(
            built.a_key(),
            model.id,
            self.version(model, stale=stale),
            Decision(decision),
            reason=reason,
            field_reasons=(FieldReason(field, "WRONG_CONTENT"),) if field else (),
            passed_fields=self.ground.run(built.to_pass(runtime, model.id)) if passed else (),
            group_membership=None if settled else GroupMembership.UNKNOWN,
        )
        call = partial(decide_application, runtime, self.viewer(person), command)
        allowed = (
            not stale
            and model.read_by(person)
            and model.may_decide(person, self.now, decision, reason=reason, fields=bool(field), passed=passed)
            and (settled or decision != "APPROVE")
        )
        if self.expect(call, allowed=allowed, action=f"decide {decision}"):
            match decision:
                case "APPROVE":
                    model.unpassed, model.approver, model.hold_until = set(), person.name, self.now + HOLD
                    model.enter("APPROVED", self.now)
                case "RETURN":
                    model.give_back({field} if field else set(), self.now, passed=passed)
                case "REFUSE":
                    model.enter("REFUSED", self.now)
                case _:
                    model.refile(self.now)
        self.settled(model)

    @step(
        lambda self: any(model.state == "APPROVED" for model in self.models),
        which=WHICH,
        name=PERSON,
        fitting=FITTING,
        stale=STALE,
    )
    def recall(self, which: int, name: str, fitting: bool, stale: bool) -> None:
        """Take an approval back within ten seconds."""
        model = self.model(which, "APPROVED")
        person = self.person(name, fitting, model, model.approver or "reviewer")
        command = RecallApplication(built.a_key(), model.id, self.version(model, stale=stale))
        call = partial(recall_application, self.ground.runtime, self.viewer(person), command)
        allowed = (
            not stale
            and model.state == "APPROVED"
            and model.is_reviewer(person)
            and model.approver == person.name
            and model.hold_until is not None
            and self.now < model.hold_until
        )
        if self.expect(call, allowed=allowed, action="recall"):
            model.hold_until, model.claimer, model.claimed_until = None, person.name, self.now + CLAIM
            model.enter("IN_REVIEW", self.now)
        self.settled(model)

    @step(lambda self: self.last is not None)
    def repeat(self) -> None:
        """The phone sends its last call again, because the answer was lost: nothing happens twice."""
        call = self.last
        assert call is not None

        async def again() -> None:
            before = await everything_in_database()
            with contextlib.suppress(*built.REFUSALS):
                await call()
            assert await everything_in_database() == before

        self.ground.counted["steps"] += 1
        self.ground.run(again())

    @step(lambda _self: True, seconds=st.sampled_from([1, 11, 11, 200, 16 * 60, 31 * 86_400]))
    def pass_time(self, seconds: int) -> None:
        """Let time pass."""
        self.ground.clock.advance(seconds)

    # What the system does.

    @step(lambda _self: True, often=st.integers(0, 3).map(lambda drawn: drawn != 1))
    def hold_or_open_channel(self, often: bool) -> None:
        """WeChat Pay takes the right away, or gives it back."""
        if often and not self.held:
            return
        self.held = not self.held
        reason = "NO_AUTH" if self.held else None

        async def switch() -> None:
            await ProviderChannel.update_or_create({"held_reason": reason, "held_at": self.now}, mchid=MCHID)

        self.ground.run(switch())

    @step(lambda self: self.models, seconds=st.sampled_from([0, 11, 11, 11, 200]))
    def do_jobs(self, seconds: int) -> None:
        """Look at everything that waits for its time: approvals whose hold is over, drafts that nobody touches."""
        self.ground.clock.advance(seconds)
        self.ground.counted["steps"] += 1
        self.ground.run(self._do_jobs())
        for model in self.models:
            self.settled(model)

    async def _do_jobs(self) -> None:
        runtime, clock = self.ground.runtime, self.ground.clock

        async def nothing(_claim: Claim) -> None:
            """What the client would do is played by other rules."""

        provider = Provider(MCHID, None)  # type: ignore[arg-type]  # filing calls nobody before its submit job
        handlers: dict[str, Handler] = {
            EXPIRE_JOB: partial(expire_application, runtime),
            FILE_JOB: partial(file_application, runtime, provider),
            SUBMIT_JOB: nothing,
            POLL_JOB: nothing,
        }
        worker = Worker("machine", clock=clock, bus=runtime.bus, handlers=handlers)
        waiting = Job.filter(closed_at=None, kind__in=[EXPIRE_JOB, FILE_JOB])
        for job in await waiting.order_by("id"):
            await Job.filter(id=job.id).update(due_at=self.now)
            (claim,) = [each for each in await claim_due(clock, worker="machine", limit=100) if each.id == job.id]
            await Job.filter(closed_at=None).exclude(id=job.id).update(leased_until=None, due_at=self.now + UNTOUCHED)
            self._predict(job.kind, next(model for model in self.models if model.id == job.subject_id))
            await worker.run_one(claim)
            assert not await Job.filter(dead=True).exists()

    def _predict(self, kind: str, model: Model) -> None:
        if kind == EXPIRE_JOB:
            if model.state in EDITABLE and self.now >= model.updated_at + UNTOUCHED:
                model.enter("EXPIRED", self.now)
            return
        over = model.hold_until is not None and self.now >= model.hold_until
        waits = self.held and any(each.state == "FILING" for each in self.models)
        if model.state == "APPROVED" and over and not waits:
            model.file(self.now)

    def _settle(
        self, model: Model, step: Callable[[Work, Application, FilingAttempt], Awaitable[object]], action: str
    ) -> None:
        """Let the system write down what WeChat Pay answered."""

        async def settle() -> None:
            async with work(self.ground.runtime, SYSTEM) as current:
                application = await current.lock(Application, model.id)
                attempt = await FilingAttempt.filter(application_id=model.id).order_by("-number").first()
                assert application is not None
                assert attempt is not None
                await step(current, application, attempt)

        self.ground.counted["steps"] += 1
        self.ground.counted[f"{action} done"] += 1
        self.ground.run(settle())

    @step(
        lambda self: any(m.state in ("FILING", "PROVIDER_REVIEW", "ABANDONED") for m in self.models),
        which=WHICH,
        outcome=st.sampled_from(["accept", "accept", "accept", "field", "door", "another number"]),
    )
    def answer_submit(self, which: int, outcome: str) -> None:
        """WeChat Pay answers the submit of a round, or of a filing that was abandoned under way."""
        model = self.model(which, "FILING", "ABANDONED")
        attempt = model.attempt
        if model.state not in ("FILING", "PROVIDER_REVIEW", "ABANDONED") or attempt is None or attempt.delivered:
            return
        number = attempt.applyment_id or f"{int(model.id[-6:], 36)}{attempt.code}"
        fields = {"id_card_copy"} if outcome == "field" else set()
        if outcome == "another number" and attempt.applyment_id:
            self._refuse_another_number(model, attempt.applyment_id)
        elif outcome == "accept":
            sent_at = self.now

            async def taken(current: Work, application: Application, stored: FilingAttempt) -> None:
                stored.sent_at = sent_at
                await accept(current, application, stored, number)

            self._settle(model, taken, "accept")
            attempt.sent_at = sent_at
            model.accept(number, self.now)
        elif model.state == "ABANDONED":
            self._settle(model, drop_unsent, "drop")
            model.enter("WITHDRAWN", self.now)
        else:
            refuse = partial(refuse_at_the_door, code="PARAM_ERROR", form_fields=sorted(fields))
            self._settle(model, refuse, "refuse at the door")
            attempt.raw, attempt.delivered = "PARAM_ERROR", False
            model.reject(fields, self.now)
        self.settled(model)

    def _refuse_another_number(self, model: Model, number: str) -> None:
        """Two numbers under one code would be two accounts: that is not taken."""

        async def taken(current: Work, application: Application, stored: FilingAttempt) -> None:
            await accept(current, application, stored, f"9{number}")

        before = self.ground.run(everything_in_database())
        with contextlib.suppress(GiveUp):
            self._settle(model, taken, "another number")
            raise AssertionError("a second number under one code was taken")
        assert self.ground.run(everything_in_database()) == before

    @step(
        lambda self: any(model.attempt and model.attempt.delivered for model in self.models),
        which=WHICH,
        raw=RAW,
        reasons=st.sampled_from([(), ("id_card_copy",), ("id_card_copy", "micro_name"), ("id_card_copy", "risk")]),
    )
    def answer_query(self, which: int, raw: str, reasons: tuple[str, ...]) -> None:
        """WeChat Pay shows any state at all of a form that it has."""
        model = self.model(which, *WITH_PROVIDER[2:], "ABANDONED")
        attempt = model.attempt
        if attempt is None or attempt.applyment_id is None or model.state not in (*WITH_PROVIDER, "ABANDONED"):
            return
        if not attempt.delivered and model.state != "ABANDONED":
            return
        mapped = set(reasons) if "risk" not in reasons else set()
        number = attempt.applyment_id

        async def look(current: Work, application: Application, stored: FilingAttempt) -> None:
            answer = Applyment(
                business_code=stored.business_code,
                applyment_id=number,
                sub_mchid=f"16{number[-8:]}" if raw in {"TO_BE_SIGNED", "SIGNING", "FINISHED"} else None,
                sign_url="http://127.0.0.1/owner",
                applyment_state=f"APPLYMENT_STATE_{raw}",
                applyment_state_msg="",
                audit_detail=tuple(AuditItem(name, name, "请核对") for name in reasons if raw == "REJECTED"),
                body=b"{}",
            )
            await observe(current, application, stored, answer)

        self._settle(model, look, f"observe {raw}")
        model.observe(raw, mapped, self.now)
        self.settled(model)

    def teardown(self) -> None:
        """Count what became of the applications."""
        for model in self.models:
            self.ground.counted["applications"] += 1
            self.ground.counted["applications ended"] += model.state in (*ENDED, "OPENED")


def play(ground: Ground, *, runs: int) -> None:
    """Play this many runs on a ground, the same ones each time."""
    machine = type("Machine", (ApplicationMachine,), {"ground": ground})
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
