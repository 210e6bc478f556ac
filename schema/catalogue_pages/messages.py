"""The page of messages: what people and HQ are told, after what, over which channel, within which limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from backend.accounts.events import StaffEvent
from backend.applications.events import EventKind
from backend.messaging import AlertKind, Channel, MessageKind
from backend.messaging.consents import ASKED_AT
from backend.messaging.messages import MESSAGES, MessageRule
from backend.messaging.queries import ABOUT_PEOPLE
from backend.messaging.templates import KEYS, ValueDoesNotFit, fit, title_of_template
from backend.messaging.texts import alert_line, sentence_of, title_of
from schema.catalogue_pages.markdown import NONE, codes, page, table

# The reactions are functions, from which no page can read; a test plays each of them and holds it to these.
TOLD_AFTER: Final[Mapping[MessageKind, tuple[str, ...]]] = {
    MessageKind.REGISTRATION_APPROVED: (StaffEvent.STAFF_APPROVED,),
    MessageKind.REGISTRATION_REJECTED: (StaffEvent.STAFF_REJECTED,),
    MessageKind.STAFF_REINSTATED: (StaffEvent.STAFF_REINSTATED,),
    MessageKind.APPLICATION_RETURNED: (EventKind.RETURNED,),
    MessageKind.APPLICATION_PROVIDER_REJECTED: (EventKind.RETURNED,),
    MessageKind.APPLICATION_REFUSED: (EventKind.REFUSED,),
    MessageKind.OWNER_MUST_SIGN: (EventKind.PROVIDER_MOVED,),
    MessageKind.APPLICATION_OPENED: (EventKind.PROVIDER_MOVED,),
    MessageKind.APPLICATION_VOIDED: (EventKind.VOIDED,),
    MessageKind.APPLICATION_WITHDRAWN: (EventKind.WITHDRAWN,),
    MessageKind.APPLICATION_EXPIRED: (EventKind.EXPIRED,),
    MessageKind.WORK_HANDED_OVER: (EventKind.HANDED_OVER,),
}
ALERTED_AFTER: Final[Mapping[AlertKind, tuple[str, ...]]] = {
    AlertKind.REGISTRATION_WAITING: (StaffEvent.STAFF_REGISTERED,),
    AlertKind.REGISTRATION_HURRIED: (StaffEvent.STAFF_HURRIED,),
    AlertKind.LEAVER_REPORTED: (StaffEvent.STAFF_REPORTED,),
    AlertKind.APPLICATION_WAITING: (EventKind.SUBMITTED,),
    AlertKind.OPENED_AFTER_ABANDON: (EventKind.OPENED_AFTER_ABANDON,),
}

# Longer than any key takes.
_LONG: Final = "字" * 99
_PARAM_OF_ALERTS: Final = {"name": "{name}"}


def messages_page() -> str:
    """Give the page of messages and alerts."""
    return page(
        "Messages and alerts",
        "The kinds are in `backend/messaging/messages.py`, the sentences in `backend/messaging/texts.py`, the keys of "
        "the templates in `backend/messaging/templates.py`. Names in braces are filled in.",
        "## Messages to staff",
        "A message stands in the inbox from the transaction of its event on; nobody is told of their own doing. One "
        "about an application goes to whoever files it now. A return that WeChat Pay's reasons brought is "
        "`APPLICATION_PROVIDER_REJECTED`, one by a reviewer is `APPLICATION_RETURNED`.",
        table(
            ("Kind", "After", "Title", "Sentence", "Page", "Template", "Channels beside the inbox"),
            [_message(kind, rule) for kind, rule in MESSAGES.items()],
        ),
        "The channels are tried in this order until one takes it: "
        f"{codes(Channel)}. A subscribe message needs a consent of the person that is not spent yet, a template "
        "message needs that they follow the official account, a text message that we have their mobile number. "
        "Nothing goes out once the message was read in the mini program, nor to somebody whose access has ended.",
        "## Templates",
        "What is longer is cut, and ends in an ellipsis where there is room for one. The id of each template at "
        "WeChat is the deployment's own: see [running Sesame](../operating.md).",
        table(
            ("Template", "Title at WeChat", "Keys, in order", "Asked for at"),
            [
                (
                    f"`{name}`",
                    title_of_template(name),
                    ", ".join(f"`{key}` ({_limit(key)})" for key in keys),
                    codes(moment for moment, asked in ASKED_AT.items() if name in asked) or NONE,
                )
                for name, keys in KEYS.items()
            ],
        ),
        "## Alerts to HQ",
        "An alert is a row that the permission named here may read, and a line that the group robot writes where a "
        "deployment has one. It has nobody's data in it: of a name the first character at most. "
        "`APPLICATION_WAITING` comes once a minute at most.",
        table(
            ("Kind", "After", "Line", "Read with"),
            [
                (f"`{kind}`", codes(ALERTED_AFTER[kind]), alert_line(kind, _PARAM_OF_ALERTS), _readers_of(kind))
                for kind in AlertKind
            ],
        ),
    )


def _message(kind: MessageKind, rule: MessageRule) -> tuple[str, ...]:
    return (
        f"`{kind}`",
        codes(TOLD_AFTER[kind]),
        title_of(kind),
        sentence_of(kind, {name: f"{{{name}}}" for name in rule.params}),
        f"`{rule.page.path_to('{subject}')}`",
        f"`{rule.template}`",
        codes(channel for channel in Channel if channel is not Channel.SMS or rule.by_sms),
    )


def _limit(key: str) -> str:
    try:
        return f"{len(fit(key, _LONG))} characters"
    except ValueDoesNotFit:
        return "day and time"


def _readers_of(kind: AlertKind) -> str:
    return "`staff.decide`" if kind in ABOUT_PEOPLE else "`application.review`"
