"""What holds for every mutation: keys, replays, versions, rights that are gone, and texts that no phone sends."""

from __future__ import annotations

import itertools
from typing import Any, Final

from backend.accounts import StaffState
from backend.accounts.models import Staff
from schema.build import MUTATIONS
from schema.common.access import DECLARED
from tests.builders.api import Api, Client, a_key, nothing_written, pascal, the_documents
from tests.conftest import MakeViewer
from tests.schema.callers import ANSWERS, APPROVED, NEWCOMERS, all_callers
from tests.schema.calls import CALLS, Given, Scene
from tests.schema.mutations import assert_refused

# Without a key, ending the session that would be asked again, or sent as a form: each has a file of its own.
_APART: Final = {"sign_in", "end_session", "upload_image", "upload_handbook_sample"}
CHANGES: Final = [resolver.__name__ for resolver, _ in MUTATIONS if resolver.__name__ not in _APART]
# Another input where the version is not part of it.
_OTHER: Final[dict[str, Given]] = {
    "mark_inbox_read": {"upToMessageId": "msg_0"},
    "record_subscribe_results": {"moment": "LIST"},
    "hand_over_applications": {"staffId": "stf_0"},
    "create_organisation": {"name": "别的渠道"},
    "create_invitation": {"note": "别人"},
    "start_application": {"kind": "SWITCH_FROM_CORPORATE"},
    "acknowledge_handbook_entry": {"entryId": "hbe_0"},
    "reveal_mobile": {"reason": "另一个原因"},
    "reveal_field": {"reason": "另一个原因"},
}
# WeChat is asked before anything is looked up, and a draft takes what was saved on an older version of it.
_SPENDS_FIRST: Final = {"verify_mobile"}
_MERGES: Final = {"save_application_draft"}
_ENUMS: Final = {"kind", "role", "decision", "workKind", "moment"}
_NOT_SENT_BY_PHONES: Final = ("\x00", "a\x00b", "\ud7ff\uffff", "x" * 5000, "'; DROP TABLE staff; --", "\u202e")


def _performer(operation: str) -> str:
    """Name somebody who is served."""
    return next(name for name in (*APPROVED, *NEWCOMERS) if ANSWERS[operation][name] == "OK")


async def _sent(client: Client, operation: str, key: str, given: Given) -> dict[str, Any]:
    """Send a change whose answer has no user error; gives its payload."""
    value: dict[str, Any] = (await client.change(pascal(operation), idempotencyKey=key, **given)).value
    assert value["userErrors"] == [], (operation, value)
    return value


async def test_a_change_is_done_once_and_answered_with_todays_rights(api: Api, a_viewer: MakeViewer) -> None:
    """A replay writes nothing and is answered alike; whoever has lost the right is refused what they had done."""
    scene = Scene(api, await all_callers(api, a_viewer))
    for operation in CHANGES:
        name = _performer(operation)
        client, staff_id = scene.callers.clients[name], scene.callers.people[name].id
        given, key = await CALLS[operation](scene), a_key()
        done = await _sent(client, operation, key, given)
        text = the_documents().texts[the_documents().ids[pascal(operation)]]
        async with nothing_written():
            again = await client.post(query=text, variables={"input": {"idempotencyKey": key, **given}})
        assert again.value == done, operation
        if operation not in _SPENDS_FIRST:
            other = {"expectedVersion": 99} if "expectedVersion" in given else _OTHER[operation]
            await assert_refused(
                client.change(pascal(operation), **{**given, **other, "idempotencyKey": key}),
                ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey"),
            )
        state = (await Staff.get(id=staff_id)).state
        after = {StaffState.SUSPENDED: "UNAUTHENTICATED"}
        if not DECLARED[operation].pending:
            after[StaffState.REJECTED] = "FORBIDDEN"
        for lost, code in after.items():
            await Staff.filter(id=staff_id).update(state=lost)
            async with nothing_written():
                replayed = await client.change(pascal(operation), idempotencyKey=key, **given)
            assert replayed.codes == [code], operation
        await Staff.filter(id=staff_id).update(state=state)


async def test_keys_and_versions_are_checked(api: Api, a_viewer: MakeViewer) -> None:
    """A key that is none, and a version that is not today's: refused at their member, with what is true now."""
    scene = Scene(api, await all_callers(api, a_viewer))
    for operation in CHANGES:
        client, given = scene.callers.clients[_performer(operation)], await CALLS[operation](scene)
        await assert_refused(
            client.change(pascal(operation), **{**given, "idempotencyKey": "fifteen-letters"}),
            ("IDEMPOTENCY_KEY_INVALID", "idempotencyKey"),
        )
        for wrong in (-1, 1) if "expectedVersion" in given and operation not in _MERGES else ():
            version = given["expectedVersion"]
            (error,) = await assert_refused(
                client.change(pascal(operation), **{**given, "expectedVersion": version + wrong}),
                ("STALE_VERSION", "expectedVersion"),
            )
            assert error["currentVersion"] == version, operation
            assert error["currentState"], operation


async def test_no_text_is_a_fault_of_the_server(api: Api, a_viewer: MakeViewer) -> None:
    """Refused or kept, but never an error of ours."""
    scene, broken = Scene(api, await all_callers(api, a_viewer)), []
    for operation in CHANGES:
        client, given = scene.callers.clients[_performer(operation)], await CALLS[operation](scene)
        members = [name for name, value in given.items() if isinstance(value, str) and name not in _ENUMS]
        for member, text in itertools.product(members, _NOT_SENT_BY_PHONES):
            answer = await client.change(pascal(operation), **{**given, member: text})
            broken += [(operation, member, text)] if "INTERNAL" in answer.codes else []
    assert broken == []
