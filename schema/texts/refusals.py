"""What people read when something was refused: one sentence per code, saying what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "STALE_VERSION": "内容已被更新，请刷新后再操作。",
        "DRAFT_CONFLICT": "另一台手机刚改过这份资料，请核对两边的内容后再保存。",
        "IDEMPOTENCY_KEY_INVALID": "请求编号须为 16 到 64 个字符，请更新小程序后重试。",
        "IDEMPOTENCY_KEY_REUSED": "这个请求编号已用于另一次操作，请重新提交。",
        "ILLEGAL_STATE": "当前状态不能进行这个操作，请刷新查看最新进度。",
        "NOT_ALLOWED": "您不能进行这个操作。",
        "INCOMPLETE": "资料还没有填完整，请按提示补齐后再提交。",
        "CONSENT_MISSING": "还没有经营者对最新版授权书的同意，请先取得同意。",
        "DUPLICATE": "这家店已经有一份进行中的申请，不能重复提交；确需再办的请联系总部。",
        "POLICY_REFUSES": "按现行规定这家店不能这样办理，请查看提示。",
        "STILL_IN_USE": "这份申请最近还有人在填写，不能作废。",
        "REASON_MISSING": "请填写原因。",
        "FIELD_REASONS_MISSING": "请至少选择一个要退回的项目并写明原因。",
        "CLAIMED_BY_ANOTHER": "另一位审核员正在处理这份申请。",
        "FIELDS_NOT_PASSED": "还有项目没有核对，请逐项核对后再通过。",
        "MEMBERSHIP_UNKNOWN": "请先确认这家店是独立门店还是集团分店。",
        "HOLD_OVER": "已超过可撤回的时间，资料正在提交微信支付。",
        "HOLD_RUNNING": "还在可撤回的时间内，请稍候。",
        "CHANNEL_HELD": "微信支付通道暂停，恢复后会自动继续。",
        "PROVIDER_ID_UNKNOWN": "还没有取得微信支付的申请单号。",
        "REASONS_UNMAPPED": "微信支付的驳回原因需要人工处理。",
        "NOT_FORWARD": "这个进度已经过去了。",
        "NOTICE_OUTDATED": "须知已经更新，请阅读新版须知后再开始申请。",
        "PRE_CHECK_INVALID": "开始前的问题回答有误，请检查后重试。",
        "FIELD_UNKNOWN": "没有这个项目，请更新小程序后重试。",
        "FIELD_LOCKED": "这个项目没有被退回，不能修改。",
        "IMAGE_UNKNOWN": "找不到这张照片，请重新拍摄上传。",
        "IMAGE_PURPOSE_DIFFERS": "这张照片是为另一个项目拍摄的，请重新拍摄。",
        "PURPOSE_UNKNOWN": "没有这种照片项目，请更新小程序后重试。",
        "TOO_MANY_IMAGES": "这份申请的照片已达到 {max} 张，不能再上传。",
        "TEXT_TOO_LONG": "文字太长，最多 {max} 个字。",
        "REASON_FIELD_UNKNOWN": "退回的项目或原因不存在，或备注太长，请检查。",
        "GROUP_NAME_MISSING": "请填写所属集团的名称。",
        "TOO_MANY_REASONS": "退回原因太多，最多 {max} 条。",
        "HOLDER_MUST_BE_OPERATOR": "微信支付只接受经营者本人的银行卡，请换成本人的储蓄卡。",
        "HOLDER_PROOF_MISSING": "使用他人的银行卡，需要持卡人签字的同意书照片。",
        "LICENSED_SHOP_REFUSED": "有营业执照的店铺不能按小微商户办理。",
        "EMPTY": "照片是空的，请重新拍摄。",
        "TOO_LARGE": "照片太大，请重新拍摄后上传（最大 10 MB）。",
        "NOT_AN_IMAGE": "这个文件不是照片，请重新拍摄。",
        "UNSUPPORTED_TYPE": "不支持这种图片格式，请用 JPG、PNG 或 BMP 格式的照片。",
        "TRUNCATED": "照片没有传完整，请重新上传。",
        "TOO_MANY_PIXELS": "照片像素太高，请降低拍摄尺寸后重试。",
        "ANIMATED": "不能使用动态图片，请重新拍摄。",
        "TOO_SMALL": "照片太小，看不清楚，请重新拍摄。",
    }
)
