"""Seed: made-up organisations and people for the sandbox, and a token for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.accounts import (
    OrganisationKind,
    Role,
    StaffState,
    ensure_organisation,
    ensure_staff,
    open_session,
)
from backend.app import open_app
from backend.commands.output import Output
from backend.commands.refusals import USAGE, CommandRefused
from backend.foundation.runtime import Runtime
from backend.settings import Settings, WeChatMode


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    roles: frozenset[Role]
    organisation: str
    state: StaffState = StaffState.APPROVED


_ORGANISATIONS: Final = {
    "hq": ("芝麻开门总部", OrganisationKind.HQ, None),
    "hq_field": ("系统优化部", OrganisationKind.HQ_FIELD, "hq"),
    "hq_review": ("前审部", OrganisationKind.HQ_REVIEW, "hq"),
    "partner": ("南方合作商", OrganisationKind.PARTNER, "hq"),
    "partner2": ("北方合作商", OrganisationKind.PARTNER, "hq"),
}

_FIELD: Final = frozenset({Role.FIELD_STAFF})

# The names of the tokens that `up --json` prints.
_PEOPLE: Final = {
    "staff": _Person("林小芳", _FIELD, "partner"),
    "staff2": _Person("陈大海", _FIELD, "partner"),
    "pending": _Person("新来的小吴", _FIELD, "partner", StaffState.PENDING),
    "optimiser": _Person("周工", _FIELD, "hq_field"),
    "partner_admin": _Person("黄经理", frozenset({Role.PARTNER_ADMIN}), "partner"),
    "partner2_staff": _Person("赵北", _FIELD, "partner2"),
    "reviewer": _Person("审核员甲", frozenset({Role.REVIEWER}), "hq_review"),
    "reviewer2": _Person("审核员乙", frozenset({Role.REVIEWER}), "hq_review"),
    "business": _Person("商务甲", frozenset({Role.BUSINESS}), "hq"),
    "business2": _Person("商务乙", frozenset({Role.BUSINESS}), "hq"),
    "admin": _Person("总部管理员", frozenset({Role.ADMIN}), "hq"),
    "auditor": _Person("总部审计", frozenset({Role.AUDITOR}), "hq"),
    "partner_key": _Person("南方合作商系统", frozenset({Role.PARTNER_KEY}), "partner"),
}


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was seeded: organisation ids by code, and a fresh token for each person."""

    organisations: dict[str, str]
    tokens: dict[str, str]


async def seed(runtime: Runtime) -> Seeded:
    """Make the demo people where they are missing, and open a new session for each."""
    organisations: dict[str, str] = {}
    for code, (name, kind, parent) in _ORGANISATIONS.items():
        organisations[code] = await ensure_organisation(
            runtime,
            code=code,
            name=name,
            kind=kind,
            parent_id=organisations[parent] if parent else None,
            # Whoever comes from the sandbox's official account chooses a partner or our own field team.
            accepts_registrations=kind in {OrganisationKind.PARTNER, OrganisationKind.HQ_FIELD},
        )
    tokens: dict[str, str] = {}
    people: dict[str, str] = {}
    for code, person in _PEOPLE.items():
        staff_id = await ensure_staff(
            runtime,
            code=code,
            name=person.name,
            roles=person.roles,
            organisation_id=organisations[person.organisation],
            state=person.state,
        )
        # A key is somebody's to answer for: it ends when that person leaves.
        issued_by = people["partner_admin"] if Role.PARTNER_KEY in person.roles else None
        tokens[code] = await open_session(runtime, staff_id, issued_by_id=issued_by)
        people[code] = staff_id
    return Seeded(organisations, tokens)


async def run(settings: Settings, output: Output) -> None:
    """Seed the database of `settings` and print the tokens. Refuses (exit 2) anything but the sandbox."""
    if settings.wechat is not WeChatMode.SANDBOX:
        raise CommandRefused("made-up people belong in the sandbox only", USAGE)
    async with open_app(settings, public_url="http://127.0.0.1") as app:
        seeded = await seed(app.runtime)
    output.result({"organisations": seeded.organisations, "tokens": seeded.tokens})
    output.say(f"{len(seeded.tokens)} people in {len(seeded.organisations)} organisations")
    output.show_tokens(seeded.tokens)
