"""Inputs that several operations are tested with."""

from __future__ import annotations

from typing import Any, Final

from tests.builders.pictures import a_photo
from tests.schema.cases import NOTICE

PHOTO: Final = a_photo(width=400, height=300)

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
