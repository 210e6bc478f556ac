"""What holds for every mutation: how it refuses, and that the same call is done once."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Any, Final

from backend.foundation.events import Event
from tests.builders.api import Answer, Client, a_key, nothing_written, the_documents

CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")

# A code and the path behind `input`, joined by dots; "" is the input itself.
Told = tuple[str, str]

BAD_KEYS: Final = ("", "fifteen-letters", "x" * 65, "sixteen-letters\n", "密码密码密码密码密码密码密码密码")


async def assert_refused(answering: Awaitable[Answer], *expected: Told) -> list[dict[str, Any]]:
    """Assert that a call is refused for these reasons, in Chinese, and wrote nothing; gives the user errors."""
    async with nothing_written():
        answer = await answering
    errors = answer.user_errors
    told = [(error["code"], ".".join(error["path"])) for error in errors]
    assert told == [(code, f"input.{path}".rstrip(".")) for code, path in expected]
    for error in errors:
        assert CHINESE.search(error["message"]), error
        assert not set("{}") & set(error["message"]), error
    return errors


async def assert_done_once(client: Client, operation: str, given: dict[str, Any], other: dict[str, Any]) -> Any:
    """Assert that a call sent again, as the document's text, is answered alike and adds no fact; gives what changed.

    With `other` in it, the same key is refused; so is a key that is none.
    """
    key = a_key()
    changed = (await client.change(operation, idempotencyKey=key, **given)).changed
    facts = await Event.all().count()
    text = the_documents().texts[the_documents().ids[operation]]
    async with nothing_written():
        again = await client.post(query=text, variables={"input": {"idempotencyKey": key, **given}})
    assert again.changed == changed
    assert await Event.all().count() == facts
    await assert_refused(
        client.change(operation, **{**given, **other, "idempotencyKey": key}),
        ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey"),
    )
    for bad in BAD_KEYS:
        await assert_refused(
            client.change(operation, **{**given, "idempotencyKey": bad}), ("IDEMPOTENCY_KEY_INVALID", "idempotencyKey")
        )
    return changed


async def assert_stale(client: Client, operation: str, given: dict[str, Any], *, version: int, state: str) -> None:
    """Assert that a call on another version is refused and told where the application stands."""
    for wrong in (version - 1, version + 1):
        (error,) = await assert_refused(
            client.change(operation, **{**given, "expectedVersion": wrong}), ("STALE_VERSION", "expectedVersion")
        )
        assert (error["currentVersion"], error["currentState"]) == (version, state)
