"""People, organisations and invitations as types of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from backend.accounts import OrganisationKind, Permission, Role, StaffState, WorkKind
from backend.accounts.invitation_rules import InvitationAction, InvitationState
from backend.accounts.organisation_rules import OrganisationAction, OrganisationState
from backend.accounts.rules import StaffAction, StaffStage
from backend.accounts.sessions import SessionKind
from backend.foundation.views import TYPE
from schema.application_type import Node
from schema.common.access import Otherwise, gated

_VERSION = "Grows with each change; send it as `expectedVersion`."
_ACTIONS = "What the viewer can do now."
_BLOCKED = "The code of what must be true first."


@strawberry.type(description="One thing the viewer could do to an organisation.")
class OrganisationAvailableAction:
    """One row of the organisation's table for this viewer."""

    action: OrganisationAction = strawberry.field(description="The action.")
    allowed: bool = strawberry.field(description="Whether it can be done now.")
    blocked_reason: str | None = strawberry.field(description=_BLOCKED)


@strawberry.type(
    description=gated(
        "Organisation",
        "A node of the tree of organisations.",
        reach="HQ all of them; everybody their own, and those below it where they lead it",
        otherwise=Otherwise.ABSENT,
    )
)
class Organisation(Node):
    """HQ, one of its teams, or a partner."""

    version: int = strawberry.field(description=_VERSION)
    state: OrganisationState = strawberry.field(description="Whether it works with us.")
    stage: str = strawberry.field(description="The same as its state.")
    available_actions: list[OrganisationAvailableAction] = strawberry.field(description=_ACTIONS)
    name: str = strawberry.field(description="Its name.")
    kind: OrganisationKind = strawberry.field(description="What it is to us.")
    parent_id: strawberry.ID | None = strawberry.field(description="The node above it; null for HQ.")
    accepts_registrations: bool = strawberry.field(description="Whether newcomers may choose it.")
    created_at: datetime = strawberry.field(description="Since when we know it.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == "Organisation"


@strawberry.type(description="An organisation that newcomers may choose.")
class OrganisationChoice:
    """What a guest sees of it."""

    id: strawberry.ID = strawberry.field(description="Send it as `organisationId`.")
    name: str = strawberry.field(description="Its name.")
    kind: OrganisationKind = strawberry.field(description="What it is to us.")


@strawberry.type(description="One thing the viewer could do about a person.")
class StaffAvailableAction:
    """One row of the person's table for this viewer."""

    action: StaffAction = strawberry.field(description="The action.")
    allowed: bool = strawberry.field(description="Whether it can be done now.")
    blocked_reason: str | None = strawberry.field(description=_BLOCKED)


@strawberry.type(
    description=gated(
        "Staff",
        "A person who works with us, wants to, or did.",
        reach="HQ all but guests; who leads an organisation, its people and those below; everybody themselves",
        otherwise=Otherwise.ABSENT,
    )
)
class Staff(Node):
    """A person, as this viewer may see them."""

    version: int = strawberry.field(description=_VERSION)
    state: StaffState = strawberry.field(description="Only APPROVED may do anything.")
    stage: StaffStage = strawberry.field(description="The coarse state for display.")
    available_actions: list[StaffAvailableAction] = strawberry.field(description=_ACTIONS)
    name: str = strawberry.field(description="As they registered.")
    roles: list[Role] = strawberry.field(description="What they are, or ask to be.")
    organisation: Organisation | None = strawberry.field(
        description="Where they belong; null where the viewer may not know of it."
    )
    organisation_id: strawberry.ID | None = strawberry.field(description="Where they belong.")
    work_kind: WorkKind | None = strawberry.field(description="What kind of work they do.")
    mobile: str | None = strawberry.field(
        description=gated(
            "Staff.mobile",
            "The mobile number; `revealMobile` shows it.",
            reach="nobody in clear",
            otherwise=Otherwise.MASKED,
        )
    )
    mobile_verified_at: datetime | None = strawberry.field(description="When WeChat vouched for the number.")
    applied_at: datetime | None = strawberry.field(description="When they last registered.")
    hurried_at: datetime | None = strawberry.field(description="When they last hurried HQ.")
    decided_at: datetime | None = strawberry.field(description="When HQ decided.")
    decision_reason: str | None = strawberry.field(description="HQ's reason, where it gave one.")
    cut_off_at: datetime | None = strawberry.field(description="Since when they have no access.")
    cut_off_reason: str | None = strawberry.field(description="Why.")
    successor_id: strawberry.ID | None = strawberry.field(description="Who took over their work.")
    created_at: datetime = strawberry.field(description="When they first came.")
    updated_at: datetime = strawberry.field(description="When something of this last changed.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == "Staff"


@strawberry.type(
    description=gated(
        "Session", "A way in that has not ended.", reach="the person themselves", otherwise=Otherwise.ABSENT
    )
)
class Session:
    """A session, or a key."""

    id: strawberry.ID = strawberry.field(description="Send it to `endSession`.")
    kind: SessionKind = strawberry.field(description="A person's session, or the key of a partner's system.")
    device: str | None = strawberry.field(description="What the phone said it was.")
    created_at: datetime = strawberry.field(description="When it was opened.")
    expires_at: datetime = strawberry.field(description="When it ends by itself.")
    is_current: bool = strawberry.field(description="Whether it is the one that asks.")


@strawberry.type(description="One thing the viewer could do with an invitation.")
class InvitationAvailableAction:
    """One row of the invitation's table for this viewer."""

    action: InvitationAction = strawberry.field(description="The action.")
    allowed: bool = strawberry.field(description="Whether it can be done now.")
    blocked_reason: str | None = strawberry.field(description=_BLOCKED)


@strawberry.type(
    description=gated(
        "Invitation",
        "An offer to register, for one person.",
        Permission.INVITE_STAFF,
        Permission.MANAGE_STAFF,
        reach="into one's own organisation and those below it; staff.manage all of them",
        otherwise=Otherwise.ABSENT,
    )
)
class Invitation(Node):
    """An invitation."""

    version: int = strawberry.field(description=_VERSION)
    state: InvitationState = strawberry.field(description="Whether it was used.")
    stage: str = strawberry.field(description="The same as its state.")
    available_actions: list[InvitationAvailableAction] = strawberry.field(description=_ACTIONS)
    role: Role = strawberry.field(description="What the invited person will be.")
    organisation: Organisation | None = strawberry.field(description="Where they will belong.")
    inviter_id: strawberry.ID = strawberry.field(description="Who invites.")
    note: str = strawberry.field(description="For whoever invited: whom it is for.")
    expires_at: datetime = strawberry.field(description="Until when it is good.")
    is_expired: bool = strawberry.field(description="Whether it is too late.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == "Invitation"


@strawberry.type(
    description=gated(
        "InvitationCode",
        "The code (小程序码) of an invitation.",
        Permission.INVITE_STAFF,
        reach="whoever made the invitation, while it is open",
        otherwise=Otherwise.ABSENT,
    )
)
class InvitationCode:
    """What the invited person scans."""

    scene: str = strawberry.field(description="What the page is opened with; send it as `invitation`.")
    page: str = strawberry.field(description="The page of the mini program.")
    picture: str = strawberry.field(description="The code to scan: a data URL of an image.")
