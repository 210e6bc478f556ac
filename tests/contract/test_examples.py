"""The examples of the contract: every operation over a real server, and what is written down of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from backend.accounts import Viewer, open_session
from backend.app import CONTRACT, migrate, open_app
from backend.commands.seed import seed
from backend.commands.serving import serving
from backend.settings import read_settings
from tests.contract.play import normalised, play, shape_of
from tests.schema.sockets import Server, a_listener

EXAMPLES: Final = CONTRACT / "examples"
FILES: Final = {
    operation: EXAMPLES / item["file"].replace(".graphql", ".json")
    for operation, item in orjson.loads((CONTRACT / "manifest.json").read_bytes()).items()
}


def _written() -> dict[str, Any]:
    return {operation: orjson.loads(path.read_bytes()) for operation, path in FILES.items()}


async def test_the_examples_are_what_the_api_answers(
    server: Server, partner_clerk: Viewer, reviewer: Viewer, admin: Viewer, pytestconfig: pytest.Config
) -> None:
    """Each operation is sent once over a real server; what differs from run to run is taken out."""
    people = {"author": partner_clerk, "reviewer": reviewer, "admin": admin}
    tokens = {name: await open_session(server.api.runtime, viewer.id) for name, viewer in people.items()}
    examples = normalised(await play(server.url, tokens))
    assert examples.keys() == FILES.keys()
    if pytestconfig.getoption("--write-examples", default=False):
        EXAMPLES.mkdir(exist_ok=True)
        for operation, path in FILES.items():
            path.write_bytes(orjson.dumps(examples[operation], option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    assert {path.name for path in EXAMPLES.iterdir()} == {path.name for path in FILES.values()}
    for operation, written in _written().items():
        assert examples[operation] == written, f"{operation}: run pytest tests/contract --write-examples"


async def test_the_app_as_it_is_started_answers_in_their_shape(database_url: str, tmp_path: Path) -> None:
    """With the settings, the clock and the seeded people of the command, on both engines."""
    settings = read_settings({"SESAME_DATABASE_URL": database_url}, data=tmp_path / "data")
    await migrate(settings)
    bound = a_listener()
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    async with open_app(settings, public_url=url) as app, serving(app.web, bound):
        tokens = (await seed(app.runtime)).tokens
        people = {"author": tokens["staff"], "reviewer": tokens["reviewer"], "admin": tokens["admin"]}
        examples = await play(url, people)
        await app.transport.drain()
    for operation, written in _written().items():
        assert shape_of(examples[operation]) == shape_of(written), operation
