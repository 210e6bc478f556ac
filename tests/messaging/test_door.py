"""The door, through its real route: what comes on the wire, who asks, what is answered and how often."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from backend.accounts import Role, StaffState, Viewer, ensure_staff
from backend.accounts.identities import WeChatApp, identity_of, spend_ticket, tie
from backend.accounts.models import DoorTicket, Staff, WeChatIdentity
from backend.foundation.events import SYSTEM
from backend.foundation.ids import hash_token
from backend.foundation.jobs import Job
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.messaging import PUSH_PATH, Channels, Door, OfficialAccount, push_route
from backend.messaging import http as door_http
from backend.messaging.messages import TemplateName
from backend.messaging.models import PushNonce, ReceivedPush, SubscribeConsent
from backend.wechat import PlatformFailure, PushMode, PushReader, WeChatPerson
from tests.builders.applications import a_draft, a_submitted, send_back
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database
from tests.builders.runtime import a_runtime
from tests.messaging.ground import (
    MINI_APPID,
    TEMPLATES,
    AnAccount,
    Outside,
    channels_to,
    dead_or_failed,
    give_consents,
    make_known,
    run_due,
    set_staff,
)
from tests.wechat import pushes
from tests.wechat.platform import APP

DOOR: Final = Door(MINI_APPID, "https://sesame.example", "芝麻开门", "财富之门已打开，请点击进入")
TICKET: Final = re.compile(r'path="pages/index/index\?ticket=([0-9A-Za-z_-]{1,32})"')
SQLITE: Final = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def clock() -> FixedClock:
    """The moment at which the pushes are signed."""
    return FixedClock(pushes.NOW)


# No two pushes share one, whichever street they come along.
_numbers = itertools.count()


class Street:
    """Somebody's phone, and WeChat's server between it and us."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    def query(self, encrypted: str | None, *, nonce: str | None = None, at: int = pushes.SECONDS) -> dict[str, str]:
        """Sign a push, each with a nonce of its own."""
        nonce = nonce or f"nonce{next(_numbers)}"
        signed = {"signature": pushes.signature(str(at), nonce), "timestamp": str(at), "nonce": nonce}
        if encrypted is None:
            return signed
        return {**signed, "encrypt_type": "aes", "msg_signature": pushes.signature(str(at), nonce, encrypted)}

    async def push(
        self, xml: str, mode: PushMode = PushMode.SAFE, *, nonce: str | None = None, at: int = pushes.SECONDS
    ) -> httpx2.Response:
        """Push a message as the account's mode has it."""
        if mode is PushMode.PLAIN:
            return await self.send(xml.encode(), self.query(None, nonce=nonce, at=at))
        encrypted = pushes.encrypt(xml)
        beside = "" if mode is PushMode.SAFE else xml.removeprefix("<xml>").removesuffix("</xml>")
        return await self.send(
            pushes.sealed(encrypted, re.sub(r"<ToUserName>.*?</ToUserName>", "", beside)),
            self.query(encrypted, nonce=nonce, at=at),
        )

    async def send(self, body: bytes, query: dict[str, str]) -> httpx2.Response:
        """Post any body with any query."""
        return await self._http.post(PUSH_PATH, params=query, content=body)

    async def get(self, query: dict[str, str]) -> httpx2.Response:
        """Ask whether the address is ours."""
        return await self._http.get(PUSH_PATH, params=query)

    async def other(self, method: str) -> httpx2.Response:
        """Come with another method."""
        return await self._http.request(method, PUSH_PATH)

    async def say(self, content: str, openid: str = pushes.OPENID, message_id: str | None = None) -> str:
        """Write to the account and give what it answers, "" for nothing."""
        message_id = message_id or str(10_000 + next(_numbers))
        content = content.replace("]]>", "]]]]><![CDATA[>")
        return said(await self.push(pushes.text(content, MsgId=message_id, FromUserName=openid)))

    async def act(self, event: str, openid: str = pushes.OPENID, **members: str) -> str:
        """Do something with the account and give what it answers."""
        return said(await self.push(pushes.event(event, FromUserName=openid, **members)))


def said(answer: httpx2.Response) -> str:
    """Give the text of a passive reply, decrypted where it is encrypted."""
    assert answer.status_code == 200, answer.text
    if answer.text == "success":
        return ""
    xml = pushes.unseal(answer.content) if "<Encrypt>" in answer.text else answer.text
    found = re.search(r"<Content><!\[CDATA\[(.*?)\]\]></Content>", xml, re.DOTALL)
    assert found is not None, xml
    return found[1]


@asynccontextmanager
async def a_street(
    runtime: Runtime, mode: PushMode = PushMode.SAFE, door: Door = DOOR, *, by_customer_service: bool = False
) -> AsyncIterator[Street]:
    """Open the route over a runtime."""
    account = OfficialAccount(runtime, APP.appid, door, TEMPLATES, by_customer_service=by_customer_service)
    route = push_route(runtime, PushReader(APP, required_mode=mode), account)
    web = Starlette(routes=[Route(PUSH_PATH, route, methods=["GET", "POST"])])
    # What the route lets through would be WeChat's 500.
    transport = httpx2.ASGITransport(web, raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as http:
        yield Street(http)


@pytest.fixture
async def street(runtime: Runtime, organisations: dict[str, str]) -> AsyncIterator[Street]:
    """The door of this test, in safe mode."""
    assert organisations
    async with a_street(runtime) as street:
        yield street


async def somebody(runtime: Runtime, organisations: dict[str, str], state: StaffState, openid: str, **more: Any) -> str:
    """Give a person of ours in a state, whom the official account knows."""
    staff_id = await ensure_staff(
        runtime,
        code=f"at-the-door-{openid[-8:]}",
        name="王小明",
        roles=frozenset({Role.FIELD_STAFF}),
        organisation_id=organisations["hq_field"],
        state=state,
    )
    if more:
        await set_staff(staff_id, state, **more)
    async with work(runtime, SYSTEM) as current:
        identity = await identity_of(current, WeChatApp.OFFICIAL_ACCOUNT, APP.appid, WeChatPerson(openid))
        await tie(current, identity, await Staff.get(id=staff_id))
    return staff_id


# Who asks: the state and what stands in the row. None is somebody whom nobody knows.
ASKERS: Final[dict[str, tuple[StaffState | None, dict[str, str]]]] = {
    "nobody": (None, {}),
    "guest": (StaffState.GUEST, {}),
    "pending": (StaffState.PENDING, {}),
    "rejected": (StaffState.REJECTED, {"decision_reason": "照片<a href>不清"}),
    "approved": (StaffState.APPROVED, {}),
    "suspended": (StaffState.SUSPENDED, {"cut_off_reason": "内部原因"}),
    "left": (StaffState.LEFT, {"cut_off_reason": "内部原因"}),
}
WORDS: Final = ("芝麻开门", "进度", "帮助", "你好", "嗨<a href='x'>]]></Content>")
# What the reply has in it, by who asks and what they write; `link` and `page` of the mini program, or none.
EXPECTED: Final[dict[tuple[str, str], tuple[str, str | None]]] = {
    ("nobody", "芝麻开门"): ("财富之门已打开，请点击进入", "pages/index/index"),
    ("guest", "芝麻开门"): ("财富之门已打开，请点击进入", "pages/index/index"),
    ("pending", "芝麻开门"): ("正在等待总部审核。如有疑问，请联系总部客服微信（", "pages/index/index"),
    ("rejected", "芝麻开门"): ("原因：照片＜a href＞不清。", "pages/register/index"),
    ("approved", "芝麻开门"): ("目前没有等您处理的申请。", "pages/applications/index"),
    ("suspended", "芝麻开门"): ("目前不能使用。如有疑问，请联系总部客服微信（", None),
    ("left", "芝麻开门"): ("目前不能使用。如有疑问，请联系总部客服微信（", None),
    ("nobody", "进度"): ("您还没有注册，发送“芝麻开门”即可开始。", None),
    ("guest", "进度"): ("您还没有注册，发送“芝麻开门”即可开始。", None),
    ("pending", "进度"): ("正在等待总部审核。", None),
    ("rejected", "进度"): ("原因：照片＜a href＞不清。", None),
    ("approved", "进度"): ("您目前没有办理中的申请。", None),
    ("suspended", "进度"): ("目前不能使用。", None),
    ("left", "进度"): ("目前不能使用。", None),
}


@SQLITE
async def test_the_answer_depends_on_who_asks_and_what(
    runtime: Runtime, street: Street, organisations: dict[str, str]
) -> None:
    """Every kind of asker and every kind of message; nothing that was written comes back."""
    for number, (who, (state, columns)) in enumerate(ASKERS.items()):
        openid = f"oAsker-{number}-{who:_<12}"
        if state is not None:
            await somebody(runtime, organisations, state, openid, **columns)
        for word in WORDS:
            reply = await street.say(word, openid)
            part, page = EXPECTED.get((who, word), ("发送“芝麻开门”打开小程序", None))
            assert part in reply, (who, word, reply)
            assert ("内部原因" in reply, "你好" in reply, "王小明" in reply, "href='x'" in reply) == (False,) * 4
            assert reply.count("<a ") == (page is not None), (who, word, reply)
            if page is not None:
                assert f'data-miniprogram-appid="{MINI_APPID}" data-miniprogram-path="{page}' in reply
                assert 'href="https://sesame.example"' in reply
            # Only who is not known yet needs a ticket.
            assert (TICKET.search(reply) is not None) is (who == "nobody" and page is not None)


@SQLITE
@pytest.mark.parametrize(
    ("written", "opens"),
    [
        (" 芝麻 开门 ", True),
        ("芝麻开门。", True),
        ("芝麻开门！！", True),
        ("芝\u3000麻开门~", True),
        ("芝麻开门\n", True),
        ("“芝麻开门", False),
        ("芝麻关门", False),
        ("请芝麻开门", False),
    ],
)
async def test_the_keyword_is_known_however_it_is_typed(street: Street, written: str, *, opens: bool) -> None:
    """Spaces, width and a full stop do not matter; other words do."""
    assert (TICKET.search(await street.say(written)) is not None) is opens


@SQLITE
async def test_a_keyword_of_the_deployment(runtime: Runtime, organisations: dict[str, str]) -> None:
    """Keyword and text of the link are settings; wide and narrow letters are the same."""
    assert organisations
    async with a_street(runtime, door=replace(DOOR, keyword="Open Sesame", link_text="请进")) as street:
        assert ">请进</a>" in await street.say("ｏｐｅｎ　ＳＥＳＡＭＥ！")
        assert "发送“Open Sesame”" in await street.say("芝麻开门")


async def test_the_link_ties_both_identities(runtime: Runtime, street: Street, clerk: Viewer) -> None:
    """The ticket in the link is kept as a hash alone, and is good for whoever signs in with it."""
    reply = await street.say("芝麻开门")
    found = TICKET.search(reply)
    assert found is not None
    asked = await WeChatIdentity.get(app=WeChatApp.OFFICIAL_ACCOUNT)
    assert (await DoorTicket.get(token_hash=hash_token(found[1]))).identity_id == asked.id
    arrived = await make_known(runtime, clerk.id, WeChatApp.MINI_PROGRAM, "oMini")
    async with work(runtime, SYSTEM) as current:
        assert await spend_ticket(current, found[1], arrived, await Staff.get(id=clerk.id))
    assert "等您处理的申请" in await street.say("芝麻开门")


@SQLITE
async def test_progress_shows_own_unfinished_applications(
    runtime: Runtime, clock: FixedClock, street: Street, clerk: Viewer, other_clerk: Viewer, reviewer: Viewer
) -> None:
    """Newest first, five at most, with where they stand and nobody's data; what waits for the asker is counted."""
    openid = "oFiler-0123456789"
    async with work(runtime, SYSTEM) as current:
        identity = await identity_of(current, WeChatApp.OFFICIAL_ACCOUNT, APP.appid, WeChatPerson(openid))
        await tie(current, identity, await Staff.get(id=clerk.id))
    for number in range(4):
        await a_draft(runtime, clerk, micro_name=f"第{number}家店")
        clock.advance(1)
    await a_submitted(runtime, clerk, micro_name="送审的店")
    clock.advance(1)
    returned = await a_submitted(runtime, clerk, micro_name="退回<b>的店")
    await send_back(runtime, reviewer, returned, "micro_name")
    await a_draft(runtime, other_clerk, micro_name="别人的店")
    reply = await street.say("进度", openid)
    lines = reply.splitlines()
    assert lines[0] == "您的注册已通过。"
    assert len(lines) == 6
    assert lines[1:3] == ["退回＜b＞的店：已退回，请修改后重新提交", "送审的店：总部审核中"]
    assert lines[-1] == "第1家店：填写中，还没有提交"
    assert "别人的店" not in reply
    assert "张三" not in reply
    assert "有1个申请等您处理。" in await street.say("芝麻开门", openid)


@SQLITE
@pytest.mark.parametrize(
    ("event", "members", "parts", "links"),
    [
        ("subscribe", {}, ("欢迎关注", "发送“芝麻开门”"), 0),
        ("subscribe", {"EventKey": "qrscene_door"}, ("欢迎关注", "财富之门已打开"), 1),
        ("subscribe", {"EventKey": "qrscene_other"}, ("欢迎关注", "发送“芝麻开门”"), 0),
        ("SCAN", {"EventKey": "door"}, ("欢迎关注", "财富之门已打开"), 1),
        ("SCAN", {"EventKey": "other"}, ("欢迎关注",), 0),
        ("unsubscribe", {}, (), 0),
        ("VIEW", {"EventKey": "https://sesame.example"}, (), 0),
        ("CLICK", {"EventKey": "x"}, (), 0),
        ("LOCATION", {}, (), 0),
    ],
)
async def test_events(street: Street, event: str, members: dict[str, str], parts: tuple[str, ...], links: int) -> None:
    """Whoever comes is welcomed, with the link where they came through a door; the rest is taken in silence."""
    reply = await street.act(event, **members)
    assert all(part in reply for part in parts), reply
    assert (bool(reply), reply.count("<a ")) == (bool(parts), links)


async def test_following_is_noted(street: Street) -> None:
    """Who leaves is not written to any more, and who comes back is."""
    for number, (event, following) in enumerate((("subscribe", True), ("unsubscribe", False), ("subscribe", True))):
        await street.act(event, CreateTime=str(pushes.SECONDS + number))
        assert (await WeChatIdentity.get(app=WeChatApp.OFFICIAL_ACCOUNT)).is_following is following


@SQLITE
@pytest.mark.parametrize("required", list(PushMode))
@pytest.mark.parametrize("sent", list(PushMode))
async def test_modes(runtime: Runtime, organisations: dict[str, str], required: PushMode, sent: PushMode) -> None:
    """Each mode answers as it was asked; where the account is set to safe, clear text is refused."""
    assert organisations
    async with a_street(runtime, required) as street:
        before = await everything_in_database()
        answer = await street.push(pushes.text(), sent)
        if required is PushMode.SAFE and sent is PushMode.PLAIN:
            refused, status = True, 400
        else:
            # In plain mode nothing encrypted is read.
            refused, status = required is PushMode.PLAIN and sent is PushMode.SAFE, 400
        if refused:
            assert answer.status_code == status
            assert await everything_in_database() == before
            return
        assert TICKET.search(said(answer))
        encrypted = required is not PushMode.PLAIN and sent is not PushMode.PLAIN
        assert ("<Encrypt>" in answer.text) is encrypted


@SQLITE
async def test_the_address_proves_itself(runtime: Runtime, street: Street) -> None:
    """By the plain signature; the example of the documents holds, and a forged, stale or malformed one is refused."""
    asked = {"signature": pushes.signature(str(pushes.SECONDS), "n1"), "timestamp": str(pushes.SECONDS), "nonce": "n1"}
    answer = await street.get({**asked, "echostr": "4375120948345356249"})
    assert (answer.status_code, answer.text) == (200, "4375120948345356249")
    assert answer.headers["content-type"].startswith("text/plain")
    for change, status in (
        ({"signature": "0" * 40}, 403),
        ({"nonce": "n2"}, 403),
        ({"echostr": "<script>"}, 400),
        ({"echostr": ""}, 400),
        ({"timestamp": "x"}, 400),
    ):
        assert (await street.get({**asked, "echostr": "1", **change})).status_code == status
    documents = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    reader = PushReader(replace(APP, token="AAAAA"))
    then = FixedClock(pushes.NOW.fromtimestamp(1714036504, tz=pushes.NOW.tzinfo))
    account = OfficialAccount(runtime, APP.appid, DOOR, TEMPLATES, by_customer_service=False)
    route = push_route(a_runtime(clock=then), reader, account)
    web = Starlette(routes=[Route(PUSH_PATH, route, methods=["GET"])])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(web), base_url="http://door") as http:
        assert (await http.get(PUSH_PATH, params=documents)).text == "4375120948345356249"


async def test_the_same_message_gets_the_same_answer(runtime: Runtime, street: Street) -> None:
    """However often and wherever it comes: one ticket, one row, one job; also through another process."""
    first = await street.say("芝麻开门", message_id="1")
    again = await street.say("芝麻开门", message_id="1")
    async with a_street(a_runtime(clock=runtime.clock, seed="another process")) as elsewhere:
        there = await elsewhere.say("芝麻开门", message_id="1")
    assert first == again == there
    assert [await model.all().count() for model in (DoorTicket, ReceivedPush)] == [1, 1]
    assert await street.say("芝麻开门", message_id="2") != first


async def test_tries_that_come_at_once_get_one_answer(runtime: Runtime, organisations: dict[str, str]) -> None:
    """Of a message that is being answered, later tries wait for the answer and give the same."""
    assert organisations
    async with (
        a_street(runtime) as here,
        a_street(a_runtime(clock=runtime.clock, seed="another process")) as there,
    ):
        told = [
            street.push(pushes.text(MsgId="7"), nonce=f"at{number}") for number in range(4) for street in (here, there)
        ]
        replies = {said(answer) for answer in await asyncio.gather(*told)}
    assert len(replies) == 1
    assert TICKET.search(replies.pop())
    assert await DoorTicket.all().count() == 1


async def test_a_nonce_serves_one_message(street: Street) -> None:
    """The same again passes, also with the same nonce; another message under it is refused and leaves nothing."""
    first = said(await street.push(pushes.text(MsgId="1"), nonce="once"))
    assert said(await street.push(pushes.text(MsgId="1"), nonce="once")) == first
    before = await everything_in_database()
    answer = await street.push(pushes.text(MsgId="2"), nonce="once")
    assert (answer.status_code, answer.text) == (403, "NONCE_REUSED")
    assert await everything_in_database() == before
    # A try with a nonce of its own counts as seen, too.
    assert said(await street.push(pushes.text(MsgId="1"), nonce="twice")) == first
    assert (await street.push(pushes.text(MsgId="3"), nonce="twice")).status_code == 403


Sign = Callable[[str | None], dict[str, str]]


def malformed() -> dict[str, tuple[bytes, Callable[[Street], dict[str, str]]]]:
    """Give bodies and queries that nobody at WeChat would send, signed where the signature is not what is wrong."""
    good = pushes.encrypt(pushes.text())

    def signed(encrypted: str | None) -> Callable[[Street], dict[str, str]]:
        return lambda street: street.query(encrypted)

    def changed(**changes: str) -> Callable[[Street], dict[str, str]]:
        return lambda street: {**street.query(good), **changes}

    def without(name: str) -> Callable[[Street], dict[str, str]]:
        return lambda street: {key: value for key, value in street.query(good).items() if key != name}

    inside = {
        "no sender": "<xml><ToUserName>gh_1</ToUserName><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>",
        "no message id": pushes.xml(MsgType="text", Content="芝麻开门"),
        "message id of letters": pushes.text(MsgId="abc"),
        "two senders": pushes.text().replace("<MsgType>", "<FromUserName>x</FromUserName><MsgType>"),
        "sender with markup": pushes.text(FromUserName="<b>x</b>"),
        "endless time": pushes.text(CreateTime="9" * 30),
        "no time": pushes.text(CreateTime="soon"),
        "no type": pushes.xml(MsgId="1"),
        "event without a name": pushes.xml(MsgType="event"),
        "another root": "<html><body/></html>",
        "no xml": "芝麻开门",
        "empty": "",
        "json": '{"MsgType":"text"}',
        "document type": '<!DOCTYPE xml [<!ENTITY a "b">]><xml>&a;</xml>',
        "bomb": '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml><Content>&b;</Content></xml>',
        "external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Content>&e;</Content></xml>',
        "deep": "<xml>" + "<a>" * 60 + "</a>" * 60 + "</xml>",
        "unclosed": "<xml><MsgType>text",
        "null bytes": "<xml>\x00</xml>",
        "content with children": pushes.text("<b><c/></b>"),
    }
    cases: dict[str, tuple[bytes, Callable[[Street], dict[str, str]]]] = {}
    for name, clear in inside.items():
        encrypted = pushes.encrypt(clear)
        cases[f"sealed, {name}"] = (pushes.sealed(encrypted), signed(encrypted))
        cases[f"clear, {name}"] = (clear.encode(), signed(None))
    foreign = pushes.encrypt(pushes.text(), appid="wxfedcba9876543210")
    other_key = pushes.encrypt(pushes.text(), key=bytes(range(32)))
    block = pushes.encrypt_block(b"\x00" * 64)
    for name, encrypted in {
        "another app": foreign,
        "another key": other_key,
        "no padding": block,
        "half a block": good[:20],
        "not base64": "***",
        "one letter": "A",
        "length beyond the end": pushes.encrypt_block(b"0123456789abcdef\xff\xff\xff\xff" + b"x" * 12),
    }.items():
        cases[name] = (pushes.sealed(encrypted), signed(encrypted))
    body = pushes.sealed(good)
    cases |= {
        "no body": (b"", signed(None)),
        "bytes": (b"\xff\xfe\x00\x01", signed(None)),
        "latin": ("<xml>é</xml>".encode("latin-1"), signed(None)),
        "clear in safe mode": (pushes.text().encode(), signed(None)),
        "empty element": (b"<xml><Encrypt></Encrypt></xml>", signed("")),
        "two elements": (body.replace(b"</xml>", b"<Encrypt>x</Encrypt></xml>"), signed(good)),
        "wrong signature": (body, changed(msg_signature="0" * 40)),
        "plain signature for the body": (body, lambda street: _with_plain_signature(street.query(good))),
        "signature in capitals": (body, lambda street: _in_capitals(street.query(good))),
        "no signature": (body, without("msg_signature")),
        "no timestamp": (body, without("timestamp")),
        "no nonce": (body, without("nonce")),
        "letters for a timestamp": (body, changed(timestamp="soon")),
        "negative timestamp": (body, changed(timestamp="-1")),
        "wide digits": (body, changed(timestamp="１７００００００００")),
        "endless timestamp": (body, changed(timestamp="9" * 400)),
        "endless nonce": (body, changed(nonce="n" * 65)),
        "nonce with a line end": (body, changed(nonce="a\nb")),
        "another nonce": (body, changed(nonce="another")),
        "nothing at all": (b"", lambda _street: {}),
    }
    return cases


def _with_plain_signature(query: dict[str, str]) -> dict[str, str]:
    return {**query, "msg_signature": query["signature"]}


def _in_capitals(query: dict[str, str]) -> dict[str, str]:
    return {**query, "msg_signature": query["msg_signature"].upper()}


@SQLITE
async def test_what_is_malformed_is_refused_and_leaves_nothing(street: Street) -> None:
    """Whatever comes: 400 or 403, a short word that repeats nothing, and not a row."""
    cases = malformed()
    assert len(cases) > 60
    before = await everything_in_database()
    for name, (body, query) in cases.items():
        answer = await street.send(body, query(street))
        assert answer.status_code in {400, 403}, (name, answer.status_code, answer.text)
        assert re.fullmatch(r"[A-Z_]{1,20}", answer.text), (name, answer.text)
    assert await everything_in_database() == before


@SQLITE
@pytest.mark.parametrize("late_seconds", [-301, 301, 86_400])
async def test_stale_pushes_are_refused(street: Street, late_seconds: int) -> None:
    """More than five minutes off, in either direction."""
    before = await everything_in_database()
    answer = await street.push(pushes.text(), at=pushes.SECONDS + late_seconds)
    assert (answer.status_code, answer.text) == (403, "STALE")
    assert await everything_in_database() == before


@SQLITE
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(street: Street, method: str) -> None:
    """There is GET and POST."""
    assert (await street.other(method)).status_code == 405


@SQLITE
async def test_a_large_body_is_not_read_to_its_end(runtime: Runtime, organisations: dict[str, str]) -> None:
    """Nothing beyond the limit is taken in, whatever the sender announces."""
    assert organisations
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 4096

    account = OfficialAccount(runtime, APP.appid, DOOR, TEMPLATES, by_customer_service=False)
    web = Starlette(routes=[Route(PUSH_PATH, push_route(runtime, PushReader(APP), account), methods=["POST"])])
    chunks = endless()
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(chunks), "more_body": True}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {"type": "http", "method": "POST", "path": PUSH_PATH, "query_string": b"", "headers": [], "root_path": ""}
    await web(scope, receive, send)
    assert statuses == [413]
    assert taken == 17


@SQLITE
async def test_whoever_has_no_official_account_has_no_door(runtime: Runtime, organisations: dict[str, str]) -> None:
    """The address is there, and nothing behind it."""
    assert organisations
    web = Starlette(routes=[Route(PUSH_PATH, push_route(runtime, None, None), methods=["GET", "POST"])])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(web), base_url="http://door") as http:
        assert (await http.get(PUSH_PATH)).status_code == 404
        assert (await http.post(PUSH_PATH, content=b"<xml/>")).status_code == 404


@SQLITE
async def test_what_takes_too_long_is_let_go(
    runtime: Runtime, organisations: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before WeChat hangs up it is told to push again; nothing half done stays."""
    assert organisations
    monkeypatch.setattr(door_http, "BUDGET_SECONDS", 0.0)
    before = await everything_in_database()
    async with a_street(runtime) as street:
        answer = await street.push(pushes.text("芝麻开门", MsgId="1", FromUserName=pushes.OPENID))
        assert (answer.status_code, answer.text) == (503, "UNAVAILABLE")
        monkeypatch.undo()
        assert await everything_in_database() == before
        assert TICKET.search(await street.say("芝麻开门", message_id="1"))


async def _knock_by_customer_service(runtime: Runtime, channels: Channels, times: int = 1) -> list[str]:
    async with a_street(runtime, by_customer_service=True) as street:
        told = [await street.say("芝麻开门", message_id="1") for _ in range(times)]
        await run_due(runtime, channels)
        told.append(await street.say("芝麻开门", message_id="1"))
    return told


async def test_the_link_can_go_as_a_message_of_its_own(runtime: Runtime, organisations: dict[str, str]) -> None:
    """The push is taken without a word, the link goes once; what has no link stays in the answer."""
    assert organisations
    outside = Outside()
    assert await _knock_by_customer_service(runtime, channels_to(outside), 3) == [""] * 4
    [sent] = [one for one in outside.sent if one.channel == "text"]
    assert sent.to == pushes.OPENID
    assert TICKET.search(sent.what["text"])
    async with a_street(runtime, by_customer_service=True) as street:
        assert "发送“芝麻开门”" in await street.say("帮助")
    assert await dead_or_failed() == []


@SQLITE
@pytest.mark.parametrize(
    ("failures", "calls", "result"),
    [
        ([PlatformFailure.BUSY, PlatformFailure.UNREACHABLE], 3, "SENT"),
        ([PlatformFailure.UNKNOWN_OUTCOME], 1, "UNKNOWN"),
        ([PlatformFailure.WINDOW_CLOSED], 1, "FAILED"),
    ],
)
async def test_a_reply_of_its_own_is_never_sent_twice(
    runtime: Runtime,
    clock: FixedClock,
    organisations: dict[str, str],
    failures: list[PlatformFailure],
    calls: int,
    result: str,
) -> None:
    """Again only where it surely was not sent."""
    assert organisations
    outside = Outside()
    outside.fail("text", *failures)
    await _knock_by_customer_service(runtime, channels_to(outside))
    for _ in range(4):
        clock.advance(400)
        await run_due(runtime, channels_to(outside))
    assert outside.calls.count("text") == calls
    assert (await ReceivedPush.get()).result == result


async def test_a_follower_is_known_by_the_other_app(runtime: Runtime, street: Street, clerk: Viewer) -> None:
    """Who signed in to the mini program before is tied by the unionid, in a job and once."""
    await make_known(runtime, clerk.id, WeChatApp.MINI_PROGRAM, "oMini", unionid="uClerk")
    outside = Outside()
    channels = replace(channels_to(outside), official_account=AnAccount(outside, APP.appid))
    outside.unionids[pushes.OPENID] = "uClerk"
    await street.act("subscribe")
    assert (await WeChatIdentity.get(app=WeChatApp.OFFICIAL_ACCOUNT)).staff_id is None
    await run_due(runtime, channels)
    assert (await WeChatIdentity.get(app=WeChatApp.OFFICIAL_ACCOUNT)).staff_id == clerk.id
    assert "等您处理的申请" in await street.say("芝麻开门")
    await run_due(runtime, channels)
    assert outside.calls == ["unionid"]
    assert await dead_or_failed() == []


@SQLITE
async def test_messages_switched_off_in_wechat_are_not_counted_on(
    runtime: Runtime, street: Street, organisations: dict[str, str]
) -> None:
    """What is left of that template is void; other templates and what was allowed elsewhere stay."""
    staff_id = await somebody(runtime, organisations, StaffState.APPROVED, pushes.OPENID)
    for template in (TemplateName.APPLICATION_RESULT, TemplateName.OWNER_ACTION):
        await give_consents(runtime, staff_id, template, 2)
    entries = "".join(
        f"<List><TemplateId>{TEMPLATES.subscribe[name]}</TemplateId>"
        f"<SubscribeStatusString>{status}</SubscribeStatusString></List>"
        for name, status in ((TemplateName.APPLICATION_RESULT, "reject"), (TemplateName.OWNER_ACTION, "accept"))
    )
    reply = await street.act("subscribe_msg_change_event", SubscribeMsgChangeEvent=entries)
    assert reply == ""
    left = [consent.template for consent in await SubscribeConsent.filter(spent_at=None)]
    assert left == ["OWNER_ACTION", "OWNER_ACTION"]


async def test_nothing_of_a_person_is_kept_in_clear(street: Street) -> None:
    """Neither the openid nor the ticket, in any row, job or event."""
    reply = await street.say("芝麻开门")
    found = TICKET.search(reply)
    assert found is not None
    kept = repr(await everything_in_database())
    assert pushes.OPENID not in kept
    assert found[1] not in kept
    assert "芝麻开门" not in repr([await model.all().values() for model in (Job, PushNonce, ReceivedPush)])


@SQLITE
async def test_a_long_reason_never_cuts_the_link(
    runtime: Runtime, street: Street, organisations: dict[str, str]
) -> None:
    """WeChat takes two kilobytes; the anchor is whole in any case."""
    await somebody(runtime, organisations, StaffState.REJECTED, pushes.OPENID, decision_reason="😀" * 500)
    reply = await street.say("芝麻开门")
    assert "😀…。" in reply
    assert reply.endswith("</a>")


@SQLITE
async def test_a_reply_that_was_being_sent_when_a_worker_died(runtime: Runtime, organisations: dict[str, str]) -> None:
    """Nobody knows whether it went out, so it does not go again."""
    assert organisations
    async with a_street(runtime, by_customer_service=True) as street:
        await street.say("芝麻开门")
    await ReceivedPush.all().update(result="SENDING")
    outside = Outside()
    await run_due(runtime, channels_to(outside))
    assert "text" not in outside.calls
    assert (await ReceivedPush.get()).result == "UNKNOWN"


@SQLITE
@pytest.mark.parametrize(
    ("failures", "tied", "most_calls"),
    [
        ([PlatformFailure.BUSY, PlatformFailure.UNREACHABLE, PlatformFailure.UNKNOWN_OUTCOME], True, 4),
        ([PlatformFailure.BUSY] * 50, False, 9),
        ([PlatformFailure.CONFIGURATION], False, 1),
    ],
)
async def test_a_follower_whom_wechat_does_not_name(
    runtime: Runtime,
    clock: FixedClock,
    street: Street,
    clerk: Viewer,
    failures: list[PlatformFailure],
    most_calls: int,
    *,
    tied: bool,
) -> None:
    """Asking does no harm, so it is done again for a while; then the ticket has to do."""
    await make_known(runtime, clerk.id, WeChatApp.MINI_PROGRAM, "oMini", unionid="uClerk")
    outside = Outside()
    outside.unionids[pushes.OPENID] = "uClerk"
    outside.fail("unionid", *failures)
    channels = replace(channels_to(outside), official_account=AnAccount(outside, APP.appid))
    await street.act("subscribe")
    for _ in range(20):
        await run_due(runtime, channels)
        clock.advance(300)
    assert outside.calls.count("unionid") == most_calls
    assert ((await WeChatIdentity.get(app=WeChatApp.OFFICIAL_ACCOUNT)).staff_id == clerk.id) is tied
    assert await dead_or_failed() == []


@SQLITE
async def test_a_second_follower_is_not_tied_to_the_same_person(
    runtime: Runtime, street: Street, clerk: Viewer
) -> None:
    """Who has an identity in this account keeps it."""
    await make_known(runtime, clerk.id, WeChatApp.MINI_PROGRAM, "oMini", unionid="uClerk")
    async with work(runtime, SYSTEM) as current:
        first = await identity_of(current, WeChatApp.OFFICIAL_ACCOUNT, APP.appid, WeChatPerson("oFirst"))
        await tie(current, first, await Staff.get(id=clerk.id))
    outside = Outside()
    outside.unionids[pushes.OPENID] = "uClerk"
    await street.act("subscribe")
    await run_due(runtime, replace(channels_to(outside), official_account=AnAccount(outside, APP.appid)))
    assert await WeChatIdentity.filter(app=WeChatApp.OFFICIAL_ACCOUNT, staff_id=clerk.id).count() == 1
