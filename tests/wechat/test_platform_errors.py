"""What each number of WeChat's means, and that no error tells a secret."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest

from backend.wechat import (
    InProcessTokens,
    MiniProgramClient,
    OfficialAccountClient,
    PlatformError,
    PlatformFailure,
    RobotClient,
)
from tests.wechat.platform import APP, TOKEN, TOKEN_PATH, Answer, Platform, says
from tests.wechat.platform_calls import CODE, KINDS, OPENID, TEXT, UNIONID
from tests.wechat.wire import broken_server, closed_port

RID = "61725984-6126f6f9-040f19c4"
SECRETS = (
    *(APP.secret, APP.token, APP.encoding_aes_key, TOKEN),
    *(CODE, OPENID, UNIONID, TEXT, "sessionKeyCanary", "sceneCanary", "robotKeyCanary-0123"),
)

LOGGERS = {"asyncio", "backend", "charset_normalizer", "requests", "urllib3", "wechatpy"}

# Written down once more, from the documents, and not read out of the table under test.
ERRCODES = [
    (PlatformFailure.CODE_SPENT, (40029, 40163)),
    (PlatformFailure.PERSON_BLOCKED, (40226,)),
    (PlatformFailure.PERSON_UNKNOWN, (40003,)),
    (PlatformFailure.NO_CONSENT, (43101,)),
    (PlatformFailure.NOT_FOLLOWING, (43004, 50005)),
    (PlatformFailure.WINDOW_CLOSED, (45015, 45047)),
    (PlatformFailure.VALUE_INVALID, (40008, 40058, 40097, 40169, 41008, 44002, 44004, 45002, 47001, 47003)),
    (PlatformFailure.TEMPLATE_UNKNOWN, (40037,)),
    (PlatformFailure.PAGE_UNKNOWN, (41030,)),
    (PlatformFailure.CONFIGURATION, (40002, 40013, 40125, 40164, 40243, 41001, 41002, 41004)),
    (PlatformFailure.CONFIGURATION, (48001, 48004, 50001, 50007, 89503, 89506, 89507, 93000)),
    (PlatformFailure.BUSY, (-1, 45009, 45011, 45033)),
    (PlatformFailure.REFUSED, (1, 99999)),
]


def told(error: BaseException) -> str:
    """Give everything that a log could say about an error."""
    chain = [error, error.__cause__, error.__context__]
    return " ".join([*map(str, chain), *map(repr, chain), *traceback.format_exception(error)])


@pytest.mark.parametrize(
    ("failure", "errcode"), [(failure, errcode) for failure, errcodes in ERRCODES for errcode in errcodes]
)
async def test_each_number_has_its_meaning(
    platform: Platform,
    mini: MiniProgramClient,
    account: OfficialAccountClient,
    failure: PlatformFailure,
    errcode: int,
) -> None:
    """Of every call: the kind is that of the table, it was made once, and of WeChat's sentence only the rid is left."""
    for kind in KINDS:
        platform.answer(kind.path, says(errcode=errcode, errmsg=f"not for {OPENID} {APP.secret} rid: {RID}"))
        with pytest.raises(PlatformError) as caught:
            await kind.perform(mini, account)
        error = caught.value
        assert (error.kind, error.errcode, error.call, error.rid) == (failure, errcode, kind.name, RID)
        assert str(error) == f"{kind.name}: {failure}, errcode {errcode}, rid {RID}"
        assert platform.paths().count(kind.path) == 1
        assert (error.__cause__, error.__context__) == (None, None)


@pytest.mark.parametrize("errcode", ["40029", " 40029 "])
async def test_a_number_may_come_as_text(platform: Platform, mini: MiniProgramClient, errcode: str) -> None:
    """Some of WeChat's servers write numbers as text."""
    platform.answer("/sns/jscode2session", says(errcode=errcode, errmsg="invalid code"))
    with pytest.raises(PlatformError) as caught:
        await mini.code_to_session(CODE)
    assert (caught.value.kind, caught.value.errcode) == (PlatformFailure.CODE_SPENT, 40029)


@pytest.mark.parametrize(
    "sentence", [None, 7, "", "ok", "rid", "rid: ", f"rid: {APP.secret}", f"rid:{OPENID}", ["rid: 1"], {"rid": RID}]
)
async def test_only_a_rid_is_a_rid(platform: Platform, mini: MiniProgramClient, sentence: object) -> None:
    """Whatever else stands in its place is not repeated."""
    platform.answer("/sns/jscode2session", says(errcode=40226, errmsg=sentence))
    with pytest.raises(PlatformError) as caught:
        await mini.code_to_session(CODE)
    assert caught.value.rid is None
    assert str(caught.value) == "code_to_session: PERSON_BLOCKED, errcode 40226"


# What WeChat, or somebody in its place, may tell back.
ECHO = f'{{"errcode":40013,"errmsg":"{APP.secret} {TOKEN} {OPENID} {CODE} {TEXT} robotKeyCanary-0123"}}'.encode()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(ECHO),
        Answer(b"no JSON " + ECHO),
        Answer(b"", 302, ((b"location", f"http://127.0.0.1:9/?secret={APP.secret}".encode()),)),
        Answer(ECHO, 500),
        Answer(ECHO, 404),
        Answer(b'{"errcode":42001,"errmsg":"expired"}'),
        Answer(lost=True),
        Answer(b"", 200, ((b"content-encoding", b"gzip"), (b"content-length", b"0"))),
        Answer(b"no gzip", 200, ((b"content-encoding", b"gzip"),)),
    ],
    ids=["refusal", "no JSON", "redirect", "500", "404", "token", "lost", "empty", "no gzip"],
)
async def test_no_error_tells_a_secret(platform: Platform, caplog: pytest.LogCaptureFixture, answer: Answer) -> None:
    """Neither text nor cause, context or traceback holds what was sent; nor does any log line."""
    caplog.set_level(logging.DEBUG)
    for kind in KINDS:
        platform.answer(kind.path, answer)
    platform.answer("/cgi-bin/webhook/send", answer)
    await _fail_everywhere(platform.url, caplog)


async def test_no_error_of_a_connection_tells_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    """A port that nobody listens on, one that hangs up, and one that speaks no HTTP."""
    caplog.set_level(logging.DEBUG)
    await _fail_everywhere(closed_port(), caplog)
    for bytes_sent in (b"", b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\n: broken\r\nnot a header\r\n\r\n{}"):
        with broken_server(bytes_sent) as url:
            await _fail_everywhere(url, caplog)


async def test_no_error_of_the_token_tells_a_secret(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    """The secret travels with the question for the token."""
    caplog.set_level(logging.DEBUG)
    for answer in (Answer(ECHO), Answer(ECHO, 500), Answer(b"[]"), Answer(lost=True)):
        platform.answer(TOKEN_PATH, answer)
        await _fail_everywhere(platform.url, caplog)


async def _fail_everywhere(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Make every call; each must fail, and tell nothing."""
    async with (
        MiniProgramClient(APP, tokens=InProcessTokens(), base_url=url, timeout_seconds=0.3) as mini,
        OfficialAccountClient(APP, tokens=InProcessTokens(), base_url=url, timeout_seconds=0.3) as account,
        RobotClient("robotKeyCanary-0123", base_url=url, timeout_seconds=0.3) as robot,
    ):
        calls = [kind.perform(mini, account) for kind in KINDS]
        errors = await asyncio.gather(*calls, robot.send_markdown(TEXT), return_exceptions=True)
    for error in errors:
        assert isinstance(error, PlatformError)
        assert not [secret for secret in SECRETS if str(secret) in told(error)]
        assert (error.__cause__, error.__context__) == (None, None)
    # At any level, but for the robot's library: its INFO lines hold the address, and our logs begin above them.
    lines = [record.getMessage() for record in caplog.records if record.name.split(".")[0] in LOGGERS]
    assert not [secret for secret in SECRETS if any(str(secret) in line for line in lines)]
