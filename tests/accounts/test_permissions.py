"""What each role may do, written down once more."""

from __future__ import annotations

import pytest

from backend.accounts import (
    OrganisationKind,
    Permission,
    PermissionMissing,
    Role,
    StaffState,
    Viewer,
    actor_of,
    require,
)
from backend.accounts.rules import PERMISSIONS, ROLES_IN, may_grant
from backend.foundation.events import Actor

EXPECTED = {
    "FIELD_STAFF": {"application.file", "application.read.own", "handbook.read"},
    "PARTNER_ADMIN": {
        "application.read.organisation",
        "application.hand_over",
        "staff.read.organisation",
        "staff.report",
        "staff.invite",
        "handbook.read",
    },
    "PARTNER_KEY": {"application.file", "application.read.organisation", "handbook.read"},
    "REVIEWER": {
        "application.read.all",
        "application.review",
        "application.provider",
        "application.reveal",
        "staff.read.all",
        "staff.decide",
        "handbook.read",
    },
    "BUSINESS": {"application.read.all", "application.reveal", "staff.read.all", "handbook.read"},
    "ADMIN": {
        "application.read.all",
        "application.provider",
        "application.reveal",
        "application.hand_over",
        "application.audit",
        "staff.read.all",
        "staff.decide",
        "staff.manage",
        "staff.invite",
        "organisation.manage",
        "handbook.read",
        "handbook.edit",
    },
    "AUDITOR": {"application.read.all", "application.audit", "staff.read.all", "handbook.read"},
}


def _viewer(*roles: Role, state: StaffState = StaffState.APPROVED) -> Viewer:
    return Viewer("stf_1", "ses_1", "王五", state, frozenset(roles), "org_1", OrganisationKind.PARTNER)


def test_the_table_is_what_was_decided() -> None:
    """A change of what a role may do is a decision, and shows here."""
    assert {str(role): {str(item) for item in held} for role, held in PERMISSIONS.items()} == EXPECTED


@pytest.mark.parametrize("state", list(StaffState))
@pytest.mark.parametrize("role", list(Role))
def test_only_the_approved_hold_what_their_role_carries(role: Role, state: StaffState) -> None:
    """Whoever is not approved holds nothing, whatever the role; whoever is holds that and no more."""
    viewer = _viewer(role, state=state)
    held = {permission for permission in Permission if viewer.may(permission)}
    assert held == (PERMISSIONS[role] if state is StaffState.APPROVED else set())
    for permission in Permission:
        if permission in held:
            require(viewer, permission)
        else:
            with pytest.raises(PermissionMissing) as refused:
                require(viewer, permission)
            assert refused.value.permission == permission


def test_roles_add_up() -> None:
    """Two roles hold what either holds; none holds nothing."""
    both = _viewer(Role.BUSINESS, Role.FIELD_STAFF)
    assert {permission for permission in Permission if both.may(permission)} == (
        PERMISSIONS[Role.BUSINESS] | PERMISSIONS[Role.FIELD_STAFF]
    )
    assert not any(_viewer().may(permission) for permission in Permission)


def test_no_role_both_files_and_reviews() -> None:
    """Filing and reviewing lie in different hands from the start, and who only reads changes nothing."""
    for held in PERMISSIONS.values():
        assert not {Permission.FILE_APPLICATIONS, Permission.REVIEW_APPLICATIONS} <= held
    assert {permission for permission in PERMISSIONS[Role.AUDITOR] if ".read" not in permission} == {
        Permission.READ_AUDIT
    }


GRANTS = {
    "PARTNER_ADMIN": {"FIELD_STAFF"},
    "REVIEWER": {"FIELD_STAFF"},
    "ADMIN": {"FIELD_STAFF", "PARTNER_ADMIN", "REVIEWER", "BUSINESS", "ADMIN", "AUDITOR"},
}


@pytest.mark.parametrize("granter", list(Role))
def test_who_may_give_which_role(granter: Role) -> None:
    """Nobody makes somebody they could not be told from afterwards: only HQ's admin makes one, and nobody a key."""
    given = {role for role in Role if may_grant(_viewer(granter), frozenset({role}))}
    assert {str(role) for role in given} == GRANTS.get(granter, set())
    assert may_grant(_viewer(granter), frozenset(Role)) is False


def test_no_role_is_beyond_every_organisation() -> None:
    """Each role a person can have belongs to a kind of organisation, and a key's to none."""
    assert frozenset().union(*ROLES_IN.values()) == set(Role) - {Role.PARTNER_KEY}
    assert ROLES_IN.keys() == set(OrganisationKind)
    for roles in ROLES_IN.values():
        for held in (PERMISSIONS[role] for role in roles):
            assert not {Permission.FILE_APPLICATIONS, Permission.REVIEW_APPLICATIONS} <= held


def test_a_key_is_told_from_a_person() -> None:
    """The log says whether a program or a person did it."""
    assert actor_of(_viewer(Role.PARTNER_KEY)) == Actor("PARTNER_KEY", "stf_1")
    assert actor_of(_viewer(Role.FIELD_STAFF)) == Actor("STAFF", "stf_1")
