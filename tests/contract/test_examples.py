"""The examples of the contract: every operation over a real server, and what is written down of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
import pytest

from backend.accounts import Role, open_session
from backend.app import CONTRACT, App, migrate, open_app
from backend.commands.demo_processes import sandbox_process
from backend.commands.processes import with_sandbox
from backend.commands.seed import seed
from backend.commands.serving import serving
from backend.settings import read_settings
from backend.wechat import WeChatPerson
from tests.builders.mini_program import PlayedMiniProgram
from tests.conftest import MakeViewer
from tests.contract.play import normalised, play, shape_of
from tests.schema.sockets import Server, a_listener

EXAMPLES: Final = CONTRACT / "examples"
FILES: Final = {
    operation: EXAMPLES / item["file"].replace(".graphql", ".json")
    for operation, item in orjson.loads((CONTRACT / "manifest.json").read_bytes()).items()
}


# Who plays: role and organisation, and what the seed calls them.
PEOPLE: Final = {
    "author": (Role.FIELD_STAFF, "partner"),
    "colleague": (Role.FIELD_STAFF, "partner"),
    "partner_admin": (Role.PARTNER_ADMIN, "partner"),
    "reviewer": (Role.REVIEWER, "hq_review"),
    "admin": (Role.ADMIN, "hq"),
    "auditor": (Role.AUDITOR, "hq"),
}
SEEDED: Final = {**{name: name for name in PEOPLE}, "author": "staff", "colleague": "staff2"}


def _written() -> dict[str, Any]:
    return {operation: orjson.loads(path.read_bytes()) for operation, path in FILES.items()}


async def test_the_examples_are_what_the_api_answers(
    server: Server, a_viewer: MakeViewer, pytestconfig: pytest.Config
) -> None:
    """Each operation is sent once over a real server; what differs from run to run is taken out."""
    people = {name: await a_viewer(name, role, organisation) for name, (role, organisation) in PEOPLE.items()}
    tokens = {name: await open_session(server.api.runtime, viewer.id) for name, viewer in people.items()}
    examples = normalised(await play(server.url, tokens, partial(_played_code, server.api.mini_program)))
    assert examples.keys() == FILES.keys()
    if pytestconfig.getoption("--write-examples", default=False):
        EXAMPLES.mkdir(exist_ok=True)
        for operation, path in FILES.items():
            path.write_bytes(orjson.dumps(examples[operation], option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    assert {path.name for path in EXAMPLES.iterdir()} == {path.name for path in FILES.values()}
    for operation, written in _written().items():
        assert examples[operation] == written, f"{operation}: run pytest tests/contract --write-examples"


async def _played_code(mini_program: PlayedMiniProgram, kind: str) -> str:
    code = f"0a3{kind}Ga1x0QbI0k1"
    mini_program.logins[code] = WeChatPerson("openid-of-the-newcomer", None)
    mini_program.phones[code] = "13800138000"
    return code


async def test_the_app_as_it_is_started_answers_in_their_shape(database_url: str, tmp_path: Path) -> None:
    """With the settings, the clock, the seeded people of the command and the sandbox, on both engines."""
    settings = read_settings({"SESAME_DATABASE_URL": database_url}, data=tmp_path / "data")
    await migrate(settings)
    bound = a_listener()
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    async with sandbox_process(settings.data, lasting=True) as sandbox_url:
        settings = await with_sandbox(replace(settings, sandbox_url=sandbox_url))
        async with open_app(settings, public_url=url) as app, serving(app.web, bound):
            tokens = (await seed(app.runtime)).tokens
            people = {name: tokens[seeded] for name, seeded in SEEDED.items()}
            examples = await play(url, people, partial(_sandbox_code, app, sandbox_url))
            await app.transport.drain()
    for operation, written in _written().items():
        assert shape_of(examples[operation]) == shape_of(written), operation


async def _sandbox_code(app: App, sandbox_url: str, kind: str) -> str:
    assert app.wechat.mini_program is not None
    order = {"appid": app.wechat.mini_program.appid, **({"phone": "13800138000"} if kind == "phone" else {})}
    async with httpx2.AsyncClient(base_url=sandbox_url, trust_env=False) as sandbox:
        answer = await sandbox.post(f"/_sandbox/people/newcomer/{kind}", json=order)
    code: str = answer.json()["code"]
    return code
