"""How each operation is sent, and to a subject in which state; made anew for each call that changes something."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from backend.accounts import (
    ChangeStaff,
    CreateInvitation,
    OrganisationKind,
    Role,
    StaffState,
    create_invitation,
    ensure_organisation,
    ensure_staff,
    suspend_staff,
)
from backend.accounts.models import Organisation
from backend.foundation.runtime import Runtime
from backend.wechat import WeChatPerson
from tests.builders.api import Answer, Api, Client, a_key
from tests.builders.handbook_keeping import Kept, a_draft
from tests.schema import cases
from tests.schema.callers import Callers
from tests.schema.inputs import NIGHT_NOTICE, PHOTO, START

Given = dict[str, Any]

_numbers = itertools.count(1)
_PAGE: Final[Given] = {"first": 5}
_WHY: Final[Given] = {"reason": "店主改了主意"}


@dataclass(frozen=True, slots=True)
class Scene:
    """The API with everybody who could call."""

    api: Api
    callers: Callers

    @property
    def runtime(self) -> Runtime:
        """What the use cases run on."""
        return self.api.runtime

    async def draft(self) -> cases.Case:
        """Give a draft of the author with nothing filled in."""
        return await cases.started(self.runtime, self.callers.people["author"])

    async def member(self, state: StaffState = StaffState.APPROVED) -> str:
        """Give the id of one more person of the partner."""
        number = next(_numbers)
        return await ensure_staff(
            self.runtime,
            code=f"member{number}",
            name=f"测试同事{number}",
            roles=frozenset({Role.FIELD_STAFF}),
            organisation_id=self.callers.people["author"].organisation_id,
            state=state,
        )

    async def leaver(self) -> str:
        """Give the id of a person of the partner whom HQ has suspended."""
        staff_id = await self.member()
        command = ChangeStaff(a_key(), staff_id, 1, "离职")
        await suspend_staff(self.runtime, self.callers.people["admin"], command)
        return staff_id

    async def invitation(self) -> str:
        """Give the id of an open invitation that the partner's admin made."""
        inviter = self.callers.people["partner_admin"]
        command = CreateInvitation(a_key(), inviter.organisation_id, Role.FIELD_STAFF, "")
        return await create_invitation(self.runtime, inviter, command)

    async def organisation(self, state: str = "OPEN") -> str:
        """Give the id of an organisation in which there is nobody."""
        number = next(_numbers)
        organisation_id = await ensure_organisation(
            self.runtime,
            code=f"empty{number}",
            name=f"空渠道{number}",
            kind=OrganisationKind.PARTNER,
            parent_id=self.callers.people["admin"].organisation_id,
        )
        await Organisation.filter(id=organisation_id).update(state=state)
        return organisation_id

    async def entry(self) -> Kept:
        """Give a draft of a notice that wants to be acknowledged."""
        admin, code = self.callers.people["admin"], f"NIGHT_{next(_numbers)}"
        return await a_draft(self.runtime, admin, code=code, needs_acknowledgement=True)

    async def published_entry(self) -> Kept:
        """Give such a notice in force."""
        kept = await self.entry()
        await kept.publish()
        return kept


async def _nothing(_scene: Scene) -> Given:
    return {}


async def _page(_scene: Scene) -> Given:
    return _PAGE


async def _draft(scene: Scene) -> Given:
    return {"id": (await scene.draft()).id}


async def _of_draft(scene: Scene) -> Given:
    return {"applicationId": (await scene.draft()).id}


async def _page_of_draft(scene: Scene) -> Given:
    return {**await _of_draft(scene), **_PAGE}


async def _author(scene: Scene) -> Given:
    return {"id": scene.callers.people["author"].id}


async def _leaver(scene: Scene) -> Given:
    return {"staffId": await scene.leaver()}


async def _invitation(scene: Scene) -> Given:
    return {"invitationId": await scene.invitation()}


async def _trail(scene: Scene) -> Given:
    return {"subjectId": (await scene.draft()).id, "after": 0, **_PAGE}


async def _login(scene: Scene) -> Given:
    number = next(_numbers)
    scene.api.mini_program.logins[f"login-code-{number}"] = WeChatPerson(f"openid-{number}", None)
    return {"code": f"login-code-{number}"}


async def _phone_button(scene: Scene) -> Given:
    number = next(_numbers)
    scene.api.mini_program.phones[f"phone-code-{number}"] = "13700137000"
    return {"code": f"phone-code-{number}"}


async def _registration(scene: Scene) -> Given:
    return {
        "expectedVersion": 1,
        "name": "新来的小吴",
        "workKind": "SALES",
        "mobile": "13900139000",
        "organisationId": scene.callers.people["superior"].organisation_id,
    }


async def _hurry(_scene: Scene) -> Given:
    return {"expectedVersion": 1}


async def _moment(_scene: Scene) -> Given:
    return {"moment": "REGISTRATION"}


async def _consents(_scene: Scene) -> Given:
    return {"moment": "REGISTRATION", "answers": []}


async def _pending_member(scene: Scene) -> Given:
    return {"staffId": await scene.member(StaffState.PENDING), "expectedVersion": 1, "decision": "APPROVE"}


async def _promoted_member(scene: Scene) -> Given:
    return {"staffId": await scene.member(), "expectedVersion": 1, "roles": ["PARTNER_ADMIN"]}


async def _member(scene: Scene) -> Given:
    return {"staffId": await scene.member(), "expectedVersion": 1, **_WHY}


async def _suspended_member(scene: Scene) -> Given:
    return {"staffId": await scene.leaver(), "expectedVersion": 2, **_WHY}


async def _two_colleagues(scene: Scene) -> Given:
    people = scene.callers.people
    return {"staffId": people["author"].id, "successorId": people["colleague"].id}


async def _mobile(scene: Scene) -> Given:
    return {"staffId": scene.callers.people["author"].id, **_WHY}


async def _field(scene: Scene) -> Given:
    return {**await _of_draft(scene), "field": "mobile_phone", **_WHY}


async def _new_organisation(scene: Scene) -> Given:
    return {"name": "新渠道", "kind": "PARTNER", "parentId": scene.callers.people["admin"].organisation_id}


async def _renamed_organisation(scene: Scene) -> Given:
    return {"organisationId": await scene.organisation(), "expectedVersion": 1, "name": "新名字"}


async def _open_organisation(scene: Scene) -> Given:
    return {"organisationId": await scene.organisation(), "expectedVersion": 1, **_WHY}


async def _closed_organisation(scene: Scene) -> Given:
    return {"organisationId": await scene.organisation("CLOSED"), "expectedVersion": 1, **_WHY}


async def _new_invitation(scene: Scene) -> Given:
    return {"organisationId": scene.callers.people["author"].organisation_id, "role": "FIELD_STAFF"}


async def _open_invitation(scene: Scene) -> Given:
    return {"invitationId": await scene.invitation(), "expectedVersion": 1}


async def _start(_scene: Scene) -> Given:
    return START


async def _at(case: cases.Case, **more: Any) -> Given:
    return {"applicationId": case.id, "expectedVersion": await case.version(), **more}


async def _saved(scene: Scene) -> Given:
    return await _at(await scene.draft(), form={"microName": "大郎烧饼"})


async def _photo(scene: Scene) -> Given:
    return {"applicationId": (await scene.draft()).id, "purpose": "id_card_copy"}


async def _filled(scene: Scene) -> Given:
    return await _at(await cases.filled(scene.runtime, scene.callers.people["author"]))


async def _submitted(scene: Scene) -> Given:
    return await _at(await cases.submitted(scene.runtime, scene.callers.people["author"]))


async def _withdrawn(scene: Scene) -> Given:
    return {**await _submitted(scene), **_WHY}


async def _duplicate(scene: Scene) -> Given:
    return await _at(await scene.draft(), **_WHY)


async def _claimed(scene: Scene) -> Given:
    people = scene.callers.people
    return await _at(await cases.claimed(scene.runtime, people["author"], people["reviewer"]))


async def _refused(scene: Scene) -> Given:
    return {**await _claimed(scene), "decision": "REFUSE", **_WHY}


async def _recalled(scene: Scene) -> Given:
    people = scene.callers.people
    return await _at(await cases.approved(scene.runtime, people["author"], people["reviewer"]), **_WHY)


async def _notices(_scene: Scene) -> Given:
    return {"kind": "NOTICE"}


async def _versions(_scene: Scene) -> Given:
    return {"kind": "NOTICE", "code": "START", **_PAGE}


async def _saved_entry(_scene: Scene) -> Given:
    return NIGHT_NOTICE


async def _drafted_entry(scene: Scene) -> Given:
    return {"entryId": (await scene.entry()).id, "expectedVersion": 1}


async def _published_entry(scene: Scene) -> Given:
    kept = await scene.published_entry()
    return {"entryId": kept.id, "expectedVersion": await kept.version()}


async def _read_entry(scene: Scene) -> Given:
    return {"entryId": (await scene.published_entry()).id}


async def _sample(_scene: Scene) -> Given:
    return {"code": "id_card_copy"}


# What each operation is sent. Subscriptions have their own tests.
CALLS: Final[dict[str, Callable[[Scene], Awaitable[Given]]]] = {
    "me": _nothing,
    "sessions": _nothing,
    "registration_organisations": _nothing,
    "staff": _author,
    "staff_members": _page,
    "registrations": _page,
    "leaver_proof": _leaver,
    "organisations": _nothing,
    "invitations": _page,
    "invitation_code": _invitation,
    "audit_trail": _trail,
    "inbox": _page,
    "inbox_unread_count": _nothing,
    "alerts": _page,
    "subscribe_templates": _moment,
    "node": _draft,
    "application": _draft,
    "applications": _page,
    "application_timeline": _page_of_draft,
    "preflight_application": _of_draft,
    "review_queue": _page,
    "return_reasons": _nothing,
    "current_notice": _nothing,
    "current_consent_text": _nothing,
    "rate_plans": _nothing,
    "handbook": _notices,
    "handbook_versions": _versions,
    "sign_in": _login,
    "end_session": _nothing,
    "verify_mobile": _phone_button,
    "register_staff": _registration,
    "hurry_registration": _hurry,
    "mark_inbox_read": _nothing,
    "record_subscribe_results": _consents,
    "decide_registration": _pending_member,
    "reassign_staff": _promoted_member,
    "report_leaver": _member,
    "suspend_staff": _member,
    "reinstate_staff": _suspended_member,
    "offboard_staff": _member,
    "hand_over_applications": _two_colleagues,
    "reveal_mobile": _mobile,
    "reveal_field": _field,
    "create_organisation": _new_organisation,
    "change_organisation": _renamed_organisation,
    "close_organisation": _open_organisation,
    "reopen_organisation": _closed_organisation,
    "create_invitation": _new_invitation,
    "revoke_invitation": _open_invitation,
    "start_application": _start,
    "save_application_draft": _saved,
    "upload_image": _photo,
    "submit_application": _filled,
    "withdraw_application": _withdrawn,
    "allow_duplicate": _duplicate,
    "claim_application": _submitted,
    "release_application": _claimed,
    "decide_application": _refused,
    "recall_application": _recalled,
    "save_handbook_draft": _saved_entry,
    "publish_handbook_draft": _drafted_entry,
    "discard_handbook_draft": _drafted_entry,
    "retire_handbook_entry": _published_entry,
    "upload_handbook_sample": _sample,
    "acknowledge_handbook_entry": _read_entry,
}


async def send(client: Client, operation: str, given: Given, *, change: bool) -> Answer:
    """Send an operation by its document as clients do: a photo as a form, a sign-in with its code for a key."""
    match operation:
        case "UploadImage" | "UploadHandbookSample":
            return await client.upload(PHOTO, operation, **given)
        case "SignIn":
            return await client.call(operation, input=given)
        case _ if change:
            return await client.change(operation, **given)
        case _:
            return await client.call(operation, **given)
