"""Up: migrate, API, worker and sandbox in one process, on the embedded defaults."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from backend.app import App, migrate
from backend.commands.data_folder import locked, make_data_folder
from backend.commands.output import Output
from backend.commands.processes import open_the_door, running_sandbox, running_together, with_sandbox
from backend.commands.readiness import until_ready
from backend.commands.refusals import USAGE, CommandRefused
from backend.commands.seed import Seeded, seed
from backend.commands.serving import bind, stop_signal, url_of
from backend.messaging.http import PUSH_PATH
from backend.settings import Settings, WeChatMode


@dataclass(frozen=True, slots=True)
class Up:
    """The flags of `sesame up`."""

    host: str
    port: int
    sandbox_port: int
    seed: bool


async def run(settings: Settings, flags: Up, output: Output) -> None:
    """Bring everything up, say where it is, and run until SIGTERM or SIGINT."""
    if flags.seed and settings.wechat is not WeChatMode.SANDBOX:
        raise CommandRefused("--seed works only with the sandbox", USAGE)
    make_data_folder(settings.data)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(locked(settings.data))
        stop = await stack.enter_async_context(stop_signal())
        bound = bind(flags.host, flags.port, folder=settings.data, name="api")
        stack.callback(bound.close)
        sandbox: str | None = None
        if settings.wechat is WeChatMode.SANDBOX:
            # Loopback only, whatever the API listens on: the sandbox lets anybody play the owner.
            sandbox_bound = bind("127.0.0.1", flags.sandbox_port, folder=settings.data, name="sandbox")
            sandbox = await stack.enter_async_context(running_sandbox(sandbox_bound, settings.data / "sandbox"))
        settings = await with_sandbox(replace(settings, sandbox_url=sandbox))
        applied = await migrate(settings)
        output.say(f"database: {len(applied)} migration(s) applied" if applied else "database: up to date")
        app, worker = await stack.enter_async_context(running_together(settings, bound))
        seeded = await seed(app.runtime) if flags.seed else None
        await until_ready(url_of(bound))
        if sandbox:
            await open_the_door(settings, sandbox, url_of(bound))
        _announce(app, url_of(bound), sandbox, seeded, output)
        await stop.wait()
        worker.stop()
        output.say("stopping")


def _announce(app: App, url: str, sandbox: str | None, seeded: Seeded | None, output: Output) -> None:
    facts: dict[str, Any] = {
        "version": version("sesame"),
        "data": str(app.settings.data),
        "pid": os.getpid(),
        "graphql": f"{url}/graphql",
        "subscriptions": f"{url.replace('http', 'ws', 1)}/graphql",
        "push": f"{url}{PUSH_PATH}",
        "console": None,
        "sandbox": sandbox,
        "sandbox_control": f"{sandbox}/_sandbox" if sandbox else None,
        "organisations": seeded.organisations if seeded else {},
        "tokens": seeded.tokens if seeded else {},
    }
    output.result(facts)
    output.say(f"Sesame {facts['version']} is ready.")
    output.say(f"  GraphQL        {facts['graphql']}")
    output.say(f"  subscriptions  {facts['subscriptions']}")
    if sandbox:
        output.say(f"  sandbox        {sandbox}  (control: {facts['sandbox_control']}/state)")
    output.say(f"  data           {facts['data']}")
    if seeded and not output.json:
        output.say("Sign in with `Authorization: Bearer <token>`; new tokens at each start:")
        output.show_tokens(seeded.tokens)
        output.say("Try it:")
        output.say(
            f"  curl -s {facts['graphql']} -H 'Authorization: Bearer {seeded.tokens['staff']}' "
            "-H 'Content-Type: application/json' -d '{\"query\": \"{ me { name state roles } }\"}'"
        )
    output.say("Ctrl-C stops it; the data stays.")
