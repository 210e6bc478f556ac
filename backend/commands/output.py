"""What a command prints: words on stderr with `--json`, else on stdout; with `--json` one line of JSON on stdout."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import orjson
from rich.console import Console


class Output:
    """Where a command's words and its result go."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.console = Console(stderr=json, highlight=False)

    def say(self, words: str) -> None:
        """Print a line for people."""
        self.console.print(words, markup=False, soft_wrap=True)

    def show_tokens(self, tokens: Mapping[str, str]) -> None:
        """Print a token for each person; with `--json` they are in the result only, because stderr is often kept."""
        if not self.json:
            for name, token in tokens.items():
                self.say(f"  {name:14} {token}")

    def result(self, result: Mapping[str, Any]) -> None:
        """Print the one line of JSON, where it was asked for."""
        if self.json:
            sys.stdout.write(orjson.dumps(result).decode() + "\n")
            sys.stdout.flush()
