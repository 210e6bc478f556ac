"""Whose card, and what a licence leads to, by channel."""

from itertools import product

import pytest

from backend.applications.form import SettlementHolder
from backend.applications.policies import (
    HOLDER_POLICIES,
    LICENCE_POLICIES,
    Channel,
    HolderVerdict,
    LicenceAdvice,
    LicenceVerdict,
    PolicyRefusal,
    holder_policy,
    licence_policy,
    refusals,
)
from tests.builders.forms import a_complete_form, every_field_filled

OPERATOR, OTHER = SettlementHolder.OPERATOR, SettlementHolder.OTHER


def test_every_channel_answers_every_question() -> None:
    """The tables have no hole."""
    assert set(HOLDER_POLICIES) == set(product(Channel, SettlementHolder))
    assert set(LICENCE_POLICIES) == set(product(Channel, (False, True)))


@pytest.mark.parametrize(
    ("channel", "holder", "verdict", "name_field"),
    [
        (Channel.WECHAT_PAY, OPERATOR, HolderVerdict.ALLOWED, "owner_name"),
        (Channel.WECHAT_PAY, OTHER, HolderVerdict.REFUSED, "holder_name"),
        (Channel.TEST, OPERATOR, HolderVerdict.ALLOWED, "owner_name"),
        (Channel.TEST, OTHER, HolderVerdict.NEEDS_PROOF, "holder_name"),
    ],
)
def test_whose_card(channel: Channel, holder: SettlementHolder, verdict: HolderVerdict, name_field: str) -> None:
    """WeChat Pay takes the operator's own card only; the account carries its holder's name."""
    policy = holder_policy(channel, holder)
    assert (policy.verdict, policy.account_name_field) == (verdict, name_field)


@pytest.mark.parametrize(
    ("channel", "held", "verdict", "advice"),
    [
        (Channel.WECHAT_PAY, False, LicenceVerdict.ALLOWED, LicenceAdvice.NOTHING),
        (Channel.WECHAT_PAY, True, LicenceVerdict.WARN, LicenceAdvice.CONSIDER_INDIVIDUAL_BUSINESS),
        (Channel.TEST, True, LicenceVerdict.ALLOWED, LicenceAdvice.NOTHING),
    ],
)
def test_a_held_licence(channel: Channel, held: bool, verdict: LicenceVerdict, advice: LicenceAdvice) -> None:
    """A licensed shop is told where it belongs."""
    policy = licence_policy(channel, held)
    assert (policy.verdict, policy.advice) == (verdict, advice)


@pytest.mark.parametrize(
    ("channel", "values", "found"),
    [
        (Channel.WECHAT_PAY, a_complete_form(), ()),
        (Channel.WECHAT_PAY, {}, ()),
        (Channel.WECHAT_PAY, {"settlement_holder": "OTHER"}, (PolicyRefusal.HOLDER_MUST_BE_OPERATOR,)),
        (Channel.WECHAT_PAY, {"settlement_holder": 7, "licence_held": "no"}, ()),
        (Channel.WECHAT_PAY, every_field_filled(), (PolicyRefusal.HOLDER_MUST_BE_OPERATOR,)),
        (Channel.TEST, every_field_filled(), ()),
        (Channel.TEST, every_field_filled(holder_consent_pic=None), (PolicyRefusal.HOLDER_PROOF_MISSING,)),
    ],
)
def test_what_a_channel_refuses(channel: Channel, values: dict[str, object], found: tuple[PolicyRefusal, ...]) -> None:
    """Refusals can be told before photos are taken, from the answers given so far."""
    assert refusals(channel, values) == found
