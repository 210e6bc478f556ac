"""What every use case of applications shares: finding one with the right to it, and moving it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from backend.accounts import Viewer, checked_reason
from backend.accounts.service import Command
from backend.accounts.service import changing as changing_subject
from backend.applications import rules
from backend.applications.completeness import missing
from backend.applications.models import Application
from backend.applications.policies import Channel, refusals
from backend.applications.rules import Action, Facts, State, Who
from backend.consent.texts import current_text
from backend.foundation.clock import date_in_china
from backend.foundation.ids import may_be_id
from backend.foundation.lifecycle import move
from backend.foundation.refusal import NotFound
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.handbook.handbook import RatePlans

__all__ = [
    "SYSTEM_STANDING",
    "Change",
    "changing",
    "checked_reason",
    "find_visible",
    "lock_for_system",
    "lock_visible",
    "move_application",
    "move_for",
    "submission_facts",
]

SYSTEM_STANDING: Final = frozenset({Who.SYSTEM})


async def find_visible(viewer: Viewer, application_id: str) -> Application:
    """Read an application without holding it. Refuses with `NotFound` what this viewer may not read."""
    application = await Application.get_or_none(id=application_id) if may_be_id(application_id) else None
    if application is None or not rules.may_read(viewer, application):
        raise NotFound
    return application


async def lock_visible(work: Work, viewer: Viewer, application_id: str) -> Application:
    """Lock an application for a change. Refuses with `NotFound` what this viewer may not even read."""
    application = await work.lock(Application, application_id)
    if application is None or not rules.may_read(viewer, application):
        raise NotFound
    return application


async def lock_for_system(work: Work, application_id: str) -> Application:
    """Lock an application for the system itself. Refuses with `NotFound`."""
    application = await work.lock(Application, application_id)
    if application is None:
        raise NotFound
    return application


class ChangeCommand(Command, Protocol):
    """The input of a change to one application, as every such operation takes it."""

    @property
    def application_id(self) -> str: ...

    @property
    def expected_version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Change:
    """An application that is locked for one change, and the transaction it is locked in."""

    work: Work
    application: Application


@asynccontextmanager
async def changing(
    runtime: Runtime, viewer: Viewer, operation: str, command: ChangeCommand
) -> AsyncIterator[Change | None]:
    """Open the transaction of one change; gives None when this very call was done before, and nothing is to be done.

    Refuses with `NotFound` what the viewer may not even read.
    """

    def may_read(application: Application) -> bool:
        return rules.may_read(viewer, application)

    found = changing_subject(runtime, viewer, operation, command, Application, command.application_id, may_read)
    async with found as change:
        yield None if change is None else Change(*change)


async def move_application(
    work: Work,
    application: Application,
    action: Action,
    *,
    standing: frozenset[Who],
    facts: Facts | None = None,
    expected_version: int | None = None,
    to: State | None = None,
    changes: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
) -> None:
    """Apply one row of the application table; see `foundation.lifecycle.move`."""
    await move(
        work,
        rules.LIFECYCLE,
        application,
        action,
        standing=standing,
        facts=facts or Facts(),
        expected_version=expected_version,
        to=to,
        changes=changes,
        body=body,
    )


async def move_for(
    work: Work,
    viewer: Viewer,
    application: Application,
    action: Action,
    *,
    expected_version: int,
    facts: Facts | None = None,
    changes: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
) -> None:
    """Apply one row of the application table for a person, with what that person is to this application now."""
    await move_application(
        work,
        application,
        action,
        standing=rules.standing_of(viewer, application, work.now),
        facts=facts,
        expected_version=expected_version,
        changes=changes,
        body=body,
    )


def submission_facts(
    application: Application, values: Mapping[str, Any], now: datetime, plans: RatePlans, *, duplicate: bool
) -> Facts:
    """Say what stands between a draft and its submission; `plans` are today's rate plans."""
    on = date_in_china(now)
    return Facts(
        complete=not missing(values, on, plans),
        consented=values.get("consent_text_version") == current_text(on).version,
        policies_satisfied=not refusals(Channel(application.channel), values),
        duplicate=duplicate,
    )
