"""Tell the group robot what waits for HQ: all that has gathered, in one message."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import orjson
import structlog

from backend.foundation.database import lock_name, transaction
from backend.foundation.jobs import Again, Claim, TryLater
from backend.foundation.runtime import Runtime
from backend.messaging.messages import AlertKind
from backend.messaging.models import Alert
from backend.messaging.ports import Robot
from backend.messaging.results import Result, result_of
from backend.messaging.texts import alert_line, alert_text
from backend.wechat import PlatformError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# A robot takes twenty messages a minute.
SPACING_SECONDS: Final = 4.0
MOST_IN_ONE: Final = 50
NO_ROBOT: Final = "NO_ROBOT"


async def send_alerts(runtime: Runtime, robot: Robot | None, claim: Claim) -> Again | None:
    """Handle the job of an alert: send it with all others that wait, unless one of their jobs was faster.

    Without a robot the alert stays for the console. What was being sent when a worker died is not sent again.
    """
    if robot is None:
        # Not left waiting: a robot that comes later would tell of what is long settled.
        await Alert.filter(id=claim.subject_id, result=Result.WAITING).update(result=Result.FAILED, outcome=NO_ROBOT)
        return None
    async with transaction():
        await lock_name("alerts")
        await claim.renew()
        await Alert.filter(result=Result.SENDING, outcome=claim.id).update(result=Result.UNKNOWN, outcome=None)
        if not await Alert.exists(id=claim.subject_id, result=Result.WAITING):
            return None
        if await _sent_just_now(runtime):
            return Again(SPACING_SECONDS)
        waiting = await Alert.filter(result=Result.WAITING).order_by("created_at", "id").limit(MOST_IN_ONE)
        ids = [one.id for one in waiting]
        await Alert.filter(id__in=ids).update(result=Result.SENDING, outcome=claim.id)
    lines = dict.fromkeys(alert_line(AlertKind(one.kind), orjson.loads(one.params)) for one in waiting)
    result, code = Result.SENT, ""
    try:
        await robot.send_markdown(alert_text(lines, f"{runtime.public_url}/console"))
    except PlatformError as error:
        result, code = result_of(error), str(error.kind)
        log.info("alerts_not_sent", reason=code, errcode=error.errcode)
    settled_at = None if result is Result.WAITING else runtime.clock.now()
    mine = Alert.filter(id__in=ids, result=Result.SENDING, outcome=claim.id)
    await mine.update(result=result, outcome=code or None, settled_at=settled_at)
    if result is Result.WAITING:
        raise TryLater(code)
    # More may have gathered than one message takes.
    return Again(SPACING_SECONDS) if claim.subject_id not in ids else None


async def _sent_just_now(runtime: Runtime) -> bool:
    since = runtime.clock.now() - timedelta(seconds=SPACING_SECONDS)
    return await Alert.exists(settled_at__gt=since) or await Alert.exists(result=Result.SENDING)
