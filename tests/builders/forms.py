"""Forms with valid, made-up values."""

from typing import Any

# The order number 000 is never given to a person.
OWNER_ID_NUMBER = "440305198801010003"
HOLDER_ID_NUMBER = "440305199203040004"
CARD_NUMBER = "6222020000000001230"


def a_complete_form(**overrides: Any) -> dict[str, Any]:
    """Give a form that can be submitted and filed from 2024 on; an override of None takes a field away."""
    values: dict[str, Any] = {
        "id_card_copy": "image-id-card-copy",
        "id_card_national": "image-id-card-national",
        "owner_name": "张三",
        "id_card_number": OWNER_ID_NUMBER,
        "card_period_begin": "2016-06-06",
        "card_period_end": "长期",
        "mobile_phone": "13800138000",
        "contact_email": "zhangsan@example.cn",
        "micro_name": "大郎烧饼",
        "micro_address_code": "440305",
        "micro_address": "南山区科技路1号2层201室",
        "store_entrance_pic": "image-store-entrance",
        "micro_indoor_copy": "image-indoor",
        "merchant_shortname": "张三烧饼店",
        "service_phone": "075812345678",
        "group_membership": "STANDALONE",
        "licence_held": False,
        "settlement_holder": "OPERATOR",
        "bank_card_photo": "image-bank-card",
        "account_bank": "工商银行",
        "bank_address_code": "440300",
        "account_number": CARD_NUMBER,
        "rate_plan": "MICRO_STANDARD_060",
        "qualification_type": "餐饮",
        "consent_text_version": "2024-01",
        "consent_method": "OWNER_ON_STAFF_PHONE",
        "consent_given_at": "2024-01-01T08:00:00+08:00",
    }
    values.update(overrides)
    return {name: value for name, value in values.items() if value is not None}


def every_field_filled(**overrides: Any) -> dict[str, Any]:
    """Give a complete form in which every optional and conditional field is filled in as well."""
    return a_complete_form(
        **{
            "store_longitude": "113.941355",
            "store_latitude": "22.546245",
            "group_membership": "BRANCH_OF",
            "group_name": "大郎餐饮",
            "group_note": "南山一店",
            "licence_held": True,
            "licence_number": "92440300MA5EXAMPLE",
            "legal_person_commitment": "image-commitment",
            "business_addition_pics": ["image-addition-1", "image-addition-2"],
            "business_addition_msg": "门店刚装修",
            "settlement_holder": "OTHER",
            "holder_name": "李四",
            "holder_relation": "SPOUSE",
            "holder_id_number": HOLDER_ID_NUMBER,
            "holder_consent_pic": "image-holder-consent",
            "bank_branch_id": "102584000021",
            "bank_name": "工商银行深圳科技园支行",
            "qualifications": ["image-qualification"],
            "activities_additions": ["image-activity"],
            "consent_method": "OWNER_SIGNED_PAPER",
            "consent_pic": "image-consent",
            **overrides,
        }
    )
