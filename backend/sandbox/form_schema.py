"""The members of a micro filing, as one table.

Source: WeChat Pay documentation 4012722249 (小微进件, submit) and its sibling pages; limits that those pages keep
collapsed are the ones of the 开户意愿 and 特约商户 pages.
"""

import re
from dataclasses import dataclass, field
from enum import Enum, auto


class Kind(Enum):
    """How a member travels."""

    OBJECT = auto()
    TEXT = auto()
    SEALED = auto()  # RSA-OAEP ciphertext in base64; limits and pattern hold for the text inside
    MEDIA = auto()
    MEDIA_LIST = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """What one member must be."""

    path: str
    label: str
    kind: Kind = Kind.TEXT
    required: bool = True
    shortest: int = 1  # characters, or items of a list
    longest: int = 2048
    pattern: re.Pattern[str] | None = None
    choices: frozenset[str] = field(default=frozenset())
    micro_biz_type: str | None = None  # only, and then always, with this kind of business

    @property
    def pointer(self) -> str:
        """The JSON pointer of this member."""
        return f"/{self.path}"


CIPHERTEXT_CHARACTERS = 2048
MEDIA_ID_CHARACTERS = 512

_DIGITS = re.compile(r"[0-9]+")
_AREA = re.compile(r"[0-9]{6}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_OR_LONG_TERM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|长期")
_ID_NUMBER = re.compile(r"[0-9]{15}|[0-9]{17}[0-9X]")
_NO_EDGE_SPACE = re.compile(r"\S(.*\S)?")
# Not only digits or special characters: at least one letter or Chinese character.
_NAME = re.compile(r"(?=.*[^\W\d_])\S(.*\S)?")
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,8})?")
_RATE = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?")
_ONLY = frozenset

_STORE = "MICRO_TYPE_STORE"
_MOBILE = "MICRO_TYPE_MOBILE"
_ONLINE = "MICRO_TYPE_ONLINE"
_MICRO = "subject_info/micro_biz_info"
_CARD = "subject_info/identity_info/id_card_info"

SCHEMA: tuple[Rule, ...] = (
    Rule("business_code", "业务申请编号", longest=124, pattern=re.compile(r"[0-9A-Za-z_]+")),
    Rule("contact_info", "超级管理员信息", Kind.OBJECT),
    Rule("contact_info/contact_name", "超级管理员姓名", Kind.SEALED, shortest=2, longest=100, pattern=_NO_EDGE_SPACE),
    Rule("contact_info/contact_id_number", "超级管理员身份证件号码", Kind.SEALED, required=False, pattern=_ID_NUMBER),
    # Sample and client libraries disagree on whether it is encrypted; either is taken.
    Rule("contact_info/openid", "超级管理员微信OpenID", required=False),
    Rule("contact_info/mobile_phone", "联系手机", Kind.SEALED, pattern=re.compile(r"[0-9]{11}")),
    Rule("contact_info/contact_email", "联系邮箱", Kind.SEALED, pattern=re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    Rule("subject_info", "主体资料", Kind.OBJECT),
    Rule("subject_info/subject_type", "主体类型", choices=_ONLY({"SUBJECT_TYPE_MICRO"})),
    Rule(_MICRO, "小微商户辅助材料", Kind.OBJECT),
    Rule(f"{_MICRO}/micro_biz_type", "小微经营类型", choices=_ONLY({_STORE, _MOBILE, _ONLINE})),
    Rule(f"{_MICRO}/micro_store_info", "门店场所", Kind.OBJECT, micro_biz_type=_STORE),
    Rule(f"{_MICRO}/micro_store_info/micro_name", "门店名称", longest=50, pattern=_NAME),
    Rule(f"{_MICRO}/micro_store_info/micro_address_code", "门店省市编码", pattern=_AREA),
    Rule(f"{_MICRO}/micro_store_info/micro_address", "门店地址", shortest=4, longest=512),
    Rule(f"{_MICRO}/micro_store_info/store_entrance_pic", "门店门头照片", Kind.MEDIA),
    Rule(f"{_MICRO}/micro_store_info/micro_indoor_copy", "店内环境照片", Kind.MEDIA),
    Rule(f"{_MICRO}/micro_store_info/store_longitude", "门店经度", required=False, pattern=_DEGREES),
    Rule(f"{_MICRO}/micro_store_info/store_latitude", "门店纬度", required=False, pattern=_DEGREES),
    Rule(f"{_MICRO}/micro_store_info/address_certification", "经营场地证明", Kind.MEDIA, required=False),
    Rule(f"{_MICRO}/micro_mobile_info", "流动经营/便民服务", Kind.OBJECT, micro_biz_type=_MOBILE),
    Rule(f"{_MICRO}/micro_mobile_info/micro_mobile_name", "经营/服务名称", longest=50, pattern=_NAME),
    Rule(f"{_MICRO}/micro_mobile_info/micro_mobile_city", "经营/服务所在地省市", pattern=_AREA),
    Rule(f"{_MICRO}/micro_mobile_info/micro_mobile_address", "经营/服务所在地", longest=512),
    Rule(f"{_MICRO}/micro_mobile_info/micro_mobile_pics", "经营/服务现场照片", Kind.MEDIA_LIST, longest=5),
    Rule(f"{_MICRO}/micro_online_info", "线上商品/服务交易", Kind.OBJECT, micro_biz_type=_ONLINE),
    Rule(f"{_MICRO}/micro_online_info/micro_online_store", "线上店铺名称", longest=50, pattern=_NAME),
    Rule(f"{_MICRO}/micro_online_info/micro_ec_name", "电商平台名称", longest=50),
    Rule(f"{_MICRO}/micro_online_info/micro_qrcode", "店铺二维码", Kind.MEDIA, required=False),
    Rule(
        f"{_MICRO}/micro_online_info/micro_link",
        "店铺链接",
        required=False,
        pattern=re.compile(r"https?://\S+"),
    ),
    Rule("subject_info/identity_info", "经营者身份证件", Kind.OBJECT),
    Rule(
        "subject_info/identity_info/id_doc_type",
        "证件类型",
        choices=_ONLY({"IDENTIFICATION_TYPE_IDCARD"}),
    ),
    Rule(_CARD, "身份证信息", Kind.OBJECT),
    Rule(f"{_CARD}/id_card_copy", "身份证人像面照片", Kind.MEDIA),
    Rule(f"{_CARD}/id_card_national", "身份证国徽面照片", Kind.MEDIA),
    Rule(f"{_CARD}/id_card_name", "身份证姓名", Kind.SEALED, shortest=2, longest=100, pattern=_NO_EDGE_SPACE),
    Rule(f"{_CARD}/id_card_number", "身份证号码", Kind.SEALED, pattern=_ID_NUMBER),
    Rule(f"{_CARD}/card_period_begin", "身份证有效期开始时间", longest=10, pattern=_DATE),
    Rule(f"{_CARD}/card_period_end", "身份证有效期结束时间", longest=10, pattern=_DATE_OR_LONG_TERM),
    Rule("business_info", "经营资料", Kind.OBJECT),
    Rule("business_info/merchant_shortname", "商户简称", shortest=2, longest=64, pattern=_NAME),
    Rule("business_info/service_phone", "客服电话", longest=32, pattern=re.compile(r"[0-9][0-9-]{4,}")),
    Rule("settlement_info", "结算规则", Kind.OBJECT),
    Rule("settlement_info/settlement_id", "入驻结算规则ID", longest=3, choices=_ONLY({"703"})),
    Rule("settlement_info/qualification_type", "所属行业", longest=128),
    Rule("settlement_info/qualifications", "特殊资质图片", Kind.MEDIA_LIST, required=False, longest=5),
    Rule("settlement_info/activities_id", "优惠费率活动ID", required=False, longest=32),
    Rule("settlement_info/activities_rate", "优惠费率活动值", required=False, pattern=_RATE),
    Rule("settlement_info/debit_activities_rate", "非信用卡活动费率值", required=False, pattern=_RATE),
    Rule("settlement_info/credit_activities_rate", "信用卡活动费率值", required=False, pattern=_RATE),
    Rule("settlement_info/activities_additions", "优惠费率活动补充材料", Kind.MEDIA_LIST, required=False, longest=5),
    Rule("bank_account_info", "结算银行账户", Kind.OBJECT),
    Rule("bank_account_info/bank_account_type", "账户类型", choices=_ONLY({"BANK_ACCOUNT_TYPE_PERSONAL"})),
    Rule("bank_account_info/account_name", "开户名称", Kind.SEALED, shortest=2, longest=100, pattern=_NO_EDGE_SPACE),
    Rule("bank_account_info/account_bank", "开户银行", longest=128),
    Rule("bank_account_info/bank_address_code", "开户银行省市编码", longest=128, pattern=_AREA),
    Rule("bank_account_info/bank_branch_id", "开户银行联行号", required=False, longest=128, pattern=_DIGITS),
    Rule("bank_account_info/bank_name", "开户银行全称（含支行）", required=False, longest=128),
    Rule("bank_account_info/account_number", "银行账号", Kind.SEALED, longest=32, pattern=_DIGITS),
    Rule("addition_info", "补充材料", Kind.OBJECT, required=False),
    Rule("addition_info/legal_person_commitment", "法人开户承诺函", Kind.MEDIA, required=False),
    Rule("addition_info/legal_person_video", "法人开户意愿视频", Kind.MEDIA, required=False),
    Rule("addition_info/business_addition_pics", "补充材料图片", Kind.MEDIA_LIST, required=False, longest=5),
    Rule("addition_info/business_addition_msg", "补充说明", required=False, longest=512),
)

RULES: dict[str, Rule] = {rule.path: rule for rule in SCHEMA}

# Range of each rate activity in per cent (费率结算规则对照表, 泛行业 activity).
ACTIVITIES: dict[str, tuple[str, str]] = {"20191030111cff5b5e": ("0.2", "0.6")}
