"""A leaver loses everything within a second: sockets, streams, links to photos, keys; in every process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from backend.accounts import open_session
from backend.accounts.models import Staff
from backend.app import App, migrate, open_app
from backend.commands.seed import seed
from backend.commands.serving import serving
from backend.foundation.log_reader import POLL_SECONDS
from backend.settings import read_settings
from tests.builders.api import Client
from tests.schema.inputs import PHOTO, START
from tests.schema.sockets import Ended, Stream, a_listener, following, opened

LEAVING: Final = Path(__file__).parent / "leaving_process.py"
# The promise, from the answer of the mutation on; without a shared bus it is the poll interval, and the look at it.
PROMISED_SECONDS: Final = 1.0
POLLED_SECONDS: Final = POLL_SECONDS + PROMISED_SECONDS


@dataclass(frozen=True, slots=True)
class House:
    """The app as it is started, with the tokens and ids of the seeded people."""

    app: App
    url: str
    http: httpx2.AsyncClient
    tokens: dict[str, str]
    ids: dict[str, str]

    def client(self, person: str) -> Client:
        """Give a caller with the seeded token of this person."""
        return Client(self.http, self.tokens[person])

    async def cut_off(self, operation: str, person: str) -> None:
        """Let HQ's admin end somebody's access; gives back when the mutation has answered."""
        version = (await Staff.get(id=self.ids[person])).version
        given: dict[str, Any] = {"staffId": self.ids[person], "expectedVersion": version, "reason": "已离职"}
        assert (await self.client("admin").change(operation, **given)).value["userErrors"] == []


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """The app over a fresh database, with the seeded people."""
    settings = read_settings({"SESAME_DATABASE_URL": database_url}, data=tmp_path / "data")
    await migrate(settings)
    bound = a_listener()
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    async with open_app(settings, public_url=url) as app, serving(app.web, bound):
        tokens = (await seed(app.runtime)).tokens
        ids = {str(row["code"]): str(row["id"]) for row in await Staff.all().values("code", "id")}
        async with httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
            yield House(app, url, http, tokens, ids)
        await app.transport.drain()


async def _closed_within(stream: Stream, seconds: float) -> str:
    """Tell how a socket on which nothing is asked ends; fails where it has not in this time."""
    async with asyncio.timeout(seconds):
        try:
            message = await stream.hear()
        except Ended as ended:
            return ended.how
    raise AssertionError(message)


async def test_everything_that_was_handed_out_ends_within_a_second(house: House) -> None:
    """An idle socket and an open stream with 4403, a photo's link with 404, a token with 401."""
    staff = house.client("staff")
    draft = (await staff.change("StartApplication", **START)).changed
    image = (await staff.upload(PHOTO, applicationId=draft["id"], purpose="id_card_copy")).changed
    assert (await house.http.get(image["url"])).status_code == 200
    async with (
        opened(house.url, house.tokens["staff"]) as idle,
        following(house.url, house.tokens["staff"], draft["id"]) as stream,
        opened(house.url, house.tokens["staff2"]) as colleague,
    ):
        await stream.next()
        await house.cut_off("SuspendStaff", "staff")
        async with asyncio.timeout(PROMISED_SECONDS):
            assert await _closed_within(idle, PROMISED_SECONDS) == "4403"
            assert await stream.end() == "4403"
        assert (await house.http.get(image["url"])).status_code == 404
        assert (await staff.call("Me")).status == 401
        with pytest.raises(Ended, match="4403"):
            async with opened(house.url, house.tokens["staff"]):
                pass
        # A colleague's socket is none of it.
        await colleague.send({"type": "ping"})
        assert await colleague.hear() == {"type": "pong"}


async def test_a_key_that_a_leaver_issued_ends_with_them(house: House) -> None:
    """With its sockets; a key that somebody else issued goes on."""
    key, other = [
        await open_session(house.app.runtime, house.ids["partner_key"], issued_by_id=house.ids[issuer])
        for issuer in ("partner_admin", "admin")
    ]
    issued = Client(house.http, key)
    assert (await issued.call("Me")).outcome == "OK"
    async with opened(house.url, key) as idle:
        await house.cut_off("OffboardStaff", "partner_admin")
        assert await _closed_within(idle, PROMISED_SECONDS) == "4403"
    assert (await issued.call("Me")).status == 401
    assert (await Client(house.http, other).call("Me")).outcome == "OK"


async def test_what_another_process_ends_is_ended_here(house: House, database_url: str) -> None:
    """Its bus does not reach this process; the log does."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, LEAVING, database_url, house.tokens["admin"],
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        cwd=LEAVING.parents[2], env={"PYTHONPATH": str(LEAVING.parents[2])},
    )  # fmt: skip
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert await writer.stdout.readline() == b"ready\n"
    for person in ("staff", "reviewer"):
        async with opened(house.url, house.tokens[person]) as idle:
            writer.stdin.write(f"{house.ids[person]}\n".encode())
            assert await writer.stdout.readline() == b"suspended\n"
            assert await _closed_within(idle, POLLED_SECONDS) == "4403"
    writer.stdin.write(b"\n")
    assert await writer.wait() == 0
