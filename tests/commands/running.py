"""The `sesame` command as a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

LIMIT_SECONDS: Final = 60.0
_SESAME: Final = (sys.executable, "-m", "backend")


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What stdout says; refuses anything but one line."""
        (line,) = self.stdout.splitlines()
        return orjson.loads(line)


def environment(added: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give this process's environment without settings of Sesame, and with those that a test adds."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SESAME_")}
    return {**kept, **(added or {})}


def sesame(*arguments: str | Path, settings: Mapping[str, str] | None = None) -> Result:
    """Run a command to its end."""
    ended = subprocess.run(  # noqa: S603 - our own command
        [*_SESAME, *map(str, arguments)],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


class Running:
    """A command that goes on running; `said` is its line of JSON."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"it ended with {process.wait()}: {self.stderr}")
        self.said: dict[str, Any] = orjson.loads(line)

    @property
    def stderr(self) -> str:
        """What it has written to stderr."""
        return self._log.read_text("utf-8")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Result:
        """Send a signal and give how it ended; `stdout` is what came after the first line."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> Result:
        """Give how it ended by itself."""
        stdout, _ = self.process.communicate(timeout=LIMIT_SECONDS)
        return Result(self.process.returncode, stdout, self.stderr)


@contextmanager
def running(*arguments: str | Path, log: Path, settings: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run a command with `--json` while the block runs; its stderr goes to the file `log`."""
    with (
        log.open("w") as stderr,
        subprocess.Popen(  # noqa: S603 - our own command
            [*_SESAME, *map(str, arguments), "--json"],
            env=environment(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            yield Running(process, log)
        finally:
            if process.poll() is None:
                process.kill()


def processes_of(folder: Path) -> set[int]:
    """Give the ids of the living processes that were started with this folder, or one in it, as an argument."""
    return {
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and b"\0" + str(folder).encode() in _command_line(entry)
    }


def _command_line(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""
