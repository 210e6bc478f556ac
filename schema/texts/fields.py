"""What staff read about the form: labels, hints, choices, and a sentence for every problem."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from backend.applications.completeness import SectionState
from backend.applications.fields import Section
from backend.applications.policies import LicenceAdvice, PolicyRefusal
from backend.applications.problems import ProblemCode


class Text(NamedTuple):
    """A label, and a short hint on what is expected."""

    label: str
    hint: str


SECTIONS: Mapping[Section, Text] = MappingProxyType(
    {
        Section.OWNER: Text("经营者", "身份证照片和本人联系方式，须与签约的微信实名一致"),
        Section.SHOP: Text("店铺", "门店名称、地址和现场照片"),
        Section.SETTLEMENT: Text("结算账户", "收款的银行卡，须为储蓄卡"),
        Section.FEES: Text("费率", "费率方案和所属行业"),
        Section.CONSENT: Text("经营者同意", "由经营者本人阅读并同意，不得代替"),
    }
)

SECTION_STATES: Mapping[SectionState, str] = MappingProxyType(
    {
        SectionState.NOT_STARTED: "未开始",
        SectionState.INCOMPLETE: "待补充",
        SectionState.COMPLETE: "已完成",
        SectionState.ACTION_REQUIRED: "需修改",
    }
)

FIELDS: Mapping[str, Text] = MappingProxyType(
    {
        "id_card_copy": Text("身份证人像面", "四角完整、字迹清晰、无反光"),
        "id_card_national": Text("身份证国徽面", "四角完整、有效期清晰"),
        "owner_name": Text("经营者姓名", "与身份证一致，不要有空格"),
        "id_card_number": Text("身份证号码", "18位，末位可为X"),
        "card_period_begin": Text("身份证有效期开始", "如2016-06-06"),
        "card_period_end": Text("身份证有效期结束", "如2036-06-06，或填长期"),
        "mobile_phone": Text("手机号码", "经营者本人的11位手机号"),
        "contact_email": Text("邮箱", "接收微信支付通知"),
        "micro_name": Text("门店名称", "与门头招牌一致，不超过50字"),
        "micro_address_code": Text("门店所在地区", "选择省、市、区"),
        "micro_address": Text("门店地址", "从区县写起：街道、门牌、楼层，不含省市"),
        "store_entrance_pic": Text("门头照片", "招牌和门框完整清晰"),
        "micro_indoor_copy": Text("店内照片", "能看清店内环境"),
        "store_longitude": Text("门店经度", "选填，与纬度一起填写，如113.941355"),
        "store_latitude": Text("门店纬度", "选填，与经度一起填写，如22.546245"),
        "merchant_shortname": Text("商户简称", "顾客付款时看到的名称，2至30字，不能只是人名"),
        "service_phone": Text("客服电话", "能接通，会显示在账单里，微信支付可能回访"),
        "group_membership": Text("是否属于集团", "不确定时选不确定，由总部核实"),
        "group_name": Text("集团名称", "总部还没有的集团也照实填写"),
        "group_note": Text("集团备注", "选填，如总店地址、联系人职务"),
        "licence_held": Text("是否有营业执照", "有照的店铺也可能更适合按个体户办理"),
        "licence_number": Text("营业执照号码", "选填，15位或18位"),
        "legal_person_commitment": Text("经营者承诺函", "选填，驳回要求时再传"),
        "business_addition_pics": Text("补充材料照片", "选填，最多5张，驳回要求时再传"),
        "business_addition_msg": Text("补充说明", "选填，不超过512字"),
        "settlement_holder": Text("银行卡是谁的", "微信支付要求为经营者本人的卡"),
        "holder_name": Text("持卡人姓名", "与银行卡一致"),
        "holder_relation": Text("持卡人与经营者的关系", "选择最接近的一项"),
        "holder_id_number": Text("持卡人身份证号码", "18位，末位可为X"),
        "holder_consent_pic": Text("持卡人同意书照片", "持卡人本人签字"),
        "bank_card_photo": Text("银行卡照片", "卡号一面，仅供审核核对，不会提交"),
        "account_bank": Text("开户银行", "从列表中选择，列表没有的选其他银行"),
        "bank_address_code": Text("开户地区", "至少选到市"),
        "bank_branch_id": Text("联行号", "选填，12位数字"),
        "bank_name": Text("开户支行全称", "开户银行为其他银行时，与联行号二选一"),
        "account_number": Text("银行卡号", "储蓄卡，不能是信用卡"),
        "rate_plan": Text("费率方案", "从当前可办的方案中选择"),
        "qualification_type": Text("所属行业", "如餐饮"),
        "qualifications": Text("特殊资质照片", "选填，最多5张"),
        "activities_additions": Text("优惠活动材料", "选填，最多5张"),
        "consent_text_version": Text("同意书版本", "经营者阅读的那一版"),
        "consent_method": Text("同意方式", "经营者当面确认，或签纸质同意书"),
        "consent_given_at": Text("同意时间", "经营者确认的时间"),
        "consent_pic": Text("纸质同意书照片", "签名和日期清晰"),
    }
)

CHOICES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "group_membership": {"STANDALONE": "独立店铺", "BRANCH_OF": "集团分店", "UNKNOWN": "不确定"},
        "settlement_holder": {"OPERATOR": "经营者本人", "OTHER": "其他人"},
        "holder_relation": {
            "SPOUSE": "配偶",
            "PARENT": "父母",
            "CHILD": "子女",
            "SIBLING": "兄弟姐妹",
            "PARTNER": "合伙人",
            "EMPLOYEE": "员工",
            "OTHER": "其他",
        },
        "consent_text_version": {"2024-01": "2024年1月版"},
        "consent_method": {"OWNER_ON_STAFF_PHONE": "在业务员手机上当面确认", "OWNER_SIGNED_PAPER": "签署纸质同意书"},
    }
)

# {label} is the field's label; the rest are the params of the problem.
PROBLEMS: Mapping[ProblemCode, str] = MappingProxyType(
    {
        ProblemCode.MISSING: "请填写{label}",
        ProblemCode.WRONG_TYPE: "{label}的类型不对",
        ProblemCode.BAD_CHARACTER: "{label}含有无法保存的字符，请重新输入",
        ProblemCode.TOO_SHORT: "{label}至少{min}个字",
        ProblemCode.TOO_LONG: "{label}最多{max}个字",
        ProblemCode.TOO_MANY: "{label}最多{max}张",
        ProblemCode.NOT_A_CHOICE: "{label}不在可选范围内",
        ProblemCode.EDGE_WHITESPACE: "{label}前后有多余的空格",
        ProblemCode.BAD_FORMAT: "{label}格式不对",
        ProblemCode.BAD_CHECKSUM: "{label}校验不通过，请核对是否有输错的数字",
        ProblemCode.MEANINGLESS: "{label}没有实际含义，请填写真实名称",
        ProblemCode.BARE_PERSON_NAME: "{label}不能只是人名，可在姓名后加上行业",
        ProblemCode.SENSITIVE_WORD: "{label}含有“{word}”，可能需要相应资质，微信支付可能驳回",
        ProblemCode.AREA_TOO_BROAD: "{label}至少要选到市",
        ProblemCode.REGION_REPEATED: "{label}不需要写省份，请从区县写起",
        ProblemCode.OUT_OF_RANGE: "{label}应在{min}到{max}之间",
        ProblemCode.UNDERAGE: "未满{min}周岁，不能作为经营者或持卡人",
        ProblemCode.IN_FUTURE: "{label}不能晚于今天",
        ProblemCode.EXPIRED: "{label}已过期",
        ProblemCode.EXPIRES_SOON: "身份证还有{days}天到期，审核可能被驳回",
        ProblemCode.END_BEFORE_BEGIN: "身份证有效期的结束应晚于开始",
        ProblemCode.NAME_MISMATCH: "{label}与经营者相同，但姓名不一致",
        ProblemCode.SAME_AS_OWNER: "持卡人就是经营者，请将银行卡改选为经营者本人",
    }
)

POLICIES: Mapping[PolicyRefusal | LicenceAdvice, str] = MappingProxyType(
    {
        PolicyRefusal.HOLDER_MUST_BE_OPERATOR: "微信支付只接受经营者本人的银行卡，请换成本人的储蓄卡",
        PolicyRefusal.HOLDER_PROOF_MISSING: "使用他人的银行卡，需要持卡人签字的同意书照片",
        PolicyRefusal.LICENSED_SHOP_REFUSED: "有营业执照的店铺不能按小微商户办理",
        LicenceAdvice.NOTHING: "按小微商户办理",
        LicenceAdvice.CONSIDER_INDIVIDUAL_BUSINESS: "店铺有营业执照，建议按个体户办理；仍按小微办理的，由总部审核决定",
    }
)


def label(field: str) -> str:
    """Give the label of a form field."""
    return FIELDS[field].label


def choice(field: str, value: StrEnum | str) -> str:
    """Give what staff read for a choice of a field."""
    return CHOICES[field][value]


def sentence(field: str, code: ProblemCode, params: Mapping[str, str | int]) -> str:
    """Give the sentence for a problem of a field; it never repeats what was entered."""
    return PROBLEMS[code].format(label=label(field), **params)
