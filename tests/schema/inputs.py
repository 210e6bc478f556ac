"""Inputs that several operations are tested with."""

from __future__ import annotations

from typing import Any, Final

from tests.builders.pictures import a_photo
from tests.schema.cases import NOTICE

PHOTO: Final = a_photo(width=400, height=300)

# The first draft of a notice that HQ has not had before.
NIGHT_NOTICE: Final[dict[str, Any]] = {
    "code": "NIGHT_SHIFT",
    "expectedVersion": 0,
    "title": "夜间开户",
    "position": 50,
    "needsAcknowledgement": True,
    "content": {"notice": {"paragraphs": ["夜间也可以提交，审核次日进行。", "门店照片须白天拍摄。"]}},
}

START: Final[dict[str, Any]] = {
    "kind": "NEW",
    "noticeVersion": NOTICE,
    "preCheck": {
        "ownerHasOwnPhone": True,
        "wechatRealNameWithBankCard": True,
        "idCardPresent": True,
        "bankCardPresent": True,
        "settlementHolder": "OPERATOR",
        "licenceHeld": False,
        "groupMembership": "STANDALONE",
    },
}
