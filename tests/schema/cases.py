"""Applications in every state, brought there through the public use cases and the system's own steps."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from typing import Any
from zlib import crc32

import backend.applications as applications
import backend.review as review
from backend.accounts import Viewer, actor_of
from backend.applications import SYSTEM_STANDING, Application, lock_for_system, move_application
from backend.applications.fields import GroupMembership, Kind, SettlementHolder
from backend.applications.form import FIELDS
from backend.applications.record import fields_to_pass, values_of
from backend.applications.rules import HOLD_SECONDS, Action
from backend.foundation.events import SYSTEM
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.images import Picture, keep, register
from backend.images.pictures import normalise
from backend.opening import settle
from backend.opening.attempts import begin_round, latest_attempt
from backend.wechat import Applyment, AuditItem
from tests.builders.api import a_key
from tests.builders.clock import FixedClock
from tests.builders.forms import a_complete_form
from tests.builders.pictures import a_photo

NOTICE = "2026-01"
SIGN_URL = "https://pay.weixin.qq.com/public/apply4ec_sign/s?applymentId=2000002124775691"

_numbers = itertools.count(1)


@cache
def a_picture() -> Picture:
    """Give one checked photo, decoded once for all tests."""
    return normalise(a_photo(width=400, height=300))


@dataclass(frozen=True, slots=True)
class Case:
    """One application of `author`, and the runtime it is brought on with."""

    runtime: Runtime
    author: Viewer
    id: str

    @property
    def applyment_id(self) -> str:
        """Give the number that WeChat Pay has given its form."""
        return f"2000002{crc32(self.id.encode()):010}"

    async def version(self) -> int:
        """Give the version it is at."""
        return (await Application.get(id=self.id)).version

    async def photo(self, purpose: str) -> str:
        """Keep a photo for a field and give its id."""
        image_id = await keep(self.runtime, a_picture())
        async with work(self.runtime, actor_of(self.author)) as current:
            await register(
                current, image_id, a_picture(), subject_id=self.id, purpose=purpose, uploader_id=self.author.id
            )
        return image_id

    async def save(self, **values: Any) -> None:
        """Save some fields as the author."""
        command = applications.SaveApplicationDraft(a_key(), self.id, await self.version(), values)
        await applications.save_application_draft(self.runtime, self.author, command)

    async def fill(self, **overrides: Any) -> None:
        """Save a complete form with its photos."""
        values = a_complete_form(**overrides)
        for name in values:
            if FIELDS[name].kind is Kind.IMAGE:
                values[name] = await self.photo(name)
            elif FIELDS[name].kind is Kind.IMAGES:
                values[name] = [await self.photo(name)]
        await self.save(**values)

    async def submit(self) -> None:
        """Send it to HQ."""
        command = applications.SubmitApplication(a_key(), self.id, await self.version())
        await applications.submit_application(self.runtime, self.author, command)

    async def claim(self, reviewer: Viewer) -> None:
        """Take it for review."""
        command = review.ClaimApplication(a_key(), self.id, await self.version())
        await review.claim_application(self.runtime, reviewer, command)

    async def release(self, reviewer: Viewer) -> None:
        """Give it back to the queue."""
        command = review.ClaimApplication(a_key(), self.id, await self.version())
        await review.release_application(self.runtime, reviewer, command)

    async def to_pass(self) -> list[str]:
        """Name the fields that HQ still has to pass."""
        row = await Application.get(id=self.id)
        return list(fields_to_pass(values_of(self.runtime.keyring, row), row.field_versions, row.passed_versions))

    async def send_back(self, reviewer: Viewer, *fields: str) -> None:
        """Return it for these fields."""
        command = review.DecideApplication(
            a_key(),
            self.id,
            await self.version(),
            review.Decision.RETURN,
            field_reasons=tuple(review.FieldReason(field, "BLURRED", "请重拍") for field in fields),
        )
        await review.decide_application(self.runtime, reviewer, command)

    async def approve(self, reviewer: Viewer) -> None:
        """Approve it with every field passed."""
        command = review.DecideApplication(
            a_key(), self.id, await self.version(), review.Decision.APPROVE, passed_fields=tuple(await self.to_pass())
        )
        await review.decide_application(self.runtime, reviewer, command)

    async def file(self) -> None:
        """Let the system take the code and start the filing."""
        async with work(self.runtime, SYSTEM) as current:
            application = await lock_for_system(current, self.id)
            attempt = await begin_round(current, application, "1900013511")
            await move_application(
                current,
                application,
                Action.FILE,
                standing=SYSTEM_STANDING,
                body={"business_code": attempt.business_code, "number": attempt.number, "round": attempt.round},
            )

    async def accept(self) -> None:
        """Let WeChat Pay take the form."""
        async with work(self.runtime, SYSTEM) as current:
            application, attempt = await lock_for_system(current, self.id), await latest_attempt(self.id)
            assert attempt is not None
            await settle.accept(current, application, attempt, self.applyment_id)

    async def observe(self, state: str, *, sub_mchid: str | None = None, audit: tuple[AuditItem, ...] = ()) -> None:
        """Let the system see what WeChat Pay says."""
        async with work(self.runtime, SYSTEM) as current:
            application, attempt = await lock_for_system(current, self.id), await latest_attempt(self.id)
            assert attempt is not None
            answer = Applyment(
                business_code=attempt.business_code,
                applyment_id=self.applyment_id,
                sub_mchid=sub_mchid,
                sign_url=SIGN_URL,
                applyment_state=state,
                applyment_state_msg="",
                audit_detail=audit,
                body=b"{}",
            )
            await settle.observe(current, application, attempt, answer)


async def started(runtime: Runtime, author: Viewer) -> Case:
    """Give a draft with nothing but the pre-check in it."""
    command = applications.StartApplication(
        idempotency_key=a_key(),
        kind=applications.ApplicationKind.NEW,
        notice_version=NOTICE,
        pre_check=applications.PreCheck(
            owner_has_own_phone=True,
            wechat_real_name_with_bank_card=True,
            id_card_present=True,
            bank_card_present=True,
            settlement_holder=SettlementHolder.OPERATOR,
            licence_held=False,
            group_membership=GroupMembership.STANDALONE,
        ),
    )
    return Case(runtime, author, await applications.start_application(runtime, author, command))


async def filled(runtime: Runtime, author: Viewer, **overrides: Any) -> Case:
    """Give a draft that can be submitted, for a shop of its own unless the shop is named."""
    case = await started(runtime, author)
    await case.fill(**{"micro_name": f"大郎烧饼{next(_numbers)}号店", **overrides})
    return case


async def submitted(runtime: Runtime, author: Viewer, **overrides: Any) -> Case:
    """Give an application that waits for HQ."""
    case = await filled(runtime, author, **overrides)
    await case.submit()
    return case


async def claimed(runtime: Runtime, author: Viewer, reviewer: Viewer, **overrides: Any) -> Case:
    """Give an application under review."""
    case = await submitted(runtime, author, **overrides)
    await case.claim(reviewer)
    return case


async def returned(runtime: Runtime, author: Viewer, reviewer: Viewer, *fields: str) -> Case:
    """Give an application that was sent back for these fields."""
    case = await claimed(runtime, author, reviewer)
    await case.send_back(reviewer, *fields)
    return case


async def approved(runtime: Runtime, author: Viewer, reviewer: Viewer, **overrides: Any) -> Case:
    """Give an application in the time in which it may be recalled."""
    case = await claimed(runtime, author, reviewer, **overrides)
    await case.approve(reviewer)
    return case


async def filed(runtime: Runtime, clock: FixedClock, author: Viewer, reviewer: Viewer) -> Case:
    """Give an application that WeChat Pay has taken."""
    case = await approved(runtime, author, reviewer)
    clock.advance(HOLD_SECONDS)
    await case.file()
    await case.accept()
    return case
