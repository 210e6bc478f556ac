"""Applications at every point of their way, brought there through the use cases."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

import orjson

from backend.accounts import PermissionMissing, SessionInvalid, Viewer, actor_of
from backend.applications import (
    Application,
    ApplicationKind,
    PreCheck,
    SaveApplicationDraft,
    StartApplication,
    SubmitApplication,
    WithdrawApplication,
    save_application_draft,
    start_application,
    submit_application,
    withdraw_application,
)
from backend.applications.errors import DraftConflict
from backend.applications.events import BODIES, EventKind
from backend.applications.fields import GroupMembership, Kind, SettlementHolder
from backend.applications.form import FIELDS
from backend.applications.record import fields_to_pass, values_of
from backend.foundation.events import Event, first_break
from backend.foundation.idempotency import IdempotencyKeyReused
from backend.foundation.lifecycle import MoveRefused, NeedUnmet, StaleVersion
from backend.foundation.refusal import NotFound, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.images import Picture, keep, register
from backend.images.pictures import normalise
from backend.review import (
    ClaimApplication,
    DecideApplication,
    Decision,
    FieldReason,
    claim_application,
    decide_application,
)
from tests.builders.everything import everything_in_database
from tests.builders.forms import CARD_NUMBER, OWNER_ID_NUMBER, a_complete_form
from tests.builders.pictures import encoded, with_marked_corner

# What stands in a made-up form and must never be found in clear outside of what is sealed.
SECRETS: Final = ("张三", OWNER_ID_NUMBER, "13800138000", "zhangsan@example.cn", "南山区科技路1号2层201室", CARD_NUMBER)

# Everything by which a use case refuses.
REFUSALS: Final = (
    NotFound,
    PermissionMissing,
    SessionInvalid,
    MoveRefused,
    StaleVersion,
    DraftConflict,
    Refused,
    IdempotencyKeyReused,
)

# Of the notice that comes with the system.
NOTICE_VERSION: Final = "2026-01"

_keys = itertools.count()


def a_key() -> str:
    """Give an idempotency key that nobody has used."""
    return f"test-key-{next(_keys):012d}"


def a_pre_check(**answers: Any) -> PreCheck:
    """Give the answers of an owner who has everything with them."""
    return PreCheck(
        **{
            "owner_has_own_phone": True,
            "wechat_real_name_with_bank_card": True,
            "id_card_present": True,
            "bank_card_present": True,
            "settlement_holder": SettlementHolder.OPERATOR,
            "licence_held": False,
            "group_membership": GroupMembership.STANDALONE,
            **answers,
        }
    )


def a_start(**changes: Any) -> StartApplication:
    """Give the input that starts an application today."""
    return StartApplication(
        **{
            "idempotency_key": a_key(),
            "kind": ApplicationKind.NEW,
            "notice_version": NOTICE_VERSION,
            "pre_check": a_pre_check(),
            **changes,
        }
    )


async def the(application_id: str) -> Application:
    """Give an application as it stands in the database."""
    return await Application.get(id=application_id)


async def events_of(application_id: str) -> list[Event]:
    """Give the events of an application, oldest first, after checking that the chain is whole and says what it may."""
    events = await Event.filter(subject_id=application_id).order_by("sequence")
    application = await the(application_id)
    assert first_break(events, last_sequence=application.event_sequence, last_hash=application.event_hash) is None
    for event in events:
        assert orjson.loads(event.body or "{}").keys() - {"from", "to"} <= BODIES[EventKind(event.kind)], event.kind
    return events


@cache
def a_picture() -> Picture:
    """Give a small photo as it is kept."""
    return normalise(encoded(with_marked_corner()))


async def a_kept_photo(runtime: Runtime, author: Viewer, application_id: str, purpose: str) -> str:
    """Keep a photo for one field of an application, without the work of decoding one; give its id."""
    image_id = await keep(runtime, a_picture())
    async with work(runtime, actor_of(author)) as current:
        await register(
            current, image_id, a_picture(), subject_id=application_id, purpose=purpose, uploader_id=author.id
        )
    return image_id


async def with_photos(
    runtime: Runtime, author: Viewer, application_id: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Give `fields` with a kept photo of this application in every field that holds some."""
    kept = dict(fields)
    for name, value in fields.items():
        if FIELDS[name].kind is Kind.IMAGE:
            kept[name] = await a_kept_photo(runtime, author, application_id, name)
        elif FIELDS[name].kind is Kind.IMAGES:
            kept[name] = [await a_kept_photo(runtime, author, application_id, name) for _ in value]
    return kept


async def save(runtime: Runtime, author: Viewer, application_id: str, **fields: Any) -> None:
    """Save some fields of a draft."""
    version = (await the(application_id)).version
    await save_application_draft(runtime, author, SaveApplicationDraft(a_key(), application_id, version, fields))


async def a_draft(runtime: Runtime, author: Viewer, **fields: Any) -> str:
    """Give a draft with nothing missing; `fields` change it, None takes one away."""
    application_id = await start_application(runtime, author, a_start())
    form = a_complete_form(**fields)
    await save(runtime, author, application_id, **await with_photos(runtime, author, application_id, form))
    return application_id


async def submit(runtime: Runtime, author: Viewer, application_id: str) -> None:
    """Submit an application as it stands."""
    version = (await the(application_id)).version
    await submit_application(runtime, author, SubmitApplication(a_key(), application_id, version))


async def claim(runtime: Runtime, reviewer: Viewer, application_id: str) -> None:
    """Claim an application for review."""
    version = (await the(application_id)).version
    await claim_application(runtime, reviewer, ClaimApplication(a_key(), application_id, version))


async def decide(runtime: Runtime, reviewer: Viewer, application_id: str, decision: Decision, **members: Any) -> None:
    """Decide about an application as it stands."""
    version = (await the(application_id)).version
    await decide_application(
        runtime, reviewer, DecideApplication(a_key(), application_id, version, decision, **members)
    )


async def to_pass(runtime: Runtime, application_id: str) -> tuple[str, ...]:
    """Name the fields that HQ has still to pass."""
    application = await the(application_id)
    values = values_of(runtime.keyring, application)
    return fields_to_pass(values, application.field_versions, application.passed_versions)


async def approve(runtime: Runtime, reviewer: Viewer, application_id: str) -> None:
    """Claim an application and approve it with every field passed."""
    await claim(runtime, reviewer, application_id)
    passed = await to_pass(runtime, application_id)
    await decide(runtime, reviewer, application_id, Decision.APPROVE, passed_fields=passed)


async def send_back(runtime: Runtime, reviewer: Viewer, application_id: str, *fields: str) -> None:
    """Claim an application and return it for these fields, with all others passed."""
    await claim(runtime, reviewer, application_id)
    await decide(
        runtime,
        reviewer,
        application_id,
        Decision.RETURN,
        field_reasons=tuple(FieldReason(name, "BLURRED", "请重拍") for name in fields),
        passed_fields=await to_pass(runtime, application_id),
    )


async def withdraw(runtime: Runtime, viewer: Viewer, application_id: str, reason: str = "店主改变主意") -> None:
    """End an application in the way its state allows."""
    version = (await the(application_id)).version
    await withdraw_application(runtime, viewer, WithdrawApplication(a_key(), application_id, version, reason))


async def a_submitted(runtime: Runtime, author: Viewer, **fields: Any) -> str:
    """Give an application that waits for HQ."""
    application_id = await a_draft(runtime, author, **fields)
    await submit(runtime, author, application_id)
    return application_id


async def an_approved(runtime: Runtime, author: Viewer, reviewer: Viewer, **fields: Any) -> str:
    """Give an application whose approval may still be recalled for ten seconds."""
    application_id = await a_submitted(runtime, author, **fields)
    await approve(runtime, reviewer, application_id)
    return application_id


def codes_of(error: Exception) -> list[str]:
    """Give the codes that a refusal tells."""
    match error:
        case Refused():
            return [refusal.code for refusal in error.refusals]
        case NeedUnmet():
            return [error.need]
        case MoveRefused():
            return [error.code]
        case _:
            return [type(error).__name__]


@asynccontextmanager
async def refused(*codes: str, besides: frozenset[str] = frozenset()) -> AsyncIterator[None]:
    """Expect what is done within to be refused with these codes, and to leave the whole database as it was.

    The tables named in `besides` may change: what is written before the outside is asked stays written.
    """
    before = await everything_in_database()
    told: list[str] = []
    try:
        yield
    except REFUSALS as error:
        told = codes_of(error)
    assert told == list(codes)
    after = await everything_in_database()
    changed = {table for table, rows in after.items() if rows != before[table]}
    assert changed == besides
