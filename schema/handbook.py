"""The handbook in the API: what staff read before and while they file."""

from __future__ import annotations

from datetime import date

import strawberry

from backend.accounts import Permission
from backend.consent.texts import current_text
from backend.foundation.clock import date_in_china
from backend.foundation.views import Row
from backend.handbook import rate_plans_on, read_handbook
from backend.handbook.content import Kind
from schema.common.access import access, needs
from schema.common.context import Info

READS_HANDBOOK = needs(Permission.READ_HANDBOOK)


@strawberry.type(description="A versioned text: the notice staff acknowledge, or what the owner consents to.")
class VersionedText:
    """One version of a text."""

    version: str = strawberry.field(description="Send it back as what was acknowledged or consented to.")
    title: str = strawberry.field(description="Its heading.")
    paragraphs: list[str] = strawberry.field(description="Its body.")


@strawberry.type(description="An offer of fees that may be filed today.")
class RatePlan:
    """One dated rate plan."""

    code: str = strawberry.field(description="What the form's `ratePlan` holds.")
    title: str = strawberry.field(description="What staff read.")
    base_rate_percent: str = strawberry.field(description="The rate without an activity.")
    debit_rate_percent: str | None = strawberry.field(description="The activity's rate for other than credit cards.")
    credit_rate_percent: str | None = strawberry.field(description="The activity's rate for credit cards.")
    qualification_type: str = strawberry.field(description="The trade that is filed when staff name no other.")
    valid_from: date = strawberry.field(description="From when.")
    valid_through: date | None = strawberry.field(description="Until when; null while no end is set.")


def _today(info: Info) -> date:
    return date_in_china(info.context.runtime.clock.now())


@access(READS_HANDBOOK)
async def current_notice(info: Info) -> Row:
    """Give the notice that `startApplication` wants acknowledged."""
    notice = (await read_handbook(Kind.NOTICE)).start_notice(_today(info))
    return {"version": notice.version_name, "title": notice.title, "paragraphs": list(notice.content.paragraphs)}


@access(READS_HANDBOOK)
async def current_consent_text(info: Info) -> Row:
    """Give the text the owner consents to."""
    text = current_text(_today(info))
    return {"version": text.version, "title": text.title, "paragraphs": list(text.paragraphs)}


@access(READS_HANDBOOK)
async def rate_plans(info: Info) -> list[Row]:
    """List the rate plans that may be filed today."""
    return [
        {
            "code": plan.code,
            "title": plan.title,
            "base_rate_percent": plan.content.base_rate_percent,
            "debit_rate_percent": plan.content.debit_rate_percent,
            "credit_rate_percent": plan.content.credit_rate_percent,
            "qualification_type": plan.content.qualification_type,
            "valid_from": plan.content.valid_from,
            "valid_through": plan.content.valid_through,
        }
        for plan in (await rate_plans_on(_today(info))).offered.values()
    ]
