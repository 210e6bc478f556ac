"""`application`: one application, as this viewer may see it."""

from __future__ import annotations

from typing import Any

from backend.accounts import Viewer
from backend.applications.form import FIELDS
from backend.foundation.runtime import Runtime
from backend.wechat import AuditItem
from tests.builders.api import Api, camel
from tests.builders.clock import FixedClock
from tests.builders.forms import every_field_filled
from tests.schema import cases
from tests.schema.inputs import PHOTO

SENSITIVE = [camel(name) for name, field in FIELDS.items() if field.mask is not None]


async def _shown(api: Api, viewer: Viewer, case: cases.Case) -> Any:
    return (await (await api.client(viewer)).call("Application", id=case.id)).value


async def test_sensitive_values_are_clear_only_where_they_must_be(
    api: Api, runtime: Runtime, partner_clerk: Viewer, partner_admin: Viewer,
    reviewer: Viewer, other_reviewer: Viewer, admin: Viewer, auditor: Viewer,
) -> None:  # fmt: skip
    """The author's open draft and the reviewer's claim are in clear with photos; everybody else sees masks."""
    form = every_field_filled(licence_held=False, licence_number=None)
    case = await cases.filled(runtime, partner_clerk, **form)
    stored = (await _shown(api, partner_clerk, case))["form"]
    assert {stored[camel(name)] for name in ("owner_name", "id_card_number", "account_number")} == {
        form["owner_name"],
        form["id_card_number"],
        form["account_number"],
    }
    people = {
        "author": partner_clerk,
        "partner_admin": partner_admin,
        "reviewer": reviewer,
        "other_reviewer": other_reviewer,
        "admin": admin,
        "auditor": auditor,
    }

    async def in_clear(case: cases.Case) -> set[str]:
        seen = {name: await _shown(api, viewer, case) for name, viewer in people.items()}
        filled = [name for name in SENSITIVE if stored[name] is not None]
        for shown in seen.values():
            clear = [name for name in filled if shown["form"][name] == stored[name]]
            assert clear == (filled if shown["isClearView"] else [])
            assert bool(shown["images"]) is shown["isClearView"]
            assert shown["form"]["microName"] == stored["microName"]
        return {name for name, shown in seen.items() if shown["isClearView"]}

    assert await in_clear(case) == {"author"}
    case = await cases.filled(runtime, partner_clerk)
    stored = (await _shown(api, partner_clerk, case))["form"]
    await case.submit()
    assert await in_clear(case) == set()
    await case.claim(reviewer)
    assert await in_clear(case) == {"reviewer"}
    await case.send_back(reviewer, "micro_name")
    assert await in_clear(case) == {"author"}


async def test_hqs_side_is_for_hq(
    api: Api, runtime: Runtime, clock: FixedClock, partner_clerk: Viewer, partner_admin: Viewer,
    reviewer: Viewer, admin: Viewer, auditor: Viewer,
) -> None:  # fmt: skip
    """Whole objects are null or empty for those who may not see them: review, provider, signing."""
    case = await cases.filed(runtime, clock, partner_clerk, reviewer)
    await case.observe("APPLYMENT_STATE_TO_BE_SIGNED")
    people = {
        "author": partner_clerk,
        "partner_admin": partner_admin,
        "reviewer": reviewer,
        "admin": admin,
        "auditor": auditor,
    }
    seen = {name: await _shown(api, viewer, case) for name, viewer in people.items()}
    assert {name for name, shown in seen.items() if shown["review"]} == {"reviewer"}
    assert {name for name, shown in seen.items() if shown["provider"]} == {"reviewer", "admin", "auditor"}
    assert {name for name, shown in seen.items() if shown["signing"]} == {"author", "reviewer", "admin", "auditor"}
    assert {shown["isClearView"] for shown in seen.values()} == {False}
    (attempt,) = seen["admin"]["provider"]
    assert (attempt["applymentId"], attempt["rawState"]) == (case.applyment_id, "APPLYMENT_STATE_TO_BE_SIGNED")
    signing = seen["author"]["signing"]
    assert signing["signUrl"] == cases.SIGN_URL
    assert signing["qr"].startswith("data:image/svg+xml")

    await case.observe("APPLYMENT_STATE_FINISHED", sub_mchid="1900000109")
    shown = await _shown(api, partner_clerk, case)
    assert (shown["state"], shown["subMchid"], shown["signing"]) == ("OPENED", "1900000109", None)


async def test_a_rejection_shows_its_reasons(
    api: Api, runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer
) -> None:
    """HQ reads WeChat Pay's own words; staff read which fields are open and why."""
    case = await cases.filed(runtime, clock, clerk, reviewer)
    item = AuditItem("id_card_number", "身份证号码", "身份证号码有误")
    await case.observe("APPLYMENT_STATE_REJECTED", audit=(item,))
    (attempt,) = (await _shown(api, reviewer, case))["provider"]
    (reason,) = attempt["reasons"]
    assert (reason["note"], reason["formFields"]) == ("身份证号码有误", ["id_card_number"])
    shown = await _shown(api, clerk, case)
    assert shown["openFields"] == [
        {"field": "id_card_number", "code": "PROVIDER", "note": "身份证号码有误", "isChanged": False}
    ]
    assert (shown["state"], shown["isClearView"]) == ("RETURNED", True)
    edges = (await (await api.client(clerk)).call("ApplicationTimeline", applicationId=case.id, first=50)).value[
        "edges"
    ]
    told = [(edge["node"]["kind"], edge["node"]["actorKind"], edge["node"]["reasons"]) for edge in edges[-2:]]
    reasons = [{"field": "id_card_number", "code": "PROVIDER", "note": "身份证号码有误"}]
    assert told == [("PROVIDER_REJECTED", "SYSTEM", reasons), ("RETURNED", "SYSTEM", reasons)]


async def test_hq_sees_what_looks_like_a_double(
    api: Api, runtime: Runtime, clerk: Viewer, partner_clerk: Viewer, reviewer: Viewer
) -> None:
    """Other applications of the owner and into the account, with addresses masked."""
    first = await cases.submitted(runtime, partner_clerk, micro_name="大郎烧饼旧店")
    case = await cases.claimed(runtime, clerk, reviewer, micro_name="大郎烧饼新店")
    review = (await _shown(api, reviewer, case))["review"]
    for doubles in (review["sameOwner"], review["sameAccount"]):
        assert {item["id"]: item["shopName"] for item in doubles} == {
            first.id: "大郎烧饼旧店",
            case.id: "大郎烧饼新店",
        }
        assert not any("201室" in item["address"] for item in doubles)


async def test_ids_that_are_none_are_not_there(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Whatever text comes as an id, nothing is found under it: to read, to follow, to change, to put into a form."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    for text in ("", "apl_none", "x" * 5000, "%", "'; DROP TABLE application; --", "\u0000", "芝麻"):
        assert (await client.call("Application", id=text)).outcome == "NULL", text
        assert (await client.call("Node", id=text)).outcome == "NULL", text
        for operation in ("PreflightApplication", "ApplicationTimeline"):
            more = {"first": 5} if operation == "ApplicationTimeline" else {}
            assert (await client.call(operation, applicationId=text, **more)).codes == ["NOT_FOUND"], text
        change = await client.change("SubmitApplication", applicationId=text, expectedVersion=1)
        assert change.codes == ["NOT_FOUND"], text
        upload = await client.upload(PHOTO, applicationId=text, purpose="id_card_copy")
        assert upload.codes == ["NOT_FOUND"], text
        if 0 < len(text) <= 40 and text.isprintable():
            given = {"applicationId": case.id, "expectedVersion": 1, "form": {"idCardCopy": text}}
            assert (await client.change("SaveApplicationDraft", **given)).outcome == "IMAGE_UNKNOWN", text
