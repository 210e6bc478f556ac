"""Hand-over: the open work of one person goes to another, by whoever distributes it or because that person left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tortoise.expressions import Q

from backend.accounts import AccountRefusal, Permission, Viewer, require
from backend.accounts.change_staff import may_succeed
from backend.accounts.models import Staff
from backend.accounts.service import deciding, lock_people
from backend.applications import rules
from backend.applications.errors import ApplicationRefusal
from backend.applications.models import Application
from backend.applications.rules import Action, Who
from backend.applications.service import SYSTEM_STANDING, move_application
from backend.foundation.refusal import NotFound, Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.subjects import Subject
from backend.foundation.work import Work

OPERATION: Final = "handOverApplications"


@dataclass(frozen=True, slots=True)
class HandOverApplications:
    """The input of `handOverApplications`."""

    idempotency_key: str
    staff_id: str
    successor_id: str


async def hand_over_applications(runtime: Runtime, viewer: Viewer, command: HandOverApplications) -> str:
    """Give all unfinished applications of one person to another of the same organisation; gives the successor's id.

    The person keeps their access and may still read what they filed. Refuses with `NotFound` a person who files
    nothing within the viewer's reach, and with SUCCESSOR_INVALID somebody who could not take it over.
    """
    require(viewer, Permission.HAND_OVER_APPLICATIONS)
    async with deciding(runtime, viewer, OPERATION, command) as outcome:
        if not outcome.replayed:
            people = await lock_people(outcome.work, viewer, command.staff_id, command.successor_id)
            person, successor = people.get(command.staff_id), people.get(command.successor_id)
            if person is None or not _distributes(viewer, person):
                raise NotFound
            if successor is None or not may_succeed(successor, person):
                raise Refused(Refusal(AccountRefusal.SUCCESSOR_INVALID, ("successor_id",)))
            for application_id in await unfinished_of(person.id):
                application = await outcome.work.lock(Application, application_id)
                if application is not None:
                    standing = rules.standing_of(viewer, application, outcome.work.now)
                    await _hand_over(outcome.work, application, successor.id, standing)
            outcome.result_id = successor.id
    return command.successor_id


def _distributes(viewer: Viewer, person: Staff) -> bool:
    return viewer.may(rules.READS_ALL) or person.organisation_id in viewer.reach


async def unfinished_of(staff_id: str) -> list[str]:
    """Give the ids of what this person files and is not finished, in the order in which it is locked."""
    mine = Q(Q(author_id=staff_id, successor_id=None), Q(successor_id=staff_id), join_type="OR")
    ids = await Application.filter(mine, state__in=list(rules.UNFINISHED)).order_by("id").values_list("id", flat=True)
    return [str(application_id) for application_id in ids]


async def on_staff_left(work: Work, subject: Subject, body: Mapping[str, Any]) -> None:
    """Hand the work of somebody who has left to the named successor, in the transaction that ends their access.

    Refuses with SUCCESSOR_MISSING where there is work and nobody is named: then nothing is ended either.
    """
    successor_id: str | None = body["successor_id"]
    application_ids = await unfinished_of(subject.id)
    if application_ids and successor_id is None:
        raise Refused(Refusal(ApplicationRefusal.SUCCESSOR_MISSING, ("successor_id",), {"count": len(application_ids)}))
    for application_id in application_ids:
        application = await work.lock(Application, application_id)
        if application is not None and successor_id is not None:
            await _hand_over(work, application, successor_id, SYSTEM_STANDING)


async def on_staff_reassigned(_work: Work, subject: Subject, body: Mapping[str, Any]) -> None:
    """Keep a person where they are while they file for the organisation they would leave: it keeps its applications.

    Refuses with OPEN_WORK; the work is handed over first.
    """
    if body["organisation_id"] != body["old_organisation_id"] and (left := await unfinished_of(subject.id)):
        raise Refused(Refusal(ApplicationRefusal.OPEN_WORK, ("organisation_id",), {"count": len(left)}))


async def _hand_over(work: Work, application: Application, successor_id: str, standing: frozenset[Who]) -> None:
    await move_application(
        work,
        application,
        Action.HAND_OVER,
        standing=standing,
        changes={"successor_id": successor_id, "handed_over_at": work.now},
        body={"from_staff_id": rules.filer_of(application), "to_staff_id": successor_id},
    )
