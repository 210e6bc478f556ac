"""Worker: the jobs alone."""

from __future__ import annotations

import contextlib
import os
import socket

from backend.app import open_app, require_schema
from backend.commands.data_folder import make_data_folder
from backend.commands.output import Output
from backend.commands.processes import running_worker, with_sandbox
from backend.commands.serving import stop_signal
from backend.settings import Settings


async def run(settings: Settings, name: str | None, output: Output, *, with_parent: bool) -> None:
    """Work until SIGTERM or SIGINT. Never migrates; refuses an old schema with exit 3."""
    make_data_folder(settings.data)
    await require_schema(settings)
    settings = await with_sandbox(settings)
    # The process id keeps two workers of one name apart: a lease belongs to one life of one process.
    full_name = f"{name or socket.gethostname()}:{os.getpid()}"[:64]
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stop_signal(with_parent=with_parent))
        app = await stack.enter_async_context(open_app(settings, public_url="http://127.0.0.1:8000"))
        await stack.enter_async_context(running_worker(app, full_name))
        output.result({"worker": full_name})
        output.say(f"worker {full_name} is running")
        await stop.wait()
