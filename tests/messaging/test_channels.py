"""What a deployment's channels are made of: template ids from its folder, and the sandbox's SMS gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backend.messaging import Templates
from backend.messaging.messages import TemplateName
from backend.messaging.sms import SandboxSms
from backend.messaging.template_ids import TEMPLATES_FILE, TemplateIdsInvalid, enrol_templates, load_templates
from backend.messaging.templates import KEYS
from backend.wechat import PlatformError, PlatformFailure, SandboxError
from tests.wechat.provider import serve

SECRET: Final = "smsSecretCanary0123456789"
PHONE: Final = "13812345678"
UNUSED: Final = "http://127.0.0.1:9"


def test_ids_come_from_the_folder(tmp_path: Path) -> None:
    """Each may be left out; without a file there is none."""
    assert load_templates(tmp_path) == Templates()
    ids = {
        "REGISTRATION_RESULT": {"subscribe": "sub-1", "template": "tpl_1"},
        "OWNER_ACTION": {"template": "tpl_2"},
        "WORK_CHANGED": {},
    }
    (tmp_path / TEMPLATES_FILE).write_bytes(orjson.dumps(ids))
    templates = load_templates(tmp_path)
    assert templates.subscribe_id(TemplateName.REGISTRATION_RESULT) == "sub-1"
    assert templates.subscribe_id(TemplateName.OWNER_ACTION) is None
    assert templates.template_id(TemplateName.OWNER_ACTION) == "tpl_2"
    assert templates.named("sub-1") is TemplateName.REGISTRATION_RESULT
    assert templates.named("tpl_2") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"RESULT": {}}',
        b'{"OWNER_ACTION": "id"}',
        b'{"OWNER_ACTION": {"sms": "id"}}',
        b'{"OWNER_ACTION": {"subscribe": 1}}',
        b'{"OWNER_ACTION": {"subscribe": ""}}',
        b'{"OWNER_ACTION": {"subscribe": "a b"}}',
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, content: bytes) -> None:
    """At the start, by name, and not at the first message."""
    (tmp_path / TEMPLATES_FILE).write_bytes(content)
    with pytest.raises(TemplateIdsInvalid, match=r"templates\.json"):
        load_templates(tmp_path)


async def test_templates_are_registered_at_the_sandbox() -> None:
    """All of them, with the same ids each time; a sandbox that refuses or is away is told of."""
    orders: list[dict[str, Any]] = []

    async def put(request: Request) -> Response:
        orders.append(orjson.loads(await request.body()))
        return JSONResponse({}, status_code=400 if orders[-1]["appid"] == "unknown" else 200)

    with serve(Starlette(routes=[Route("/_sandbox/templates", put, methods=["PUT"])])) as url:
        appids = {"subscribe": "wx1", "template": "wx2"}
        templates = await enrol_templates(url, appids)
        assert await enrol_templates(url, appids) == templates
        with pytest.raises(SandboxError, match="does not take"):
            await enrol_templates(url, {"subscribe": "unknown"})
    assert [order["kind"] for order in orders[:8]] == ["subscribe"] * 4 + ["template"] * 4
    assert [tuple(order["keys"]) for order in orders[:4]] == [tuple(keys) for keys in KEYS.values()]
    assert len({*templates.subscribe.values(), *templates.template.values()}) == 8
    with pytest.raises(SandboxError, match="cannot be reached"):
        await enrol_templates(UNUSED, {"subscribe": "wx1"})


async def _failure(call: Awaitable[None]) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await call
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (200, b'{"message_id": "1"}', None),
        (400, b'{"code": "INVALID_PHONE"}', PlatformFailure.PERSON_UNKNOWN),
        (400, b'{"code": "UNKNOWN_TEMPLATE"}', PlatformFailure.TEMPLATE_UNKNOWN),
        (401, b'{"code": "UNAUTHORIZED"}', PlatformFailure.CONFIGURATION),
        (429, b'{"code": "RATE_LIMITED"}', PlatformFailure.BUSY),
        (503, b'{"code": "BUSY"}', PlatformFailure.BUSY),
        (400, b'{"code": "SOMETHING_NEW"}', PlatformFailure.REFUSED),
        (500, b"<html>", PlatformFailure.UNKNOWN_OUTCOME),
        (502, b"[]", PlatformFailure.UNKNOWN_OUTCOME),
        (400, b'{"code": 1}', PlatformFailure.UNKNOWN_OUTCOME),
    ],
)
async def test_the_gateway(status: int, body: bytes, failure: PlatformFailure | None) -> None:
    """What it says is what it means; a failure tells nothing of the message."""
    asked: list[tuple[str, Any]] = []

    async def send(request: Request) -> Response:
        asked.append((request.headers["authorization"], orjson.loads(await request.body())))
        return Response(body, status_code=status)

    with serve(Starlette(routes=[Route("/sms/messages", send, methods=["POST"])])) as url:
        async with SandboxSms(SECRET, base_url=url) as gateway:
            call = gateway.send(PHONE, "OWNER_MUST_SIGN", {"shop": "张记面馆"}, "msg_1")
            if failure is None:
                await call
            else:
                error = await _failure(call)
                assert error.kind is failure
                assert not {PHONE, SECRET, "张记面馆"} & set(repr(error).split())
    content = {"phone": PHONE, "template": "OWNER_MUST_SIGN", "params": {"shop": "张记面馆"}, "client_id": "msg_1"}
    assert asked == [(f"Bearer {SECRET}", content)]


async def test_a_gateway_that_is_away_or_falls_silent() -> None:
    """Without a connection nothing was sent; without an answer nobody knows. The error carries no other with it."""
    async with SandboxSms(SECRET, base_url=UNUSED) as gateway:
        error = await _failure(gateway.send(PHONE, "T", {}, "msg_1"))
        assert (error.kind, error.__context__, error.__cause__) == (PlatformFailure.UNREACHABLE, None, None)

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with SandboxSms(SECRET, base_url=f"http://127.0.0.1:{port}") as gateway:
            error = await _failure(gateway.send(PHONE, "T", {}, "msg_1"))
            assert (error.kind, error.__context__, error.__cause__) == (PlatformFailure.UNKNOWN_OUTCOME, None, None)
