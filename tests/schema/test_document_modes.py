"""Which documents are answered hangs on the deployment and on the credential."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from backend.app import migrate, open_app
from backend.commands.seed import seed
from backend.settings import read_settings
from tests.builders.api import Client

TEXT = "{me {name}}"


@asynccontextmanager
async def _clients(folder: Path, *, hardened: bool) -> AsyncIterator[dict[str, Client]]:
    """Open the app as the command does, and give a client for each seeded person."""
    settings = read_settings({}, data=folder, hardened=hardened)
    await migrate(settings)
    async with (
        open_app(settings, public_url="http://api") as app,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app.web), base_url="http://api") as http,
    ):
        yield {code: Client(http, token) for code, token in (await seed(app.runtime)).tokens.items()}


async def test_a_hardened_deployment_answers_a_session_by_id_only(tmp_path: Path) -> None:
    """A registered id is served, text is not, unless a partner's key sends it; the schema is not told to anybody."""
    async with _clients(tmp_path, hardened=True) as clients:
        staff, key = clients["staff"], clients["partner_key"]
        assert (await staff.call("Me")).value["name"] == "林小芳"
        refused = await staff.post(query=TEXT)
        assert (refused.status, refused.codes) == (400, ["BAD_REQUEST"])
        assert (await key.post(query=TEXT)).value == {"name": "南方合作商系统"}
        for query in ("{__schema {types {name}}}", '{__type(name: "Application") {name}}'):
            assert set((await key.post(query=query)).codes) == {"BAD_REQUEST"}
        misspelt = await key.post(query="{me {nam}}")
        assert "name" not in str(misspelt.body)


async def test_an_open_deployment_answers_text(tmp_path: Path) -> None:
    """The sandbox's default: text, introspection, and suggestions for what is misspelt."""
    async with _clients(tmp_path, hardened=False) as clients:
        staff = clients["staff"]
        assert (await staff.post(query=TEXT)).value == {"name": "林小芳"}
        assert (await staff.post(query='{__type(name: "Application") {name}}')).value == {"name": "Application"}
        misspelt = await staff.post(query="{me {nam}}")
        assert misspelt.codes == ["BAD_REQUEST"]
        assert "'name'" in misspelt.body["errors"][0]["message"]


async def test_an_id_that_is_not_registered_is_refused(tmp_path: Path) -> None:
    """In either form, before anything runs."""
    async with _clients(tmp_path, hardened=True) as clients:
        for document_id in ("sha256:" + "0" * 64, "sha256:0", "Me", ""):
            answer = await clients["staff"].post(documentId=document_id)
            assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"]), document_id
