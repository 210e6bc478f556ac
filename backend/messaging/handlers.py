"""The handlers of every job that messaging leaves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from backend.foundation.jobs import Handler
from backend.foundation.runtime import Runtime
from backend.messaging.alerts import ALERT_JOB
from backend.messaging.channels import Channels
from backend.messaging.deliver import deliver
from backend.messaging.door import DOOR_REPLY_JOB, FOLLOWER_JOB
from backend.messaging.followers import look_up_follower, send_door_reply
from backend.messaging.inbox import DELIVER_JOB
from backend.messaging.purge import PURGE_JOB, purge
from backend.messaging.send_alerts import send_alerts


def messaging_handlers(runtime: Runtime, channels: Channels) -> Mapping[str, Handler]:
    """Give the handler of each kind of job; a channel that is absent is passed by, and its jobs end."""
    return {
        DELIVER_JOB: partial(deliver, runtime, channels),
        ALERT_JOB: partial(send_alerts, runtime, channels.robot),
        FOLLOWER_JOB: partial(look_up_follower, runtime, channels.official_account),
        DOOR_REPLY_JOB: partial(send_door_reply, runtime, channels.official_account),
        PURGE_JOB: partial(purge, runtime),
    }
