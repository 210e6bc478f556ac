"""`me`: the caller is told who they are."""

from __future__ import annotations

import pytest

from backend.accounts import Role, StaffState, Viewer
from tests.builders.api import Api
from tests.conftest import MakeViewer


async def test_an_approved_person_is_told_what_they_may_do(api: Api, clerk: Viewer) -> None:
    """Name, organisation, roles and permissions are those of the session's person."""
    told = (await (await api.client(clerk)).call("Me")).value
    assert told.pop("contacts")
    assert told == {
        "id": clerk.id,
        "version": 1,
        "name": "测试clerk",
        "state": "APPROVED",
        "stage": "ACTIVE",
        "availableActions": [],
        "roles": ["FIELD_STAFF"],
        "permissions": ["application.file", "application.read.own", "handbook.read"],
        "organisationId": clerk.organisation_id,
        "organisationKind": "HQ_FIELD",
        "organisation": {
            "id": clerk.organisation_id,
            "name": "总部系统优化部",
            "kind": "HQ_FIELD",
            "state": "OPEN",
        },
        "workKind": None,
        "mobile": None,
        "mobileVerifiedAt": None,
        "appliedAt": None,
        "hurriedAt": None,
        "decidedAt": None,
        "decisionReason": None,
    }


@pytest.mark.parametrize("state", [StaffState.PENDING, StaffState.REJECTED])
async def test_who_is_not_approved_is_told_where_they_stand(api: Api, a_viewer: MakeViewer, state: StaffState) -> None:
    """Somebody who waits, or was turned down, sees their state and that they may do nothing."""
    client = await api.client(await a_viewer("newcomer", Role.FIELD_STAFF, "partner", state))
    told = (await client.call("Me")).value
    assert (told["state"], told["permissions"]) == (state, [])
