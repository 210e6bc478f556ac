"""The body of a filing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.applications.form import FIELDS, Required, is_required
from backend.applications.policies import Channel, PolicyRefusal
from backend.handbook.handbook import RatePlan
from backend.opening.payload import (
    ENCRYPTED_PATHS,
    BadBusinessCodeError,
    FormIncompleteError,
    ImageNotUploadedError,
    PolicyRefusedError,
    RatePlanUnusableError,
    build,
    form_hash,
    images_to_upload,
)
from tests.builders.forms import CARD_NUMBER, OWNER_ID_NUMBER, a_complete_form, every_field_filled
from tests.builders.handbook import a_plan

CODE = "1900013511_10000"
STANDARD = a_plan("MICRO_STANDARD_060")
OPTIONAL_FIELDS = [name for name, field in FIELDS.items() if field.required is Required.OPTIONAL]
CAMPAIGN = a_plan("MICRO_CAMPAIGN_020")

# What the smallest body for a shop looks like: WeChat Pay 4012722249.
MINIMAL_BODY: dict[str, Any] = {
    "business_code": CODE,
    "contact_info": {
        "contact_name": "张三",
        "contact_id_number": OWNER_ID_NUMBER,
        "mobile_phone": "13800138000",
        "contact_email": "zhangsan@example.cn",
    },
    "subject_info": {
        "subject_type": "SUBJECT_TYPE_MICRO",
        "micro_biz_info": {
            "micro_biz_type": "MICRO_TYPE_STORE",
            "micro_store_info": {
                "micro_name": "大郎烧饼",
                "micro_address_code": "440305",
                "micro_address": "南山区科技路1号2层201室",
                "store_entrance_pic": "media-image-store-entrance",
                "micro_indoor_copy": "media-image-indoor",
            },
        },
        "identity_info": {
            "id_doc_type": "IDENTIFICATION_TYPE_IDCARD",
            "id_card_info": {
                "id_card_copy": "media-image-id-card-copy",
                "id_card_national": "media-image-id-card-national",
                "id_card_name": "张三",
                "id_card_number": OWNER_ID_NUMBER,
                "card_period_begin": "2016-06-06",
                "card_period_end": "长期",
            },
        },
    },
    "business_info": {"merchant_shortname": "张三烧饼店", "service_phone": "075812345678"},
    "settlement_info": {"settlement_id": "703", "qualification_type": "餐饮"},
    "bank_account_info": {
        "bank_account_type": "BANK_ACCOUNT_TYPE_PERSONAL",
        "account_name": "张三",
        "account_bank": "工商银行",
        "bank_address_code": "440300",
        "account_number": CARD_NUMBER,
    },
}

# Every further path of the same page that a shop may send. Mobile and online objects, openid, the video and obsolete
# parts are not among them.
OPTIONAL_PATHS = {
    "subject_info.micro_biz_info.micro_store_info.store_longitude",
    "subject_info.micro_biz_info.micro_store_info.store_latitude",
    "settlement_info.qualifications",
    "settlement_info.activities_id",
    "settlement_info.debit_activities_rate",
    "settlement_info.credit_activities_rate",
    "settlement_info.activities_additions",
    "bank_account_info.bank_branch_id",
    "bank_account_info.bank_name",
    "addition_info.legal_person_commitment",
    "addition_info.business_addition_pics",
    "addition_info.business_addition_msg",
}


def media_for(values: dict[str, Any], prefix: str = "media-") -> dict[str, str]:
    return {image_id: prefix + image_id for image_id in images_to_upload(values)}


def built(values: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    plan = a_plan(values["rate_plan"])
    return build(values, **{"business_code": CODE, "plan": plan, "media_ids": media_for(values), **arguments})


def leaves(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    else:
        yield path, part


def test_the_minimal_form_makes_the_minimal_body() -> None:
    """Exactly the documented paths with the form's values, and nothing else."""
    assert built(a_complete_form()) == MINIMAL_BODY


def test_the_full_form_makes_every_path_of_the_page() -> None:
    """Each documented path for a shop comes from a field, the plan or a constant."""
    values = every_field_filled(settlement_holder="OPERATOR", rate_plan="MICRO_CAMPAIGN_020")
    expected = {path for path, _ in leaves(MINIMAL_BODY)} | OPTIONAL_PATHS
    assert {path for path, _ in leaves(built(values))} == expected


def test_the_encrypted_paths_are_the_documented_ones() -> None:
    """Eight paths of a micro-merchant's body are encrypted."""
    assert {
        "contact_info.contact_name",
        "contact_info.contact_id_number",
        "contact_info.mobile_phone",
        "contact_info.contact_email",
        "subject_info.identity_info.id_card_info.id_card_name",
        "subject_info.identity_info.id_card_info.id_card_number",
        "bank_account_info.account_name",
        "bank_account_info.account_number",
    } == ENCRYPTED_PATHS


def test_a_campaign_sends_its_activity_and_both_rates() -> None:
    """Since 2023-09-18 the debit and the credit rate go together, and the single old rate is never sent."""
    assert built(a_complete_form(rate_plan="MICRO_CAMPAIGN_020"))["settlement_info"] == {
        "settlement_id": "703",
        "activities_id": "20191030111cff5b5e",
        "debit_activities_rate": "0.2",
        "credit_activities_rate": "0.2",
        "qualification_type": "餐饮",
    }


def test_several_pictures_become_a_list_of_media_ids() -> None:
    """Arrays stay arrays, in the order chosen."""
    body = built(a_complete_form(business_addition_pics=["b", "a"]))
    assert body["addition_info"] == {"business_addition_pics": ["media-b", "media-a"]}


def test_only_what_wechat_pay_asks_for_is_uploaded() -> None:
    """The bank card photo, the consents and empty lists stay with us; a picture used twice goes up once."""
    values = every_field_filled(
        settlement_holder="OPERATOR", activities_additions=["image-qualification"], business_addition_pics=[]
    )
    assert images_to_upload(values) == (
        "image-id-card-copy",
        "image-id-card-national",
        "image-store-entrance",
        "image-indoor",
        "image-commitment",
        "image-qualification",
    )


def test_the_test_channel_files_another_holder_under_their_own_name() -> None:
    """The name on the account follows the policy table."""
    body = built(every_field_filled(), channel=Channel.TEST)
    assert body["bank_account_info"]["account_name"] == "李四"
    assert body["contact_info"]["contact_name"] == "张三"


def test_a_holder_of_an_earlier_answer_is_not_filed() -> None:
    """Once the card is the operator's, a name left behind from another holder goes nowhere."""
    body = built(every_field_filled(settlement_holder="OPERATOR"))
    assert body["bank_account_info"]["account_name"] == "张三"


@pytest.mark.parametrize(
    ("values", "channel", "code"),
    [
        (every_field_filled(), Channel.WECHAT_PAY, PolicyRefusal.HOLDER_MUST_BE_OPERATOR),
        (every_field_filled(holder_consent_pic=None), Channel.TEST, PolicyRefusal.HOLDER_PROOF_MISSING),
    ],
)
def test_what_the_policies_refuse_is_not_built(values: dict[str, Any], channel: Channel, code: PolicyRefusal) -> None:
    """A holder whom the channel refuses, or allows only with proof, stops the filing."""
    with pytest.raises(PolicyRefusedError) as refused:
        built(values, channel=channel)
    assert refused.value.codes == (code,)


def test_an_incomplete_form_is_not_built() -> None:
    """Also what is never sent must be there: no filing without consent."""
    with pytest.raises(FormIncompleteError) as refused:
        built(a_complete_form(consent_given_at=None, owner_name=""))
    assert refused.value.fields == ("owner_name", "consent_given_at")


def test_a_picture_without_media_id_is_named() -> None:
    """The caller learns which pictures are still to be uploaded."""
    values = a_complete_form()
    media_ids = {**media_for(values), "image-indoor": ""}
    del media_ids["image-id-card-copy"]
    with pytest.raises(ImageNotUploadedError) as refused:
        built(values, media_ids=media_ids)
    assert refused.value.image_ids == ("image-id-card-copy", "image-indoor")


@pytest.mark.parametrize(
    ("rate_plan", "plan"),
    [("MICRO_STANDARD_060", CAMPAIGN), ("MICRO_2018_040", a_plan("MICRO_2018_040"))],
)
def test_a_plan_that_cannot_be_filed_is_refused(rate_plan: str, plan: RatePlan) -> None:
    """The plan is the one that the form names, and one with a settlement id."""
    with pytest.raises(RatePlanUnusableError):
        built(a_complete_form(rate_plan=rate_plan), plan=plan)


@pytest.mark.parametrize("code", ["", "a-b", "店", "a" * 125, "a\n"])
def test_a_bad_business_code_is_refused(code: str) -> None:
    """1 to 124 digits, letters or underscores."""
    with pytest.raises(BadBusinessCodeError):
        built(a_complete_form(), business_code=code)


def test_errors_hold_no_personal_data() -> None:
    """A refusal can be logged as it is."""
    with pytest.raises(FormIncompleteError) as refused:
        built(every_field_filled(settlement_holder="OPERATOR", card_period_begin=None))
    for secret in ("张三", OWNER_ID_NUMBER, CARD_NUMBER):
        assert secret not in repr(refused.value)


def test_the_hash_survives_a_second_upload() -> None:
    """The same form with new media ids has the same hash; the caller's body is left alone."""
    values = every_field_filled(settlement_holder="OPERATOR")
    first, second = media_for(values, "first-"), media_for(values, "second-")
    body = built(values, media_ids=first)
    before = json.dumps(body)
    assert form_hash(body, first) == form_hash(built(values, media_ids=second), second)
    assert json.dumps(body) == before


@pytest.mark.parametrize(
    "other",
    [
        a_complete_form(owner_name="张三丰"),
        a_complete_form(store_entrance_pic="image-another"),
        a_complete_form(rate_plan="MICRO_CAMPAIGN_020"),
    ],
)
def test_another_form_has_another_hash(other: dict[str, Any]) -> None:
    """A changed value, picture or plan changes the hash."""
    values = a_complete_form()
    assert form_hash(built(values), media_for(values)) != form_hash(built(other), media_for(other))


def test_the_hash_is_over_canonical_json() -> None:
    """The order of keys does not matter, and the digest is SHA-256 in hex."""
    values = a_complete_form()
    body, media_ids = built(values), media_for(values)
    turned = dict(reversed(body.items()))
    assert form_hash(turned, media_ids) == form_hash(body, media_ids)
    assert len(form_hash(body, media_ids)) == 64


@settings(deadline=None)
@given(st.sets(st.sampled_from(list(FIELDS))) | st.sets(st.sampled_from(OPTIONAL_FIELDS)))
def test_a_body_holds_nothing_empty_and_only_known_paths(dropped: set[str]) -> None:
    """Any subset of a full form is either refused or built without empty parts."""
    values = every_field_filled(settlement_holder="OPERATOR")
    for name in dropped:
        values[name] = [] if isinstance(values[name], list) else ""
    lacking = tuple(name for name, field in FIELDS.items() if name in dropped and is_required(field, values))
    if lacking:
        with pytest.raises(FormIncompleteError) as refused:
            build(values, business_code=CODE, plan=STANDARD, media_ids=media_for(values))
        assert refused.value.fields == lacking
        return
    body = build(values, business_code=CODE, plan=STANDARD, media_ids=media_for(values))
    assert all(value for _, value in leaves(body))
    assert {path for path, _ in leaves(body)} <= {path for path, _ in leaves(MINIMAL_BODY)} | OPTIONAL_PATHS
