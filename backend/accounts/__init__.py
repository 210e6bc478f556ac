"""Staff, organisations, roles, sessions."""

from backend.accounts.errors import PermissionMissing, SessionInvalid
from backend.accounts.rules import OrganisationKind, Permission, Role, StaffState, Viewer
from backend.accounts.service import (
    actor_of,
    authenticate,
    ensure_organisation,
    ensure_staff,
    is_active,
    open_session,
    reauthenticate,
    require,
)

__all__ = [
    "OrganisationKind",
    "Permission",
    "PermissionMissing",
    "Role",
    "SessionInvalid",
    "StaffState",
    "Viewer",
    "actor_of",
    "authenticate",
    "ensure_organisation",
    "ensure_staff",
    "is_active",
    "open_session",
    "reauthenticate",
    "require",
]
