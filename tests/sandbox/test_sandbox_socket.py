"""The sandbox behind a real server: answers that are lost, and a process that is killed."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from backend.sandbox import create_app
from backend.sandbox.faults import lose_connection
from tests.sandbox.platform import ACCOUNT, SECRETS, TOKEN, members
from tests.sandbox.provider import Provider, with_a_key

ROOT = Path(__file__).parents[2]
SERVE = """
import socket, sys
from pathlib import Path
import uvicorn
from backend.sandbox import create_app
listening = socket.socket(fileno=int(sys.argv[2]))
url = "http://127.0.0.1:%d" % listening.getsockname()[1]
app = create_app(Path(sys.argv[1]), public_url=url)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])
"""


def client(port: int) -> httpx2.AsyncClient:
    """Give a client over a real socket."""
    return httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10)


@asynccontextmanager
async def serving(make: Callable[[str], ASGIApp]) -> AsyncIterator[int]:
    """Serve the application made for its address from this process's loop, and give the port, which was free."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(make(f"http://127.0.0.1:{port}"), log_level="error"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield port
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def served(data: Path) -> AsyncIterator[Provider]:
    """Serve a sandbox."""
    async with serving(lambda url: create_app(with_a_key(data), public_url=url)) as port, client(port) as http:
        yield await Provider(http, time.time).ready()


async def test_an_accepted_filing_loses_its_answer_on_the_wire(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection ends without one byte, the filing stands, and the server has nothing to complain about."""
    async with served(tmp_path) as provider:
        await provider.order("faults", {"call": "submit", "kind": "accept_then_lose"})
        with pytest.raises((httpx2.NetworkError, httpx2.RemoteProtocolError)) as lost:
            await provider.submit()
        assert "incomplete" not in str(lost.value)
        assert await provider.state() == "AUDITING"
        book = await provider.book()
        assert book["times_accepted"] == 1
        assert book["requests"][0] == {**book["requests"][0], "outcome": "accepted", "fault": "accept_then_lose"}
        answer = await provider.submit()
        assert answer.json()["code"] == "PROCESSING"
        provider.verify(answer)
    assert caplog.records == []


async def test_an_answer_past_the_timeout_is_lost_while_the_filing_stands(tmp_path: Path) -> None:
    """The duplicate-submit trap: done at once, answered after the client gave up."""
    async with served(tmp_path) as provider:
        await provider.order("faults", {"call": "submit", "kind": "accept_then_lose", "delay_seconds": 1})
        body = provider.sealed(provider.form())
        impatient, provider.http.timeout = provider.http.timeout, httpx2.Timeout(0.3)
        with pytest.raises(httpx2.ReadTimeout):
            await provider.post(body)
        provider.http.timeout = impatient
        assert await provider.state() == "AUDITING"


async def test_a_push_goes_over_the_wire_and_is_repeated_when_its_answer_is_lost(tmp_path: Path) -> None:
    """To a real server, which cuts the first connection; in between it asks the sandbox who that is."""
    seen: list[str] = []

    async def account(request: Request) -> Response:
        if request.method == "GET":
            return Response(request.query_params["echostr"])
        seen.append(members(await request.body())["MsgId"])
        if len(seen) == 1:
            await lose_connection(request)
        asked = await provider.http.get("/cgi-bin/user/info", params={"access_token": token, "openid": "x"})
        assert asked.json()["errcode"] == 40003
        return Response("success")

    routes = [Route("/push", account, methods=["GET", "POST"])]
    async with served(tmp_path) as provider, serving(lambda _url: Starlette(routes=routes)) as port:
        credentials = {"appid": ACCOUNT, "secret": SECRETS[ACCOUNT]}
        await provider.order("apps", {"kind": "official_account", "token": TOKEN, **credentials})
        sent = {"grant_type": "client_credential", **credentials}
        token = (await provider.http.post("/cgi-bin/stable_token", json=sent)).json()["access_token"]
        order = {"url": f"http://127.0.0.1:{port}/push", "mode": "plain"}
        await provider.order(f"apps/{ACCOUNT}/push", order)
        told = await provider.order("people/lin/messages", {"appid": ACCOUNT, "content": "进度"})
    assert told == {"attempts": 2, "status": 200, "reply": None, "malformed": False}
    assert seen == ["24000000000000001"] * 2


async def start(data: Path, listening: socket.socket) -> asyncio.subprocess.Process:
    """Start a sandbox process that inherits a listening socket."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVE,
        str(data),
        str(listening.fileno()),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        pass_fds=[listening.fileno()],
    )


async def test_a_killed_sandbox_keeps_its_word(tmp_path: Path) -> None:
    """Killed with -9 right after an acceptance, it opens with the same filing, key, clock and links."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        first = await start(with_a_key(tmp_path), listening)
        async with client(port) as http:
            provider = await Provider(http, time.time).ready()
            await provider.advance(3600)
            applyment_id = (await provider.submit(provider.form(phone="13900000010"))).json()["applyment_id"]
            before = (await provider.query()).json()
            first.send_signal(signal.SIGKILL)
            await first.wait()
        second = await start(tmp_path, listening)
        async with client(port) as http:
            provider.http = http
            answer = await provider.query()
            provider.verify(answer)
            assert answer.json() == before
            assert (await http.get("/_sandbox/clock")).json()["offset_seconds"] == 3600
            assert (await provider.submit()).json()["code"] == "PROCESSING"
            assert (await http.get(before["sign_url"])).status_code == 200
            signed = await provider.order(f"owner/{applyment_id}/sign", {})
            assert signed["sub_mchid"] == before["sub_mchid"]
        second.terminate()
        await second.wait()
