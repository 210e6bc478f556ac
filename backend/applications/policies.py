"""The two policies of a channel, as tables: whose card receives the money, and what a held licence leads to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from backend.applications.form import SettlementHolder, Values, is_empty


class Channel(StrEnum):
    """Where an application is filed: WeChat Pay, or a test channel whose accounts take no money."""

    WECHAT_PAY = "WECHAT_PAY"
    TEST = "TEST"


class HolderVerdict(StrEnum):
    ALLOWED = "ALLOWED"
    NEEDS_PROOF = "NEEDS_PROOF"
    REFUSED = "REFUSED"


class LicenceVerdict(StrEnum):
    ALLOWED = "ALLOWED"
    WARN = "WARN"
    REFUSED = "REFUSED"


class PolicyRefusal(StrEnum):
    """Why a policy keeps a form from being filed."""

    HOLDER_MUST_BE_OPERATOR = "HOLDER_MUST_BE_OPERATOR"
    HOLDER_PROOF_MISSING = "HOLDER_PROOF_MISSING"
    LICENSED_SHOP_REFUSED = "LICENSED_SHOP_REFUSED"


class LicenceAdvice(StrEnum):
    """What to do about a licence that the shop holds."""

    NOTHING = "NOTHING"
    CONSIDER_INDIVIDUAL_BUSINESS = "CONSIDER_INDIVIDUAL_BUSINESS"


@dataclass(frozen=True, slots=True)
class HolderPolicy:
    """One row of the card table; `account_name_field` is the form field whose name stands on the bank account."""

    verdict: HolderVerdict
    account_name_field: str


@dataclass(frozen=True, slots=True)
class LicencePolicy:
    verdict: LicenceVerdict
    advice: LicenceAdvice


# WeChat Pay asks that the account name equal the name on the ID card (4012722249): only the operator's own card.
HOLDER_POLICIES: Mapping[tuple[Channel, SettlementHolder], HolderPolicy] = MappingProxyType(
    {
        (Channel.WECHAT_PAY, SettlementHolder.OPERATOR): HolderPolicy(HolderVerdict.ALLOWED, "owner_name"),
        (Channel.WECHAT_PAY, SettlementHolder.OTHER): HolderPolicy(HolderVerdict.REFUSED, "holder_name"),
        (Channel.TEST, SettlementHolder.OPERATOR): HolderPolicy(HolderVerdict.ALLOWED, "owner_name"),
        (Channel.TEST, SettlementHolder.OTHER): HolderPolicy(HolderVerdict.NEEDS_PROOF, "holder_name"),
    }
)

# A licensed shop belongs under 个体户 or 企业, but a switch from a corporate account may still be filed as micro: staff
# are told, and HQ decides in review.
LICENCE_POLICIES: Mapping[tuple[Channel, bool], LicencePolicy] = MappingProxyType(
    {
        (Channel.WECHAT_PAY, False): LicencePolicy(LicenceVerdict.ALLOWED, LicenceAdvice.NOTHING),
        (Channel.WECHAT_PAY, True): LicencePolicy(LicenceVerdict.WARN, LicenceAdvice.CONSIDER_INDIVIDUAL_BUSINESS),
        (Channel.TEST, False): LicencePolicy(LicenceVerdict.ALLOWED, LicenceAdvice.NOTHING),
        (Channel.TEST, True): LicencePolicy(LicenceVerdict.ALLOWED, LicenceAdvice.NOTHING),
    }
)


def holder_policy(channel: Channel, holder: SettlementHolder) -> HolderPolicy:
    """Give what the channel says about whose card receives the money."""
    return HOLDER_POLICIES[channel, holder]


def licence_policy(channel: Channel, held: bool) -> LicencePolicy:
    """Give what the channel says about a shop that holds, or does not hold, a business licence."""
    return LICENCE_POLICIES[channel, held]


def refusals(channel: Channel, values: Values) -> tuple[PolicyRefusal, ...]:
    """Give why the channel would refuse this form; () when nothing known so far stands against it.

    Proof is the holder's consent picture. An unanswered question refuses nothing: completeness asks for it.
    """
    found: list[PolicyRefusal] = []
    holder, held = values.get("settlement_holder"), values.get("licence_held")
    if isinstance(holder, str) and holder in tuple(SettlementHolder):
        verdict = holder_policy(channel, SettlementHolder(holder)).verdict
        if verdict is HolderVerdict.REFUSED:
            found.append(PolicyRefusal.HOLDER_MUST_BE_OPERATOR)
        elif verdict is HolderVerdict.NEEDS_PROOF and is_empty(values.get("holder_consent_pic")):
            found.append(PolicyRefusal.HOLDER_PROOF_MISSING)
    if isinstance(held, bool) and licence_policy(channel, held).verdict is LicenceVerdict.REFUSED:
        found.append(PolicyRefusal.LICENSED_SHOP_REFUSED)
    return tuple(found)
