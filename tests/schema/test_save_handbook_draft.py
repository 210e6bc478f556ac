"""`saveHandbookDraft`: the one draft of an entry is begun, changed, and seen by nobody but editors."""

from __future__ import annotations

from typing import Any, Final

import pytest

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.handbook_keeping import a_draft, a_published
from tests.schema.inputs import NIGHT_NOTICE, PHOTO
from tests.schema.mutations import assert_done_once, assert_refused

SAVE: Final = "SaveHandbookDraft"
TERMS: Final = {"validFrom": "2027-01-01", "baseRatePercent": "0.6", "settlementId": "703", "qualificationType": "餐饮"}


async def test_a_draft_is_begun_and_changed_without_anybody_reading_it(api: Api, admin: Viewer, clerk: Viewer) -> None:
    """Its number follows the last version, its changes are told against that, and staff go on with what is in force."""
    client = await api.client(admin)
    (notice,) = (await client.call("Handbook", kind="NOTICE")).value
    given = {**NIGHT_NOTICE, "code": "START", "title": notice["title"], "position": notice["position"]}
    draft = await assert_done_once(client, SAVE, given, {"title": "另一个标题"})
    assert (draft["state"], draft["stage"], draft["number"], draft["version"]) == ("DRAFT", "DRAFT", 2, 1)
    assert draft["editing"]["authorId"] == admin.id
    assert {"path": "needs_acknowledgement", "old": "false", "new": "true"} in draft["editing"]["changes"]

    changed = (await client.change(SAVE, **{**given, "title": "夜间", "expectedVersion": 1})).changed
    assert (changed["id"], changed["title"], changed["version"]) == (draft["id"], "夜间", 2)
    assert [item["action"] for item in changed["availableActions"]] == ["SAVE", "PUBLISH", "DISCARD"]
    assert (await client.call("Handbook", kind="NOTICE")).value == [notice]
    (seen,) = (await (await api.client(clerk)).call("Handbook", kind="NOTICE")).value
    assert (seen["id"], seen["editing"], seen["availableActions"]) == (notice["id"], None, [])


async def test_nobody_writes_over_a_draft_they_have_not_seen(api: Api, admin: Viewer) -> None:
    """One draft of an entry at a time: a second one is that one changed, by whoever knows its version."""
    client = await api.client(admin)
    (error,) = await assert_refused(
        client.change(SAVE, **{**NIGHT_NOTICE, "expectedVersion": 1}), ("STALE_VERSION", "expectedVersion")
    )
    assert error["currentVersion"] == 0
    await client.change(SAVE, **NIGHT_NOTICE)
    (error,) = await assert_refused(client.change(SAVE, **NIGHT_NOTICE), ("STALE_VERSION", "expectedVersion"))
    assert error["currentVersion"] == 1


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"notice": {"paragraphs": []}}, "content.notice.paragraphs"),
        ({"photoGuide": {"steps": [""], "samples": []}}, "content.photoGuide.steps.0"),
        ({"contact": {"channel": "QQ", "value": ""}}, "content.contact.value"),
        ({"ratePlan": {**TERMS, "qualificationType": " "}}, "content.ratePlan.qualificationType"),
    ],
)
async def test_what_may_not_be_published_is_not_saved(
    api: Api, admin: Viewer, content: dict[str, Any], path: str
) -> None:
    """Every reason at once, each where it lies in the input."""
    client = await api.client(admin)
    code = "id_card_copy" if "photoGuide" in content else "X"
    given = {**NIGHT_NOTICE, "code": code, "content": content, "title": "题" * 61}
    errors = await assert_refused(
        client.change(SAVE, **given), ("CONTENT_TOO_LONG", "title"), ("CONTENT_MISSING", path)
    )
    assert "60" in errors[0]["message"]


@pytest.mark.parametrize(
    ("code", "content", "expected"),
    [
        ("lower", NIGHT_NOTICE["content"], [("ENTRY_CODE_INVALID", "code")]),
        ("owner_name", {"photoGuide": {"steps": ["拍"], "samples": []}}, [("ENTRY_CODE_INVALID", "code")]),
        (
            "X",
            {"returnReason": {"formFields": ["不是项目"]}},
            [("CONTENT_BAD_FORMAT", "content.returnReason.formFields.0")],
        ),
        (
            "X",
            {"ratePlan": {**TERMS, "validThrough": "2026-01-01", "debitRatePercent": "0.2"}},
            [
                ("PERIOD_REVERSED", "content.ratePlan.validThrough"),
                ("ACTIVITY_INCOMPLETE", "content.ratePlan.activitiesId"),
            ],
        ),
        (
            "X",
            {"notice": {"paragraphs": ["段"] * 31}},
            [("CONTENT_TOO_MANY", "content.notice.paragraphs")],
        ),
    ],
)
async def test_each_kind_is_held_to_its_own_rules(
    api: Api, admin: Viewer, code: str, content: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """A code, a rate, a time, a number of paragraphs."""
    client = await api.client(admin)
    await assert_refused(client.change(SAVE, **{**NIGHT_NOTICE, "code": code, "content": content}), *expected)


async def test_a_guide_shows_only_samples_of_its_own(api: Api, admin: Viewer, clerk: Viewer) -> None:
    """A photo that is not there, or was uploaded for another field, is refused; the right one is shown by a link."""
    client = await api.client(admin)
    image_id = (await client.upload(PHOTO, "UploadHandbookSample", code="id_card_copy")).changed["id"]

    def guide(code: str, sample: str) -> dict[str, Any]:
        samples = [{"imageId": sample, "isGood": True, "caption": "四角完整"}]
        return {**NIGHT_NOTICE, "code": code, "content": {"photoGuide": {"steps": ["平放拍摄"], "samples": samples}}}

    path = "content.photoGuide.samples.0.imageId"
    for code, sample in (("id_card_national", image_id), ("id_card_copy", f"{image_id[:-1]}0"), ("id_card_copy", "")):
        await assert_refused(client.change(SAVE, **guide(code, sample)), ("SAMPLE_UNKNOWN", path))
    draft = (await client.change(SAVE, **guide("id_card_copy", image_id))).changed
    await client.change("PublishHandbookDraft", entryId=draft["id"], expectedVersion=1)
    guides = (await (await api.client(clerk)).call("Handbook", kind="PHOTO_GUIDE")).value
    (mine,) = (entry for entry in guides if entry["code"] == "id_card_copy")
    (sample,) = mine["content"]["samples"]
    assert (sample["imageId"], sample["isGood"], sample["caption"]) == (image_id, True, "四角完整")
    assert f"/images/{image_id}?grant={clerk.id}." in sample["url"]


@pytest.mark.parametrize(
    "content",
    [{}, {"notice": {"paragraphs": ["一"]}, "contact": {"channel": "QQ", "value": "10001"}}, {"notice": None}],
)
async def test_a_content_is_exactly_one_kind(api: Api, admin: Viewer, content: dict[str, Any]) -> None:
    """None or two of them are no input."""
    client = await api.client(admin)
    answer = await client.change(SAVE, **{**NIGHT_NOTICE, "content": content})
    assert answer.codes == ["BAD_REQUEST"]


async def test_a_number_is_given_once(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """A discarded draft keeps its number; the next one has the next."""
    client = await api.client(admin)
    await a_published(runtime, admin)
    thrown_away = await a_draft(runtime, admin)
    await client.change("DiscardHandbookDraft", entryId=thrown_away.id, expectedVersion=1)
    assert (await client.change(SAVE, **NIGHT_NOTICE)).changed["number"] == 3
