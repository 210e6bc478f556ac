"""saveApplicationDraft: any part, at any time, where the field is open."""

from __future__ import annotations

import sys

import orjson
import pytest

from backend.accounts import Viewer
from backend.applications import SaveApplicationDraft, save_application_draft
from backend.applications.errors import DraftConflict
from backend.applications.record import values_of
from backend.foundation.jobs import Job
from backend.foundation.runtime import Runtime
from tests.builders.applications import (
    SECRETS,
    a_draft,
    a_kept_photo,
    a_key,
    a_submitted,
    events_of,
    refused,
    save,
    send_back,
    the,
)
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database
from tests.builders.forms import CARD_NUMBER


async def test_some_fields_are_kept(runtime: Runtime, clerk: Viewer) -> None:
    """Values come back as they are stored: in order, in clear, cleared ones gone; the version grows by one."""
    application_id = await a_draft(runtime, clerk)
    before = await the(application_id)
    await save(runtime, clerk, application_id, mobile_phone="+86 139 0000 0001", bank_branch_id="", group_note="南山店")
    application = await the(application_id)
    values = values_of(runtime.keyring, application)
    assert application.version == before.version + 1
    assert (values["mobile_phone"], values["group_note"], "bank_branch_id" in values) == (
        "13900000001",
        "南山店",
        False,
    )
    changes = orjson.loads((await events_of(application_id))[-1].body or "")["changes"]
    assert changes == {
        "mobile_phone": {"old": "138****8000", "new": "139****0001"},
        "group_note": {"old": None, "new": "南山店"},
    }


async def test_nothing_new_changes_nothing(runtime: Runtime, clerk: Viewer) -> None:
    """What stands there already makes no version and no event."""
    application_id = await a_draft(runtime, clerk)
    before = await the(application_id)
    await save(runtime, clerk, application_id, owner_name="张三", store_longitude=None)
    after = await the(application_id)
    assert (after.version, after.event_sequence, after.updated_at) == (
        before.version,
        before.event_sequence,
        before.updated_at,
    )


async def test_personal_values_stand_nowhere_in_clear(runtime: Runtime, clerk: Viewer) -> None:
    """Not in the row, the events, the jobs or the record of calls: only sealed."""
    application_id = await a_submitted(runtime, clerk, merchant_shortname="大郎烧饼店")
    rows = await everything_in_database()
    told = repr(rows)
    assert [secret for secret in SECRETS if secret in told] == []
    assert values_of(runtime.keyring, await the(application_id))["account_number"] == CARD_NUMBER
    assert await Job.filter(subject_id=application_id).count() == 1
    command = SaveApplicationDraft(a_key(), application_id, 1, {"owner_name": "张三"})
    assert "张三" not in repr(command)


NO_VALUES = (
    ({"owner_nickname": "三儿"}, ["FIELD_UNKNOWN"]),
    ({"owner_name": 7}, ["FIELD_INVALID"]),
    ({"owner_name": "张" * 101, "licence_held": "yes"}, ["FIELD_INVALID", "FIELD_INVALID"]),
    ({"settlement_holder": "NOBODY"}, ["FIELD_INVALID"]),
    ({"micro_name": "\x00"}, ["FIELD_INVALID"]),
    ({"id_card_copy": "img_of_nothing"}, ["IMAGE_UNKNOWN"]),
    ({"qualifications": ["img_of_nothing"]}, ["IMAGE_UNKNOWN"]),
)


async def test_what_cannot_be_a_value(runtime: Runtime, clerk: Viewer) -> None:
    """Everything that is wrong is told at once, and what is right beside it is not kept either."""
    application_id = await a_draft(runtime, clerk)
    for fields, codes in NO_VALUES:
        async with refused(*codes):
            await save(runtime, clerk, application_id, account_bank="农业银行", **fields)


async def test_photos_of_something_else(runtime: Runtime, clerk: Viewer) -> None:
    """A photo belongs to one application and to one field of it."""
    first, second = await a_draft(runtime, clerk), await a_draft(runtime, clerk)
    theirs = await a_kept_photo(runtime, clerk, second, "id_card_copy")
    other_side = await a_kept_photo(runtime, clerk, first, "id_card_national")
    async with refused("IMAGE_UNKNOWN"):
        await save(runtime, clerk, first, id_card_copy=theirs)
    async with refused("IMAGE_PURPOSE_DIFFERS"):
        await save(runtime, clerk, first, id_card_copy=other_side)


async def test_two_phones_on_one_draft(runtime: Runtime, clerk: Viewer) -> None:
    """The later one learns what stands there and what it sent, for the fields that differ; nothing is lost."""
    application_id = await a_draft(runtime, clerk)
    seen = (await the(application_id)).version
    await save(runtime, clerk, application_id, account_bank="农业银行", owner_name="李四")
    before = await everything_in_database()
    fields = {"account_bank": "工商银行", "owner_name": "王五", "contact_email": "zhangsan@example.cn"}
    with pytest.raises(DraftConflict) as conflict:
        await save_application_draft(runtime, clerk, SaveApplicationDraft(a_key(), application_id, seen, fields))
    assert [(c.field, c.yours, c.theirs) for c in conflict.value.conflicts] == [
        ("account_bank", "工商银行", "农业银行"),
        ("owner_name", "王五", "李四"),
    ]
    assert (conflict.value.current_version, conflict.value.state) == (seen + 1, "DRAFT")
    assert "王五" not in repr(conflict.value)
    assert await everything_in_database() == before


async def test_a_conflict_masks_what_is_not_shown(
    runtime: Runtime, partner_clerk: Viewer, partner_admin: Viewer
) -> None:
    """Somebody who reads the draft masked learns no clear value from a conflict."""
    application_id = await a_draft(runtime, partner_clerk)
    with pytest.raises(DraftConflict) as conflict:
        await save_application_draft(
            runtime, partner_admin, SaveApplicationDraft(a_key(), application_id, 1, {"owner_name": "王五"})
        )
    assert [(c.yours, c.theirs) for c in conflict.value.conflicts] == [("王*", "张*")]


async def test_only_what_was_returned_is_open(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """After a return the named fields are open and all others locked, each told."""
    application_id = await a_submitted(runtime, clerk)
    await send_back(runtime, reviewer, application_id, "account_bank")
    async with refused("FIELD_LOCKED", "FIELD_LOCKED"):
        await save(runtime, clerk, application_id, account_bank="农业银行", micro_name="新名", owner_name="李四")
    await save(runtime, clerk, application_id, account_bank="农业银行")
    assert values_of(runtime.keyring, await the(application_id))["account_bank"] == "农业银行"


async def test_what_has_expired_since_is_open_too(
    runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ID card that ran out after the return, a newer text to consent to: else nobody could submit it again."""
    application_id = await a_submitted(runtime, clerk, card_period_end="2026-12-10")
    await send_back(runtime, reviewer, application_id, "account_bank")
    async with refused("FIELD_LOCKED"):
        await save(runtime, clerk, application_id, card_period_end="2046-12-10")
    clock.offset_seconds += 20 * 86_400
    async with refused("FIELD_LOCKED"):
        await save(runtime, clerk, application_id, card_period_end="2046-12-10", owner_name="李四")
    await save(runtime, clerk, application_id, card_period_end="2046-12-10")
    async with refused("FIELD_LOCKED"):
        await save(runtime, clerk, application_id, consent_given_at="2026-12-12T10:00:00+08:00")
    newer = type("Text", (), {"version": "2027-01"})
    monkeypatch.setattr(sys.modules[SaveApplicationDraft.__module__], "current_text", lambda _on: newer)
    await save(runtime, clerk, application_id, consent_given_at="2026-12-12T10:00:00+08:00")


async def test_who_may_not_save(
    runtime: Runtime, partner_clerk: Viewer, partner_admin: Viewer, clerk: Viewer, reviewer: Viewer
) -> None:
    """Only the author, and only while it is open."""
    application_id = await a_draft(runtime, partner_clerk)
    for viewer, code in ((clerk, "NotFound"), (partner_admin, "NOT_ALLOWED"), (reviewer, "NOT_ALLOWED")):
        async with refused(code):
            await save(runtime, viewer, application_id, account_bank="农业银行")
    submitted = await a_submitted(runtime, partner_clerk)
    async with refused("ILLEGAL_STATE"):
        await save(runtime, partner_clerk, submitted, account_bank="农业银行")
