"""Pre-flight: what would stop this draft, what might, who is there to review it, and how long it will take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from tortoise.expressions import Q

from backend.accounts import Viewer
from backend.applications.checks import check
from backend.applications.completeness import missing
from backend.applications.events import EventKind
from backend.applications.models import Application
from backend.applications.policies import Channel, licence_policy, refusals
from backend.applications.problems import Severity
from backend.applications.record import unchanged_since_return, values_of
from backend.applications.rules import EDITABLE, Need, State
from backend.applications.service import find_visible, submission_facts
from backend.applications.submit_application import is_taken, shop_of
from backend.foundation.clock import date_in_china
from backend.foundation.events import Event
from backend.foundation.runtime import Runtime
from backend.handbook import RatePlans, rate_plans_on

# A reviewer who claimed or decided something this lately is taken to be on duty.
ON_DUTY_MINUTES: Final = 30
HISTORY: Final = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: a code, and the field it is about where it is about one. `params` fill its sentence."""

    code: str
    field: str | None
    params: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage took in the middle of the system's own history; None while there is no history."""

    stage: str
    median_seconds: float | None
    sample: int


@dataclass(frozen=True, slots=True)
class Preflight:
    """The answer: blockers must be mended, warnings may stand."""

    blockers: list[Finding]
    warnings: list[Finding]
    reviewers_on_duty: int
    stage_times: list[StageTime]


# A stage lasts from one kind of event to the next of another.
_STAGES: Final[tuple[tuple[str, EventKind, EventKind], ...]] = (
    ("HQ", EventKind.SUBMITTED, EventKind.APPROVED),
    ("FILING", EventKind.APPROVED, EventKind.PROVIDER_ACCEPTED),
    ("PROVIDER_TO_OPENED", EventKind.PROVIDER_ACCEPTED, EventKind.PROVIDER_MOVED),
)


async def preflight_application(runtime: Runtime, viewer: Viewer, application_id: str) -> Preflight:
    """Check a draft before staff leave the shop. Refuses with `NotFound`; writes nothing."""
    application = await find_visible(viewer, application_id)
    now = runtime.clock.now()
    values = values_of(runtime.keyring, application)
    plans = await rate_plans_on(date_in_china(now))
    duplicate = await is_taken(application, shop_of(runtime, values))
    return Preflight(
        blockers=_blockers(application, values, now, plans, duplicate=duplicate),
        warnings=_warnings(application, values, now, plans),
        reviewers_on_duty=await _reviewers_on_duty(now),
        stage_times=await _stage_times(),
    )


def _blockers(
    application: Application, values: Mapping[str, Any], now: datetime, plans: RatePlans, *, duplicate: bool
) -> list[Finding]:
    found = [Finding(item.code, item.field, item.params) for item in missing(values, date_in_china(now), plans)]
    found += [Finding(code, None, {}) for code in refusals(Channel(application.channel), values)]
    facts = submission_facts(application, values, now, plans, duplicate=duplicate)
    if not facts.consented:
        found.append(Finding(Need.CONSENT, "consent_text_version", {}))
    if facts.duplicate:
        found.append(Finding(Need.NO_DUPLICATE, None, {}))
    if application.state not in EDITABLE:
        found.append(Finding("ILLEGAL_STATE", None, {}))
    return found


def _warnings(application: Application, values: Mapping[str, Any], now: datetime, plans: RatePlans) -> list[Finding]:
    problems = [p for p in check(values, date_in_china(now), plans) if p.severity is Severity.WARNING]
    found = [Finding(problem.code, problem.field, problem.params) for problem in problems]
    if isinstance(held := values.get("licence_held"), bool):
        advice = licence_policy(Channel(application.channel), held).advice
        if advice != "NOTHING":
            found.append(Finding(advice, "licence_held", {}))
    if application.state == State.RETURNED:
        untouched = unchanged_since_return(application.open_fields, application.field_versions)
        found += [Finding("UNCHANGED", field, {}) for field in sorted(untouched)]
    return found


async def _reviewers_on_duty(now: datetime) -> int:
    kinds = (EventKind.CLAIMED, EventKind.APPROVED, EventKind.RETURNED, EventKind.REFUSED)
    since = now - timedelta(minutes=ON_DUTY_MINUTES)
    rows = Event.filter(kind__in=kinds, occurred_at__gte=since, actor_kind="STAFF").distinct()
    return len(await rows.values_list("actor_id", flat=True))


async def _stage_times() -> list[StageTime]:
    """Measure the stages over the applications that opened last."""
    opened = (
        await Application.filter(state=State.OPENED).order_by("-opened_at").limit(HISTORY).values_list("id", flat=True)
    )
    events = (
        await Event.filter(Q(subject_id__in=list(opened)), kind__in=[k for _, *kinds in _STAGES for k in kinds])
        .order_by("sequence")
        .values("subject_id", "kind", "occurred_at")
        if opened
        else []
    )
    return [_stage_time(stage, begins, ends, events) for stage, begins, ends in _STAGES]


def _stage_time(stage: str, begins: EventKind, ends: EventKind, events: Iterable[Mapping[str, Any]]) -> StageTime:
    """Take, per application, the first beginning and the last end."""
    first: dict[str, datetime] = {}
    last: dict[str, datetime] = {}
    for event in events:
        if event["kind"] == begins:
            first.setdefault(event["subject_id"], event["occurred_at"])
        elif event["kind"] == ends:
            last[event["subject_id"]] = event["occurred_at"]
    seconds = [(last[id_] - first[id_]).total_seconds() for id_ in first.keys() & last.keys()]
    return StageTime(stage, median(seconds) if seconds else None, len(seconds))
