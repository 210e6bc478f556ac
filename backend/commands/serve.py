"""Serve: the API alone."""

from __future__ import annotations

import contextlib

from backend.app import open_app, require_schema
from backend.commands.data_folder import make_data_folder
from backend.commands.output import Output
from backend.commands.processes import serving_api, with_sandbox
from backend.commands.serving import bind, stop_signal, url_of
from backend.settings import Settings


async def run(settings: Settings, host: str, port: int, output: Output, *, with_parent: bool) -> None:
    """Serve the API until SIGTERM or SIGINT. Never migrates; refuses an old schema with exit 3."""
    make_data_folder(settings.data)
    await require_schema(settings)
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stop_signal(with_parent=with_parent))
        bound = bind(host, port, folder=settings.data, name="api")
        stack.callback(bound.close)
        app = await stack.enter_async_context(open_app(await with_sandbox(settings), public_url=url_of(bound)))
        await stack.enter_async_context(serving_api(app, bound))
        output.result({"graphql": f"{url_of(bound)}/graphql"})
        output.say(f"API at {url_of(bound)}/graphql")
        await stop.wait()
