"""Versioned texts the owner agrees to: who processes what, for which purpose."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One published wording. It never changes once published: a new wording is a new version."""

    version: str
    valid_from: date
    title: str
    paragraphs: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Fingerprint of what the owner saw, kept as evidence with the consent."""
        return hashlib.sha256("\n".join((self.title, *self.paragraphs)).encode()).hexdigest()


_TEXTS = (
    ConsentText(
        version="2024-01",
        valid_from=date(2024, 1, 1),
        title="经营者个人信息处理同意书",
        paragraphs=(
            "您正在委托本服务商为您的店铺申请微信支付小微商户收款账号。",
            (
                "为此我们会处理：您的姓名、身份证号码和证件照片、手机号码、邮箱、店铺名称、地址和照片、银行卡号、开户银行和银行卡照片。"
                "其中身份证、银行卡信息属于敏感个人信息，泄露可能影响您的财产安全。"
            ),
            "用途只有一个：替您向微信支付提交开户申请，并跟进审核、签约和结算账户的维护。不用于营销，不出售。",
            (
                "接收方：微信支付（财付通支付科技有限公司），由其按自己的规则核验身份、开立账号和结算资金。"
                "负责您店铺的业务人员和我们的审核人员仅在办理期间查看。"
            ),
            "收款直接结算到您本人的银行卡，本服务商不经手您的资金。",
            "我们加密保存上述信息；办理结束后按法律规定的期限保留必要记录，到期删除。",
            (
                "您可以拒绝或随时撤回同意。提交微信支付之前撤回，申请即终止；提交之后撤回，我们停止处理，"
                "但已提交给微信支付的信息需由您向微信支付提出。撤回不影响撤回之前已进行的处理。"
            ),
            "是否同意请由您本人决定，业务人员不得代您同意。",
        ),
    ),
)

TEXTS: Mapping[str, ConsentText] = MappingProxyType({t.version: t for t in _TEXTS})


class UnknownConsentTextError(LookupError):
    """No consent text has this version, or none was published yet on this day."""


def text(version: str) -> ConsentText:
    """Give the wording of a version. Refuses an unknown version with `UnknownConsentTextError`."""
    try:
        return TEXTS[version]
    except KeyError:
        raise UnknownConsentTextError(version) from None


def current_text(on: date) -> ConsentText:
    """Give the wording in force on a day. Refuses a day before the first with `UnknownConsentTextError`."""
    published = [t for t in TEXTS.values() if t.valid_from <= on]
    if not published:
        raise UnknownConsentTextError(on.isoformat())
    return max(published, key=lambda t: t.valid_from)
