"""What the handbook begins with: the first version of every entry that comes with the system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from backend.foundation.database import lock_name, transaction
from backend.foundation.ids import Ids
from backend.handbook.content import (
    KINDS,
    Contact,
    ContactChannel,
    Content,
    Notice,
    PhotoGuide,
    RateTerms,
    ReturnReason,
    stored,
)
from backend.handbook.handbook import Entry
from backend.handbook.models import HandbookEntry
from backend.handbook.rules import OTHER_REASON, PHOTO_FIELDS, PROVIDER_REASON, START_NOTICE, State


@dataclass(frozen=True, slots=True)
class _Shipped:
    code: str
    title: str
    effective_on: date
    content: Content


_2026: Final = date(2026, 1, 1)

_NOTICE: Final = _Shipped(
    START_NOTICE,
    "小微商户开户须知",
    _2026,
    Notice(
        (
            "请在店内与经营者本人一起填写。经营者需要带上本人手机、身份证和本人的储蓄卡，微信须已实名并绑定银行卡。",
            "身份证、银行卡和门店照片必须当场拍摄原件，四角完整、文字清晰，不得使用翻拍、截图或修改过的图片。",
            "结算账户必须是经营者本人的银行卡，不能使用他人的卡。",
            "提交前请把费率、到账时间和收款限制告诉经营者，并取得经营者对资料使用的同意。",
            "资料只用于开通微信支付收款，不得另存、转发或用于其他用途；违规者停用账号。",
        )
    ),
)

_GUIDES: Final = {
    "id_card_copy": (
        "身份证人像面",
        "请本人拿出原件，平放在深色桌面上",
        "四角都在画面内，字迹清晰、无反光",
        "不拍复印件和屏幕",
    ),
    "id_card_national": ("身份证国徽面", "请本人拿出原件，平放在深色桌面上", "四角都在画面内，有效期看得清"),
    "store_entrance_pic": (
        "门头照片",
        "站在店外正对门口，招牌和门框都拍全",
        "招牌文字看得清，与门店名称一致",
        "白天拍，不逆光",
    ),
    "micro_indoor_copy": ("店内照片", "站在店里，拍到柜台和经营的商品", "光线充足，不要只拍局部"),
    "legal_person_commitment": ("经营者承诺函", "平放拍摄，签名和日期看得清", "四角都在画面内"),
    "business_addition_pics": ("补充材料照片", "按驳回说明拍摄，每份材料一张", "四角都在画面内，字迹清晰"),
    "holder_consent_pic": ("持卡人同意书照片", "请持卡人本人签字后当场拍摄", "签名和日期看得清"),
    "bank_card_photo": ("银行卡照片", "拍卡号一面，必须是储蓄卡", "卡号完整清晰、无反光"),
    "qualifications": ("特殊资质照片", "拍原件，四角都在画面内", "证照名称和有效期看得清"),
    "activities_additions": ("优惠活动材料", "按活动要求逐份拍摄", "四角都在画面内，字迹清晰"),
    "consent_pic": ("纸质同意书照片", "请经营者本人签字后当场拍摄", "签名和日期看得清"),
}

_PHOTOS: Final = ReturnReason(PHOTO_FIELDS)
_ANY: Final = ReturnReason()

_REASONS: Final = (
    ("BLURRED", "照片不清晰，请重新拍摄", _PHOTOS),
    ("INCOMPLETE_PHOTO", "照片不完整，请拍全四角", _PHOTOS),
    ("NOT_ORIGINAL", "不是原件照片，请当场拍摄原件", _PHOTOS),
    ("WRONG_PHOTO", "照片与要求不符，请重新拍摄", _PHOTOS),
    ("DIFFERS_FROM_PHOTO", "填写内容与照片不一致，请核对", _ANY),
    (
        "EXPIRED_DOCUMENT",
        "证件已过期或即将过期，请更换证件",
        ReturnReason(("id_card_copy", "id_card_national", "card_period_begin", "card_period_end", "qualifications")),
    ),
    ("WRONG_CONTENT", "填写内容有误，请修改", _ANY),
    (PROVIDER_REASON, "微信支付驳回", _ANY),
    (OTHER_REASON, "其他原因，见备注", _ANY),
)

# To be replaced by HQ's own: an account that is found by the system's name, and an address that reaches nobody.
_CONTACTS: Final = (
    ("HQ_WECHAT", "总部客服微信", Contact(ContactChannel.WECHAT, "芝麻开门")),
    ("HQ_MAIL", "总部客服邮箱", Contact(ContactChannel.MAIL, "help@sesame.example")),
)

# 703 is the settlement rule of micro-merchants, 0.6 %, paid out the next day. The activity is the general one, whose
# range is 0.2 to 0.6. The first plan ended with the V2 interface, on 2023-05-23.
_PLANS: Final = (
    (
        "MICRO_2018_040",
        "小微0.4%（2018年方案，已停办）",
        RateTerms(date(2018, 1, 1), date(2023, 5, 22), "0.4", None, "餐饮"),
    ),
    (
        "MICRO_STANDARD_060",
        "小微标准费率0.6%",
        RateTerms(date(2023, 5, 23), None, "0.6", "703", "餐饮"),
    ),
    (
        "MICRO_CAMPAIGN_020",
        "优惠活动费率0.2%（以微信支付审核为准）",
        RateTerms(date(2023, 9, 18), None, "0.6", "703", "餐饮", "20191030111cff5b5e", "0.2", "0.2"),
    ),
)

_SHIPPED: Final = (
    _NOTICE,
    *(_Shipped(field, title, _2026, PhotoGuide(tuple(steps))) for field, (title, *steps) in _GUIDES.items()),
    *(_Shipped(code, title, _2026, reason) for code, title, reason in _REASONS),
    *(_Shipped(code, title, _2026, contact) for code, title, contact in _CONTACTS),
    *(_Shipped(code, title, terms.valid_from, terms) for code, title, terms in _PLANS),
)


def shipped_entries(ids: Ids) -> tuple[Entry[Content], ...]:
    """Give the first version of everything that comes with the system, each under a fresh id."""
    return tuple(
        Entry(
            id=ids.new("hbe"),
            kind=KINDS[type(item.content)],
            code=item.code,
            number=1,
            position=10 * (index + 1),
            title=item.title,
            needs_acknowledgement=False,
            effective_on=item.effective_on,
            retired_on=None,
            content=item.content,
        )
        for index, item in enumerate(_SHIPPED)
    )


async def ship(ids: Ids, now: datetime) -> None:
    """Publish what comes with the system and was never in this database; the rest is HQ's, and is left alone.

    It is nobody's act, so it leaves no event; its row says since when it is here. Two that ship at once take turns.
    """
    async with transaction():
        await lock_name("ship the handbook")
        known = set(await HandbookEntry.all().values_list("kind", "code"))
        missing = [entry for entry in shipped_entries(ids) if (entry.kind, entry.code) not in known]
        await HandbookEntry.bulk_create(
            HandbookEntry(
                id=entry.id,
                state=State.PUBLISHED,
                kind=entry.kind,
                code=entry.code,
                number=entry.number,
                position=entry.position,
                title=entry.title,
                content=stored(entry.content),
                needs_acknowledgement=entry.needs_acknowledgement,
                effective_on=entry.effective_on,
                published_at=now,
                created_at=now,
                updated_at=now,
            )
            for entry in missing
        )
