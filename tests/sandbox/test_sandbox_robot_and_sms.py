"""The group's robot and the gateway for text messages."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.sandbox.platform import ROBOT_KEY, SMS_SECRET, Platform
from tests.sandbox.provider import Wall

SMS = {"phone": "13800138000", "template": "login_code", "params": {"code": "4711"}, "client_id": "c-1"}


async def say(platform: Platform, kind: str = "text", content: object = "新注册待审核", key: str = ROBOT_KEY) -> int:
    """Send to the group and give the errcode."""
    answer = await platform.post("/cgi-bin/webhook/send", {"msgtype": kind, kind: {"content": content}}, key=key)
    return int(answer["errcode"])


async def text(platform: Platform, secret: str = SMS_SECRET, **changes: Any) -> httpx2.Response:
    """Send a text message."""
    return await platform.http.post(
        "/sms/messages", json={**SMS, **changes}, headers={"Authorization": f"Bearer {secret}"}
    )


async def test_the_group_receives_text_and_markdown(platform: Platform) -> None:
    """Up to 2048 and 4096 bytes."""
    texts = [("text", "门" * 682), ("markdown", "门" * 1365)]
    assert [await say(platform, kind, content) for kind, content in texts] == [0, 0]
    received = await platform.messages(channel="robot")
    assert [(message["recipient"], message["person"], message["text"]) for message in received] == [
        ("HQ", None, content) for _, content in texts
    ]


@pytest.mark.parametrize(
    ("kind", "content", "key", "errcode"),
    [
        ("text", "x", "unknown", 93000),
        ("text", "x", "", 93000),
        ("text", "门" * 683, ROBOT_KEY, 40058),
        ("markdown", "门" * 1366, ROBOT_KEY, 40058),
        ("text", "", ROBOT_KEY, 44004),
        ("text", 7, ROBOT_KEY, 40008),
        ("image", "x", ROBOT_KEY, 40008),
    ],
)
async def test_what_the_robot_does_not_take_is_refused(
    platform: Platform, kind: str, content: object, key: str, errcode: int
) -> None:
    """By its errcode, and the group receives nothing."""
    assert await say(platform, kind, content, key) == errcode
    assert await platform.messages() == []


@pytest.mark.parametrize("sent", [{}, {"msgtype": ["text"]}, {"msgtype": "text"}, {"msgtype": "text", "text": "x"}])
async def test_a_message_without_its_content_is_refused(platform: Platform, sent: object) -> None:
    """Whatever is missing."""
    assert (await platform.post("/cgi-bin/webhook/send", sent, key=ROBOT_KEY))["errcode"] == 40008


async def test_the_robot_speaks_twenty_times_a_minute(platform: Platform, wall: Wall) -> None:
    """Each robot for itself."""
    await platform.order("robots", key="other", name="商务")
    assert [await say(platform) for _ in range(21)] == [0] * 20 + [45009]
    assert await say(platform, key="other") == 0
    wall.now += 60
    assert await say(platform) == 0
    assert len(await platform.messages()) == 22


async def test_a_text_message_arrives(platform: Platform) -> None:
    """Of its phone only a mask is kept."""
    answer = await text(platform)
    (message,) = await platform.messages()
    assert (answer.status_code, answer.json()) == (200, {"message_id": str(message["id"])})
    assert {name: message[name] for name in ("channel", "recipient", "template_id", "client_id", "data")} == {
        "channel": "sms",
        "recipient": "138****8000",
        "template_id": "login_code",
        "client_id": "c-1",
        "data": {"code": "4711"},
    }


async def test_a_client_id_sends_once(platform: Platform) -> None:
    """Also when they come at once: the same answer, one message."""
    answers = await asyncio.gather(*(text(platform) for _ in range(20)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, '{"message_id":"1"}')}
    assert (await text(platform, client_id="c-2")).json() == {"message_id": "2"}
    assert len(await platform.messages()) == 2


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"phone": "1380013800"}, 400, "INVALID_PHONE"),
        ({"phone": "12800138000"}, 400, "INVALID_PHONE"),
        ({"phone": "+8613800138000"}, 400, "INVALID_PHONE"),
        ({"phone": 13800138000}, 400, "INVALID_PHONE"),
        ({"template": "unknown"}, 400, "UNKNOWN_TEMPLATE"),
        ({"template": None}, 400, "UNKNOWN_TEMPLATE"),
        ({"params": {"code": 4711}}, 400, "INVALID_REQUEST"),
        ({"params": None}, 400, "INVALID_REQUEST"),
        ({"client_id": ""}, 400, "INVALID_REQUEST"),
        ({"client_id": "x" * 65}, 400, "INVALID_REQUEST"),
        ({"secret": "another"}, 401, "UNAUTHORIZED"),
        ({"secret": ""}, 401, "UNAUTHORIZED"),
    ],
)
async def test_a_text_message_that_is_wrong_is_refused(
    platform: Platform, changes: dict[str, Any], status: int, code: str
) -> None:
    """By status and code, without the phone; nothing arrives."""
    answer = await text(platform, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "00138000" not in answer.text
    assert await platform.messages() == []


async def test_a_gateway_without_templates_of_its_own_takes_any(platform: Platform) -> None:
    """Registering again replaces secret and templates."""
    assert (await platform.order("sms", secret="another-secret"))["templates"] is None
    assert (await text(platform)).status_code == 401
    assert (await text(platform, secret="another-secret", template="any_1")).status_code == 200
    assert (await text(platform, secret="another-secret", template="any one")).json()["code"] == "UNKNOWN_TEMPLATE"


async def test_a_gateway_without_a_customer_serves_nobody(platform: Platform) -> None:
    """An absent Authorization is none either."""
    answer = await platform.http.post("/sms/messages", json=SMS)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b" " * 70_000])
async def test_a_body_that_is_no_small_json_is_refused(platform: Platform, body: bytes) -> None:
    """In the gateway's own shape."""
    headers = {"Authorization": f"Bearer {SMS_SECRET}"}
    answer = await platform.http.post("/sms/messages", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
