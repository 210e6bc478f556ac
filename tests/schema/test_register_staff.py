"""`registerStaff`: a guest asks to be let in."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Role, Viewer
from backend.accounts.models import Staff
from backend.foundation.runtime import Runtime
from tests.builders.api import Api, Client
from tests.builders.people import a_code, a_team, a_wechat_person, close, invite, token_of
from tests.schema.mutations import Told, assert_refused

REGISTER: Final = "RegisterStaff"


async def _guest(api: Api) -> Client:
    code = a_code(api.mini_program, a_wechat_person())
    opened = (await api.with_token(None).call("SignIn", input={"code": code})).value
    return api.with_token(opened["token"])


def _given(**given: Any) -> dict[str, Any]:
    return {"expectedVersion": 1, "name": "林小芳", "workKind": "SALES", "mobile": "13800138000", **given}


async def test_a_guest_waits_for_hq(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """Name and place are shown to themselves, the number masked; who to call is there."""
    team = await a_team(runtime, admin)
    me = (await (await _guest(api)).change(REGISTER, **_given(organisationId=team, name="  林  小芳 "))).changed
    assert {name: me[name] for name in ("name", "state", "stage", "roles", "workKind", "mobile", "version")} == {
        "name": "林 小芳",
        "state": "PENDING",
        "stage": "JOINING",
        "roles": ["FIELD_STAFF"],
        "workKind": "SALES",
        "mobile": "138****8000",
        "version": 2,
    }
    assert me["organisation"]["id"] == me["organisationId"] == team
    assert me["contacts"]
    assert [(item["action"], item["allowed"]) for item in me["availableActions"]] == [("HURRY", True)]


async def test_an_invitation_sets_place_and_role_once(api: Api, runtime: Runtime, partner_admin: Viewer) -> None:
    """A second person with the same code is refused, and learns nothing of it."""
    invitation = await invite(runtime, partner_admin, partner_admin.organisation_id)
    scene = await token_of(runtime, api.mini_program, partner_admin, invitation)
    me = (await (await _guest(api)).change(REGISTER, **_given(invitation=scene))).changed
    assert (me["state"], me["organisationId"]) == ("PENDING", partner_admin.organisation_id)
    second = (await _guest(api)).change(REGISTER, **_given(invitation=scene, mobile="13900139000"))
    await assert_refused(second, ("INVITATION_INVALID", "invitation"))


async def test_each_refusal_names_its_member(
    api: Api, runtime: Runtime, admin: Viewer, partner_admin: Viewer, clerk: Viewer
) -> None:
    """And leaves the guest a guest."""
    team, closed = await a_team(runtime, admin), await a_team(runtime, admin, "关闭的渠道")
    await close(runtime, admin, closed)
    client, clerks = await _guest(api), await api.client(clerk)
    api.mini_program.phones["taken"] = "13700137000"
    assert (await clerks.change("VerifyMobile", code="taken")).changed
    cases: list[tuple[dict[str, Any], Told]] = [
        ({"organisationId": team, "name": "林"}, ("NAME_INVALID", "name")),
        ({"organisationId": team, "name": "林" * 41}, ("NAME_INVALID", "name")),
        ({"organisationId": team, "mobile": None}, ("MOBILE_MISSING", "mobile")),
        ({"organisationId": team, "mobile": "12345"}, ("MOBILE_INVALID", "mobile")),
        ({"organisationId": team, "mobile": "13700137000"}, ("MOBILE_TAKEN", "mobile")),
        ({"organisationId": None}, ("ORGANISATION_UNKNOWN", "organisationId")),
        ({"organisationId": closed}, ("ORGANISATION_UNKNOWN", "organisationId")),
        (
            {"organisationId": partner_admin.organisation_id},
            ("ORGANISATION_CLOSED_TO_NEWCOMERS", "organisationId"),
        ),
        ({"invitation": "nonsense"}, ("INVITATION_INVALID", "invitation")),
    ]
    for given, told in cases:
        await assert_refused(client.change(REGISTER, **_given(**given)), told)
    await assert_refused(
        clerks.change(REGISTER, **_given(organisationId=team, expectedVersion=2)), ("ILLEGAL_STATE", "")
    )
    assert await Staff.filter(state="GUEST").count() == 1


async def test_an_invited_admin_becomes_one(api: Api, runtime: Runtime, admin: Viewer, partner_admin: Viewer) -> None:
    """The role is the inviter's to give, not the newcomer's to ask."""
    invitation = await invite(runtime, admin, partner_admin.organisation_id, Role.PARTNER_ADMIN)
    scene = await token_of(runtime, api.mini_program, admin, invitation)
    me = (await (await _guest(api)).change(REGISTER, **_given(invitation=scene))).changed
    assert (me["roles"], me["permissions"]) == (["PARTNER_ADMIN"], [])
