"""Accounts in the API: who I am."""

from __future__ import annotations

import strawberry

from backend.accounts import OrganisationKind, Permission, Role, StaffState
from backend.accounts.rules import PERMISSIONS
from backend.foundation.views import Row
from schema.common.access import SIGNED_IN, access, viewer_of
from schema.common.context import Info


@strawberry.type(description="The person or key that asks.")
class Me:
    """The viewer, told to themselves."""

    id: strawberry.ID = strawberry.field(description="Our id of this person.")
    name: str = strawberry.field(description="The name HQ knows them by.")
    state: StaffState = strawberry.field(description="Only APPROVED may do anything.")
    roles: list[Role] = strawberry.field(description="What they are.")
    permissions: list[str] = strawberry.field(description="What their roles allow, by name.")
    organisation_id: strawberry.ID = strawberry.field(description="Where they belong.")
    organisation_kind: OrganisationKind = strawberry.field(description="What kind of organisation that is.")


@access(SIGNED_IN)
async def me(info: Info) -> Row:
    """Tell the caller who they are."""
    viewer = viewer_of(info.context)
    permissions: set[Permission] = set()
    for role in viewer.roles:
        permissions |= PERMISSIONS[role]
    return {
        "id": viewer.id,
        "name": viewer.name,
        "state": viewer.state,
        "roles": sorted(viewer.roles),
        "permissions": sorted(permission for permission in permissions if viewer.may(permission)),
        "organisation_id": viewer.organisation_id,
        "organisation_kind": viewer.organisation_kind,
    }
