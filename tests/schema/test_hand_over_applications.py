"""`handOverApplications`: a colleague files from now on."""

from __future__ import annotations

from typing import Final

from backend.accounts import Role, Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.conftest import MakeViewer
from tests.schema import cases
from tests.schema.mutations import assert_refused

HAND_OVER: Final = "HandOverApplications"


async def test_the_successor_files_and_the_author_reads(
    api: Api, runtime: Runtime, a_viewer: MakeViewer, partner_admin: Viewer, partner_clerk: Viewer
) -> None:
    """In clear for the one, masked for the other, in their inbox for the one."""
    case = await cases.started(runtime, partner_clerk)
    successor = await a_viewer("successor", Role.FIELD_STAFF, "partner")
    given = {"staffId": partner_clerk.id, "successorId": successor.id}
    assert (await (await api.client(partner_admin)).change(HAND_OVER, **given)).changed["id"] == successor.id
    theirs, old = await api.client(successor), await api.client(partner_clerk)
    assert (await theirs.call("Application", id=case.id)).value["isClearView"] is True
    assert (await old.call("Application", id=case.id)).value["isClearView"] is False
    messages = (await theirs.call("Inbox", first=5)).value["edges"]
    assert [edge["node"]["kind"] for edge in messages] == ["WORK_HANDED_OVER"]


async def test_only_a_colleague_takes_over(
    api: Api, runtime: Runtime, partner_admin: Viewer, partner_clerk: Viewer, clerk: Viewer
) -> None:
    """Nobody of elsewhere, nobody who does not file, nobody unknown."""
    await cases.started(runtime, partner_clerk)
    client = await api.client(partner_admin)
    for successor in (clerk.id, partner_admin.id, partner_clerk.id, "stf_0", "x" * 500):
        await assert_refused(
            client.change(HAND_OVER, staffId=partner_clerk.id, successorId=successor),
            ("SUCCESSOR_INVALID", "successorId"),
        )
    answer = await client.change(HAND_OVER, staffId=clerk.id, successorId=partner_clerk.id)
    assert answer.codes == ["NOT_FOUND"]
