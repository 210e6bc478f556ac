"""Pushes: what reaches the app's server, how often, under which signature, and how its reply is read."""

import asyncio
import base64
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.sandbox import push
from backend.sandbox.apps import App, AppKind, AppSettings, PushMode
from backend.sandbox.push_crypto import decrypt, encrypt, signature
from backend.sandbox.push_reply import ReplyRefused, read_links, read_reply
from tests.sandbox.platform import (
    ACCOUNT,
    AES_KEY,
    MINI,
    PUSH_URL,
    SECRETS,
    TEMPLATE,
    TOKEN,
    Platform,
    members,
    opened,
    pushed,
    sealed,
    sealed_reply,
    sha1_of,
    text_reply,
)
from tests.sandbox.provider import Wall

MODES = ("plain", "compatible", "safe")
SILENT = {"attempts": 1, "status": 200, "reply": None, "malformed": False}


def test_the_signature_is_that_of_the_documentation() -> None:
    """The worked example of the message push pages."""
    expected = "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert signature("AAAAA", "1714036504", "1514711492") == expected
    assert sha1_of("AAAAA", "1714036504", "1514711492") == expected


@pytest.mark.parametrize("mode", MODES)
async def test_an_address_is_asked_before_it_is_taken(platform: Platform, mode: str) -> None:
    """With the signature of token, timestamp and nonce, whatever the mode."""
    asked: list[httpx2.QueryParams] = []

    def console(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.params)
        return httpx2.Response(200, text=request.url.params["echostr"])

    platform.server.verify = console
    await platform.set_push(mode)
    (query,) = asked
    assert query.keys() == {"signature", "timestamp", "nonce", "echostr"}
    assert query["timestamp"] == str(int(platform.wall.now))
    assert query["signature"] == sha1_of(TOKEN, query["timestamp"], query["nonce"])


def _unreachable(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("refused", request=request)


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: httpx2.Response(200, text=request.url.params["echostr"] + "\n"),
        lambda _request: httpx2.Response(200, text="success"),
        lambda _request: httpx2.Response(200),
        lambda request: httpx2.Response(403, text=request.url.params["echostr"]),
        lambda _request: httpx2.Response(302, headers={"Location": PUSH_URL}),
        _unreachable,
    ],
)
async def test_an_address_that_does_not_answer_as_it_must_is_not_taken(platform: Platform, answer: Any) -> None:
    """A 409 with a sentence; the address before it stays."""
    await platform.set_push("plain")
    platform.server.verify = answer
    order = {"url": "http://127.0.0.1:9/other", "mode": "safe"}
    refused = await platform.http.post(f"/_sandbox/apps/{ACCOUNT}/push", json=order)
    assert (refused.status_code, "echostr" in refused.json()["error"]) == (409, True)
    await platform.write()
    assert str(platform.server.received[0].url).startswith(PUSH_URL + "?")
    assert "encrypt_type" not in platform.server.received[0].url.params


@pytest.mark.parametrize("mode", MODES)
async def test_a_text_is_pushed_in_the_mode_of_the_app(platform: Platform, mode: str) -> None:
    """Signed in every mode, encrypted in two, in clear in two; end marks in it break nothing."""
    await platform.set_push(mode)
    assert await platform.write("a]]>b & <c>") == SILENT
    (request,) = platform.server.received
    query, outer = request.url.params, members(request.content)
    encrypted = mode != "plain"
    assert query.keys() == {"signature", "timestamp", "nonce", "openid"} | (
        {"encrypt_type", "msg_signature"} if encrypted else set()
    )
    assert query["signature"] == sha1_of(TOKEN, query["timestamp"], query["nonce"])
    expected = {
        "ToUserName": outer["ToUserName"],
        "FromUserName": query["openid"],
        "CreateTime": str(int(platform.wall.now)),
        "MsgType": "text",
        "Content": "a]]>b & <c>",
        "MsgId": "24000000000000001",
    }
    assert re.fullmatch(r"gh_[0-9a-f]{12}", outer["ToUserName"])
    if encrypted:
        assert query["encrypt_type"] == "aes"
        sealed = outer.pop("Encrypt")
        assert query["msg_signature"] == sha1_of(TOKEN, query["timestamp"], query["nonce"], sealed)
        message, appid = opened(sealed)
        assert (members(message), appid) == (expected, ACCOUNT)
    assert outer == (expected if mode != "safe" else {"ToUserName": expected["ToUserName"]})


@pytest.mark.parametrize("mode", MODES)
async def test_a_reply_is_received(platform: Platform, mode: str) -> None:
    """Read from the mode it came in; it is among the messages of its person."""
    await platform.set_push(mode)
    write = sealed_reply if mode == "safe" else text_reply
    text = (
        '财富之门已打开，请<a href="https://shop.example/door?a=1&amp;b=2" data-miniprogram-appid="wx1" '
        'data-miniprogram-path="pages/index/index?k=v">点击进入</a>'
    )
    platform.server.answer = lambda request: httpx2.Response(200, content=write(request, text))
    answer = await platform.write()
    push_ = pushed(platform.server.received[0])
    assert answer == {
        **SILENT,
        "reply": {
            "type": "text",
            "content": text,
            "to": push_["FromUserName"],
            "from": push_["ToUserName"],
            "links": [
                {
                    "href": "https://shop.example/door?a=1&b=2",
                    "mini_program_appid": "wx1",
                    "mini_program_path": "pages/index/index?k=v",
                    "text": "点击进入",
                }
            ],
        },
    }
    (message,) = await platform.messages()
    assert (message["channel"], message["person"], message["appid"], message["text"]) == ("reply", "lin", ACCOUNT, text)


async def test_an_encrypted_reply_is_good_in_compatible_mode_too(platform: Platform) -> None:
    """There both are."""
    await platform.set_push("compatible")
    platform.server.answer = lambda request: httpx2.Response(200, content=sealed_reply(request, "好"))
    assert (await platform.write())["reply"]["content"] == "好"


async def test_without_association_a_link_opens_its_address(platform: Platform) -> None:
    """The members of the mini program count for nothing."""
    await platform.set_push()
    await platform.order(f"apps/{ACCOUNT}/settings", associated=False)
    platform.server.reply('<a href="https://x" data-miniprogram-appid="wx1" data-miniprogram-path="p">门</a>')
    (link,) = (await platform.write())["reply"]["links"]
    assert link == {"href": "https://x", "mini_program_appid": None, "mini_program_path": None, "text": "门"}


@pytest.mark.parametrize("body", ["", "success"])
async def test_an_account_may_stay_silent(platform: Platform, body: str) -> None:
    """In every mode, with `success` or nothing."""
    platform.server.answer = lambda _request: httpx2.Response(200, text=body)
    for mode in MODES:
        await platform.set_push(mode)
        assert await platform.write() == SILENT
    assert await platform.messages() == []


_PIECES = ("<a", " href=", '"', "'", ">", "</a>", "<a href='x'>", "<![CDATA[", "<!x", "&amp;", "&", " ", "门", "=")
_ZEROS = base64.b64encode(bytes(64)).decode()


def _sealed_signature(ciphertext: str) -> str:
    return sha1_of(TOKEN, "1790000000", "77", ciphertext)


MALFORMED: list[tuple[str, Any]] = [
    ("plain", lambda _request: b"ok"),
    ("plain", lambda _request: b'{"reply": "text"}'),
    ("plain", lambda _request: b"<xml>"),
    ("plain", lambda _request: b"<xml/>"),
    ("plain", lambda _request: b"\xff\xfe"),
    ("plain", lambda request: text_reply(request, "x").replace(b"xml>", b"reply>")),
    ("plain", lambda request: b"<!DOCTYPE xml>" + text_reply(request, "x")),
    ("plain", lambda request: b'<!DOCTYPE xml [<!ENTITY a "b">]>' + text_reply(request, "x")),
    ("plain", lambda request: b" " * 65_536 + text_reply(request, "x")),
    ("plain", lambda request: text_reply(request, "")),
    ("plain", lambda request: text_reply(request, "门" * 683)),
    ("plain", lambda request: text_reply(request, "x", MsgType="")),
    ("plain", lambda request: text_reply(request, "x", MsgType="unknown")),
    ("plain", lambda request: text_reply(request, "x", CreateTime="now")),
    ("plain", lambda request: text_reply(request, "x", ToUserName="o" * 28)),
    ("plain", lambda request: text_reply(request, "x", FromUserName="gh_000000000000")),
    ("plain", lambda request: text_reply(request, "a]]>b")),
    ("plain", lambda request: sealed_reply(request, "x")),
    ("compatible", lambda request: sealed_reply(request, "x", MsgSignature="0" * 40)),
    ("safe", lambda request: text_reply(request, "x")),
    ("safe", lambda request: sealed_reply(request, "x", MsgSignature="")),
    ("safe", lambda request: sealed_reply(request, "x", Nonce="78")),
    ("safe", lambda request: sealed_reply(request, "x", appid=MINI)),
    ("safe", lambda request: sealed_reply(request, "x", Encrypt="%%%", MsgSignature=_sealed_signature("%%%"))),
    ("safe", lambda request: sealed_reply(request, "x", Encrypt="AAAA", MsgSignature=_sealed_signature("AAAA"))),
    ("safe", lambda request: sealed_reply(request, "x", Encrypt=_ZEROS, MsgSignature=_sealed_signature(_ZEROS))),
]


@pytest.mark.parametrize(("mode", "answer"), MALFORMED)
async def test_what_is_no_reply_is_malformed(platform: Platform, mode: str, answer: Any) -> None:
    """The person sees that the account is out of service: no reply, no second push, no message."""
    await platform.set_push(mode)
    platform.server.answer = lambda request: httpx2.Response(200, content=answer(request))
    assert await platform.write() == {**SILENT, "malformed": True}
    assert await platform.messages() == []


async def test_a_reply_that_is_no_text_has_no_content(platform: Platform) -> None:
    """It is received all the same."""
    await platform.set_push()
    platform.server.reply("x", MsgType="transfer_customer_service")
    answer = await platform.write()
    assert (answer["reply"]["type"], answer["reply"]["content"], answer["malformed"]) == (
        "transfer_customer_service",
        None,
        False,
    )


@given(st.one_of(st.text(), st.lists(st.sampled_from(_PIECES)).map("".join)))
def test_no_text_breaks_the_reading_of_links(content: str) -> None:
    """However its anchors are mutilated."""
    for link in read_links(content, associated=True):
        assert link.text in unescape(content)


@pytest.mark.parametrize(
    ("content", "links"),
    [
        ("门", []),
        ("<a>门</a>", [(None, "门")]),
        ("<a href=\"x\">1</a><a href='y'>2</a>", [("x", "1"), ("y", "2")]),
        ('<a\nhref = "a>b" >1 &lt; 2</a >x</a>', [("a>b", "1 < 2</a >x")]),
        ('<a href="x">1', []),
        ('<abbr href="x">1</abbr>', []),
        ('<![x]><a href="x">1</a>', [("x", "1")]),
    ],
)
def test_links_are_anchors(content: str, links: list[tuple[str | None, str]]) -> None:
    """Whole ones."""
    assert [(link.href, link.text) for link in read_links(content, associated=False)] == links


@given(
    st.binary(max_size=300),
    st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), max_size=4),
    st.sampled_from(list(PushMode)),
)
def test_an_answer_is_silence_a_reply_or_refused(noise: bytes, cuts: list[tuple[int, bytes]], mode: PushMode) -> None:
    """Random bytes, and replies with pieces replaced, never break the sandbox itself."""
    app = App(ACCOUNT, AppKind.OFFICIAL_ACCOUNT, "", TOKEN, AES_KEY, PUSH_URL, mode, AppSettings())
    xml = "<xml><ToUserName>o</ToUserName><FromUserName>gh_1</FromUserName><CreateTime>1</CreateTime>"
    clear = f"{xml}<MsgType>text</MsgType><Content><![CDATA[好<a>]]></Content></xml>".encode()
    ciphertext = sealed(clear)
    members_ = {"Encrypt": ciphertext, "MsgSignature": _sealed_signature(ciphertext), "TimeStamp": "1790000000"}
    whole = "".join(f"<{name}>{value}</{name}>" for name, value in {**members_, "Nonce": "77"}.items())
    for start in (noise, clear, f"<xml>{whole}</xml>".encode()):
        body = bytearray(start)
        for at, piece in cuts:
            body[at : at + len(piece)] = piece
        try:
            reply = read_reply(app, "gh_1", "o", bytes(body))
        except ReplyRefused:
            continue
        assert reply is None or (reply.to, reply.sender) == ("o", "gh_1")


@given(st.binary(max_size=200), st.text(max_size=30))
def test_what_is_encrypted_is_opened_by_its_app_alone(message: bytes, appid: str) -> None:
    """By the test's own code and by the sandbox's, at every length."""
    ciphertext = encrypt(AES_KEY, appid, message)
    assert opened(ciphertext) == (message, appid)
    assert decrypt(AES_KEY, appid, sealed(message, appid)) == message
    with pytest.raises(ValueError, match="not for this app"):
        decrypt(AES_KEY, appid + "x", ciphertext)


def _times_out(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadTimeout("late", request=request)


@pytest.mark.parametrize(
    ("failing", "status"),
    [(_unreachable, None), (_times_out, None), (lambda _request: httpx2.Response(500), 500)],
)
@pytest.mark.parametrize("failures", [1, 2, 3])
async def test_a_push_without_an_answer_is_repeated_twice(
    platform: Platform, failing: Callable[[httpx2.Request], httpx2.Response], status: int | None, failures: int
) -> None:
    """The same message under the same id, with a new timestamp and nonce; the first 200 ends it."""
    await platform.set_push("safe")

    def answer(request: httpx2.Request) -> httpx2.Response:
        platform.wall.now += 5
        if len(platform.server.received) <= failures:
            return failing(request)
        return httpx2.Response(200, content=sealed_reply(request, "好"))

    platform.server.answer = answer
    told = await platform.write()
    received = platform.server.received
    assert told["attempts"] == len(received) == min(failures + 1, 3)
    assert told["status"] == (200 if failures < 3 else status)
    assert (told["reply"] is None) is (failures == 3)
    assert {pushed(request)["MsgId"] for request in received} == {"24000000000000001"}
    assert len({pushed(request)["CreateTime"] for request in received}) == 1
    for name in ("timestamp", "nonce", "signature"):
        assert len({request.url.params[name] for request in received}) == len(received)


async def test_a_push_may_be_repeated_under_the_same_nonce(platform: Platform) -> None:
    """For which of the two the platform does is not known."""
    await platform.set_push()
    platform.server.answer = lambda _request: httpx2.Response(502)
    assert (await platform.write(same_nonce=True))["attempts"] == 3
    assert len({str(request.url) for request in platform.server.received}) == 1


async def test_a_push_waits_for_its_limit_and_no_longer(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is over the whole answer, however slowly it goes on coming."""
    await platform.set_push()
    monkeypatch.setattr(push, "PUSH_SECONDS", 0.02)

    async def never(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError("cancelled before")

    platform.server.answer = never
    assert await platform.write() == {"attempts": 3, "status": None, "reply": None, "malformed": False}


async def test_each_message_has_its_own_id(platform: Platform) -> None:
    """Also when two people write at once."""
    await platform.set_push()
    await asyncio.gather(*(platform.write(person=f"p{number}") for number in range(20)))
    assert len({pushed(request)["MsgId"] for request in platform.server.received}) == 20
    assert len({pushed(request)["FromUserName"] for request in platform.server.received}) == 20


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"event": "subscribe"}, {"Event": "subscribe", "EventKey": ""}),
        (
            {"event": "subscribe", "scene": "door-7"},
            {"Event": "subscribe", "EventKey": "qrscene_door-7", "Ticket": "TICKET_door-7"},
        ),
        (
            {"event": "SCAN", "scene": "door-7"},
            {"Event": "subscribe", "EventKey": "qrscene_door-7", "Ticket": "TICKET_door-7"},
        ),
        ({"event": "unsubscribe"}, {"Event": "unsubscribe", "EventKey": ""}),
        ({"event": "CLICK", "key": "PROGRESS"}, {"Event": "CLICK", "EventKey": "PROGRESS"}),
        ({"event": "VIEW", "key": "https://x"}, {"Event": "VIEW", "EventKey": "https://x"}),
    ],
)
async def test_an_event_is_pushed(platform: Platform, order: dict[str, Any], expected: dict[str, str]) -> None:
    """Without an id of its own; scanning without following is following."""
    await platform.set_push("safe")
    assert await platform.act(**order) == {"event": expected["Event"], **SILENT}
    (request,) = platform.server.received
    event = pushed(request)
    assert event == {
        "ToUserName": event["ToUserName"],
        "FromUserName": request.url.params["openid"],
        "CreateTime": str(int(platform.wall.now)),
        "MsgType": "event",
        **expected,
    }


async def test_a_follower_who_scans_sends_the_bare_scene(platform: Platform) -> None:
    """Only following by it has the prefix."""
    await platform.set_push()
    await platform.act("subscribe")
    assert (await platform.act("SCAN", scene="door-7"))["event"] == "SCAN"
    assert pushed(platform.server.received[1])["EventKey"] == "door-7"


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ("subscribe_msg_popup_event", "SubscribeMsgPopupEvent"),
        ("subscribe_msg_change_event", "SubscribeMsgChangeEvent"),
        ("subscribe_msg_sent_event", "SubscribeMsgSentEvent"),
    ],
)
async def test_events_about_subscribe_messages_hold_a_list(platform: Platform, event: str, name: str) -> None:
    """One entry is one element, two are two beside each other."""
    await platform.set_push()
    entries = [{"TemplateId": TEMPLATE, "SubscribeStatusString": "accept"}, {"TemplateId": "b]]>"}]
    for count in (1, 2):
        await platform.act(event, entries=entries[:count])
        body = platform.server.received[-1].content.decode()
        assert body.count("<List>") == count
        assert f"<{name}><List><TemplateId><![CDATA[{TEMPLATE}]]></TemplateId>" in body
        assert members(body)["Event"] == event


async def test_writing_is_following_without_a_word(platform: Platform) -> None:
    """Unless it is asked that the event of following comes first."""
    await platform.set_push()
    await platform.write()
    await platform.write(person="wang", follow_first=True)
    await platform.write(person="wang", follow_first=True)
    assert [pushed(request).get("Event", "text") for request in platform.server.received] == [
        "text",
        "subscribe",
        "text",
        "text",
    ]


@pytest.mark.parametrize("mode", MODES)
async def test_anything_can_be_pushed(platform: Platform, mode: str) -> None:
    """Bytes as they are, under a query of which each member can be bent or taken away."""
    await platform.set_push(mode)
    platform.server.answer = lambda _request: httpx2.Response(400, content="拒绝\xff".encode("latin-1", "replace"))
    hostile = b"\x00\xff" * 50_000
    told = await platform.order(
        "push",
        appid=ACCOUNT,
        body_base64=base64.b64encode(hostile).decode(),
        query_overrides={"nonce": None, "signature": "x", "openid": "o"},
    )
    assert told["status"] == 400
    (request,) = platform.server.received
    assert request.content == hostile
    assert request.url.params.keys() == {"timestamp", "signature", "openid"}
    assert request.url.params["signature"] == "x"


@pytest.mark.parametrize("mode", MODES)
async def test_a_hostile_text_is_pushed_as_the_mode_says(platform: Platform, mode: str) -> None:
    """Signed and encrypted rightly, so that it gets past the door."""
    await platform.set_push(mode)
    xml = '<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>'
    told = await platform.order("push", appid=ACCOUNT, xml=xml)
    assert told == {"status": 200, "body": ""}
    (request,) = platform.server.received
    query = request.url.params
    assert query["signature"] == sha1_of(TOKEN, query["timestamp"], query["nonce"])
    if mode == "plain":
        assert request.content.decode() == xml
    else:
        (sealed,) = re.findall(r"<Encrypt><!\[CDATA\[(.+)\]\]></Encrypt>", request.content.decode())
        assert opened(sealed) == (xml.encode(), ACCOUNT)
        assert query["msg_signature"] == sha1_of(TOKEN, query["timestamp"], query["nonce"], sealed)


async def test_an_app_without_an_address_is_not_pushed_to(platform: Platform) -> None:
    """Each order for a push is a 409, and nobody wrote or followed."""
    for path, order in (
        ("people/lin/messages", {"content": "x"}),
        ("people/lin/events", {"event": "subscribe"}),
        ("push", {"xml": "<xml/>"}),
    ):
        refused = await platform.http.post(f"/_sandbox/{path}", json={"appid": ACCOUNT, **order})
        assert refused.status_code == 409
    assert (await platform.http.get("/_sandbox/state")).json()["people"] == 0


async def test_new_credentials_keep_the_address(platform: Platform, wall: Wall) -> None:
    """Registering again replaces what signs, as at each start of the app; address and settings stay."""
    await platform.set_push("safe")
    await platform.order(f"apps/{ACCOUNT}/settings", bound=False)
    wall.now += 1
    credentials = {"secret": SECRETS[ACCOUNT], "token": "BBBBB", "encoding_aes_key": AES_KEY}
    await platform.order("apps", kind="official_account", appid=ACCOUNT, **credentials)
    await platform.write()
    query = platform.server.received[0].url.params
    assert query["signature"] == sha1_of("BBBBB", query["timestamp"], query["nonce"])
    assert await platform.order(f"apps/{ACCOUNT}/settings") == {
        "bound": False,
        "service_account": True,
        "associated": True,
        "pages": None,
    }
