"""The examples of the documents do what the documents say."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.builders.pictures import a_photo
from tests.docs.examples import ROOT, blocks_of, examples_of, hold, send
from tests.sandbox.provider import BASE, Provider, Wall, in_process

CODE = "1900013511_docs"


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    """A provider that has filed one form with a sandbox of its own."""
    provider = await in_process(tmp_path, Wall()).ready()
    assert (await provider.submit(provider.form(CODE))).status_code == 200
    yield provider
    await provider.http.aclose()


async def test_the_sandbox_does_what_its_page_shows(provider: Provider, tmp_path: Path) -> None:
    """Every command of docs/sandbox.md, in its order, on one sandbox."""
    known = {"SANDBOX": f"{BASE}/_sandbox", "BUSINESS_CODE": CODE}
    for example in examples_of(ROOT / "docs" / "sandbox.md"):
        answer = await send(provider.http, example.command, known, tmp_path)
        if example.answer is None:
            assert answer.status_code == 200, example.command
        else:
            hold(example.answer, answer.json(), known)


@pytest.fixture
async def up(tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """What `sesame up --json --seed` prints, while it runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SESAME_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend", "up", "--json", "--seed", "--port", "0", "--sandbox-port", "0"),
        *("--data", str(tmp_path / "data")),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            yield json.loads(await process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def test_the_api_does_what_its_page_shows(up: dict[str, Any], tmp_path: Path) -> None:
    """Every command of docs/api.md, in its order, and then its program that follows the application."""
    manifest = json.loads((ROOT / "miniprogram_contract" / "manifest.json").read_text("utf-8"))
    program = json.loads((Path(up["data"]) / "keys" / "wechat" / "mini_program.json").read_bytes())
    known = {
        "API": up["graphql"].removesuffix("/graphql"),
        "SANDBOX": up["sandbox_control"],
        "APPID": program["appid"],
        "TOKEN": up["tokens"]["staff"],
        "REVIEWER_TOKEN": up["tokens"]["reviewer"],
        "ADMIN_TOKEN": up["tokens"]["admin"],
        "CURRENT_NOTICE_HASH": manifest["CurrentNotice"]["sha256"],
    }
    (tmp_path / "shop.jpg").write_bytes(a_photo())
    async with httpx2.AsyncClient(trust_env=False) as http:
        for example in examples_of(ROOT / "docs" / "api.md"):
            hold(example.answer, (await send(http, example.command, known, tmp_path)).json(), known)

    (follow,) = blocks_of(ROOT / "docs" / "api.md", "python")
    follower = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-c", follow),
        env={"PATH": os.environ["PATH"], **known},
        stdout=asyncio.subprocess.PIPE,
    )
    assert follower.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert await follower.stdout.readline() == b"connection_ack\n"
            assert b"'ApplicationSnapshot'" in await follower.stdout.readline()
    finally:
        follower.kill()
        await follower.wait()
