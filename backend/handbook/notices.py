"""Notices (须知): the versioned text that staff acknowledge before they start an application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Notice:
    """One version of the notice, in force from a day until the next one is."""

    version: str
    valid_from: date
    title: str
    paragraphs: tuple[str, ...]


class NoNoticeYet(LookupError):
    """A day before the first notice."""


# Versions are added, never changed: an application says which one its author acknowledged.
NOTICES: tuple[Notice, ...] = (
    Notice(
        version="2026-01",
        valid_from=date(2026, 1, 1),
        title="小微商户开户须知",
        paragraphs=(
            "请在店内与经营者本人一起填写。经营者需要带上本人手机、身份证和本人的储蓄卡，微信须已实名并绑定银行卡。",
            "身份证、银行卡和门店照片必须当场拍摄原件，四角完整、文字清晰，不得使用翻拍、截图或修改过的图片。",
            "结算账户必须是经营者本人的银行卡，不能使用他人的卡。",
            "提交前请把费率、到账时间和收款限制告诉经营者，并取得经营者对资料使用的同意。",
            "资料只用于开通微信支付收款，不得另存、转发或用于其他用途；违规者停用账号。",
        ),
    ),
)


def current_notice(on: date) -> Notice:
    """Give the notice in force on a day. Refuses a day before the first with `NoNoticeYet`."""
    in_force = [notice for notice in NOTICES if notice.valid_from <= on]
    if not in_force:
        raise NoNoticeYet
    return max(in_force, key=lambda notice: notice.valid_from)
