"""What is on record, in the API: the audit trail of a subject, and the values that were looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import strawberry

from backend.accounts import Permission
from backend.applications import RevealField
from backend.applications import reveal_field as reveal
from backend.foundation.views import Row
from backend.insight import audit
from schema.common.access import Otherwise, access, gated, needs, viewer_of
from schema.common.connection import DEFAULT_FIRST, First, checked_first
from schema.common.context import Info
from schema.common.user_errors import UserError, checked_key, payload
from schema.transport import ApiError, Code

_KEY: Final = "16 to 64 characters; the same call has the same key."


@strawberry.type(description="One member of what an event says; sensitive values are masked.")
class AuditFact:
    """A name and a value."""

    name: str = strawberry.field(description="What it is.")
    value: str = strawberry.field(description="As text; JSON where it is more than a text.")


@strawberry.type(description="One fact of the log with who did it.")
class AuditEvent:
    """One link of the chain."""

    sequence: int = strawberry.field(description="Counts the subject's events without gaps.")
    kind: str = strawberry.field(description="What happened.")
    actor_kind: str = strawberry.field(description="STAFF, PARTNER_KEY or SYSTEM.")
    actor_id: strawberry.ID = strawberry.field(description="Who did it; `system` for the system.")
    occurred_at: datetime = strawberry.field(description="When.")
    facts: list[AuditFact] = strawberry.field(description="What it says.")
    hash: str = strawberry.field(description="SHA-256 over this event and the one before it.")


@strawberry.type(
    description=gated(
        "AuditTrail",
        "The record of one subject, and whether it is whole.",
        Permission.READ_AUDIT,
        otherwise=Otherwise.ABSENT,
    )
)
class AuditTrail:
    """The chain of one subject."""

    is_whole: bool = strawberry.field(description="Whether no event is missing or was changed.")
    broken_at: int | None = strawberry.field(description="The sequence at which it is not whole.")
    length: int = strawberry.field(description="How many events there are.")
    events: list[AuditEvent] = strawberry.field(description="A page of them, oldest first.")
    has_more: bool = strawberry.field(description="Whether there are more behind this page.")


@strawberry.input(description="Input of `revealField`.")
class RevealFieldInput:
    """Reveal."""

    idempotency_key: str = strawberry.field(description=_KEY)
    application_id: strawberry.ID = strawberry.field(description="The application.")
    field: str = strawberry.field(description="The name of the masked form field, as `mobile_phone`.")
    reason: str = strawberry.field(description="Why; it stays on record.")


@strawberry.type(description="A value in clear, or why it is not shown.")
class RevealFieldPayload:
    """The answer of `revealField`."""

    value: str | None = strawberry.field(description="The value; null where the field is empty.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing is shown; empty when it is.")


@access(needs(Permission.READ_AUDIT))
async def audit_trail(
    info: Info,  # noqa: ARG001 - the guard reads it
    subject_id: Annotated[
        strawberry.ID,
        strawberry.argument(description="An application, a person, an organisation, an invitation, a handbook entry."),
    ],
    first: First = DEFAULT_FIRST,
    after: Annotated[int, strawberry.argument(description="The sequence behind which to go on.")] = 0,
) -> Row | None:
    """Show who did what to one subject, and check its chain; null for what is not there."""
    if after < 0:
        raise ApiError(Code.BAD_REQUEST)
    return await audit.audit_trail(subject_id, first=checked_first(first), after=after)


@access(needs(Permission.REVEAL_FIELDS))
async def reveal_field(info: Info, input: RevealFieldInput) -> Row:  # noqa: A002 - every mutation's argument
    """Show one sensitive value of an application in clear, for a reason, on record."""

    async def change() -> str | None:
        command = RevealField(checked_key(input.idempotency_key), input.application_id, input.field, input.reason)
        return await reveal(info.context.runtime, viewer_of(info.context), command)

    return await payload("value", change)
