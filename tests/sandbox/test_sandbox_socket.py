"""The sandbox behind a real server: answers that are lost, and a process that is killed."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn

from backend.sandbox import create_app
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
async def served(data: Path) -> AsyncIterator[Provider]:
    """Serve a sandbox from this process's loop on a free port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        app = create_app(with_a_key(data), public_url=f"http://127.0.0.1:{port}")
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            async with client(port) as http:
                yield await Provider(http, time.time).ready()
        finally:
            server.should_exit = True
            await serving


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
