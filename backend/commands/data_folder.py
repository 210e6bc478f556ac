"""The data folder: made private, locked by who runs in it, and the ports that links were made with."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from backend.commands.refusals import UNWRITABLE_DATA, CommandRefused

_PORTS: Final = "ports.json"
_LOCK: Final = "lock"


def make_data_folder(folder: Path) -> None:
    """Make the folder, for its owner alone. Refuses with exit 5 one that cannot be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise CommandRefused(
            f"the data folder {folder} cannot be written: {error.strerror or error}", UNWRITABLE_DATA
        ) from error


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; the lock ends with the process, however that ends."""
    with (folder / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandRefused(f"another Sesame already runs in {folder}", UNWRITABLE_DATA) from error
        yield


def stored_port(folder: Path, name: str) -> int:
    """Give the port that `name` had here before, or 0: links that were handed out survive a restart."""
    try:
        port: int = orjson.loads((folder / _PORTS).read_bytes()).get(name, 0)
    except (OSError, orjson.JSONDecodeError):
        return 0
    return port


def store_port(folder: Path, name: str, port: int) -> None:
    """Remember the port of `name`."""
    file = folder / _PORTS
    ports: dict[str, int] = {}
    with contextlib.suppress(OSError, orjson.JSONDecodeError):
        ports = orjson.loads(file.read_bytes())
    if ports.get(name) != port:
        fresh = file.with_suffix(".new")
        fresh.write_bytes(orjson.dumps({**ports, name: port}))
        fresh.replace(file)
