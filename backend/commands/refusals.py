"""How a command refuses: one line on stderr and the exit code that goes with it."""

from __future__ import annotations

from typing import Final

STEP_FAILED: Final = 1
USAGE: Final = 2
OLD_SCHEMA: Final = 3
BUSY_PORT: Final = 4
UNWRITABLE_DATA: Final = 5


class CommandRefused(Exception):
    """A command that will not run: why, in one line, and its exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
