"""Why a field is sent back: coded, so that it can be counted and told in any language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Code to what staff read. PROVIDER is what WeChat Pay gave as its own reason, which stands in the note.
RETURN_REASONS: Final[Mapping[str, str]] = {
    "BLURRED": "照片不清晰，请重新拍摄",
    "INCOMPLETE_PHOTO": "照片不完整，请拍全四角",
    "NOT_ORIGINAL": "不是原件照片，请当场拍摄原件",
    "WRONG_PHOTO": "照片与要求不符，请重新拍摄",
    "DIFFERS_FROM_PHOTO": "填写内容与照片不一致，请核对",
    "EXPIRED_DOCUMENT": "证件已过期或即将过期，请更换证件",
    "WRONG_CONTENT": "填写内容有误，请修改",
    "PROVIDER": "微信支付驳回",
    "OTHER": "其他原因，见备注",
}
