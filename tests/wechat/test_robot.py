"""Writing into a group of WeCom."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.wechat import ROBOT_HOST, PlatformError, PlatformFailure, RobotClient
from backend.wechat.byte_limit import cut_to_bytes
from tests.wechat.platform import Answer, Platform, says
from tests.wechat.wire import broken_server, closed_port

PATH = "/cgi-bin/webhook/send"
KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("**有新申请** <@all>", "**有新申请** <@all>"),
        ("a" * 5000, "a" * 4096),
        ("芝" * 1366, "芝" * 1365),
        ("half \ud83d a pair", "half  a pair"),
    ],
)
async def test_a_text_is_written(platform: Platform, text: str, sent: str) -> None:
    """As markdown, cut between two characters."""
    platform.answer(PATH, says(errcode=0, errmsg="ok"))
    async with RobotClient(KEY, base_url=platform.url) as robot:
        await robot.send_markdown(text)
    (asked,) = platform.received
    assert (asked.method, asked.query) == ("POST", {"key": KEY})
    assert asked.json() == {"msgtype": "markdown", "markdown": {"content": sent}}


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (says(errcode=93000, errmsg=f"invalid webhook url {KEY}"), PlatformFailure.CONFIGURATION),
        (says(errcode=45009, errmsg="api freq out of limit"), PlatformFailure.BUSY),
        (says(errcode=40058, errmsg="markdown.content exceed max length"), PlatformFailure.VALUE_INVALID),
        (says(errcode=0.0), PlatformFailure.UNKNOWN_OUTCOME),
        (says(errcode=False), PlatformFailure.UNKNOWN_OUTCOME),
        (says(), PlatformFailure.UNKNOWN_OUTCOME),
        (Answer(b"[0]"), PlatformFailure.UNKNOWN_OUTCOME),
        (Answer(b""), PlatformFailure.UNKNOWN_OUTCOME),
        (Answer(status=500), PlatformFailure.UNKNOWN_OUTCOME),
        (Answer(status=302, headers=((b"location", b"/elsewhere"),)), PlatformFailure.UNKNOWN_OUTCOME),
        (Answer(lost=True), PlatformFailure.UNKNOWN_OUTCOME),
    ],
)
async def test_what_is_not_taken_is_told_once(platform: Platform, answer: Answer, failure: PlatformFailure) -> None:
    """One request, and an error without the key."""
    platform.answer(PATH, answer)
    async with RobotClient(KEY, base_url=platform.url, timeout_seconds=0.4 if answer.lost else 5.0) as robot:
        with pytest.raises(PlatformError) as caught:
            await robot.send_markdown("text")
    error = caught.value
    assert (error.kind, error.call) == (failure, "send_markdown")
    assert KEY not in f"{error} {error!r} {error.__cause__} {error.__context__!r}"
    assert platform.paths() == [PATH]


async def test_a_text_without_a_connection_was_not_sent() -> None:
    """It may be repeated; one that broke off afterwards may not."""
    async with RobotClient(KEY, base_url=closed_port()) as robot:
        with pytest.raises(PlatformError) as caught:
            await robot.send_markdown("text")
    assert caught.value.kind is PlatformFailure.UNREACHABLE
    with broken_server(b"") as url:
        async with RobotClient(KEY, base_url=url) as robot:
            with pytest.raises(PlatformError) as caught:
                await robot.send_markdown("text")
    assert caught.value.kind is PlatformFailure.UNKNOWN_OUTCOME


async def test_robots_write_side_by_side(platform: Platform) -> None:
    """One client serves several writers."""
    platform.answer(PATH, says(errcode=0))
    async with RobotClient(KEY, base_url=platform.url) as robot:
        await asyncio.gather(*(robot.send_markdown(f"text {number}") for number in range(10)))
    assert len({asked.body for asked in platform.received}) == 10
    assert ROBOT_HOST == "https://qyapi.weixin.qq.com"


@given(st.text(st.characters(exclude_categories=())), st.integers(0, 40))
def test_a_cut_text_is_a_beginning_that_fits(text: str, limit_bytes: int) -> None:
    """Never more bytes, never half a character, never less than what fits."""
    whole = text.encode("utf-8", "ignore").decode()
    cut = cut_to_bytes(text, limit_bytes)
    assert whole.startswith(cut)
    assert len(cut.encode()) <= limit_bytes
    assert cut == whole or len(whole[: len(cut) + 1].encode()) > limit_bytes
