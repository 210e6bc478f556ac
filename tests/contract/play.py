"""Every operation of the contract played once, in the order of a shop's application, against a running server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from tests.builders.api import Client, form_input
from tests.builders.forms import a_complete_form
from tests.schema.inputs import NIGHT_NOTICE, PHOTO, START
from tests.schema.sockets import following

Example = dict[str, Any]


@dataclass(slots=True)
class Play:
    """The people with their tokens, and what was sent and answered so far, by operation."""

    url: str
    http: httpx2.AsyncClient
    tokens: Mapping[str, str]
    examples: dict[str, Example] = field(default_factory=dict)
    keys: int = 0

    async def ask(self, person: str, operation: str, **variables: Any) -> Any:
        """Send an operation and give the value of its root field; the first time it becomes the example."""
        answer = await Client(self.http, self.tokens[person]).call(operation, **variables)
        self.examples.setdefault(operation, {"variables": variables, "answer": answer.body})
        return answer.value

    async def change(self, person: str, operation: str, **given: Any) -> Any:
        """Send a mutation and give the application after it."""
        answer = await self.ask(person, operation, input={"idempotencyKey": self.a_key(), **given})
        assert answer["userErrors"] == [], answer
        return answer["application"]

    async def keep(self, operation: str, **given: Any) -> Any:
        """Send a change of the handbook as HQ's admin and give the entry after it."""
        answer = await self.ask("admin", operation, input={"idempotencyKey": self.a_key(), **given})
        assert answer["userErrors"] == [], answer
        return answer["entry"]

    async def upload_sample(self, code: str) -> str:
        """Send a sample photo and give its id."""
        given = {"idempotencyKey": self.a_key(), "code": code}
        answer = await Client(self.http, self.tokens["admin"]).upload(PHOTO, "UploadHandbookSample", **given)
        example = {"variables": {"input": {**given, "file": None}}, "answer": answer.body}
        self.examples.setdefault("UploadHandbookSample", example)
        image_id: str = answer.changed["id"]
        return image_id

    async def upload(self, application_id: str, purpose: str) -> str:
        """Send a photo and give its id."""
        given = {"idempotencyKey": self.a_key(), "applicationId": application_id, "purpose": purpose}
        answer = await Client(self.http, self.tokens["author"]).upload(PHOTO, **given)
        self.examples.setdefault(
            "UploadImage", {"variables": {"input": {**given, "file": None}}, "answer": answer.body}
        )
        image_id: str = answer.changed["id"]
        return image_id

    def a_key(self) -> str:
        """Give an idempotency key as a client would make one."""
        self.keys += 1
        return f"5f0c8a5e-0000-4000-8000-{self.keys:012}"


async def play(url: str, tokens: Mapping[str, str]) -> dict[str, Example]:
    """Play with the tokens of `author`, `reviewer` and `admin`; give what was sent and answered by operation."""
    async with httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        game = Play(url, http, tokens)
        await _fill(game)
        await _keep_handbook(game)
        return game.examples


async def _fill(game: Play) -> None:
    await game.ask("author", "Me")
    notice = await game.ask("author", "CurrentNotice")
    consent = await game.ask("author", "CurrentConsentText")
    plans = await game.ask("author", "RatePlans")
    await game.ask("reviewer", "ReturnReasons")
    start = {**START, "noticeVersion": notice["version"]}
    draft = await game.change("author", "StartApplication", **start)
    target = draft["id"]
    values = a_complete_form(consent_text_version=consent["version"], rate_plan=plans[0]["code"])
    for name, value in values.items():
        if str(value).startswith("image-"):
            values[name] = await game.upload(target, name)
    saved = await game.change("author", "SaveApplicationDraft", **_on(draft), form=form_input(values))
    await game.ask("author", "PreflightApplication", applicationId=target)
    await game.ask("author", "Application", id=target)
    await game.ask("author", "Applications", first=20, after=None)
    await game.ask("author", "Node", id=target)
    submitted = await game.change("author", "SubmitApplication", **_on(saved))
    await game.ask("reviewer", "ReviewQueue", first=20, after=None)
    claimed = await game.change("reviewer", "ClaimApplication", **_on(submitted))
    released = await game.change("reviewer", "ReleaseApplication", **_on(claimed))
    claimed = await game.change("reviewer", "ClaimApplication", **_on(released))
    review = (await game.ask("reviewer", "Application", id=target))["review"]
    approved = await game.change(
        "reviewer", "DecideApplication", **_on(claimed), decision="APPROVE", passedFields=review["fieldsToPass"]
    )
    await game.change("reviewer", "RecallApplication", **_on(approved), reason="还要再看一下门头照")
    await game.ask("author", "ApplicationTimeline", applicationId=target, first=50, after=None)
    other = await game.change("author", "StartApplication", **start)
    allowed = await game.change("admin", "AllowDuplicate", **_on(other), reason="同一地址的两个档口")
    await _follow(game, target)
    await game.change("author", "WithdrawApplication", **_on(allowed), reason="店主改了主意")


async def _keep_handbook(game: Play) -> None:
    image_id = await game.upload_sample("id_card_copy")
    sample = {"imageId": image_id, "isGood": True, "caption": "四角完整，字迹清晰"}
    guide = {"photoGuide": {"steps": ["平放在深色桌面上", "四角都在画面内"], "samples": [sample]}}
    members = {"title": "身份证人像面", "position": 20, "content": guide}
    draft = await game.keep("SaveHandbookDraft", code="id_card_copy", expectedVersion=0, **members)
    await game.keep("PublishHandbookDraft", **_of(draft), effectiveOn=None)
    await game.ask("admin", "HandbookVersions", kind="PHOTO_GUIDE", code="id_card_copy", first=20, after=None)
    draft = await game.keep("SaveHandbookDraft", **NIGHT_NOTICE)
    notice = await game.keep("PublishHandbookDraft", **_of(draft))
    given = {"idempotencyKey": game.a_key(), "entryId": notice["id"]}
    await game.ask("author", "AcknowledgeHandbookEntry", input=given)
    await game.ask("author", "Handbook", kind="NOTICE")
    await game.keep("RetireHandbookEntry", **_of(notice), retiredOn=None)
    draft = await game.keep("SaveHandbookDraft", **NIGHT_NOTICE)
    await game.keep("DiscardHandbookDraft", **_of(draft))


async def _follow(game: Play, application_id: str) -> None:
    """Take a snapshot, and from its beginning on an event."""
    variables: dict[str, Any] = {"applicationId": application_id, "after": None}
    async with following(game.url, game.tokens["author"], application_id) as stream:
        items = [await stream.next()]
    async with following(game.url, game.tokens["author"], application_id, after="e1.0") as stream:
        items.append(await stream.next())
    game.examples["ApplicationEvents"] = {
        "variables": variables,
        "answers": [{"data": {"applicationEvents": item}} for item in items],
    }


def _of(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"entryId": entry["id"], "expectedVersion": entry["version"]}


def _on(application: Mapping[str, Any]) -> dict[str, Any]:
    return {"applicationId": application["id"], "expectedVersion": application["version"]}


_ID: Final = re.compile(r"\b([a-z]{3,5})_([0-7][0-9a-hjkmnp-tv-z]{25})\b")
_GRANT: Final = re.compile(r"(https?://[^/]+)(/images/[^?]+\?grant=).*")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
_CURSOR: Final = re.compile(r"WyJrMSIs[\w-]+")


def normalised(examples: Mapping[str, Example]) -> dict[str, Example]:
    """Give examples without what differs from run to run: ids, links, hashes, times and cursors of lists."""
    ids: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return ids.setdefault(match.group(), f"{match.group(1)}_{len(ids) + 1:026}")

    def plain(name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(key, member) for key, member in value.items()}
        if isinstance(value, list):
            return [plain(name, member) for member in value]
        if name == "sha256":
            return "0" * 64
        if name == "sizeBytes":
            return 100_000
        if not isinstance(value, str):
            return value
        text = _GRANT.sub(r"https://sesame.example\2…", value)
        text = _CURSOR.sub("WyJrMSIs…", _INSTANT.sub("2026-11-22T02:00:00.000Z", text))
        return _ID.sub(number, text)

    return {operation: plain("", example) for operation, example in examples.items()}


def shape_of(value: Any) -> Any:
    """Give the shape of a value: the members of objects, and of lists the shape of what is in them."""
    if isinstance(value, dict):
        return {name: shape_of(member) for name, member in value.items()}
    if isinstance(value, list):
        return shape_of(value[0]) if value else None
    return None if value is None else type(value).__name__
