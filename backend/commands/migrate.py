"""Migrate: bring the database to this code's schema, or say what is missing."""

from __future__ import annotations

from backend.app import migrate, pending_migrations
from backend.commands.data_folder import make_data_folder
from backend.commands.output import Output
from backend.commands.refusals import OLD_SCHEMA, CommandRefused
from backend.settings import Settings


async def run(settings: Settings, output: Output, *, check: bool) -> None:
    """Migrate. With `check` it writes nothing and refuses with exit 3 when something is missing."""
    make_data_folder(settings.data)
    if check:
        if missing := await pending_migrations(settings):
            raise CommandRefused(f"the database lacks {', '.join(missing)}", OLD_SCHEMA)
        output.result({"applied": []})
        output.say("the database is up to date")
        return
    applied = await migrate(settings)
    output.result({"applied": applied})
    output.say(f"applied {', '.join(applied)}" if applied else "the database is up to date")
