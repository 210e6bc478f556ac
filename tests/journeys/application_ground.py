"""The ground of the application machine: one database for many runs, people of every kind, and the way in for each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

from backend.accounts import (
    OrganisationKind,
    Role,
    StaffState,
    Viewer,
    authenticate,
    ensure_organisation,
    ensure_staff,
    open_session,
)
from backend.accounts.models import Session
from backend.foundation.database import connect, connection, disconnect
from backend.foundation.runtime import Runtime
from backend.handbook import ship
from backend.tables import TABLES
from tests.builders.clock import FixedClock
from tests.builders.runtime import a_runtime

Result = TypeVar("Result")

_KINDS: Final = {
    "hq": OrganisationKind.HQ,
    "hq_field": OrganisationKind.HQ_FIELD,
    "hq_review": OrganisationKind.HQ_REVIEW,
    "partner": OrganisationKind.PARTNER,
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and what the design lets people of this kind do; `reads` is own, organisation, all or nothing."""

    name: str
    roles: frozenset[Role]
    organisation: str
    files: bool = False
    reviews: bool = False
    settles: bool = False
    reads: str = ""
    state: StaffState = StaffState.APPROVED


_R = Role

PEOPLE: Final = {
    person.name: person
    for person in (
        Person("clerk", frozenset({_R.FIELD_STAFF}), "hq_field", files=True, reads="own"),
        Person("other_clerk", frozenset({_R.FIELD_STAFF}), "hq_field", files=True, reads="own"),
        Person("partner_clerk", frozenset({_R.FIELD_STAFF}), "partner", files=True, reads="own"),
        Person("partner_admin", frozenset({_R.PARTNER_ADMIN}), "partner", reads="organisation"),
        Person("partner_key", frozenset({_R.PARTNER_KEY}), "partner", files=True, reads="organisation"),
        Person("reviewer", frozenset({_R.REVIEWER}), "hq_review", reviews=True, settles=True, reads="all"),
        Person("other_reviewer", frozenset({_R.REVIEWER}), "hq_review", reviews=True, settles=True, reads="all"),
        # Of the very organisation that files; and somebody who both files and reviews.
        Person("insider", frozenset({_R.REVIEWER}), "hq_field", reviews=True, settles=True, reads="all"),
        Person(
            "filing_reviewer",
            frozenset({_R.FIELD_STAFF, _R.REVIEWER}),
            "hq_review",
            files=True,
            reviews=True,
            settles=True,
            reads="all",
        ),
        Person("admin", frozenset({_R.ADMIN}), "hq", settles=True, reads="all"),
        Person("business", frozenset({_R.BUSINESS}), "hq", reads="all"),
        Person("auditor", frozenset({_R.AUDITOR}), "hq", reads="all"),
        Person("pending", frozenset({_R.FIELD_STAFF}), "hq_field", state=StaffState.PENDING),
    )
}


@dataclass
class Ground:
    """Where runs take place, one after the other, and what they counted."""

    runner: asyncio.Runner
    clock: FixedClock
    runtime: Runtime
    viewers: dict[str, Viewer]
    counted: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run something to its end."""
        return self.runner.run(coroutine)

    async def sweep(self) -> None:
        """Remove what the last run left; the people stay."""
        for table in (
            "delivery",
            "subscribe_consent",
            "inbox_message",
            "inbox",
            "alert",
            "provider_media",
            "provider_channel",
            "filing_attempt",
            "image",
            "application",
            "event",
            "job",
            "idempotency",
        ):
            await connection().execute_script(f'DELETE FROM "{table}"')  # noqa: S608 - our own names


async def _people(runtime: Runtime) -> dict[str, Viewer]:
    organisations = {
        code: await ensure_organisation(runtime, code=code, name=code, kind=kind, parent_id=None)
        for code, kind in _KINDS.items()
    }
    viewers = {}
    for person in PEOPLE.values():
        staff_id = await ensure_staff(
            runtime,
            code=person.name,
            name=person.name,
            roles=person.roles,
            organisation_id=organisations[person.organisation],
            state=person.state,
        )
        viewers[person.name] = await authenticate(runtime, await open_session(runtime, staff_id))
    # Runs let months pass; nobody signs in anew meanwhile.
    await Session.all().update(expires_at=runtime.clock.wall() + timedelta(days=36500))
    return viewers


@contextmanager
def open_ground(database_url: str) -> Iterator[Ground]:
    """Open the ground over a migrated database that nobody is connected to."""
    # What a power cut would do to a test's data is nobody's worry.
    url = f"{database_url}?synchronous=OFF" if database_url.startswith("sqlite:") else database_url
    clock = FixedClock()
    runtime = a_runtime(clock=clock)
    with asyncio.Runner() as runner:
        runner.run(connect(url, TABLES))
        try:
            runner.run(ship(runtime.ids, clock.now()))
            runner.run(runtime.snapshots.refresh())
            yield Ground(runner, clock, runtime, runner.run(_people(runtime)))
        finally:
            runner.run(disconnect())
