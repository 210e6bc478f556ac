"""`saveApplicationDraft`: any part of the form, as long as the field is open."""

from __future__ import annotations

from typing import Any

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api, form_input
from tests.builders.forms import OWNER_ID_NUMBER
from tests.schema import cases
from tests.schema.mutations import assert_done_once, assert_refused

SAVE = "SaveApplicationDraft"


async def _given(case: cases.Case, **form: Any) -> dict[str, Any]:
    return {"applicationId": case.id, "expectedVersion": await case.version(), "form": form_input(form)}


async def test_fields_are_saved_once(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """What was sent stands in the form, the sections follow, and the call sent again saves nothing more."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    given = await _given(case, owner_name="张三", id_card_number=OWNER_ID_NUMBER, licence_held=True)
    changed = await assert_done_once(client, SAVE, given, {"form": {"ownerName": "李四"}})
    assert changed["version"] == given["expectedVersion"] + 1
    owner = changed["sections"][0]
    assert (owner["section"], owner["state"]) == ("OWNER", "INCOMPLETE")
    assert {"ownerName", "idCardNumber"}.isdisjoint(item["field"] for item in owner["missing"])
    form = (await client.call("Application", id=case.id)).value["form"]
    assert (form["ownerName"], form["idCardNumber"], form["licenceHeld"]) == ("张三", OWNER_ID_NUMBER, True)


async def test_an_absent_field_stays_and_null_clears(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Absent, null, an empty list and an empty text are told apart from a value."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    photo = await case.photo("qualifications")
    await case.save(owner_name="张三", micro_name="大郎烧饼", qualifications=[photo], licence_held=True)
    given = await _given(case, owner_name=None, qualifications=[], licence_held=False)
    assert (await client.change(SAVE, **given)).outcome == "OK"
    form = (await client.call("Application", id=case.id)).value["form"]
    assert (form["ownerName"], form["microName"], form["qualifications"], form["licenceHeld"]) == (
        None,
        "大郎烧饼",
        None,
        False,
    )


async def test_what_must_not_be_stored_is_refused_field_by_field(
    api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer
) -> None:
    """Every reason at once, each at its place in the form, and no sentence repeats what was entered."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    other = await (await cases.started(runtime, clerk)).photo("id_card_copy")
    elsewhere = await case.photo("bank_card_photo")
    for form, expected in [
        ({"micro_name": "店" * 129}, [("FIELD_INVALID", "form.microName")]),
        ({"settlement_holder": "NEIGHBOUR"}, [("FIELD_INVALID", "form.settlementHolder")]),
        ({"id_card_copy": "img_none"}, [("IMAGE_UNKNOWN", "form.idCardCopy")]),
        ({"id_card_copy": other}, [("IMAGE_UNKNOWN", "form.idCardCopy")]),
        ({"id_card_copy": elsewhere}, [("IMAGE_PURPOSE_DIFFERS", "form.idCardCopy")]),
        (
            {"owner_name": "某" * 300, "micro_name": "好店", "contact_email": "我" * 300},
            [("FIELD_INVALID", "form.ownerName"), ("FIELD_INVALID", "form.contactEmail")],
        ),
    ]:
        errors = await assert_refused(client.change(SAVE, **await _given(case, **form)), *expected)
        assert not any("某某" in error["message"] or "我我" in error["message"] for error in errors)

    sent_back = await cases.returned(runtime, clerk, reviewer, "micro_name")
    await assert_refused(
        client.change(SAVE, **await _given(sent_back, owner_name="李四", micro_name="新名字")),
        ("FIELD_LOCKED", "form.ownerName"),
    )
    changed = (await client.change(SAVE, **await _given(sent_back, micro_name="新名字"))).changed
    assert [(item["field"], item["isChanged"]) for item in changed["openFields"]] == [("micro_name", True)]


async def test_two_phones_get_a_conflict_that_shows_both_values(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """The second phone learns what it sent and what stands there, field by field, and the version to go on from."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    seen = await _given(case, owner_name="李四", micro_name="大郎烧饼", licence_held=True)
    await case.save(owner_name="张三", micro_name="大郎烧饼")
    (error,) = await assert_refused(client.change(SAVE, **seen), ("DRAFT_CONFLICT", "expectedVersion"))
    assert (error["currentVersion"], error["currentState"]) == (await case.version(), "DRAFT")
    assert error["conflicts"] == [
        {"field": "owner_name", "yours": "李四", "theirs": "张三"},
        {"field": "licence_held", "yours": "true", "theirs": "false"},
    ]
    same = {**seen, "form": {"microName": "大郎烧饼"}}
    (error,) = await assert_refused(client.change(SAVE, **same), ("STALE_VERSION", "expectedVersion"))
    assert error["conflicts"] == []


async def test_only_an_open_draft_is_saved(api: Api, runtime: Runtime, clerk: Viewer, partner_key: Viewer) -> None:
    """After submission the state is told; whoever may read but not write is told that."""
    client, case = await api.client(clerk), await cases.submitted(runtime, clerk)
    (error,) = await assert_refused(
        client.change(SAVE, **await _given(case, micro_name="新名字")), ("ILLEGAL_STATE", "")
    )
    assert error["currentState"] == "IN_REVIEW"
    hidden = await api.client(partner_key)
    assert (await hidden.change(SAVE, **await _given(case, micro_name="新名字"))).codes == ["NOT_FOUND"]
