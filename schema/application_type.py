"""The application as a type of the API, and the view that reads it whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import strawberry

from backend.accounts import Permission, Viewer
from backend.applications import ApplicationKind
from backend.applications.completeness import SectionState
from backend.applications.events import EventKind
from backend.applications.fields import GroupMembership, Section
from backend.applications.policies import Channel
from backend.applications.problems import ProblemCode
from backend.applications.queries import APPLICATION as APPLICATION_BASE
from backend.applications.rules import Action, Stage, State
from backend.foundation.runtime import Runtime
from backend.foundation.views import TYPE, Row, View, fetch_by_id
from backend.opening.queries import APPLICATION_RELATIONS as OPENING_RELATIONS
from backend.review.queries import APPLICATION_RELATIONS as REVIEW_RELATIONS
from schema.application_form import CLEAR_VIEW, ApplicationForm
from schema.common.access import Otherwise, gated, viewer_of
from schema.common.context import Info
from schema.common.scalars import Cursor
from schema.common.selection import selection_of
from schema.common.user_errors import payload
from schema.transport import ApiError, Code

# Review and opening each add to what may be read of an application; here it is one type.
APPLICATION: Final[View] = APPLICATION_BASE.extended(relations={**REVIEW_RELATIONS, **OPENING_RELATIONS})

ApplicationId = Annotated[strawberry.ID, strawberry.argument(description="The application's id.")]


@strawberry.interface(description="Something with an id that can be fetched again.")
class Node:
    """What `node(id)` gives."""

    id: strawberry.ID = strawberry.field(description="Opaque; the same for as long as the thing exists.")


@strawberry.type(description="One thing the viewer could do, and why not where it is blocked.")
class AvailableAction:
    """One row of the table for this viewer, in this state."""

    action: Action = strawberry.field(description="The action.")
    allowed: bool = strawberry.field(description="Whether it can be done now.")
    blocked_reason: str | None = strawberry.field(description="The code of what must be true first.")


@strawberry.type(description="A field that is still missing, or filled in wrongly.")
class MissingField:
    """One entry of the ordered list of what is left to do."""

    field: str = strawberry.field(description="The name of the form field.")
    code: ProblemCode = strawberry.field(description="MISSING, or what is wrong with the value.")


@strawberry.type(description="A part of the form and how far it is.")
class SectionProgress:
    """One section, computed by the server."""

    section: Section = strawberry.field(description="Which part.")
    state: SectionState = strawberry.field(description="How far it is.")
    missing: list[MissingField] = strawberry.field(description="What is left to do in it, in form order.")


@strawberry.type(description="A field that was sent back and is unlocked, with the reason.")
class OpenField:
    """One reason of a return."""

    field: str = strawberry.field(description="The name of the form field.")
    code: str = strawberry.field(description="The reason's code in the handbook.")
    note: str = strawberry.field(description="A note for the staff.")
    is_changed: bool = strawberry.field(description="Whether it was changed since.")


@strawberry.type(
    description=gated(
        "Image",
        "A photo.",
        reach=CLEAR_VIEW,
        otherwise=Otherwise.EMPTY,
    )
)
class Image:
    """One checked and re-encoded photo."""

    id: strawberry.ID = strawberry.field(description="What a form field holds.")
    purpose: str = strawberry.field(description="The form field it was taken for.")
    url: str = strawberry.field(description="A link that holds for ten minutes and for this viewer alone.")
    width: int = strawberry.field(description="In pixels.")
    height: int = strawberry.field(description="In pixels.")
    size_bytes: int = strawberry.field(description="Of the JPEG.")
    sha256: str = strawberry.field(description="Of the JPEG, in hex.")
    created_at: datetime = strawberry.field(description="When it was uploaded.")


@strawberry.type(description="Another application of the same owner, or into the same bank account.")
class PossibleDuplicate:
    """What HQ compares with."""

    id: strawberry.ID = strawberry.field(description="The other application.")
    state: State = strawberry.field(description="Where it stands.")
    shop_name: str | None = strawberry.field(description="Its shop.")
    address: str | None = strawberry.field(description="Its address, masked.")
    sub_mchid: str | None = strawberry.field(description="Its account, once opened.")
    created_at: datetime = strawberry.field(description="When it was started.")


@strawberry.type(
    description=gated(
        "ApplicationReview", "What HQ needs to review.", Permission.REVIEW_APPLICATIONS, otherwise=Otherwise.NULL
    )
)
class ApplicationReview:
    """HQ's side of an application."""

    claimer_id: strawberry.ID | None = strawberry.field(description="Who holds the review.")
    claimed_until: datetime | None = strawberry.field(description="Until when.")
    approver_id: strawberry.ID | None = strawberry.field(description="Who approved it.")
    fields_to_pass: list[str] = strawberry.field(
        description="The filled fields that HQ has not passed as they are now; after a return only what has changed."
    )
    group_membership: GroupMembership | None = strawberry.field(description="What staff answered.")
    group_name: str | None = strawberry.field(description="The group staff named.")
    group_note: str | None = strawberry.field(description="What staff noted about it.")
    settled_membership: GroupMembership | None = strawberry.field(description="What HQ settled.")
    settled_group_name: str | None = strawberry.field(description="The group HQ settled.")
    same_owner: list[PossibleDuplicate] = strawberry.field(description="Applications of this owner, this one included.")
    same_account: list[PossibleDuplicate] = strawberry.field(
        description="Applications into this bank account, this one included."
    )


@strawberry.type(description="One reason WeChat Pay gave for a rejection.")
class ProviderReason:
    """One audit item, with what is sensitive taken out."""

    provider_field: str = strawberry.field(description="WeChat Pay's name of the field.")
    note: str = strawberry.field(description="Its reason.")
    form_fields: list[str] = strawberry.field(description="The form fields it speaks of; empty when we know none.")


@strawberry.type(
    description=gated(
        "FilingAttempt",
        "One form at WeChat Pay under one business code.",
        Permission.SETTLE_PROVIDER_ANSWERS,
        Permission.READ_AUDIT,
        otherwise=Otherwise.EMPTY,
    )
)
class FilingAttempt:
    """One filing attempt (申请单)."""

    id: strawberry.ID = strawberry.field(description="Our id of the attempt.")
    number: int = strawberry.field(description="Counts the codes of this application.")
    round: int = strawberry.field(description="Counts the filings under this code.")
    business_code: str = strawberry.field(description="The code; at most one account opens under it.")
    delivery: str = strawberry.field(description="UNSENT, SENDING (outcome unknown) or DELIVERED.")
    form_hash: str | None = strawberry.field(description="SHA-256 of the form as filed, in clear.")
    applyment_id: str | None = strawberry.field(description="WeChat Pay's number of the form.")
    raw_state: str | None = strawberry.field(description="WeChat Pay's last word on it, as it came.")
    sub_mchid: str | None = strawberry.field(description="The account's number once WeChat Pay gives it.")
    reasons: list[ProviderReason] = strawberry.field(description="Why it was rejected.")
    created_at: datetime = strawberry.field(description="When the code was written down.")
    sent_at: datetime | None = strawberry.field(description="When the last round was sent.")
    accepted_at: datetime | None = strawberry.field(description="When WeChat Pay took it.")
    observed_at: datetime | None = strawberry.field(description="When WeChat Pay was last asked.")


@strawberry.type(
    description=gated(
        "OwnerSigning",
        "What the owner signs with.",
        reach="who files it, application.provider, application.audit; while WeChat Pay waits for the owner",
        otherwise=Otherwise.NULL,
    )
)
class OwnerSigning:
    """The signing link, for the owner's own phone."""

    sign_url: str | None = strawberry.field(description="The link. It opens in the owner's own WeChat only.")
    qr: str | None = strawberry.field(description="The link as a QR: a data URL of an SVG image.")
    sign_before: datetime | None = strawberry.field(description="When WeChat Pay gives up waiting.")


@strawberry.type(
    description=gated(
        "Application",
        "One shop, one owner, one account to open.",
        Permission.READ_OWN_APPLICATIONS,
        Permission.READ_ORGANISATION_APPLICATIONS,
        Permission.READ_ALL_APPLICATIONS,
        reach="as far as each reaches",
        otherwise=Otherwise.ABSENT,
    )
)
class Application(Node):
    """An application, as this viewer may see it."""

    version: int = strawberry.field(description="Grows with each change; send it as `expectedVersion`.")
    state: State = strawberry.field(description="Where it stands.")
    stage: Stage = strawberry.field(description="Whose turn it is.")
    available_actions: list[AvailableAction] = strawberry.field(description="What the viewer can do now.")
    kind: ApplicationKind = strawberry.field(description="What the shop has today.")
    channel: Channel = strawberry.field(description="Where it is filed.")
    notice_version: str = strawberry.field(description="The notice its author acknowledged.")
    author_id: strawberry.ID = strawberry.field(description="Who files it.")
    organisation_id: strawberry.ID = strawberry.field(description="Where it is filed from.")
    shop_name: str | None = strawberry.field(description="The shop, once its name is filled in.")
    form: ApplicationForm = strawberry.field(description="The values, sensitive ones masked unless `isClearView`.")
    is_clear_view: bool = strawberry.field(description="Whether this viewer sees sensitive values and photos in clear.")
    images: list[Image] = strawberry.field(description="The photos; empty unless `isClearView`.")
    sections: list[SectionProgress] = strawberry.field(description="The parts of the form and how far they are.")
    missing: list[MissingField] = strawberry.field(description="What is left to do, in form order.")
    open_fields: list[OpenField] = strawberry.field(description="In RETURNED: what may be changed, and why.")
    review: ApplicationReview | None = strawberry.field(description="HQ's side; null for whoever does not review.")
    provider: list[FilingAttempt] = strawberry.field(
        description="The filings with WeChat Pay; empty for whoever may not see them."
    )
    signing: OwnerSigning | None = strawberry.field(description="For the owner to sign with, while that is due.")
    sub_mchid: str | None = strawberry.field(description="The account (特约商户号), once opened.")
    cursor: Cursor = strawberry.field(description="Where `applicationEvents` goes on from what is shown here.")
    created_at: datetime = strawberry.field(description="When it was started.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    submitted_at: datetime | None = strawberry.field(description="When it was first sent to HQ.")
    queued_at: datetime | None = strawberry.field(description="When it last joined HQ's queue.")
    hold_until: datetime | None = strawberry.field(description="Until when an approval may be recalled.")
    opened_at: datetime | None = strawberry.field(description="When the account was opened.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == APPLICATION.type_name


@strawberry.type(description="A field that a save changed; sensitive values are masked.")
class FieldChange:
    """One change of a draft."""

    field: str = strawberry.field(description="The name of the form field.")
    old: str | None = strawberry.field(description="What stood there.")
    new: str | None = strawberry.field(description="What stands there now.")


@strawberry.type(description="One reason of a return or a rejection.")
class EventReason:
    """One reason, for one field."""

    field: str = strawberry.field(description="The name of the form field, or WeChat Pay's own where we know none.")
    code: str = strawberry.field(description="The reason's code in the handbook.")
    note: str = strawberry.field(description="A note.")


@strawberry.type(
    description=gated(
        "ApplicationEvent",
        "One fact of an application's life.",
        Permission.READ_ALL_APPLICATIONS,
        reach="who may read the application; not HQ's own: who holds a review, who looked at a value",
        otherwise=Otherwise.EMPTY,
    )
)
class ApplicationEvent:
    """One event of the log, as this viewer may see it."""

    cursor: Cursor = strawberry.field(description="Send it as `after` to go on from here.")
    sequence: int = strawberry.field(description="Counts this application's events without gaps.")
    kind: EventKind = strawberry.field(description="What happened.")
    occurred_at: datetime = strawberry.field(description="When.")
    actor_kind: str = strawberry.field(description="STAFF, PARTNER_KEY or SYSTEM.")
    from_state: State | None = strawberry.field(description="Where it stood.")
    to_state: State | None = strawberry.field(description="Where it stands since.")
    reason: str | None = strawberry.field(description="The reason in words, where one was given.")
    reasons: list[EventReason] = strawberry.field(description="The reasons by field.")
    changes: list[FieldChange] = strawberry.field(description="What a save changed.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == "ApplicationEvent"


async def read_application(info: Info, application_id: str, *path: str) -> Row | None:
    """Read an application as the document asks along `path`; None when it is not the viewer's to see."""
    return await fetch_by_id(APPLICATION, selection_of(info, *path), info.context.reading, application_id)


Command = TypeVar("Command")


async def application_payload(
    info: Info,
    use_case: Callable[[Runtime, Viewer, Command], Awaitable[str]],
    command: Callable[[], Command],
) -> Row:
    """Run a use case that changes one application, and give the payload of its mutation.

    `command` is called inside, so that what is wrong with the input is told as a user error too. Refuses with NOT_FOUND
    when a call that is sent again would answer with what the viewer may not see any more.
    """

    async def change() -> Row:
        changed = await use_case(info.context.runtime, viewer_of(info.context), command())
        row = await read_application(info, changed, "application")
        if row is None:
            raise ApiError(Code.NOT_FOUND)
        return row

    return await payload("application", change)
