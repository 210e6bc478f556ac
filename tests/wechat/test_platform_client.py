"""Tokens, ends in time and threads of the calls to WeChat's app servers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import pytest

from backend.wechat import (
    PLATFORM_HOST,
    InProcessTokens,
    MiniProgramClient,
    OfficialAccountClient,
    PlatformError,
    PlatformFailure,
    RobotClient,
)
from backend.wechat.platform_client import AppClient
from tests.wechat.platform import APP, TOKEN, TOKEN_PATH, Answer, Platform, says
from tests.wechat.platform_calls import CODE, KINDS, OPENID, PHONE_INFO, TEXT, WITH_TOKEN, Kind
from tests.wechat.wire import broken_server, closed_port

TEXT_PATH = "/cgi-bin/message/custom/send"
NEW_TOKEN = "69_renewed"


def limit_seconds(answer: Answer) -> float:
    """Give a limit that is soon over for what never comes, and is no matter for what comes."""
    return 0.4 if answer.lost else 5.0


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_the_token_is_fetched_once_and_then_stored(
    platform: Platform, mini: MiniProgramClient, account: OfficialAccountClient, kind: Kind
) -> None:
    """The stable token, by POST with the secret in the body; signing in asks for none."""
    platform.answer(kind.path, kind.good)
    await kind.perform(mini, account)
    await kind.perform(mini, account)
    assert platform.paths() == [TOKEN_PATH, kind.path, kind.path] if kind.with_token else [kind.path, kind.path]
    if kind.with_token:
        asked = platform.received[0]
        assert (asked.method, asked.query) == ("POST", {})
        assert asked.json() == {"grant_type": "client_credential", "appid": APP.appid, "secret": APP.secret}
    used = [asked.query.get("access_token") for asked in platform.received if asked.path == kind.path]
    assert used == ([TOKEN] * 2 if kind.with_token else [None] * 2)


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
@pytest.mark.parametrize("kind", WITH_TOKEN, ids=str)
async def test_a_refused_token_is_renewed_once(
    platform: Platform,
    tokens: InProcessTokens,
    mini: MiniProgramClient,
    account: OfficialAccountClient,
    kind: Kind,
    errcode: int,
) -> None:
    """The call, the new token, the call again with it: and it is done."""
    await tokens.put(APP.appid, TOKEN, ttl_seconds=100)
    platform.answer(TOKEN_PATH, says(access_token=NEW_TOKEN, expires_in=7200))
    platform.answer(kind.path, says(errcode=errcode, errmsg="token"), kind.good)
    await kind.perform(mini, account)
    assert platform.paths() == [kind.path, TOKEN_PATH, kind.path]
    first, _, second = platform.received
    assert (first.query["access_token"], second.query["access_token"]) == (TOKEN, NEW_TOKEN)
    assert first.body == second.body
    assert await tokens.get(APP.appid) == NEW_TOKEN


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
@pytest.mark.parametrize("renewed", [TOKEN, NEW_TOKEN])
@pytest.mark.parametrize("kind", WITH_TOKEN, ids=str)
async def test_a_token_that_stays_refused_ends_the_call(
    platform: Platform,
    tokens: InProcessTokens,
    mini: MiniProgramClient,
    account: OfficialAccountClient,
    kind: Kind,
    renewed: str,
    errcode: int,
) -> None:
    """Three requests in all, also when WeChat gives the refused token once more."""
    await tokens.put(APP.appid, TOKEN, ttl_seconds=100)
    platform.answer(TOKEN_PATH, says(access_token=renewed, expires_in=7200))
    platform.answer(kind.path, says(errcode=errcode, errmsg="token"))
    with pytest.raises(PlatformError) as caught:
        await kind.perform(mini, account)
    assert (caught.value.kind, caught.value.errcode) == (PlatformFailure.CONFIGURATION, errcode)
    assert platform.paths() == [kind.path, TOKEN_PATH, kind.path]


async def test_signing_in_is_never_repeated(platform: Platform, mini: MiniProgramClient) -> None:
    """It uses no token, so a refused one is nothing to renew."""
    platform.answer("/sns/jscode2session", says(errcode=40001, errmsg="token"))
    with pytest.raises(PlatformError) as caught:
        await mini.code_to_session(CODE)
    assert caught.value.kind is PlatformFailure.CONFIGURATION
    assert platform.paths() == ["/sns/jscode2session"]


async def test_many_callers_fetch_one_token(platform: Platform, account: OfficialAccountClient) -> None:
    """Whoever comes while a token is being fetched waits for it."""
    platform.answer(TEXT_PATH, says(errcode=0))
    await asyncio.gather(*(account.send_text(OPENID, TEXT) for _ in range(24)))
    assert Counter(platform.paths()) == {TOKEN_PATH: 1, TEXT_PATH: 24}


async def test_many_callers_renew_a_token_once(
    platform: Platform, tokens: InProcessTokens, account: OfficialAccountClient
) -> None:
    """However many calls find their token refused, they bring one new one."""
    await tokens.put(APP.appid, TOKEN, ttl_seconds=100)
    platform.expired_tokens.add(TOKEN)
    platform.answer(TOKEN_PATH, says(access_token=NEW_TOKEN, expires_in=7200))
    platform.answer(TEXT_PATH, says(errcode=0))
    await asyncio.gather(*(account.send_text(OPENID, TEXT) for _ in range(8)))
    used = Counter(asked.query["access_token"] for asked in platform.received if asked.path == TEXT_PATH)
    assert platform.paths().count(TOKEN_PATH) == 1
    assert used[NEW_TOKEN] == 8
    assert 1 <= used[TOKEN] <= 8


async def test_two_clients_share_the_token_of_their_app(platform: Platform, tokens: InProcessTokens) -> None:
    """The store decides, not the client."""
    platform.answer(TEXT_PATH, says(errcode=0))
    for _ in range(2):
        async with OfficialAccountClient(APP, tokens=tokens, base_url=platform.url) as client:
            await client.send_text(OPENID, TEXT)
    assert platform.paths() == [TOKEN_PATH, TEXT_PATH, TEXT_PATH]


@pytest.mark.parametrize(("expires_in", "kept_seconds"), [(7200, 6900), (600, 300), (100, 50)])
async def test_a_token_is_not_kept_to_its_end(platform: Platform, expires_in: int, kept_seconds: int) -> None:
    """WeChat renews it in its last five minutes, and a short one is given up at half its life."""
    now = 1000.0
    tokens = InProcessTokens(monotonic=lambda: now)
    platform.answer(TOKEN_PATH, says(access_token=TOKEN, expires_in=expires_in))
    platform.answer(TEXT_PATH, says(errcode=0))
    async with OfficialAccountClient(APP, tokens=tokens, base_url=platform.url) as client:
        await client.send_text(OPENID, TEXT)
        now += kept_seconds - 1
        await client.send_text(OPENID, TEXT)
        assert platform.paths().count(TOKEN_PATH) == 1
        now += 1
        await client.send_text(OPENID, TEXT)
        assert platform.paths().count(TOKEN_PATH) == 2


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (says(errcode=40164, errmsg="invalid ip"), PlatformFailure.CONFIGURATION),
        (says(errcode=40125, errmsg="invalid appsecret"), PlatformFailure.CONFIGURATION),
        (says(errcode=45009, errmsg="quota"), PlatformFailure.BUSY),
        (says(errcode=-1, errmsg="system error"), PlatformFailure.BUSY),
        (says(access_token=TOKEN), PlatformFailure.UNREACHABLE),
        (says(access_token="", expires_in=7200), PlatformFailure.UNREACHABLE),
        (says(access_token=7, expires_in=7200), PlatformFailure.UNREACHABLE),
        (says(access_token=TOKEN, expires_in="7200"), PlatformFailure.UNREACHABLE),
        (says(access_token=TOKEN, expires_in=True), PlatformFailure.UNREACHABLE),
        (says(access_token=TOKEN, expires_in=0), PlatformFailure.UNREACHABLE),
        (Answer(b"[]"), PlatformFailure.UNREACHABLE),
        (Answer(b"", 502), PlatformFailure.UNREACHABLE),
        (Answer(lost=True), PlatformFailure.UNREACHABLE),
    ],
)
async def test_without_a_token_nothing_is_sent(
    platform: Platform, tokens: InProcessTokens, answer: Answer, failure: PlatformFailure
) -> None:
    """The call fails as one that was surely not sent, and no half token is stored."""
    platform.answer(TOKEN_PATH, answer)
    async with OfficialAccountClient(
        APP, tokens=tokens, base_url=platform.url, timeout_seconds=limit_seconds(answer)
    ) as client:
        with pytest.raises(PlatformError) as caught:
            await client.send_text(OPENID, TEXT)
    assert (caught.value.kind, caught.value.call) == (failure, "stable_token")
    assert platform.paths() == [TOKEN_PATH]
    assert await tokens.get(APP.appid) is None


@pytest.mark.parametrize(
    "answer",
    [
        Answer(lost=True),
        Answer(b""),
        Answer(b"null"),
        Answer(b"[]"),
        Answer(b"{}"),
        Answer(b'"text"'),
        Answer(b'{"errcode":"many"}'),
        Answer(b'{"errcode":null}'),
        Answer(b'{"errcode":1e999}'),
        Answer(b'{"errcode":NaN}'),
        Answer(b'{"base_resp":5}'),
        Answer(b'{"base_resp":"abc"}'),
        Answer(b'{"errcode":' + b"9" * 5000 + b"}"),
        Answer(b'{"a":' + b"[" * 100_000),
        Answer(b"<html>captive portal</html>"),
        Answer(b'{"errcode":0}', 500),
        Answer(b'{"errcode":0}', 404),
        Answer(b'{"errcode":0}', 201),
        Answer(b'{"errcode":0}', 302, ((b"location", b"/elsewhere"),)),
        Answer(b'{"errcode":0}', 307, ((b"location", b"http://[broken"),)),
    ],
    ids=lambda answer: f"{answer.status} {'lost' if answer.lost else answer.body[:20]!r}",
)
async def test_an_unusable_answer_leaves_the_outcome_unknown(
    platform: Platform, tokens: InProcessTokens, answer: Answer
) -> None:
    """Of every call: whatever it is, it was sent once, is not sent again, and no redirect is followed."""
    await tokens.put(APP.appid, TOKEN, ttl_seconds=100)
    for kind in KINDS:
        platform.answer(kind.path, answer)
    limit = limit_seconds(answer)
    async with (
        MiniProgramClient(APP, tokens=tokens, base_url=platform.url, timeout_seconds=limit) as mini,
        OfficialAccountClient(APP, tokens=tokens, base_url=platform.url, timeout_seconds=limit) as account,
    ):
        errors = await asyncio.gather(*(kind.perform(mini, account) for kind in KINDS), return_exceptions=True)
    seen = [(error.kind, error.call) for error in errors if isinstance(error, PlatformError)]
    assert seen == [(PlatformFailure.UNKNOWN_OUTCOME, kind.name) for kind in KINDS]
    assert Counter(platform.paths()) == {kind.path: 1 for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_call_without_a_connection_was_not_sent(tokens: InProcessTokens, kind: Kind) -> None:
    """It may be repeated; one that broke off afterwards may not."""
    await tokens.put(APP.appid, TOKEN, ttl_seconds=100)

    async def failure_at(url: str) -> PlatformFailure:
        async with (
            MiniProgramClient(APP, tokens=tokens, base_url=url) as mini,
            OfficialAccountClient(APP, tokens=tokens, base_url=url) as account,
        ):
            with pytest.raises(PlatformError) as caught:
                await kind.perform(mini, account)
            return caught.value.kind

    assert await failure_at(closed_port()) is PlatformFailure.UNREACHABLE
    for content in (b"", b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"):
        with broken_server(content) as url:
            assert await failure_at(url) is PlatformFailure.UNKNOWN_OUTCOME


@contextmanager
def trickling_server() -> Iterator[str]:
    """Send one byte of a header after the other, each soon enough for a limit from byte to byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stopped = threading.Event()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not stopped.wait(0.02):
                    connection.sendall(b"a")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stopped.set()
            thread.join()


async def test_an_answer_that_trickles_does_not_hold_the_caller() -> None:
    """The limit is one for the whole call."""
    with trickling_server() as url:
        async with MiniProgramClient(APP, tokens=InProcessTokens(), base_url=url, timeout_seconds=0.2) as client:
            with pytest.raises(PlatformError) as caught:
                async with asyncio.timeout(5):
                    await client.code_to_session(CODE)
    assert caught.value.kind is PlatformFailure.UNKNOWN_OUTCOME


async def arrived(platform: Platform, count: int) -> None:
    """Return when so many more requests have come; the loop goes on meanwhile."""
    for _ in range(count):
        assert await asyncio.to_thread(platform.arrivals.acquire, timeout=5)


async def test_a_slow_wechat_holds_eight_threads(platform: Platform, tokens: InProcessTokens) -> None:
    """What finds no thread in time is not sent, and says so; the event loop goes on."""
    await tokens.put(APP.appid, TOKEN, ttl_seconds=100)
    platform.answer(TEXT_PATH, Answer(lost=True))
    async with OfficialAccountClient(APP, tokens=tokens, base_url=platform.url, timeout_seconds=1.0) as client:
        calls = [asyncio.create_task(client.send_text(OPENID, TEXT)) for _ in range(24)]
        await arrived(platform, 8)
        assert not any(call.done() for call in calls)
        errors = await asyncio.gather(*calls, return_exceptions=True)
    kinds = Counter(error.kind for error in errors if isinstance(error, PlatformError))
    assert kinds.keys() == {PlatformFailure.UNKNOWN_OUTCOME, PlatformFailure.UNREACHABLE}
    assert kinds.total() == 24
    assert 8 <= len(platform.received) <= kinds[PlatformFailure.UNKNOWN_OUTCOME]


async def test_a_call_that_is_given_up_before_its_turn_is_not_sent(platform: Platform, tokens: InProcessTokens) -> None:
    """A cancelled caller's message does not leave later."""
    await tokens.put(APP.appid, TOKEN, ttl_seconds=100)
    platform.answer(TEXT_PATH, *[Answer(lost=True)] * 8, says(errcode=0))
    async with OfficialAccountClient(APP, tokens=tokens, base_url=platform.url, timeout_seconds=1.0) as client:
        held = [asyncio.create_task(client.send_text(OPENID, "held")) for _ in range(8)]
        await arrived(platform, 8)
        waiting = asyncio.create_task(client.send_text(OPENID, "given up"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(*held, waiting, return_exceptions=True)
        await client.send_text(OPENID, "afterwards")
    texts = [asked.json()["text"]["content"] for asked in platform.received]
    assert Counter(texts) == {"held": 8, "afterwards": 1}


async def test_calls_of_many_threads_do_not_mix(platform: Platform, mini: MiniProgramClient) -> None:
    """Each caller gets the answer to its own question."""
    numbers = [f"138{number:08}" for number in range(40)]
    path = "/wxa/business/getuserphonenumber"
    scripts = [says(errcode=0, phone_info=PHONE_INFO | {"purePhoneNumber": number}) for number in numbers]
    platform.answer(path, *scripts)
    codes = [f"code-{number}" for number in range(40)]
    given = await asyncio.gather(*(mini.phone_number(code) for code in codes))
    assert sorted(asked.json()["code"] for asked in platform.received if asked.path == path) == sorted(codes)
    answered = dict(
        zip([asked.json()["code"] for asked in platform.received if asked.path == path], numbers, strict=True)
    )
    assert given == [answered[code] for code in codes]


async def test_no_proxy_of_the_environment_is_used(
    platform: Platform, mini: MiniProgramClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret goes to WeChat, not to whoever set a variable."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, closed_port())
    monkeypatch.setenv("no_proxy", "")
    platform.answer("/sns/jscode2session", says(openid=OPENID))
    assert (await mini.code_to_session(CODE)).openid == OPENID


@pytest.mark.parametrize(
    "url",
    [
        "http://api.weixin.qq.com",
        "https://api.weixin.qq.com.example.com",
        "https://example.com",
        "http://127.0.0.1:8001@example.com",
        "http://sandbox:8001",
        "http://0.0.0.0:8001",
        "",
    ],
)
async def test_another_address_is_refused(url: str) -> None:
    """A client goes to WeChat or to the sandbox on this machine."""
    with pytest.raises(ValueError, match="loopback"):
        MiniProgramClient(APP, tokens=InProcessTokens(), base_url=url)
    with pytest.raises(ValueError, match="loopback"):
        OfficialAccountClient(APP, tokens=InProcessTokens(), base_url=url)
    with pytest.raises(ValueError, match="loopback"):
        RobotClient("key", base_url=url)


async def test_the_live_address_is_the_default() -> None:
    """Nothing has to be said to reach WeChat itself."""
    async with MiniProgramClient(APP, tokens=InProcessTokens(), base_url=PLATFORM_HOST + "/"):
        pass
    assert PLATFORM_HOST == "https://api.weixin.qq.com"


def test_a_ready_made_call_to_the_live_host_does_not_leave_the_sandbox(platform: Platform) -> None:
    """Some of wechatpy's calls name WeChat's host themselves; none of them is made by chance."""
    app = AppClient(APP, platform.url)
    app.prepare(TOKEN, 5.0)
    with pytest.raises(RuntimeError, match="one host"):
        app.wxa.code_to_session(CODE)
    with pytest.raises(RuntimeError, match="one host"):
        app.get("https://example.com/")
    app.close()
    assert platform.received == []


async def test_tokens_of_two_apps_are_apart() -> None:
    """A mini program and an official account never use each other's token."""
    tokens = InProcessTokens()
    await tokens.put("wx1", "first", ttl_seconds=10)
    assert (await tokens.get("wx1"), await tokens.get("wx2")) == ("first", None)
    async with tokens.single_flight("wx1"), tokens.single_flight("wx2"):
        await tokens.put("wx1", "second", ttl_seconds=10)
    assert await tokens.get("wx1") == "second"


def test_the_secrets_do_not_show_themselves() -> None:
    """Neither credentials nor what was sent have a telling representation."""
    shown = repr(APP)
    assert APP.appid in shown
    for secret in (APP.secret, APP.token, APP.encoding_aes_key):
        assert str(secret) not in shown
    assert orjson.dumps(APP.appid).decode() not in repr(Answer())
