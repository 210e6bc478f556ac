"""Applications in the API: reading them, filling them in, sending them to HQ."""

from __future__ import annotations

from dataclasses import fields as members_of
from datetime import date
from typing import Final

import strawberry

import backend.applications as service
from backend.accounts import Permission
from backend.applications.fields import GroupMembership, SettlementHolder
from backend.applications.policies import Channel
from backend.applications.queries import NEWEST_FIRST, timeline
from backend.foundation.pages import fetch_page
from backend.foundation.views import Row, fetch_by_id
from backend.images.queries import IMAGE
from schema.application_form import ApplicationFormInput, changes_in
from schema.application_type import (
    APPLICATION,
    Application,
    ApplicationEvent,
    ApplicationId,
    Image,
    application_payload,
    read_application,
)
from schema.common.access import access, needs, viewer_of
from schema.common.connection import (
    DEFAULT_FIRST,
    After,
    First,
    PageInfo,
    checked_first,
    connection,
    connection_of,
)
from schema.common.context import Info
from schema.common.scalars import Cursor
from schema.common.selection import selection_of
from schema.common.user_errors import UserError, checked_key, payload
from schema.texts.findings import finding_text
from schema.transport import ApiError, Code, UploadedFile

READS: Final = needs(
    Permission.READ_OWN_APPLICATIONS, Permission.READ_ORGANISATION_APPLICATIONS, Permission.READ_ALL_APPLICATIONS
)
FILES: Final = needs(Permission.FILE_APPLICATIONS)


@strawberry.type(description="An application and where it stands in the list.")
class ApplicationEdge:
    """Relay's edge."""

    cursor: Cursor = strawberry.field(description="Send it as `after` to go on behind this one.")
    node: Application = strawberry.field(description="The application.")


@strawberry.type(description="A page of applications.")
class ApplicationConnection:
    """Relay's connection."""

    edges: list[ApplicationEdge] = strawberry.field(description="The page.")
    page_info: PageInfo = strawberry.field(description="Where it stands in the list.")


@strawberry.type(description="An event and where it stands in the timeline.")
class ApplicationEventEdge:
    """Relay's edge."""

    cursor: Cursor = strawberry.field(description="The cursor of the stream, too.")
    node: ApplicationEvent = strawberry.field(description="The event.")


@strawberry.type(description="A page of a timeline, oldest first.")
class ApplicationEventConnection:
    """Relay's connection."""

    edges: list[ApplicationEventEdge] = strawberry.field(description="The page.")
    page_info: PageInfo = strawberry.field(description="Where it stands in the timeline.")


@strawberry.type(description="Something pre-flight found.")
class PreflightFinding:
    """One blocker or warning."""

    code: str = strawberry.field(description="Stable.")
    field: str | None = strawberry.field(description="The form field it is about, where it is about one.")
    message: str = strawberry.field(description="What it means, in Chinese, for display.")


@strawberry.type(description="How long a stage took in the middle of this system's own history.")
class StageTime:
    """An estimate, or none while there is no history."""

    stage: str = strawberry.field(description="HQ, FILING or PROVIDER_TO_OPENED.")
    median_seconds: float | None = strawberry.field(description="In seconds; null while there is no history.")
    sample: int = strawberry.field(description="Over how many opened applications.")


@strawberry.type(description="What there is to know before staff leave the shop.")
class PreflightResult:
    """The answer of `preflightApplication`."""

    blockers: list[PreflightFinding] = strawberry.field(description="To be mended before it can be submitted.")
    warnings: list[PreflightFinding] = strawberry.field(description="May stand.")
    reviewers_on_duty: int = strawberry.field(description="Reviewers who did something in the last half hour.")
    stage_times: list[StageTime] = strawberry.field(description="What to expect.")


@strawberry.input(description="What is asked of the owner before any photo is taken.")
class PreCheckInput:
    """The owner pre-check."""

    owner_has_own_phone: bool = strawberry.field(description="The owner has their own phone at hand.")
    wechat_real_name_with_bank_card: bool = strawberry.field(
        description="Their WeChat is verified (实名) and has a bank card bound."
    )
    id_card_present: bool = strawberry.field(description="The ID card is there.")
    bank_card_present: bool = strawberry.field(description="The bank card is there.")
    settlement_holder: SettlementHolder = strawberry.field(description="Whose bank card it is.")
    licence_held: bool = strawberry.field(description="Whether the shop holds a business licence.")
    group_membership: GroupMembership = strawberry.field(description="Whether the shop is part of a group.")
    group_name: str | None = strawberry.field(description="Which group.", default=None)
    group_note: str | None = strawberry.field(description="A free note about it.", default=None)
    planned_opening_on: date | None = strawberry.field(description="When the shop is to open.", default=None)


@strawberry.input(description="Input of `startApplication`.")
class StartApplicationInput:
    """Start."""

    idempotency_key: str = strawberry.field(description="16 to 64 characters; the same call has the same key.")
    kind: service.ApplicationKind = strawberry.field(description="What the shop has today.")
    notice_version: str = strawberry.field(description="The notice that was shown and acknowledged.")
    pre_check: PreCheckInput = strawberry.field(description="The owner's answers.")
    channel: Channel = strawberry.field(description="Where to file.", default=Channel.WECHAT_PAY)


@strawberry.input(description="Input of `saveApplicationDraft`.")
class SaveApplicationDraftInput:
    """Save."""

    idempotency_key: str = strawberry.field(description="16 to 64 characters; the same call has the same key.")
    application_id: strawberry.ID = strawberry.field(description="The draft.")
    expected_version: int = strawberry.field(description="The version the change was made on.")
    form: ApplicationFormInput = strawberry.field(description="What is to change.")


@strawberry.input(description="Input of `uploadImage`.")
class UploadImageInput:
    """Upload."""

    idempotency_key: str = strawberry.field(description="16 to 64 characters; the same call has the same key.")
    application_id: strawberry.ID = strawberry.field(description="The draft the photo is for.")
    purpose: str = strawberry.field(description="The form field the photo is for, as `id_card_copy`.")
    file: UploadedFile = strawberry.field(description="JPEG, PNG or BMP, at most 10 MB.")


@strawberry.input
class ApplicationInput:
    """What every change of one application takes; each operation has an input of its own name that can grow alone."""

    idempotency_key: str = strawberry.field(description="16 to 64 characters; the same call has the same key.")
    application_id: strawberry.ID = strawberry.field(description="The application.")
    expected_version: int = strawberry.field(description="The version the caller saw.")


@strawberry.input(description="Input of `submitApplication`.")
class SubmitApplicationInput(ApplicationInput):
    """Submit."""


@strawberry.input
class ApplicationReasonInput(ApplicationInput):
    """What a change takes that needs a reason in words."""

    reason: str = strawberry.field(description="Why, in at most 500 characters.")


@strawberry.input(description="Input of `withdrawApplication`.")
class WithdrawApplicationInput(ApplicationReasonInput):
    """Withdraw."""


@strawberry.input(description="Input of `allowDuplicate`.")
class AllowDuplicateInput(ApplicationReasonInput):
    """Allow a duplicate."""


@strawberry.type
class ApplicationPayload:
    """What every change of one application gives; each operation has a payload of its own name that can grow alone."""

    application: Application | None = strawberry.field(description="As it is now; null when nothing was done.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")


@strawberry.type(description="The kept photo, or why it was not kept.")
class UploadImagePayload:
    """Payload of `uploadImage`."""

    image: Image | None = strawberry.field(description="The photo; put its id into the form with a save.")
    user_errors: list[UserError] = strawberry.field(description="Why it was not kept.")


@access(READS)
async def application(info: Info, id: ApplicationId) -> Row | None:  # noqa: A002 - the argument's name in the API
    """Read one application."""
    return await read_application(info, id)


@access(READS)
async def applications(info: Info, first: First = DEFAULT_FIRST, after: After = None) -> Row:
    """List the applications the viewer may see, newest first."""
    page = await fetch_page(
        APPLICATION,
        selection_of(info, "edges", "node"),
        info.context.reading,
        order=NEWEST_FIRST,
        first=checked_first(first),
        after=after,
    )
    return connection_of(page)


@access(READS)
async def application_timeline(
    info: Info, application_id: ApplicationId, first: First = 50, after: After = None
) -> Row:
    """List an application's events, oldest first; the stream's twin for whoever polls."""
    rows = await timeline(
        info.context.reading,
        application_id,
        selection_of(info, "edges", "node"),
        first=checked_first(first),
        after=after,
    )
    if rows is None:
        raise ApiError(Code.NOT_FOUND)
    shown = rows[:first]
    return connection([(row["cursor"], row) for row in shown], has_next_page=len(rows) > first)


@access(READS)
async def preflight_application(info: Info, application_id: ApplicationId) -> Row:
    """Check a draft before staff leave the shop."""
    found = await service.preflight_application(info.context.runtime, viewer_of(info.context), application_id)
    return {
        "blockers": [_finding_row(finding) for finding in found.blockers],
        "warnings": [_finding_row(finding) for finding in found.warnings],
        "reviewers_on_duty": found.reviewers_on_duty,
        "stage_times": [
            {"stage": item.stage, "median_seconds": item.median_seconds, "sample": item.sample}
            for item in found.stage_times
        ],
    }


def _finding_row(finding: service.Finding) -> Row:
    return {
        "code": finding.code,
        "field": finding.field,
        "message": finding_text(finding.code, finding.field, finding.params),
    }


@access(FILES)
async def start_application(info: Info, input: StartApplicationInput) -> Row:  # noqa: A002 - every mutation's argument
    """Acknowledge the notice, answer the pre-check, open a draft."""
    answers = input.pre_check
    return await application_payload(
        info,
        service.start_application,
        lambda: service.StartApplication(
            idempotency_key=checked_key(input.idempotency_key),
            kind=input.kind,
            notice_version=input.notice_version,
            channel=input.channel,
            pre_check=service.PreCheck(
                **{member.name: getattr(answers, member.name) for member in members_of(service.PreCheck)}
            ),
        ),
    )


@access(FILES)
async def save_application_draft(info: Info, input: SaveApplicationDraftInput) -> Row:  # noqa: A002 - as above
    """Change some fields of an open draft."""
    return await application_payload(
        info,
        service.save_application_draft,
        lambda: service.SaveApplicationDraft(
            checked_key(input.idempotency_key), input.application_id, input.expected_version, changes_in(input.form)
        ),
    )


@access(FILES)
async def upload_image(info: Info, input: UploadImageInput) -> Row:  # noqa: A002 - as above
    """Keep one photo for one field of an open draft."""

    async def change() -> Row | None:
        command = service.UploadImage(
            checked_key(input.idempotency_key), input.application_id, input.purpose, input.file.content
        )
        kept = await service.upload_image(info.context.runtime, viewer_of(info.context), command)
        return await fetch_by_id(IMAGE, selection_of(info, "image"), info.context.reading, kept)

    return await payload("image", change)


@access(FILES)
async def submit_application(info: Info, input: SubmitApplicationInput) -> Row:  # noqa: A002 - as above
    """Send a complete draft to HQ's review."""
    return await application_payload(
        info,
        service.submit_application,
        lambda: service.SubmitApplication(
            checked_key(input.idempotency_key), input.application_id, input.expected_version
        ),
    )


@access(needs(Permission.FILE_APPLICATIONS, Permission.SETTLE_PROVIDER_ANSWERS))
async def withdraw_application(info: Info, input: WithdrawApplicationInput) -> Row:  # noqa: A002 - as above
    """End an application, in the way its state still allows."""
    return await application_payload(
        info,
        service.withdraw_application,
        lambda: service.WithdrawApplication(
            checked_key(input.idempotency_key), input.application_id, input.expected_version, input.reason
        ),
    )


@access(needs(Permission.SETTLE_PROVIDER_ANSWERS))
async def allow_duplicate(info: Info, input: AllowDuplicateInput) -> Row:  # noqa: A002 - as above
    """Let a draft be submitted although its shop is taken."""
    return await application_payload(
        info,
        service.allow_duplicate,
        lambda: service.AllowDuplicate(
            checked_key(input.idempotency_key), input.application_id, input.expected_version, input.reason
        ),
    )
