"""Inbox, subscribe and template messages, official-account replies, alerts."""

from backend.messaging.alerts import alert
from backend.messaging.channels import Channel, Channels, open_channels
from backend.messaging.consents import (
    ConsentResult,
    Moment,
    RecordSubscribeResults,
    SubscribeAnswer,
    record_subscribe_results,
    templates_to_ask,
)
from backend.messaging.conversation import Door
from backend.messaging.door import OfficialAccount
from backend.messaging.errors import MessagingRefusal
from backend.messaging.handlers import messaging_handlers
from backend.messaging.http import PUSH_PATH, push_route
from backend.messaging.inbox import (
    MarkInboxRead,
    inbox_id_of,
    mark_inbox_read,
    notify,
    unread_count,
)
from backend.messaging.messages import AlertKind, MessageKind
from backend.messaging.purge import begin_purging
from backend.messaging.reactions import MESSAGING_REACTIONS
from backend.messaging.template_ids import TemplateIdsInvalid
from backend.messaging.templates import Templates

__all__ = [
    "MESSAGING_REACTIONS",
    "PUSH_PATH",
    "AlertKind",
    "Channel",
    "Channels",
    "ConsentResult",
    "Door",
    "MarkInboxRead",
    "MessageKind",
    "MessagingRefusal",
    "Moment",
    "OfficialAccount",
    "RecordSubscribeResults",
    "SubscribeAnswer",
    "TemplateIdsInvalid",
    "Templates",
    "alert",
    "begin_purging",
    "inbox_id_of",
    "mark_inbox_read",
    "messaging_handlers",
    "notify",
    "open_channels",
    "push_route",
    "record_subscribe_results",
    "templates_to_ask",
    "unread_count",
]
