"""What comes of a filing that does not go straight to its end, against a real sandbox."""

from __future__ import annotations

import orjson
import pytest

from backend.accounts import Viewer
from backend.applications.record import open_fields_of
from backend.opening.models import FilingAttempt, ProviderChannel, ProviderMedia
from backend.review import Decision, FieldReason
from backend.wechat import Call, PayError, Signal
from backend.wechat.errors import failure
from tests.builders.applications import (
    a_kept_photo,
    an_approved,
    approve,
    decide,
    events_of,
    save,
    submit,
    the,
    withdraw,
)
from tests.builders.everything import everything_in_database
from tests.builders.forms import CARD_NUMBER, OWNER_ID_NUMBER
from tests.builders.pay import AUDIT_SECONDS, HOLD_SECONDS, Desk, attempt_of, dead_jobs

DAY_SECONDS = 86_400.0

# Whose phone a magic value of the sandbox stands for.
REJECTS_THE_PORTRAIT = "13900000002"
REJECTS_SILENTLY = "13900000004"
REJECTS_FOR_RISK = "13900000005"
CONFIRMS_FIRST = "13900000006"
AUDITS_FOR_DAYS = "13900000007"
VOIDS_AT_ONCE = "13900000008"
REFUSES_AT_THE_DOOR = "13900000009"
STAYS_IN_EDITING = "13900000011"


async def state_of(application_id: str) -> str:
    """Give the state an application is in."""
    return (await the(application_id)).state


async def filed_again(desk: Desk, author: Viewer, reviewer: Viewer, application_id: str) -> FilingAttempt:
    """Mend what was returned, submit, approve and file again."""
    fields = open_fields_of((await the(application_id)).open_fields)
    photos = {name: await a_kept_photo(desk.runtime, author, application_id, name) for name in fields}
    await save(desk.runtime, author, application_id, **photos)
    await submit(desk.runtime, author, application_id)
    await approve(desk.runtime, reviewer, application_id)
    return await desk.file(application_id)


@pytest.mark.parametrize(
    ("call", "kind", "calls"),
    [
        ("submit", "accept_then_lose", ["submit", "query", "query"]),
        ("submit", "status_500", ["submit", "query", "submit", "query"]),
        ("submit", "status_502_html", ["submit", "query", "submit", "query"]),
        ("submit", "status_429", ["submit", "submit", "query"]),
        ("submit", "bad_signature", ["submit", "query", "query"]),
        ("submit", "signtest", ["submit", "query", "query"]),
        ("submit", "delay", ["submit", "query", "query"]),
        ("upload", "status_500", ["upload", "upload", "submit", "query"]),
        ("upload", "accept_then_lose", ["upload", "upload", "submit", "query"]),
        ("upload", "bad_signature", ["upload", "upload", "submit", "query"]),
        ("query", "status_500", ["submit", "query", "query"]),
        ("query", "signtest", ["submit", "query", "query"]),
        ("query", "status_429", ["submit", "query", "query"]),
    ],
)
async def test_a_call_that_goes_wrong_files_once(
    desk: Desk, clerk: Viewer, reviewer: Viewer, call: str, kind: str, calls: list[str]
) -> None:
    """Lost, late, unsigned or refused for a moment: the code is accepted once, after a question where in doubt."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    await desk.know_photos(application_id)
    if call == "upload":
        last = await ProviderMedia.first()
        assert last is not None
        await last.delete()
    desk.sandbox.fault(call, kind, **({"delay_seconds": 1.5} if kind == "delay" else {}))
    attempt = await desk.file(application_id)
    for _ in range(4):
        if len(desk.client.calls) < len(calls):
            await desk.let_pass(10)
    assert desk.client.calls == calls
    assert await state_of(application_id) == "PROVIDER_REVIEW"
    filing = desk.filing(attempt)
    assert (filing["times_accepted"], filing["times_refiled"]) == (1, 0)
    assert await ProviderMedia.all().count() == 4
    assert await dead_jobs() == []


async def test_a_missing_right_holds_the_channel_and_heals(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """One filing finds it out, the others wait without a call, and all go on once the right is there again."""
    first = await an_approved(desk.runtime, clerk, reviewer, micro_name="一店")
    await desk.know_photos(first)
    desk.sandbox.order("permission", {"micro": False})
    await desk.file(first)
    channel = await ProviderChannel.get(mchid=desk.provider.mchid)
    assert channel.held_reason == "NO_AUTH"
    assert (await attempt_of(first)).delivery == "UNSENT"
    second = await an_approved(desk.runtime, clerk, reviewer, micro_name="二店")
    desk.pass_time(HOLD_SECONDS)
    await desk.work()
    assert [await state_of(first), await state_of(second)] == ["FILING", "APPROVED"]
    assert desk.client.calls == ["submit"]

    await desk.let_pass(300)
    assert desk.client.calls == ["submit", "submit"]
    desk.sandbox.order("permission", {"micro": True})
    await desk.let_pass(900)
    assert await state_of(first) == "AWAITING_SIGNATURE"
    # When the other looks again has jitter in it, so how far it got since is not the same each time.
    assert await state_of(second) in {"PROVIDER_REVIEW", "AWAITING_SIGNATURE"}
    channel = await ProviderChannel.get(mchid=desk.provider.mchid)
    assert (channel.held_reason, channel.held_at) == (None, None)


async def test_a_held_channel_is_tried_when_the_one_that_found_it_is_gone(
    desk: Desk, clerk: Viewer, reviewer: Viewer
) -> None:
    """The filing that found the channel held was abandoned; the next one tries it, or nobody ever would."""
    first = await an_approved(desk.runtime, clerk, reviewer, micro_name="一店")
    desk.sandbox.order("permission", {"micro": False})
    await desk.file(first)
    second = await an_approved(desk.runtime, clerk, reviewer, micro_name="二店")
    await withdraw(desk.runtime, clerk, first)
    desk.sandbox.order("permission", {"micro": True})
    await desk.let_pass(1500)
    assert await state_of(first) == "WITHDRAWN"
    assert await state_of(second) in {"PROVIDER_REVIEW", "AWAITING_SIGNATURE"}


async def test_a_refusal_at_the_door_returns_the_field_it_points_at(
    desk: Desk, clerk: Viewer, reviewer: Viewer
) -> None:
    """A PARAM_ERROR with a pointer opens exactly that field; mended, the form goes under the same code."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=REFUSES_AT_THE_DOOR)
    attempt = await desk.file(application_id)
    application = await the(application_id)
    assert application.state == "RETURNED"
    assert list(open_fields_of(application.open_fields)) == ["card_period_end"]
    assert desk.sandbox.filing(attempt.business_code) is None
    await save(desk.runtime, clerk, application_id, card_period_end="2040-01-01")
    await submit(desk.runtime, clerk, application_id)
    await approve(desk.runtime, reviewer, application_id)
    again = await desk.file(application_id)
    assert (again.number, again.round, again.business_code) == (1, 2, attempt.business_code)
    assert await state_of(application_id) == "PROVIDER_REVIEW"
    assert desk.filing(again)["times_accepted"] == 1


@pytest.mark.parametrize("phone", [REJECTS_SILENTLY, REJECTS_FOR_RISK])
async def test_a_rejection_that_names_no_field_of_ours_goes_to_hq(
    desk: Desk, clerk: Viewer, reviewer: Viewer, phone: str
) -> None:
    """Empty reasons, or a field that no form has: HQ reads it and files again under the same code."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=phone)
    attempt = await desk.file(application_id)
    await desk.let_pass(AUDIT_SECONDS)
    assert await state_of(application_id) == "PROVIDER_REJECTED"
    rejected = await attempt_of(application_id)
    assert rejected.raw_answer is not None
    body = desk.runtime.keyring.open(
        bytes(rejected.raw_answer), table="filing_attempt", field="raw_answer", row=rejected.id
    )
    assert orjson.loads(body)["applyment_state"] == "APPLYMENT_STATE_REJECTED"

    await decide(desk.runtime, reviewer, application_id, Decision.REFILE, reason="已与微信支付核实")
    await desk.work()
    again = await attempt_of(application_id)
    assert (again.round, again.business_code, again.applyment_id) == (2, attempt.business_code, attempt.applyment_id)
    filing = desk.filing(again)
    assert (filing["times_accepted"], filing["times_refiled"]) == (1, 1)
    await desk.let_pass(AUDIT_SECONDS)
    assert await state_of(application_id) == "AWAITING_SIGNATURE"


async def test_hq_returns_what_was_rejected_without_a_reason(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """HQ turns an unexplained rejection into fields for the staff, or ends the application."""
    first = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=REJECTS_SILENTLY, micro_name="一店")
    second = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=REJECTS_SILENTLY, micro_name="二店")
    await desk.let_pass(AUDIT_SECONDS + 60)
    reasons = (FieldReason("store_entrance_pic", "BLURRED"),)
    await decide(desk.runtime, reviewer, first, Decision.RETURN, field_reasons=reasons)
    assert list(open_fields_of((await the(first)).open_fields)) == ["store_entrance_pic"]
    await decide(desk.runtime, reviewer, second, Decision.REFUSE, reason="微信支付不接受该商户")
    assert ((await the(second)).state, (await the(second)).live_key) == ("REFUSED", None)


async def test_a_mapped_rejection_goes_straight_to_the_staff(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """Exactly the named field opens, with the reason as its note; the mended form overwrites the old one."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=REJECTS_THE_PORTRAIT)
    attempt = await desk.file(application_id)
    await desk.let_pass(AUDIT_SECONDS)
    application = await the(application_id)
    assert application.state == "RETURNED"
    (item,) = open_fields_of(application.open_fields).values()
    assert (item.field, item.code, item.note) == ("id_card_copy", "PROVIDER", "身份证照片模糊，请重新上传清晰的照片")

    uploads = desk.client.calls.count("upload")
    again = await filed_again(desk, clerk, reviewer, application_id)
    assert (again.number, again.round, again.applyment_id) == (1, 2, desk.filing(attempt)["applyment_id"])
    assert desk.client.calls.count("upload") == uploads + 1
    filing = desk.filing(again)
    assert (filing["times_accepted"], filing["times_refiled"]) == (1, 1)
    assert await FilingAttempt.filter(application_id=application_id).count() == 1


@pytest.mark.parametrize("sent", ["answered", "lost"])
async def test_an_old_rejection_is_not_taken_for_the_new_verdict(
    desk: Desk, clerk: Viewer, reviewer: Viewer, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a while after a re-filing WeChat Pay may still show the old rejection: it is looked at again."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=REJECTS_THE_PORTRAIT)
    attempt = await desk.file(application_id)
    await desk.let_pass(AUDIT_SECONDS)
    old = await desk.client.query_by_business_code(attempt.business_code)
    assert old.applyment_state == "APPLYMENT_STATE_REJECTED"
    if sent == "lost":
        desk.sandbox.fault("submit", "accept_then_lose")

    async def show_the_past(_code: str) -> object:
        return old

    with monkeypatch.context() as past:
        past.setattr(desk.client, "query_by_business_code", show_the_past)
        await filed_again(desk, clerk, reviewer, application_id)
        await desk.let_pass(60)
        assert await state_of(application_id) == "PROVIDER_REVIEW"
    await desk.let_pass(AUDIT_SECONDS)
    assert await state_of(application_id) == "AWAITING_SIGNATURE"
    filing = desk.filing(attempt)
    assert (filing["times_accepted"], filing["times_refiled"]) == (1, 1)


async def test_the_rejection_of_an_abandoned_refiling_is_not_an_old_one(
    desk: Desk, clerk: Viewer, reviewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Abandoned while the re-filing is under way: the old rejection does not end the watch over the new form."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=REJECTS_THE_PORTRAIT)
    attempt = await desk.file(application_id)
    await desk.let_pass(AUDIT_SECONDS)
    old = await desk.client.query_by_business_code(attempt.business_code)
    desk.sandbox.fault("submit", "accept_then_lose")

    async def show_the_past(_code: str) -> object:
        return old

    with monkeypatch.context() as past:
        past.setattr(desk.client, "query_by_business_code", show_the_past)
        await filed_again(desk, clerk, reviewer, application_id)
        assert await state_of(application_id) == "FILING"
        await withdraw(desk.runtime, clerk, application_id)
        await desk.let_pass(60)
        assert await state_of(application_id) == "ABANDONED"
    await desk.let_pass(AUDIT_SECONDS)
    attempt = await attempt_of(application_id)
    assert attempt.raw_state == "APPLYMENT_STATE_TO_BE_SIGNED"
    desk.sandbox.sign(str(attempt.applyment_id))
    await desk.let_pass(3600, step_seconds=600)
    assert await state_of(application_id) == "OPENED"


async def test_a_voided_form_is_filed_again_under_a_new_code(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """WeChat Pay voids it; HQ files again: a second attempt, another code, another number."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=VOIDS_AT_ONCE)
    first = await desk.file(application_id)
    assert await state_of(application_id) == "VOIDED"
    await decide(desk.runtime, reviewer, application_id, Decision.REFILE, reason="更换编号重新提交")
    assert await state_of(application_id) == "APPROVED"
    second = await desk.file(application_id)
    assert (second.number, second.round) == (2, 1)
    assert second.business_code == first.business_code.removesuffix("_1") + "_2"
    assert second.applyment_id not in {None, first.applyment_id}
    assert [desk.filing(one)["times_accepted"] for one in (first, second)] == [1, 1]


async def test_a_form_that_nobody_signs_is_voided_after_thirty_days(
    desk: Desk, clerk: Viewer, reviewer: Viewer
) -> None:
    """The wait for the owner ends with WeChat Pay's own clock; the author closes the case."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    await desk.file(application_id)
    await desk.let_pass(AUDIT_SECONDS)
    await desk.let_pass(31 * DAY_SECONDS, step_seconds=10 * DAY_SECONDS)
    assert await state_of(application_id) == "VOIDED"
    await withdraw(desk.runtime, clerk, application_id)
    assert await state_of(application_id) == "WITHDRAWN"


async def test_an_account_is_verified_before_it_is_signed_for(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """The longer way: verify, sign, open."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=CONFIRMS_FIRST)
    attempt = await desk.file(application_id)
    await desk.let_pass(AUDIT_SECONDS)
    assert await state_of(application_id) == "AWAITING_VERIFICATION"
    desk.sandbox.sign(str(attempt.applyment_id))
    await desk.let_pass(60)
    assert await state_of(application_id) == "AWAITING_SIGNATURE"
    desk.sandbox.sign(str(attempt.applyment_id))
    await desk.let_pass(1860, step_seconds=930)
    assert await state_of(application_id) == "OPENED"


async def test_an_account_that_is_not_verified_goes_to_hq(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """Ten days without verification are a rejection without reasons."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=CONFIRMS_FIRST)
    await desk.file(application_id)
    await desk.let_pass(AUDIT_SECONDS)
    await desk.let_pass(11 * DAY_SECONDS, step_seconds=11 * DAY_SECONDS)
    assert await state_of(application_id) == "PROVIDER_REJECTED"


async def test_the_owner_is_followed_closely_after_a_long_audit(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """Days of audit slow our looks down; once the owner may sign we look every half minute again."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=AUDITS_FOR_DAYS)
    await desk.file(application_id)
    await desk.let_pass(3 * DAY_SECONDS + 1200, step_seconds=DAY_SECONDS / 4)
    attempt = await attempt_of(application_id)
    assert attempt.raw_state == "APPLYMENT_STATE_TO_BE_SIGNED"
    desk.sandbox.sign(str(attempt.applyment_id))
    await desk.let_pass(30)
    assert await state_of(application_id) == "OPENING"


async def test_a_form_left_in_editing_is_sent_again_once(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """EDITTING means that the submit hit an error at WeChat Pay: the same form, the same code, once more."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=STAYS_IN_EDITING)
    attempt = await desk.file(application_id)
    assert await state_of(application_id) == "PROVIDER_REVIEW"
    filing = desk.filing(attempt)
    assert (filing["times_accepted"], filing["times_refiled"]) == (1, 1)
    await desk.let_pass(AUDIT_SECONDS)
    assert await state_of(application_id) == "AWAITING_SIGNATURE"


async def test_a_form_that_stays_in_editing_goes_to_hq(
    desk: Desk, clerk: Viewer, reviewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent again once by ourselves; when that does not help a person looks at it."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=STAYS_IN_EDITING)
    desk.sandbox.fault("query", "status_500")
    attempt = await desk.file(application_id)
    editing = await desk.client.query_by_business_code(attempt.business_code)
    assert editing.applyment_state == "APPLYMENT_STATE_EDITTING"

    async def still_editing(_code: str) -> object:
        return editing

    monkeypatch.setattr(desk.client, "query_by_business_code", still_editing)
    await desk.let_pass(300)
    assert await state_of(application_id) == "PROVIDER_REJECTED"
    assert desk.filing(attempt)["times_refiled"] == 1


async def test_an_unknown_state_is_kept_and_looked_at_again(
    desk: Desk, clerk: Viewer, reviewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state that no document names moves nothing and stops nothing."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    attempt = await desk.file(application_id)
    query = desk.client.query_by_business_code
    name = "APPLYMENT_STATE_" + "X" * 80

    async def unknown(code: str) -> object:
        answer = await query(code)
        object.__setattr__(answer, "applyment_state", name)
        return answer

    with monkeypatch.context() as strange:
        strange.setattr(desk.client, "query_by_business_code", unknown)
        await desk.let_pass(AUDIT_SECONDS)
    assert await state_of(application_id) == "PROVIDER_REVIEW"
    assert (await attempt_of(application_id)).raw_state == name[:64]
    await desk.let_pass(900)
    assert await state_of(application_id) == "AWAITING_SIGNATURE"
    assert attempt.business_code == (await attempt_of(application_id)).business_code


async def test_a_form_that_is_not_found_for_a_moment_is_looked_for_again(
    desk: Desk, clerk: Viewer, reviewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was accepted a moment ago may not be found everywhere yet; what is never found goes to a person."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)

    async def nothing(_code: str) -> None:
        return None

    with monkeypatch.context() as lag:
        lag.setattr(desk.client, "query_by_business_code", nothing)
        await desk.file(application_id)
        await desk.let_pass(30, step_seconds=10)
    assert await dead_jobs() == []
    await desk.let_pass(AUDIT_SECONDS)
    assert await state_of(application_id) == "AWAITING_SIGNATURE"
    monkeypatch.setattr(desk.client, "query_by_business_code", nothing)
    await desk.let_pass(7200, step_seconds=300)
    assert await dead_jobs() == [("opening.poll", "ACCEPTED_FORM_NOT_FOUND")]


async def test_what_was_never_sent_is_withdrawn_and_leaves_nothing_at_wechat(
    desk: Desk, clerk: Viewer, reviewer: Viewer
) -> None:
    """Abandoned before it left: no photo and no form leave the house, and the shop is free."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    desk.pass_time(HOLD_SECONDS)
    await desk.worker().run_one(await desk.take("opening.file"))
    await withdraw(desk.runtime, clerk, application_id)
    assert await state_of(application_id) == "ABANDONED"
    await desk.let_pass(120)
    application = await the(application_id)
    assert (application.state, application.live_key) == ("WITHDRAWN", None)
    assert desk.client.calls == []
    assert desk.sandbox.filing((await attempt_of(application_id)).business_code) is None


async def test_what_may_have_left_is_not_dropped_at_once(
    desk: Desk, clerk: Viewer, reviewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Abandoned while a submit is unanswered and not to be found yet: it is watched until it has shown itself."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    desk.sandbox.fault("submit", "accept_then_lose")
    await desk.file(application_id)
    await withdraw(desk.runtime, clerk, application_id)

    async def not_yet(_code: str) -> None:
        return None

    with monkeypatch.context() as lag:
        lag.setattr(desk.client, "query_by_business_code", not_yet)
        await desk.let_pass(40, step_seconds=10)
    assert await state_of(application_id) == "ABANDONED"
    await desk.let_pass(60)
    attempt = await attempt_of(application_id)
    assert (await state_of(application_id), attempt.delivery) == ("ABANDONED", "DELIVERED")
    assert desk.filing(attempt)["times_accepted"] == 1


async def test_a_refusal_at_the_door_that_points_nowhere_goes_to_hq(
    desk: Desk, clerk: Viewer, reviewer: Viewer
) -> None:
    """WeChat Pay holds nothing of it. Abandoned then, there is nothing to watch: the shop is free."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)

    async def refuse(name: str) -> None:
        if name == "submit":
            raise failure(
                Call.SUBMIT,
                Signal.ERROR,
                status=400,
                code="PARAM_ERROR",
                message=f"账户{CARD_NUMBER}的参数错误",
                pointer="/body/nowhere",
            )

    desk.client.before = refuse
    await desk.file(application_id)
    assert await state_of(application_id) == "PROVIDER_REJECTED"
    (reason,) = orjson.loads((await attempt_of(application_id)).audit_detail or "[]")
    assert reason["note"] == "账户****02*********1230的参数错误"
    await withdraw(desk.runtime, clerk, application_id)
    await desk.let_pass(120)
    application = await the(application_id)
    assert (application.state, application.live_key) == ("WITHDRAWN", None)


@pytest.mark.parametrize(
    ("error", "end", "fields"),
    [
        (failure(Call.UPLOAD, Signal.ERROR, status=400, code="PARAM_ERROR"), "RETURNED", ["id_card_copy"]),
        (failure(Call.UPLOAD, Signal.ERROR, status=403, code="NO_AUTH"), "FILING", []),
        (failure(Call.UPLOAD, Signal.ERROR, status=500), "FILING", []),
    ],
)
async def test_a_photo_that_is_not_taken(
    desk: Desk, clerk: Viewer, reviewer: Viewer, error: PayError, end: str, fields: list[str]
) -> None:
    """A photo that WeChat Pay refuses twice is the staff's to take again; a missing right or a fault is not."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)

    async def refuse(name: str) -> None:
        if name == "upload":
            raise error

    desk.client.before = refuse
    await desk.file(application_id)
    assert await state_of(application_id) == "FILING"
    await desk.let_pass(400)
    application = await the(application_id)
    assert (application.state, list(open_fields_of(application.open_fields))) == (end, fields)
    assert "submit" not in desk.client.calls


@pytest.mark.parametrize(("phone", "end"), [(REJECTS_THE_PORTRAIT, "WITHDRAWN"), ("13900000001", "OPENED")])
async def test_what_wechat_has_is_watched_to_its_end(
    desk: Desk, clerk: Viewer, reviewer: Viewer, phone: str, end: str
) -> None:
    """Abandoned after it was accepted: a rejection ends it, a signature still opens an account."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, mobile_phone=phone)
    attempt = await desk.file(application_id)
    await withdraw(desk.runtime, clerk, application_id)
    await desk.let_pass(AUDIT_SECONDS)
    if end == "OPENED":
        assert await state_of(application_id) == "ABANDONED"
        desk.sandbox.sign(str(attempt.applyment_id))
        await desk.let_pass(3600, step_seconds=600)
    application = await the(application_id)
    assert application.state == end
    assert (application.live_key is None, application.sub_mchid is None) == (end != "OPENED", end != "OPENED")
    if end == "OPENED":
        assert (await events_of(application_id))[-1].kind == "OPENED_AFTER_ABANDON"


async def test_personal_data_in_a_reason_is_scrubbed(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """WeChat Pay may quote what was filled in; nothing of it stands anywhere in clear."""
    sentence = f"银行账号{CARD_NUMBER}与张三（{OWNER_ID_NUMBER}）不匹配，请核对尾号为6222029999999999999的卡"
    desk.sandbox.fault(
        "any",
        "reject",
        fields=[{"field": "account_number", "field_name": "银行账号", "reject_reason": sentence}],
    )
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    await desk.file(application_id)
    await desk.let_pass(AUDIT_SECONDS)
    assert list(open_fields_of((await the(application_id)).open_fields)) == ["account_number"]
    told = repr(await everything_in_database())
    for secret in (CARD_NUMBER, OWNER_ID_NUMBER, "张三（", "6222029999999999999"):
        assert secret not in told
    assert "不匹配" in told
