"""The schema of a filing: each rule is broken once, and the refusal names the member."""

import json
from typing import Any

import pytest

from tests.sandbox.provider import BASE, SEALED, Provider, at

STORE = "/subject_info/micro_biz_info/micro_store_info"
MICRO = "/subject_info/micro_biz_info"
CARD = "/subject_info/identity_info/id_card_info"
BANK = "/bank_account_info"
SETTLEMENT = "/settlement_info"
CONTACT = "/contact_info"

ABSENT = object()
ACTIVITY = {
    f"{SETTLEMENT}/activities_id": "20191030111cff5b5e",
    f"{SETTLEMENT}/debit_activities_rate": "0.2",
    f"{SETTLEMENT}/credit_activities_rate": "0.38",
}
MOBILE = {
    "micro_mobile_name": "早餐车",
    "micro_mobile_city": "440305",
    "micro_mobile_address": "无",
    "micro_mobile_pics": ["MEDIA"],
}
ONLINE = {"micro_online_store": "小店", "micro_ec_name": "某平台", "micro_link": "https://shop.example/1"}


def changed(provider: Provider, changes: dict[str, Any]) -> dict[str, Any]:
    """Give a good form with members replaced, added or (ABSENT) taken out."""
    form = provider.form()
    for path, value in changes.items():
        holder, name = at(form, path)
        if value is ABSENT:
            del holder[name]
        else:
            holder[name] = value
    return form


REQUIRED = [
    "/business_code",
    CONTACT,
    f"{CONTACT}/contact_name",
    f"{CONTACT}/mobile_phone",
    f"{CONTACT}/contact_email",
    "/subject_info",
    "/subject_info/subject_type",
    MICRO,
    f"{MICRO}/micro_biz_type",
    STORE,
    f"{STORE}/micro_name",
    f"{STORE}/micro_address_code",
    f"{STORE}/micro_address",
    f"{STORE}/store_entrance_pic",
    f"{STORE}/micro_indoor_copy",
    "/subject_info/identity_info",
    "/subject_info/identity_info/id_doc_type",
    CARD,
    f"{CARD}/id_card_copy",
    f"{CARD}/id_card_national",
    f"{CARD}/id_card_name",
    f"{CARD}/id_card_number",
    f"{CARD}/card_period_begin",
    f"{CARD}/card_period_end",
    "/business_info",
    "/business_info/merchant_shortname",
    "/business_info/service_phone",
    SETTLEMENT,
    f"{SETTLEMENT}/settlement_id",
    f"{SETTLEMENT}/qualification_type",
    BANK,
    f"{BANK}/bank_account_type",
    f"{BANK}/account_name",
    f"{BANK}/account_bank",
    f"{BANK}/bank_address_code",
    f"{BANK}/account_number",
]


@pytest.mark.parametrize("pointer", REQUIRED)
async def test_a_required_member_must_be_there_typed_and_filled(provider: Provider, pointer: str) -> None:
    """Absent, null, empty and mistyped are refused by the schema layer in its documented shape."""
    for value in (ABSENT, None, "", 7, [], {}):
        answer = await provider.submit(changed(provider, {pointer: value}))
        assert answer.status_code == 400
        body = answer.json()
        assert body["code"] == "PARAM_ERROR"
        assert f"“/body{pointer}”" in body["message"]
        assert body["detail"]["location"] == "body"
        assert body["detail"]["value"] in ("", 7)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"/business_code": "a-b"}, "/business_code"),
    ({"/business_code": "a" * 125}, "/business_code"),
    ({f"{CONTACT}/contact_name": "张"}, f"{CONTACT}/contact_name"),
    ({f"{CONTACT}/contact_name": "张三 "}, f"{CONTACT}/contact_name"),
    ({f"{CONTACT}/contact_id_number": "1234"}, f"{CONTACT}/contact_id_number"),
    ({f"{CONTACT}/contact_id_number": "44030519900101123x"}, f"{CONTACT}/contact_id_number"),
    ({f"{CONTACT}/contact_id_number": "440305199001011235"}, f"{CONTACT}/contact_id_number"),
    ({f"{CONTACT}/contact_id_number": ABSENT}, f"{CONTACT}/contact_id_number"),
    ({f"{CONTACT}/openid": "oABC"}, f"{CONTACT}/contact_id_number"),
    ({f"{CONTACT}/mobile_phone": "1380013800"}, f"{CONTACT}/mobile_phone"),
    ({f"{CONTACT}/mobile_phone": "13800138000\n"}, f"{CONTACT}/mobile_phone"),
    ({f"{CONTACT}/contact_email": "nobody"}, f"{CONTACT}/contact_email"),
    ({"/subject_info/subject_type": "SUBJECT_TYPE_INDIVIDUAL"}, "/subject_info/subject_type"),
    ({f"{MICRO}/micro_biz_type": "MICRO_TYPE_OTHER"}, f"{MICRO}/micro_biz_type"),
    ({f"{MICRO}/micro_biz_type": "MICRO_TYPE_MOBILE"}, f"{MICRO}/micro_store_info"),
    ({f"{MICRO}/micro_mobile_info": MOBILE}, f"{MICRO}/micro_mobile_info"),
    ({f"{STORE}/micro_name": "12345"}, f"{STORE}/micro_name"),
    ({f"{STORE}/micro_name": " 大郎烧饼"}, f"{STORE}/micro_name"),
    ({f"{STORE}/micro_name": "店" * 51}, f"{STORE}/micro_name"),
    ({f"{STORE}/micro_address_code": "4403"}, f"{STORE}/micro_address_code"),
    ({f"{STORE}/micro_address": "南山区"}, f"{STORE}/micro_address"),
    ({f"{STORE}/micro_address": "南" * 513}, f"{STORE}/micro_address"),
    ({f"{STORE}/store_entrance_pic": "unknown"}, f"{STORE}/store_entrance_pic"),
    ({f"{STORE}/store_entrance_pic": "m" * 513}, f"{STORE}/store_entrance_pic"),
    ({f"{STORE}/store_entrance_pic": ["MEDIA"]}, f"{STORE}/store_entrance_pic"),
    ({f"{STORE}/store_longitude": "east"}, f"{STORE}/store_longitude"),
    ({f"{STORE}/store_latitude": ""}, f"{STORE}/store_latitude"),
    ({"/subject_info/identity_info/id_doc_type": "IDENTIFICATION_TYPE_OVERSEA_PASSPORT"}, "/id_doc_type"),
    ({f"{CARD}/id_card_copy": "unknown"}, f"{CARD}/id_card_copy"),
    ({f"{CARD}/id_card_name": "李四"}, f"{CONTACT}/contact_name"),
    ({f"{CARD}/id_card_number": "12345678901234"}, f"{CARD}/id_card_number"),
    ({f"{CARD}/card_period_begin": "2016-13-06"}, f"{CARD}/card_period_begin"),
    ({f"{CARD}/card_period_begin": "2016.06.06"}, f"{CARD}/card_period_begin"),
    ({f"{CARD}/card_period_begin": "长期"}, f"{CARD}/card_period_begin"),
    ({f"{CARD}/card_period_end": "永久"}, f"{CARD}/card_period_end"),
    ({f"{CARD}/card_period_end": "2016-06-06"}, f"{CARD}/card_period_end"),
    ({f"{CARD}/card_period_end": "2036-02-30"}, f"{CARD}/card_period_end"),
    ({"/business_info/merchant_shortname": "店"}, "/business_info/merchant_shortname"),
    ({"/business_info/merchant_shortname": "店" * 65}, "/business_info/merchant_shortname"),
    ({"/business_info/merchant_shortname": "123456"}, "/business_info/merchant_shortname"),
    ({"/business_info/service_phone": "call me"}, "/business_info/service_phone"),
    ({"/business_info/service_phone": "1" * 33}, "/business_info/service_phone"),
    ({f"{SETTLEMENT}/settlement_id": "719"}, f"{SETTLEMENT}/settlement_id"),
    ({f"{SETTLEMENT}/qualification_type": "业" * 129}, f"{SETTLEMENT}/qualification_type"),
    ({f"{SETTLEMENT}/qualifications": []}, f"{SETTLEMENT}/qualifications"),
    ({f"{SETTLEMENT}/qualifications": ["MEDIA"] * 6}, f"{SETTLEMENT}/qualifications"),
    ({f"{SETTLEMENT}/qualifications": "MEDIA"}, f"{SETTLEMENT}/qualifications"),
    ({f"{SETTLEMENT}/qualifications": ["MEDIA", "unknown"]}, f"{SETTLEMENT}/qualifications"),
    ({f"{SETTLEMENT}/debit_activities_rate": "0.2"}, f"{SETTLEMENT}/debit_activities_rate"),
    ({**ACTIVITY, f"{SETTLEMENT}/activities_id": "unknown"}, f"{SETTLEMENT}/activities_id"),
    ({**ACTIVITY, f"{SETTLEMENT}/debit_activities_rate": "0.19"}, f"{SETTLEMENT}/debit_activities_rate"),
    ({**ACTIVITY, f"{SETTLEMENT}/credit_activities_rate": "0.61"}, f"{SETTLEMENT}/credit_activities_rate"),
    ({**ACTIVITY, f"{SETTLEMENT}/credit_activities_rate": "0.380"}, f"{SETTLEMENT}/credit_activities_rate"),
    ({**ACTIVITY, f"{SETTLEMENT}/credit_activities_rate": "0.38%"}, f"{SETTLEMENT}/credit_activities_rate"),
    ({f"{SETTLEMENT}/activities_id": "20191030111cff5b5e"}, f"{SETTLEMENT}/debit_activities_rate"),
    ({f"{BANK}/bank_account_type": "BANK_ACCOUNT_TYPE_CORPORATE"}, f"{BANK}/bank_account_type"),
    ({f"{BANK}/account_name": "李四"}, f"{BANK}/account_name"),
    ({f"{BANK}/account_bank": "中国工商银行股份有限公司"}, f"{BANK}/account_bank"),
    ({f"{BANK}/account_bank": "上海银行"}, f"{BANK}/account_bank"),
    ({f"{BANK}/account_bank": "其他银行"}, f"{BANK}/bank_branch_id"),
    ({f"{BANK}/bank_address_code": "深圳"}, f"{BANK}/bank_address_code"),
    ({f"{BANK}/bank_branch_id": "branch"}, f"{BANK}/bank_branch_id"),
    ({f"{BANK}/account_number": "6222 0200"}, f"{BANK}/account_number"),
    ({f"{BANK}/account_number": "6" * 33}, f"{BANK}/account_number"),
    ({"/addition_info": {}}, "/addition_info"),
    ({"/addition_info": {"business_addition_msg": "说" * 513}}, "/addition_info/business_addition_msg"),
    ({"/addition_info": {"business_addition_pics": ["unknown"]}}, "/addition_info/business_addition_pics"),
    ({"/unknown": "x"}, "/unknown"),
    ({f"{CONTACT}/contact_type": "LEGAL"}, f"{CONTACT}/contact_type"),
    ({"/business_info/sales_info": {"sales_scenes_type": ["SALES_SCENES_STORE"]}}, "/business_info/sales_info"),
    ({f"{MICRO}/micro_name": "大郎烧饼"}, f"{MICRO}/micro_name"),
]


def with_media(value: Any, media_id: str) -> Any:
    """Put the uploaded photo where the table says MEDIA."""
    if isinstance(value, dict):
        return {name: with_media(item, media_id) for name, item in value.items()}
    if isinstance(value, list):
        return [with_media(item, media_id) for item in value]
    return media_id if value == "MEDIA" else value


@pytest.mark.parametrize(("changes", "pointer"), WRONG, ids=[f"{n}{p}" for n, (_, p) in enumerate(WRONG)])
async def test_a_wrong_member_is_refused_by_its_pointer(
    provider: Provider, changes: dict[str, Any], pointer: str
) -> None:
    """Each rule refuses with PARAM_ERROR naming the member, signed, and nothing is filed."""
    answer = await provider.submit(changed(provider, with_media(changes, provider.media_id)))
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
    assert pointer in answer.json()["message"]
    provider.verify(answer)
    assert (await provider.query()).json()["code"] == "APPLYMENT_NOTEXIST"


@pytest.mark.parametrize("rates", [ABSENT, "0.38"])
async def test_the_single_rate_alone_is_an_old_document(provider: Provider, rates: object) -> None:
    """Since 2023-09-18 the single rate without both split rates is refused, with or without its activity."""
    changes: dict[str, Any] = {f"{SETTLEMENT}/activities_rate": "0.38"}
    if rates is not ABSENT:
        changes |= {f"{SETTLEMENT}/activities_id": "20191030111cff5b5e", f"{SETTLEMENT}/debit_activities_rate": rates}
    answer = await provider.submit(changed(provider, changes))
    assert answer.json()["message"] == "请按最新的接口文档要求进件"


RIGHT: list[dict[str, Any]] = [
    {},
    ACTIVITY,
    {f"{CARD}/card_period_end": "2036-06-06"},
    {f"{CONTACT}/contact_id_number": "440305900101123", f"{CARD}/id_card_number": "440305900101123"},
    {f"{CONTACT}/contact_id_number": "44030519900101123X", f"{CARD}/id_card_number": "44030519900101123X"},
    {f"{CONTACT}/contact_id_number": ABSENT, f"{CONTACT}/openid": "oABC"},
    {f"{STORE}/store_longitude": "113.941355", f"{STORE}/store_latitude": "22.546245"},
    {f"{BANK}/account_bank": "其他银行", f"{BANK}/bank_name": "上海银行深圳分行"},
    {f"{SETTLEMENT}/qualifications": ["MEDIA"] * 5},
    {"/addition_info": {"legal_person_commitment": "MEDIA", "business_addition_msg": "已补充"}},
    {f"{MICRO}/micro_biz_type": "MICRO_TYPE_MOBILE", STORE: ABSENT, f"{MICRO}/micro_mobile_info": MOBILE},
    {f"{MICRO}/micro_biz_type": "MICRO_TYPE_ONLINE", STORE: ABSENT, f"{MICRO}/micro_online_info": ONLINE},
]


@pytest.mark.parametrize("changes", RIGHT)
async def test_a_right_form_is_accepted(provider: Provider, changes: dict[str, Any]) -> None:
    """Every documented alternative files."""
    answer = await provider.submit(changed(provider, with_media(changes, provider.media_id)))
    assert answer.status_code == 200, answer.text


async def test_an_online_shop_needs_a_code_or_a_link(provider: Provider) -> None:
    """One of the two must say where the shop is."""
    online = {name: value for name, value in ONLINE.items() if name != "micro_link"}
    changes = {f"{MICRO}/micro_biz_type": "MICRO_TYPE_ONLINE", STORE: ABSENT, f"{MICRO}/micro_online_info": online}
    answer = await provider.submit(changed(provider, changes))
    assert f"{MICRO}/micro_online_info/micro_qrcode" in answer.json()["message"]


@pytest.mark.parametrize("path", SEALED)
async def test_a_sensitive_member_that_does_not_decrypt_is_refused(provider: Provider, path: str) -> None:
    """Plain text, short base64 and another key's ciphertext are refused, and the value does not come back."""
    form = provider.sealed(provider.form())
    holder, name = at(form, path)
    for value in ("13800138000", "QUJD", "A" * 344):
        holder[name] = value
        answer = await provider.post(form)
        assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
        assert f"(/{path})解密失败" in answer.json()["message"]
        assert value not in answer.text


@pytest.mark.parametrize("serial", ["", "PUB_KEY_ID_" + "0" * 34])
async def test_the_encryption_key_must_be_named(provider: Provider, serial: str) -> None:
    """A submit without the right Wechatpay-Serial is refused before anything is decrypted."""
    answer = await provider.post(provider.sealed(provider.form()), **{"Wechatpay-Serial": serial})
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
    assert "Wechatpay-Serial" in answer.json()["message"]


@pytest.mark.parametrize("form", [[], "form", None, 7])
async def test_a_body_that_is_no_object_is_refused(provider: Provider, form: object) -> None:
    """The body must be one JSON object."""
    assert (await provider.post(form)).json()["code"] == "PARAM_ERROR"


async def test_a_body_of_another_type_is_refused(provider: Provider) -> None:
    """Only application/json is read."""
    answer = await provider.post(provider.sealed(provider.form()), **{"Content-Type": "text/plain"})
    assert "Content-Type" in answer.json()["message"]


async def test_a_photo_of_another_merchant_is_unknown(provider: Provider) -> None:
    """A media id is good for the merchant id that uploaded it, and for no other."""
    other = Provider(provider.http, provider.wall)
    await other.enrol(mchid="1900013599")
    body = provider.sealed(provider.form())
    assert (await provider.post(body)).status_code == 200
    content = json.dumps(body).encode()
    headers = {
        "Authorization": provider.authorization("POST", "/v3/applyment4sub/applyment/", content, mchid="1900013599"),
        "Content-Type": "application/json",
        "Wechatpay-Serial": provider.public_key_id,
    }
    answer = await provider.http.post(f"{BASE}/v3/applyment4sub/applyment/", content=content, headers=headers)
    assert "图片内容无效" in answer.json()["message"]


async def test_the_hash_is_of_the_clear_form(provider: Provider) -> None:
    """Two encryptions of one form have one hash; another form has another."""
    await provider.submit(provider.form("first"))
    await provider.submit(changed(provider, {"/business_code": "second", "/business_info/service_phone": "10086-1"}))
    first = (await provider.book("first"))["form_hash"]
    assert first != (await provider.book("second"))["form_hash"]
    rejected = provider.form("third", "13900000004")
    await provider.submit(rejected)
    hashes = {(await provider.book("third"))["form_hash"]}
    await provider.advance(300)
    await provider.submit(rejected)
    hashes.add((await provider.book("third"))["form_hash"])
    assert len(hashes) == 1
