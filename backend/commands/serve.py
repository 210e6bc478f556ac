"""Serve: the API alone."""

from __future__ import annotations

import contextlib

from backend.commands.data_folder import make_data_folder
from backend.commands.output import Output
from backend.commands.processes import running_api, with_sandbox
from backend.commands.serving import bind, stop_signal, url_of
from backend.settings import Settings


async def run(settings: Settings, host: str, port: int, output: Output, *, with_parent: bool) -> None:
    """Serve the API until SIGTERM or SIGINT. Never migrates; refuses an old schema with exit 3."""
    make_data_folder(settings.data)
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stop_signal(with_parent=with_parent))
        bound = bind(host, port, folder=settings.data, name="api")
        stack.callback(bound.close)
        await stack.enter_async_context(running_api(await with_sandbox(settings), bound))
        output.result({"graphql": f"{url_of(bound)}/graphql"})
        output.say(f"API at {url_of(bound)}/graphql")
        await stop.wait()
