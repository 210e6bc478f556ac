"""`subscribeTemplates`: what to ask consent for at a tap."""

from __future__ import annotations

import pytest

from backend.accounts import Viewer
from tests.builders.api import Api


@pytest.mark.parametrize("moment", ["REGISTRATION", "SUBMISSION", "LIST"])
async def test_what_was_allowed_is_not_asked_again(api: Api, clerk: Viewer, other_clerk: Viewer, moment: str) -> None:
    """At most three at once, as WeChat has it; others are asked all the same."""
    client = await api.client(clerk)
    wanted = (await client.call("SubscribeTemplates", moment=moment)).value
    assert 0 < len(wanted) <= 3
    answers = [{"templateId": wanted[0], "result": "ACCEPT"}]
    answers += [{"templateId": template_id, "result": "REJECT"} for template_id in wanted[1:]]
    assert (await client.change("RecordSubscribeResults", moment=moment, answers=answers)).user_errors == []
    assert wanted[0] not in (await client.call("SubscribeTemplates", moment=moment)).value
    assert (await (await api.client(other_clerk)).call("SubscribeTemplates", moment=moment)).value == wanted
