"""Sandbox: the WeChat we run ourselves, alone."""

from __future__ import annotations

import contextlib
from pathlib import Path

from backend.commands.data_folder import make_data_folder
from backend.commands.output import Output
from backend.commands.processes import running_sandbox
from backend.commands.serving import bind, stop_signal
from backend.sandbox import magic_values, print_values


async def run(folder: Path, port: int, output: Output, *, with_parent: bool) -> None:
    """Run the sandbox on loopback until SIGTERM or SIGINT; it keeps its own state in `folder`/sandbox."""
    make_data_folder(folder)
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stop_signal(with_parent=with_parent))
        bound = bind("127.0.0.1", port, folder=folder, name="sandbox")
        url = await stack.enter_async_context(running_sandbox(bound, folder / "sandbox"))
        output.result({"sandbox": url, "sandbox_control": f"{url}/_sandbox"})
        output.say(f"sandbox at {url}, control at {url}/_sandbox/state")
        await stop.wait()


def show_values(output: Output) -> None:
    """Print the table of magic values."""
    output.result({"values": [{"phone": v.phone, "name": v.name, "meaning": v.meaning} for v in magic_values()]})
    if not output.json:
        print_values()
