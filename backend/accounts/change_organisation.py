"""The tree of organisations: HQ adds, changes, closes and reopens its nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from backend.accounts.errors import AccountRefusal
from backend.accounts.events import OrganisationEvent
from backend.accounts.models import Organisation, Staff
from backend.accounts.organisation_rules import (
    ORGANISATION_LIFECYCLE,
    OrganisationAction,
    OrganisationFacts,
    OrganisationState,
    organisation_standing,
)
from backend.accounts.rules import CUT_OFF, OrganisationKind, Permission, Viewer
from backend.accounts.service import Command, acting, call_of, changing, checked_reason, lock_open, require
from backend.foundation.lifecycle import move
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work

CREATE_OPERATION: Final = "createOrganisation"
CHANGE_OPERATION: Final = "changeOrganisation"
CLOSE_OPERATION: Final = "closeOrganisation"
REOPEN_OPERATION: Final = "reopenOrganisation"
NAME_CHARACTERS: Final = range(2, 81)

# Which kind of node may hang below which: partners below HQ or below another partner, HQ's own teams below HQ.
PARENTS: Final = {
    OrganisationKind.HQ_FIELD: frozenset({OrganisationKind.HQ}),
    OrganisationKind.HQ_REVIEW: frozenset({OrganisationKind.HQ}),
    OrganisationKind.PARTNER: frozenset({OrganisationKind.HQ, OrganisationKind.PARTNER}),
}


@dataclass(frozen=True, slots=True)
class CreateOrganisation:
    """The input of `createOrganisation`."""

    idempotency_key: str
    name: str
    kind: OrganisationKind
    parent_id: str
    accepts_registrations: bool = False


@dataclass(frozen=True, slots=True)
class ChangeOrganisation:
    """The input of `changeOrganisation`; what is left out stays."""

    idempotency_key: str
    organisation_id: str
    expected_version: int
    name: str | None = None
    accepts_registrations: bool | None = None


@dataclass(frozen=True, slots=True)
class CloseOrganisation:
    """The input of `closeOrganisation` and `reopenOrganisation`."""

    idempotency_key: str
    organisation_id: str
    expected_version: int
    reason: str


async def create_organisation(runtime: Runtime, viewer: Viewer, command: CreateOrganisation) -> str:
    """Add a node to the tree and give its id.

    Refuses with NAME_INVALID, and with ORGANISATION_UNKNOWN a parent that is closed or cannot have such a node below.
    """
    require(viewer, Permission.MANAGE_ORGANISATIONS)
    name = _checked_name(command.name)
    async with acting(runtime, viewer, call_of(viewer, CREATE_OPERATION, command)) as outcome:
        if outcome.replayed:
            return outcome.result_id
        parent = await lock_open(outcome.work, command.parent_id)
        if parent is None or OrganisationKind(parent.kind) not in PARENTS.get(command.kind, frozenset()):
            raise Refused(Refusal(AccountRefusal.ORGANISATION_UNKNOWN, ("parent_id",)))
        work, organisation_id = outcome.work, runtime.ids.new("org")
        organisation = Organisation(
            id=organisation_id,
            code=organisation_id,
            state=OrganisationState.OPEN,
            name=name,
            kind=command.kind,
            parent_id=parent.id,
            accepts_registrations=command.accepts_registrations,
            created_at=work.now,
            updated_at=work.now,
        )
        work.record(
            organisation,
            OrganisationEvent.ORGANISATION_CREATED,
            {"to": OrganisationState.OPEN, "name": name, "kind": command.kind, "parent_id": parent.id},
        )
        await organisation.save(force_create=True)
        outcome.result_id = organisation_id
    return organisation_id


async def change_organisation(runtime: Runtime, viewer: Viewer, command: ChangeOrganisation) -> str:
    """Rename an organisation, or let newcomers choose it or not; give its id. Refuses with NAME_INVALID."""
    given: dict[str, Any] = {
        "name": None if command.name is None else _checked_name(command.name),
        "accepts_registrations": command.accepts_registrations,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    async with _changing(runtime, viewer, CHANGE_OPERATION, command) as change:
        if change is not None:
            await _move(*change, viewer, OrganisationAction.CHANGE, command, OrganisationFacts(), changes, changes)
    return command.organisation_id


async def close_organisation(runtime: Runtime, viewer: Viewer, command: CloseOrganisation) -> str:
    """Close an organisation and give its id. Refuses with ORGANISATION_IN_USE while anybody with access is in it."""
    reason = checked_reason(command.reason)
    async with _changing(runtime, viewer, CLOSE_OPERATION, command) as change:
        if change is not None:
            facts = OrganisationFacts(reason_given=bool(reason), empty=not await _is_in_use(command.organisation_id))
            await _move(*change, viewer, OrganisationAction.CLOSE, command, facts, {}, {"reason": reason})
    return command.organisation_id


async def reopen_organisation(runtime: Runtime, viewer: Viewer, command: CloseOrganisation) -> str:
    """Open a closed organisation again and give its id. Refuses with ORGANISATION_UNKNOWN one below a closed one."""
    reason = checked_reason(command.reason)
    async with _changing(runtime, viewer, REOPEN_OPERATION, command) as change:
        if change is not None:
            work, organisation = change
            if organisation.parent_id is not None and await lock_open(work, organisation.parent_id) is None:
                raise Refused(Refusal(AccountRefusal.ORGANISATION_UNKNOWN, ("organisation_id",)))
            facts = OrganisationFacts(reason_given=bool(reason))
            await _move(*change, viewer, OrganisationAction.REOPEN, command, facts, {}, {"reason": reason})
    return command.organisation_id


async def _is_in_use(organisation_id: str) -> bool:
    people = Staff.filter(organisation_id=organisation_id).exclude(state__in=list(CUT_OFF))
    return await people.exists() or await Organisation.exists(parent_id=organisation_id, state=OrganisationState.OPEN)


def _checked_name(text: str) -> str:
    name = " ".join(text.split())
    if len(name) not in NAME_CHARACTERS or not name.isprintable():
        bounds = {"min": NAME_CHARACTERS.start, "max": NAME_CHARACTERS.stop - 1}
        raise Refused(Refusal(AccountRefusal.NAME_INVALID, ("name",), bounds))
    return name


class _OrganisationCommand(Command, Protocol):
    @property
    def organisation_id(self) -> str: ...

    @property
    def expected_version(self) -> int: ...


@asynccontextmanager
async def _changing(
    runtime: Runtime, viewer: Viewer, operation: str, command: _OrganisationCommand
) -> AsyncIterator[tuple[Work, Organisation] | None]:
    """Open the transaction of one change with its organisation locked; None when this very call was done before."""
    require(viewer, Permission.MANAGE_ORGANISATIONS)
    found = changing(runtime, viewer, operation, command, Organisation, command.organisation_id, lambda _found: True)
    async with found as change:
        yield change


async def _move(
    work: Work,
    organisation: Organisation,
    viewer: Viewer,
    action: OrganisationAction,
    command: _OrganisationCommand,
    facts: OrganisationFacts,
    changes: dict[str, Any],
    body: dict[str, Any],
) -> None:
    await move(
        work,
        ORGANISATION_LIFECYCLE,
        organisation,
        action,
        standing=organisation_standing(viewer),
        facts=facts,
        expected_version=command.expected_version,
        changes=changes,
        body=body,
    )
