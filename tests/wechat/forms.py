"""A minimal form of a micro-merchant, in clear."""

from __future__ import annotations

from typing import Any

ENCRYPTED_PATHS = (
    "contact_info.contact_name",
    "contact_info.contact_id_number",
    "contact_info.openid",
    "contact_info.mobile_phone",
    "subject_info.identity_info.id_card_info.id_card_name",
    "subject_info.identity_info.id_card_info.id_card_number",
    "bank_account_info.account_name",
    "bank_account_info.account_number",
)


def form() -> dict[str, Any]:
    """Give a fresh one; the openid that it lacks is among the paths on purpose."""
    return {
        "business_code": "1900013511_10000",
        "contact_info": {"contact_name": "张三", "contact_id_number": "11010119900101001X", "mobile_phone": ""},
        "subject_info": {
            "subject_type": "SUBJECT_TYPE_MICRO",
            "micro_biz_info": {"micro_store_info": {"micro_name": "大郎烧饼", "store_longitude": None}},
            "identity_info": {
                "id_card_info": {
                    "id_card_name": "张三",
                    "id_card_number": "11010119900101001X",
                    "card_period_end": "长期",
                }
            },
        },
        "settlement_info": {"settlement_id": "703", "qualifications": []},
        "bank_account_info": {"account_name": "张三", "account_number": "6225880000000000"},
    }
