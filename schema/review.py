"""Review in the API: the queue, claims, decisions."""

from __future__ import annotations

import strawberry

import backend.review as service
from backend.accounts import Permission
from backend.applications.fields import GroupMembership
from backend.foundation.clock import date_in_china
from backend.foundation.pages import fetch_page
from backend.foundation.views import Row
from backend.handbook import return_reasons_on
from backend.review.queries import IN_QUEUE, QUEUE_ORDER
from schema.application_type import APPLICATION, application_payload
from schema.applications import ApplicationInput, ApplicationReasonInput
from schema.common.access import access, needs
from schema.common.connection import DEFAULT_FIRST, After, First, checked_first, connection_of
from schema.common.context import Info
from schema.common.selection import selection_of
from schema.common.user_errors import checked_key

REVIEWS = needs(Permission.REVIEW_APPLICATIONS)


@strawberry.input(description="Why one field is sent back.")
class FieldReasonInput:
    """One reason of a return."""

    field: str = strawberry.field(description="The name of the form field, as `id_card_copy`.")
    code: str = strawberry.field(description="One of `returnReasons`.")
    note: str = strawberry.field(description="A note for the staff, at most 200 characters.", default="")


@strawberry.input(description="Input of `claimApplication`.")
class ClaimApplicationInput(ApplicationInput):
    """Claim."""


@strawberry.input(description="Input of `releaseApplication`.")
class ReleaseApplicationInput(ApplicationInput):
    """Release."""


@strawberry.input(description="Input of `recallApplication`.")
class RecallApplicationInput(ApplicationReasonInput):
    """Recall."""


@strawberry.input(description="Input of `decideApplication`. Which members count depends on the decision.")
class DecideApplicationInput(ApplicationInput):
    """Decide."""

    decision: service.Decision = strawberry.field(description="What is decided.")
    reason: str = strawberry.field(description="REFUSE, REFILE: why, in at most 500 characters.", default="")
    field_reasons: list[FieldReasonInput] = strawberry.field(
        description="RETURN: which fields, and why; only these unlock.", default_factory=list
    )
    passed_fields: list[str] = strawberry.field(
        description="APPROVE: every field of `review.fieldsToPass`, each seen beside its photo. RETURN: what is right.",
        default_factory=list,
    )
    group_membership: GroupMembership | None = strawberry.field(
        description="APPROVE: what HQ settles; absent keeps what staff answered, and UNKNOWN cannot be approved.",
        default=None,
    )
    group_name: str | None = strawberry.field(description="APPROVE, for BRANCH_OF: the group.", default=None)


@strawberry.type(description="A reason HQ may give for sending a field back.")
class ReturnReason:
    """One coded reason of the handbook."""

    code: str = strawberry.field(description="Stable.")
    title: str = strawberry.field(description="What staff read.")
    form_fields: list[str] = strawberry.field(description="The form fields it fits; empty when it fits any.")


@access(REVIEWS)
async def review_queue(info: Info, first: First = DEFAULT_FIRST, after: After = None) -> Row:
    """List what waits for HQ, first in first out."""
    page = await fetch_page(
        APPLICATION,
        selection_of(info, "edges", "node"),
        info.context.reading,
        order=QUEUE_ORDER,
        first=checked_first(first),
        after=after,
        where=IN_QUEUE,
    )
    return connection_of(page)


@access(needs(Permission.READ_HANDBOOK))
async def return_reasons(info: Info) -> list[Row]:
    """List the reasons a field may be sent back for."""
    reasons = await return_reasons_on(date_in_china(info.context.runtime.clock.now()))
    return [
        {"code": reason.code, "title": reason.title, "form_fields": list(reason.content.form_fields)}
        for reason in reasons
    ]


def _claim(input: ApplicationInput) -> service.ClaimApplication:  # noqa: A002 - every mutation's argument
    return service.ClaimApplication(checked_key(input.idempotency_key), input.application_id, input.expected_version)


@access(REVIEWS)
async def claim_application(info: Info, input: ClaimApplicationInput) -> Row:  # noqa: A002 - as above
    """Take an application for review for fifteen minutes; opens the clear view, and is on record."""
    return await application_payload(info, service.claim_application, lambda: _claim(input))


@access(REVIEWS)
async def release_application(info: Info, input: ReleaseApplicationInput) -> Row:  # noqa: A002 - as above
    """Give a claimed application back to the queue."""
    return await application_payload(info, service.release_application, lambda: _claim(input))


@access(needs(Permission.REVIEW_APPLICATIONS, Permission.SETTLE_PROVIDER_ANSWERS))
async def decide_application(info: Info, input: DecideApplicationInput) -> Row:  # noqa: A002 - as above
    """Approve, return, refuse; or file again what came back from WeChat Pay."""
    return await application_payload(
        info,
        service.decide_application,
        lambda: service.DecideApplication(
            idempotency_key=checked_key(input.idempotency_key),
            application_id=input.application_id,
            expected_version=input.expected_version,
            decision=input.decision,
            reason=input.reason,
            field_reasons=tuple(service.FieldReason(r.field, r.code, r.note) for r in input.field_reasons),
            passed_fields=tuple(input.passed_fields),
            group_membership=input.group_membership,
            group_name=input.group_name,
        ),
    )


@access(REVIEWS)
async def recall_application(info: Info, input: RecallApplicationInput) -> Row:  # noqa: A002 - as above
    """Take an approval back before the system has filed it; by whoever approved."""
    return await application_payload(
        info,
        service.recall_application,
        lambda: service.RecallApplication(
            checked_key(input.idempotency_key), input.application_id, input.expected_version, input.reason
        ),
    )
