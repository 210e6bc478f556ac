"""Messages to our staff: one row per kind, with the page it opens, its template and how far it may go. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class MessageKind(StrEnum):
    """What a message to a person tells of."""

    REGISTRATION_APPROVED = "REGISTRATION_APPROVED"
    REGISTRATION_REJECTED = "REGISTRATION_REJECTED"
    STAFF_REINSTATED = "STAFF_REINSTATED"
    APPLICATION_RETURNED = "APPLICATION_RETURNED"
    APPLICATION_PROVIDER_REJECTED = "APPLICATION_PROVIDER_REJECTED"
    APPLICATION_REFUSED = "APPLICATION_REFUSED"
    OWNER_MUST_SIGN = "OWNER_MUST_SIGN"
    APPLICATION_OPENED = "APPLICATION_OPENED"
    APPLICATION_VOIDED = "APPLICATION_VOIDED"
    APPLICATION_WITHDRAWN = "APPLICATION_WITHDRAWN"
    APPLICATION_EXPIRED = "APPLICATION_EXPIRED"
    WORK_HANDED_OVER = "WORK_HANDED_OVER"


class Page(StrEnum):
    """Pages of the mini program that we lead to; `{subject}` is what the message is about."""

    HOME = "pages/index/index"
    REGISTER = "pages/register/index"
    APPLICATIONS = "pages/applications/index"
    APPLICATION = "pages/application/index?id={subject}"

    def path_to(self, subject_id: str) -> str:
        """Give the path that opens the page of one thing."""
        return self.value.format(subject=subject_id)


class TemplateName(StrEnum):
    """The templates we have at WeChat; several kinds of messages share one, because people are asked for each."""

    REGISTRATION_RESULT = "REGISTRATION_RESULT"
    APPLICATION_RESULT = "APPLICATION_RESULT"
    OWNER_ACTION = "OWNER_ACTION"
    WORK_CHANGED = "WORK_CHANGED"


@dataclass(frozen=True, slots=True)
class MessageRule:
    """How one kind of message travels. `params` names what fills its sentence; only what cannot wait goes by SMS."""

    params: frozenset[str]
    page: Page
    template: TemplateName
    by_sms: bool = False


_K, _M, _T = MessageKind, MessageRule, TemplateName
_SHOP: Final = frozenset({"shop"})
_SHOP_AND_REASON: Final = frozenset({"shop", "reason"})
_NOTHING: Final = frozenset[str]()
_REASON: Final = frozenset({"reason"})
_COUNT: Final = frozenset({"count"})

# fmt: off
MESSAGES: Final[Mapping[MessageKind, MessageRule]] = {
    _K.REGISTRATION_APPROVED:         _M(_NOTHING,         Page.HOME,         _T.REGISTRATION_RESULT, by_sms=True),
    _K.REGISTRATION_REJECTED:         _M(_REASON,          Page.REGISTER,     _T.REGISTRATION_RESULT, by_sms=True),
    _K.STAFF_REINSTATED:              _M(_NOTHING,         Page.HOME,         _T.REGISTRATION_RESULT, by_sms=True),
    _K.APPLICATION_RETURNED:          _M(_SHOP,            Page.APPLICATION,  _T.APPLICATION_RESULT),
    _K.APPLICATION_PROVIDER_REJECTED: _M(_SHOP,            Page.APPLICATION,  _T.APPLICATION_RESULT),
    _K.APPLICATION_REFUSED:           _M(_SHOP_AND_REASON, Page.APPLICATION,  _T.APPLICATION_RESULT),
    _K.OWNER_MUST_SIGN:               _M(_SHOP,            Page.APPLICATION,  _T.OWNER_ACTION, by_sms=True),
    _K.APPLICATION_OPENED:            _M(_SHOP,            Page.APPLICATION,  _T.APPLICATION_RESULT),
    _K.APPLICATION_VOIDED:            _M(_SHOP,            Page.APPLICATION,  _T.APPLICATION_RESULT),
    _K.APPLICATION_WITHDRAWN:         _M(_SHOP,            Page.APPLICATION,  _T.APPLICATION_RESULT),
    _K.APPLICATION_EXPIRED:           _M(_SHOP,            Page.APPLICATION,  _T.APPLICATION_RESULT),
    _K.WORK_HANDED_OVER:              _M(_COUNT,           Page.APPLICATIONS, _T.WORK_CHANGED),
}
# fmt: on


class AlertKind(StrEnum):
    """What HQ must look at."""

    REGISTRATION_WAITING = "REGISTRATION_WAITING"
    REGISTRATION_HURRIED = "REGISTRATION_HURRIED"
    LEAVER_REPORTED = "LEAVER_REPORTED"
    APPLICATION_WAITING = "APPLICATION_WAITING"
    OPENED_AFTER_ABANDON = "OPENED_AFTER_ABANDON"
