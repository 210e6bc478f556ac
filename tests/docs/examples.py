"""The examples of a page: its curl commands sent as they stand, its JSON held against what comes back."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parent.parent.parent

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"\$([A-Z_]+)")
_ANYTHING = "…"


@dataclass(frozen=True, slots=True)
class Example:
    """One command of a page, and the part of its answer that the page shows, if any."""

    command: str
    answer: Any


def blocks_of(page: Path, language: str) -> list[str]:
    """Give the code blocks of one language."""
    return [text for name, text in _BLOCK.findall(page.read_text("utf-8")) if name == language]


def examples_of(page: Path) -> Iterator[Example]:
    """Give the examples of a page in their order: each `sh` block with the `json` block that follows it."""
    blocks = _BLOCK.findall(page.read_text("utf-8"))
    for (language, text), (following, answer) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "sh":
            yield Example(text, json.loads(answer) if following == "json" else None)


async def send(http: httpx2.AsyncClient, command: str, known: Mapping[str, str], folder: Path) -> httpx2.Response:
    """Send what a curl command would send; files are those of `folder`. Knows only the options the pages use."""
    filled_in = _NAME.sub(lambda found: known[found[1]], command.replace("\\\n", ""))
    words = iter(shlex.split(filled_in))
    assert next(words) == "curl"
    url, method, body = "", "", ""
    headers: dict[str, str] = {}
    fields: dict[str, str] = {}
    files: dict[str, tuple[str, bytes, str]] = {}
    for word in words:
        match word:
            case "-s":
                continue
            case "-X":
                method = next(words)
            case "-d":
                body = next(words)
                headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-F":
                name, _, value = next(words).partition("=")
                if value.startswith("@"):
                    path, _, media_type = value.removeprefix("@").partition(";type=")
                    files[name] = (path, (folder / path).read_bytes(), media_type)
                else:
                    fields[name] = value
            case _:
                assert word.startswith("http"), f"an option this reader does not know: {word}"
                url = word
    if files:
        return await http.post(url, headers=headers, data=fields, files=files)
    return await http.request(method or ("POST" if body else "GET"), url, headers=headers, content=body.encode())


def hold(shown: Any, came: Any, known: dict[str, str]) -> None:
    """Assert that what a page shows is in what came; a value `$NAME` that is not known yet is kept in `known`."""
    match shown:
        case dict():
            assert shown.keys() <= came.keys()
            for name, value in shown.items():
                hold(value, came[name], known)
        case list():
            assert len(shown) <= len(came)
            for ours, theirs in zip(shown, came, strict=False):
                hold(ours, theirs, known)
            assert shown or not came
        case str() if _NAME.fullmatch(shown):
            assert known.setdefault(shown.removeprefix("$"), came) == came
        case str() if shown == _ANYTHING:
            assert came
        case _:
            assert shown == came
