"""`recordSubscribeResults`: what the person answered WeChat."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Viewer
from backend.messaging.models import SubscribeConsent
from tests.builders.api import Api
from tests.schema.mutations import assert_done_once, assert_refused

RECORD: Final = "RecordSubscribeResults"


async def test_each_answer_is_kept_once(api: Api, clerk: Viewer) -> None:
    """A tap sent twice is one consent; the answer names what may still be asked for."""
    client = await api.client(clerk)
    wanted = (await client.call("SubscribeTemplates", moment="LIST")).value
    given = {"moment": "LIST", "answers": [{"templateId": wanted[0], "result": "ACCEPT"}]}
    assert wanted[0] not in await assert_done_once(client, RECORD, given, {"moment": "SUBMISSION"})
    kept = await SubscribeConsent.all().values_list("staff_id", "result")
    assert kept == [(clerk.id, "ACCEPT")]


async def test_what_is_no_answer_is_refused(api: Api, clerk: Viewer) -> None:
    """A template of somebody else, one named twice, and more than can be asked."""
    client = await api.client(clerk)
    ours = (await client.call("SubscribeTemplates", moment="LIST")).value[0]
    accepted = {"templateId": ours, "result": "ACCEPT"}
    refused: list[list[dict[str, Any]]] = [
        [{"templateId": "somebody-elses", "result": "ACCEPT"}],
        [{"templateId": "\u0000", "result": "ACCEPT"}],
        [accepted, accepted],
        [accepted] * 4,
    ]
    for answers in refused:
        await assert_refused(
            client.change(RECORD, moment="LIST", answers=answers), ("CONSENT_RESULT_INVALID", "answers")
        )
