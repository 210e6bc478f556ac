"""The checks of a submitted filing: schema, decryption, then what members must be together."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Any

import orjson

from .answers import PayError, business_refusal, schema_refusal
from .form_schema import ACTIVITIES, CIPHERTEXT_CHARACTERS, MEDIA_ID_CHARACTERS, RULES, SCHEMA, Kind, Rule

BANKS: dict[str, bool] = {
    bank["account_bank"]: bank["need_bank_branch"]
    for bank in json.loads(resources.files(__package__).joinpath("banks.json").read_text("utf-8"))
}

_CARD = "subject_info/identity_info/id_card_info"
_MICRO = "subject_info/micro_biz_info"
_SETTLEMENT = "settlement_info"
_BANK = "bank_account_info"


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """A filing that passed every check. Its clear texts live as long as the request does; the book keeps masks."""

    business_code: str
    mobile_phone: str
    owner_name: str
    shop_name: str
    form_hash: str


def read_form(body: bytes, *, decrypt: Callable[[str], str | None], knows_media: Callable[[str], bool]) -> Form:
    """Check a submit body against the whole schema and give what the filing needs of it.

    Refuses with PARAM_ERROR at the first member at fault, in the order of the table: type, presence, limits, then
    decryption, then names, dates, rates, bank and photos together (WeChat Pay documentation 4012722249).
    """
    try:
        form = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise PayError(400, "PARAM_ERROR", "请求体不是合法的JSON") from None
    if not isinstance(form, dict):
        raise schema_refusal("", "请求体", "类型校验失败")
    _refuse_unknown(form, "")
    members: dict[str, Any] = {}
    micro_biz_type: str | None = None
    for rule in SCHEMA:
        parent, _, name = rule.path.rpartition("/")
        holder = members.get(parent) if parent else form
        if holder is None:
            continue
        value = _shape(rule, holder, name, micro_biz_type)
        if value is None:
            continue
        members[rule.path] = value
        if rule.path == f"{_MICRO}/micro_biz_type":
            micro_biz_type = value
    texts = _decrypted(members, decrypt)
    _check_texts(texts)
    _check_together(texts)
    _check_media(members, knows_media)
    return Form(
        business_code=texts["business_code"],
        mobile_phone=texts["contact_info/mobile_phone"],
        owner_name=texts[f"{_CARD}/id_card_name"],
        shop_name=texts["business_info/merchant_shortname"],
        form_hash=_hash({**members, **texts}),
    )


def _refuse_unknown(holder: dict[str, Any], parent: str) -> None:
    """Refuse members outside the table; the real one lets some pass and then fails in less clear ways."""
    for name, value in holder.items():
        path = f"{parent}/{name}" if parent else name
        rule = RULES.get(path)
        if rule is None:
            raise PayError(
                400,
                "PARAM_ERROR",
                f"请求中含有未在API文档中定义的参数“/body/{path}”",
                {"location": "body", "value": ""},
                f"/{path}",
            )
        if rule.kind is Kind.OBJECT and isinstance(value, dict):
            _refuse_unknown(value, path)


def _shape(rule: Rule, holder: dict[str, Any], name: str, micro_biz_type: str | None) -> Any:
    """Give the member when it is there and well-typed, None when it may be absent; refuse otherwise."""
    if rule.micro_biz_type is not None and rule.micro_biz_type != micro_biz_type:
        if name in holder:
            raise business_refusal(rule.pointer, rule.label, "与小微经营类型不符")
        return None
    if name not in holder:
        if rule.required:
            raise schema_refusal(rule.pointer, rule.label, "必填性规则校验失败")
        return None
    value = holder[name]
    if rule.kind is Kind.OBJECT:
        if not isinstance(value, dict):
            raise _wrong_type(rule, value)
        if not value:
            raise schema_refusal(rule.pointer, rule.label, "必填性规则校验失败")
    elif rule.kind is Kind.MEDIA_LIST:
        _check_list(rule, value)
    else:
        _check_characters(rule, value)
    return value


def _check_list(rule: Rule, value: object) -> None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong_type(rule, value)
    if not 1 <= len(value) <= rule.longest:
        raise schema_refusal(rule.pointer, rule.label, f"数组规则校验失败，元素数 {len(value)}，应为1到{rule.longest}")


def _check_characters(rule: Rule, value: object) -> None:
    if not isinstance(value, str):
        raise _wrong_type(rule, value)
    shortest, longest = rule.shortest, rule.longest
    if rule.kind is Kind.SEALED:
        shortest, longest = 1, CIPHERTEXT_CHARACTERS
    elif rule.kind is Kind.MEDIA:
        shortest, longest = 1, MEDIA_ID_CHARACTERS
    if len(value) < shortest:
        raise schema_refusal(
            rule.pointer, rule.label, f"字符串规则校验失败，字符数 {len(value)}，小于最小值 {shortest}"
        )
    if len(value) > longest:
        raise schema_refusal(rule.pointer, rule.label, f"字符串规则校验失败，字符数 {len(value)}，大于最大值 {longest}")
    if rule.choices and value not in rule.choices:
        raise schema_refusal(rule.pointer, rule.label, "枚举规则校验失败", value)


def _wrong_type(rule: Rule, value: object) -> PayError:
    # The real one echoes the value; of a sensitive member or of a whole object that could be somebody's data.
    harmless = rule.kind is not Kind.SEALED and isinstance(value, int | float | bool)
    return schema_refusal(rule.pointer, rule.label, "类型校验失败", value if harmless else "")


def _decrypted(members: dict[str, Any], decrypt: Callable[[str], str | None]) -> dict[str, str]:
    """Give every text member in clear; refuse a sealed one that does not open."""
    texts: dict[str, str] = {}
    for path, value in members.items():
        rule = RULES[path]
        if rule.kind is Kind.TEXT:
            texts[path] = value
        elif rule.kind is Kind.SEALED:
            clear = decrypt(value)
            if clear is None:
                raise business_refusal(rule.pointer, rule.label, "解密失败，请检查加密公钥与Wechatpay-Serial是否一致")
            texts[path] = clear
    return texts


def _check_texts(texts: dict[str, str]) -> None:
    for path, text in texts.items():
        rule = RULES[path]
        sealed_limits = rule.kind is not Kind.SEALED or rule.shortest <= len(text) <= rule.longest
        if not sealed_limits or (rule.pattern is not None and not rule.pattern.fullmatch(text)):
            raise _invalid(path)


def _check_together(texts: dict[str, str]) -> None:
    if ("contact_info/contact_id_number" in texts) == ("contact_info/openid" in texts):
        raise _invalid("contact_info/contact_id_number", "与超级管理员微信OpenID必须二选一")
    if texts["contact_info/contact_name"] != texts[f"{_CARD}/id_card_name"]:
        raise _invalid("contact_info/contact_name", "与身份证姓名不一致")
    if (
        texts.get("contact_info/contact_id_number", texts[f"{_CARD}/id_card_number"])
        != (texts[f"{_CARD}/id_card_number"])
    ):
        raise _invalid("contact_info/contact_id_number", "与身份证号码不一致")
    if texts[f"{_BANK}/account_name"] != texts[f"{_CARD}/id_card_name"]:
        raise _invalid(f"{_BANK}/account_name", "与身份证姓名不一致")
    _check_period(texts)
    _check_rates(texts)
    _check_bank(texts)


def _check_period(texts: dict[str, str]) -> None:
    begin = _date(texts, f"{_CARD}/card_period_begin")
    if texts[f"{_CARD}/card_period_end"] != "长期" and _date(texts, f"{_CARD}/card_period_end") <= begin:
        raise _invalid(f"{_CARD}/card_period_end")


def _date(texts: dict[str, str], path: str) -> date:
    try:
        return date.fromisoformat(texts[path])
    except ValueError:
        raise _invalid(path) from None


def _check_rates(texts: dict[str, str]) -> None:
    """Since 2023-09-18 an activity needs both split rates, and the single rate alone is refused as an old document."""
    activity = texts.get(f"{_SETTLEMENT}/activities_id")
    split = [f"{_SETTLEMENT}/debit_activities_rate", f"{_SETTLEMENT}/credit_activities_rate"]
    missing = [path for path in split if path not in texts]
    if f"{_SETTLEMENT}/activities_rate" in texts and missing:
        raise PayError(400, "PARAM_ERROR", "请按最新的接口文档要求进件", pointer=f"/{_SETTLEMENT}/activities_rate")
    if activity is None:
        sent = [path for path in split if path in texts]
        if sent:
            raise _invalid(sent[0], "须与优惠费率活动ID同时填写")
        return
    if missing:
        raise schema_refusal(f"/{missing[0]}", RULES[missing[0]].label, "必填性规则校验失败")
    if activity not in ACTIVITIES:
        raise _invalid(f"{_SETTLEMENT}/activities_id")
    lowest, highest = (Decimal(bound) for bound in ACTIVITIES[activity])
    for path in split:
        if not lowest <= Decimal(texts[path]) <= highest:
            raise _invalid(path, "不在活动费率范围内")


def _check_bank(texts: dict[str, str]) -> None:
    needs_branch = BANKS.get(texts[f"{_BANK}/account_bank"])
    if needs_branch is None:
        raise _invalid(f"{_BANK}/account_bank")
    if needs_branch and not ({f"{_BANK}/bank_branch_id", f"{_BANK}/bank_name"} & texts.keys()):
        raise _invalid(f"{_BANK}/bank_branch_id", "与开户银行全称（含支行）至少填写一项")


def _check_media(members: dict[str, Any], knows_media: Callable[[str], bool]) -> None:
    online = f"{_MICRO}/micro_online_info"
    if online in members and not ({f"{online}/micro_qrcode", f"{online}/micro_link"} & members.keys()):
        raise _invalid(f"{online}/micro_qrcode", "与店铺链接至少填写一项")
    for path, value in members.items():
        rule = RULES[path]
        if rule.kind is Kind.MEDIA and not knows_media(value):
            raise _invalid(path, "图片内容无效，请重新上传")
        if rule.kind is Kind.MEDIA_LIST and not all(map(knows_media, value)):
            raise _invalid(path, "图片内容无效，请重新上传")


def _invalid(path: str, complaint: str = "取值有误") -> PayError:
    return business_refusal(f"/{path}", RULES[path].label, complaint)


def _hash(members: dict[str, Any]) -> str:
    """Hash the decrypted form by sorted paths, so that two ciphertexts of one form give one hash."""
    leaves = {path: value for path, value in members.items() if RULES[path].kind is not Kind.OBJECT}
    return hashlib.sha256(orjson.dumps(leaves, option=orjson.OPT_SORT_KEYS)).hexdigest()
