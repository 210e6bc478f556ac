"""The clients against the sandbox's servers, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
import uvicorn

from backend.sandbox import create_app
from backend.wechat import (
    MINI_PROGRAM_FILE,
    OFFICIAL_ACCOUNT_FILE,
    AppCredentials,
    InProcessTokens,
    MiniProgramClient,
    MiniProgramState,
    OfficialAccountClient,
    PlatformError,
    PlatformFailure,
    PushKind,
    PushMessage,
    PushMode,
    PushReader,
    RobotClient,
    enrol_apps,
    load_app_credentials,
    load_robot_key,
    set_push_url,
)
from tests.wechat.provider import serve

Message = MutableMapping[str, Any]


@dataclass
class OurServer:
    """The endpoint of pushes as an application would have it: it reads, remembers and answers."""

    reader: PushReader
    reply: str = ""
    read: list[PushMessage] = field(default_factory=list)

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Serve one request."""
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        query, now = dict(parse_qsl(scope["query_string"].decode())), datetime.now(UTC)
        if scope["method"] == "GET":
            answer = self.reader.verify_url(query, now).encode()
        else:
            message = self.reader.read(query, body, now)
            self.read.append(message)
            answer = self.reader.write_text_reply(message, self.reply, now) if self.reply else b""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answer})


@dataclass
class Sandbox:
    """The sandbox with our apps in it, and what a tester orders of it."""

    url: str
    http: httpx2.AsyncClient
    folder: Path

    def app(self, name: str) -> AppCredentials:
        """Give the credentials of an app."""
        app = load_app_credentials(self.folder, name)
        assert app is not None
        return app

    async def order(self, path: str, **order: Any) -> dict[str, Any]:
        """Give an order that must be taken."""
        answer = await self.http.post(f"/_sandbox/{path}", json=order)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def messages(self, channel: str) -> list[dict[str, Any]]:
        """List what people received."""
        answer = await self.http.get("/_sandbox/messages", params={"channel": channel})
        result: list[dict[str, Any]] = answer.json()["messages"]
        return result


@asynccontextmanager
async def _served(app: Any) -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """Give a sandbox in which our apps are registered, with a template of each kind."""
    async with _served(create_app(tmp_path / "sandbox", public_url="http://127.0.0.1")) as url:
        await enrol_apps(url, tmp_path / "keys")
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=10) as http:
            sandbox = Sandbox(url, http, tmp_path / "keys")
            for name, kind in ((MINI_PROGRAM_FILE, "subscribe"), (OFFICIAL_ACCOUNT_FILE, "template")):
                template = {"template_id": "result", "kind": kind, "title": "审核结果通知", "keys": ["thing1"]}
                await sandbox.order("templates", appid=sandbox.app(name).appid, **template)
            yield sandbox


@pytest.fixture
async def mini(sandbox: Sandbox) -> AsyncIterator[MiniProgramClient]:
    """Give the client of the sandbox's mini program."""
    tokens = InProcessTokens()
    async with MiniProgramClient(sandbox.app(MINI_PROGRAM_FILE), tokens=tokens, base_url=sandbox.url) as client:
        yield client


@pytest.fixture
async def account(sandbox: Sandbox) -> AsyncIterator[OfficialAccountClient]:
    """Give the client of the sandbox's official account."""
    tokens = InProcessTokens()
    app = sandbox.app(OFFICIAL_ACCOUNT_FILE)
    async with OfficialAccountClient(app, tokens=tokens, base_url=sandbox.url) as client:
        yield client


async def failure(call: Awaitable[object]) -> PlatformFailure:
    """Give what became of a call that must fail."""
    with pytest.raises(PlatformError) as caught:
        await call
    return caught.value.kind


async def code_of(sandbox: Sandbox, person: str) -> str:
    """Give a code of `wx.login`."""
    code: str = (await sandbox.order(f"people/{person}/login", appid=sandbox.app(MINI_PROGRAM_FILE).appid))["code"]
    return code


async def test_a_person_signs_in(sandbox: Sandbox, mini: MiniProgramClient) -> None:
    """The same person each time, by a code that is good once; not when WeChat sees a risk."""
    code = await code_of(sandbox, "ann")
    person = await mini.code_to_session(code)
    assert person.unionid
    assert await failure(mini.code_to_session(code)) is PlatformFailure.CODE_SPENT
    assert await failure(mini.code_to_session("made-up")) is PlatformFailure.CODE_SPENT
    assert await mini.code_to_session(await code_of(sandbox, "ann")) == person
    assert await mini.code_to_session(await code_of(sandbox, "bob")) != person
    await sandbox.order("people/ann/block", kind="high_risk")
    assert await failure(mini.code_to_session(await code_of(sandbox, "ann"))) is PlatformFailure.PERSON_BLOCKED


@pytest.mark.parametrize(
    ("phone", "country_code", "number"), [("13800138000", "86", "13800138000"), ("51234567", "852", "+85251234567")]
)
async def test_a_person_gives_a_phone_number(
    sandbox: Sandbox, mini: MiniProgramClient, phone: str, country_code: str, number: str
) -> None:
    """By a code of its own kind, good once."""
    order = {"appid": sandbox.app(MINI_PROGRAM_FILE).appid, "phone": phone, "country_code": country_code}
    code = (await sandbox.order("people/ann/phone", **order))["code"]
    assert await mini.phone_number(code) == number
    assert await failure(mini.phone_number(code)) is PlatformFailure.CODE_SPENT
    assert await failure(mini.phone_number(await code_of(sandbox, "ann"))) is PlatformFailure.CODE_SPENT


async def test_a_code_is_drawn(sandbox: Sandbox, mini: MiniProgramClient) -> None:
    """A picture, or the refusal of a page that is not released, unless that is not asked."""
    appid = sandbox.app(MINI_PROGRAM_FILE).appid
    await sandbox.order(f"apps/{appid}/settings", pages=["pages/home/index"])
    assert (await mini.draw_code("t=1", "pages/home/index")).startswith(b"\x89PNG")
    assert await failure(mini.draw_code("t=1", "pages/new/index")) is PlatformFailure.PAGE_UNKNOWN
    assert await mini.draw_code("t=1", "pages/new/index", state=MiniProgramState.TRIAL, check_path=False)


async def test_a_subscribe_message_uses_up_a_consent(sandbox: Sandbox, mini: MiniProgramClient) -> None:
    """One consent, one message."""
    openid = (await mini.code_to_session(await code_of(sandbox, "ann"))).openid

    async def send(*, to: str = openid, template_id: str = "result", value: str = "已通过") -> None:
        state = MiniProgramState.FORMAL
        await mini.send_subscribe_message(to, template_id, "pages/home/index?id=1", {"thing1": value}, state)

    assert await failure(send()) is PlatformFailure.NO_CONSENT
    order = {"appid": sandbox.app(MINI_PROGRAM_FILE).appid, "template_id": "result", "result": "accept"}
    await sandbox.order("people/ann/subscribe", **order)
    assert await failure(send(to="somebody")) is PlatformFailure.PERSON_UNKNOWN
    assert await failure(send(template_id="unknown")) is PlatformFailure.TEMPLATE_UNKNOWN
    assert await failure(send(value="字" * 21)) is PlatformFailure.VALUE_INVALID
    await send()
    assert await failure(send()) is PlatformFailure.NO_CONSENT
    (message,) = await sandbox.messages("subscribe")
    assert (message["person"], message["data"], message["page"]) == (
        "ann",
        {"thing1": "已通过"},
        "pages/home/index?id=1",
    )


@pytest.mark.parametrize("mode", PushMode)
async def test_a_conversation_in_each_mode(sandbox: Sandbox, account: OfficialAccountClient, mode: PushMode) -> None:
    """Following, writing, the passive reply, and what the account then sends by itself."""
    app = sandbox.app(OFFICIAL_ACCOUNT_FILE)
    ours = OurServer(PushReader(app, required_mode=mode), "财富之门已打开]]>,请点击进入")
    with serve(ours) as url:
        await set_push_url(sandbox.url, app.appid, f"{url}/wechat/official-account", mode)
        await sandbox.order("people/ann/events", appid=app.appid, event="subscribe", scene="shop-7")
        told = await sandbox.order("people/ann/messages", appid=app.appid, content="芝麻开门 <a> ]]>")
        entries = [{"TemplateId": "result", "SubscribeStatusString": "reject"}]
        order = {"appid": app.appid, "event": "subscribe_msg_change_event", "entries": entries}
        await sandbox.order("people/ann/events", **order)
    followed, written, changed = ours.read
    assert (followed.kind, followed.scene) == (PushKind.SUBSCRIBE, "shop-7")
    assert (written.kind, written.content) == (PushKind.TEXT, "芝麻开门 <a> ]]>")
    assert [(item.template_id, item.status) for item in changed.consents] == [("result", "reject")]
    assert [message.encrypted for message in ours.read] == [mode is not PushMode.PLAIN] * 3
    assert (told["attempts"], told["malformed"], told["reply"]["content"]) == (1, False, ours.reply)

    openid = written.openid
    assert await account.unionid_of(openid)
    await account.send_text(openid, "进度:审核中")
    for _ in range(2):
        await account.send_template(
            openid,
            "result",
            {"thing1": "已通过"},
            mini_program_page="pages/home/index",
            mini_appid=sandbox.app(MINI_PROGRAM_FILE).appid,
            client_msg_id="message-1",
        )
    assert [message["text"] for message in await sandbox.messages("custom")] == ["进度:审核中"]
    assert len(await sandbox.messages("template")) == 1


async def test_a_person_is_one_in_both_apps(
    sandbox: Sandbox, mini: MiniProgramClient, account: OfficialAccountClient
) -> None:
    """The unionid links them while the person follows; then nothing can be sent any more either."""
    app = sandbox.app(OFFICIAL_ACCOUNT_FILE)
    ours = OurServer(PushReader(app))
    person = await mini.code_to_session(await code_of(sandbox, "ann"))
    with serve(ours) as url:
        await set_push_url(sandbox.url, app.appid, url, PushMode.SAFE)
        await sandbox.order("people/ann/events", appid=app.appid, event="subscribe")
        openid = ours.read[0].openid
        assert openid != person.openid
        assert await account.unionid_of(openid) == person.unionid
        await sandbox.order("people/ann/events", appid=app.appid, event="unsubscribe")
    assert ours.read[1].kind is PushKind.UNSUBSCRIBE
    assert await account.unionid_of(openid) is None
    assert await failure(account.send_text(openid, "text")) is PlatformFailure.NOT_FOLLOWING


@pytest.mark.parametrize(
    ("kind", "outcome", "delivered"),
    [
        ("token_expired", None, 1),
        ("token_invalid", None, 1),
        ("accept_then_lose", PlatformFailure.UNKNOWN_OUTCOME, 1),
        ("lose", PlatformFailure.UNKNOWN_OUTCOME, 0),
        ("status_500", PlatformFailure.UNKNOWN_OUTCOME, 0),
        ("status_502_html", PlatformFailure.UNKNOWN_OUTCOME, 0),
        ("busy", PlatformFailure.BUSY, 0),
        ("quota", PlatformFailure.BUSY, 0),
    ],
)
async def test_no_fault_makes_two_messages_of_one(
    sandbox: Sandbox,
    account: OfficialAccountClient,
    kind: str,
    outcome: PlatformFailure | None,
    delivered: int,
) -> None:
    """Whatever happens on the way, one call is one message at most."""
    app = sandbox.app(OFFICIAL_ACCOUNT_FILE)
    ours = OurServer(PushReader(app))
    with serve(ours) as url:
        await set_push_url(sandbox.url, app.appid, url, PushMode.SAFE)
        await sandbox.order("people/ann/messages", appid=app.appid, content="进度")
    await sandbox.order("faults", call="custom_send", kind=kind)
    sending = account.send_text(ours.read[0].openid, "进度:审核中")
    if outcome is None:
        await sending
    else:
        assert await failure(sending) is outcome
    assert len(await sandbox.messages("custom")) == delivered


async def test_the_robot_writes_into_its_group(sandbox: Sandbox) -> None:
    """With the key that was registered, and with no other."""
    key = load_robot_key(sandbox.folder)
    assert key is not None
    async with RobotClient(key, base_url=sandbox.url) as robot:
        await robot.send_markdown("**新申请**" + "芝" * 2000)
    (message,) = await sandbox.messages("robot")
    assert message["text"].startswith("**新申请**芝")
    async with RobotClient("00000000-made-up-key", base_url=sandbox.url) as robot:
        assert await failure(robot.send_markdown("text")) is PlatformFailure.CONFIGURATION
