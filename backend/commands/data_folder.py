"""The data folder: made private, locked by who runs in it, and the ports that links were made with."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from backend.commands.refusals import UNWRITABLE_DATA, CommandRefused

_LOCK: Final = "lock"


def make_data_folder(folder: Path) -> None:
    """Make the folder, for its owner alone when it is new. Refuses with exit 5 one that cannot be written."""
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
    """Hold the folder for this process; the lock ends with the process, however that ends.

    Refuses with exit 5 a folder that another process holds.
    """
    with (folder / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandRefused(f"another Sesame already runs in {folder}", UNWRITABLE_DATA) from error
        # For whoever finds the folder locked and wants to know, or to end, the process that holds it.
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def holder_of(folder: Path) -> int | None:
    """Give the id of the process that holds the folder now, or None.

    Asked of the lock and not of a file that outlives its writer: the id is never that of a stranger.
    """
    try:
        with (folder / _LOCK).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
    except FileNotFoundError:
        return None
    return None


def id_of(folder: Path) -> str:
    """Give the random id of this folder, made the first time: it tells two folders on one database apart."""
    file = folder / "id"
    with contextlib.suppress(FileNotFoundError):
        return file.read_text("ascii")
    made = secrets.token_hex(8)
    fresh = folder / "id.new"
    fresh.write_text(made, "ascii")
    fresh.replace(file)
    return made


def stored_port(folder: Path, name: str) -> int:
    """Give the port that `name` had here before, or 0: links that were handed out survive a restart."""
    try:
        return int((folder / f"{name}.port").read_text("ascii"))
    except (OSError, ValueError):
        return 0


def store_port(folder: Path, name: str, port: int) -> None:
    """Remember the port of `name`."""
    if stored_port(folder, name) != port:
        fresh = folder / f"{name}.port.new"
        fresh.write_text(str(port), "ascii")
        fresh.replace(folder / f"{name}.port")
