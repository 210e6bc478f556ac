"""Export schema: what is generated from the code and committed beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from backend.app import generated_files
from backend.commands.output import Output
from backend.commands.refusals import STEP_FAILED, CommandRefused


def run(output: Output, *, check: bool) -> None:
    """Write the SDL, the manifest and the generated pages. With `check` writes nothing and refuses what differs."""
    files: Mapping[Path, str] = generated_files()
    stale = [path for path, content in files.items() if not path.exists() or path.read_text("utf-8") != content]
    if check and stale:
        raise CommandRefused(
            f"not up to date: {', '.join(path.name for path in stale)}; run `sesame export-schema`", STEP_FAILED
        )
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], "utf-8")
    output.result({"written": [] if check else [path.name for path in stale]})
    output.say(f"{len(files)} generated files are up to date" if not stale else f"wrote {len(stale)} file(s)")
