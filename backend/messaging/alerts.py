"""Alerts: what waits for HQ, told to the group robot so that nobody must have the console open."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from backend.foundation.database import lock_name
from backend.foundation.events import canonical
from backend.foundation.work import Work
from backend.messaging.messages import AlertKind
from backend.messaging.models import Alert
from backend.messaging.results import Result

ALERT_JOB: Final = "messaging.alert"
QUIET: Final = timedelta(minutes=1)


async def alert(work: Work, kind: AlertKind, *, subject_id: str, **params: str | int) -> str:
    """Write an alert in the transaction of what it tells of, and leave the job that tells the robot; gives its id.

    `params` hold nobody's data: of a person the first character of the name at most.
    """
    alert_id = work.runtime.ids.new("alr")
    await Alert.create(
        id=alert_id,
        kind=kind,
        subject_id=subject_id,
        params=canonical(params),
        created_at=work.now,
        result=Result.WAITING,
    )
    work.enqueue(ALERT_JOB, subject_id=alert_id, dedupe=f"alert|{alert_id}")
    return alert_id


async def alert_at_most_once_a_minute(work: Work, kind: AlertKind, *, subject_id: str) -> None:
    """Write an alert unless there was one of this kind within the last minute: a busy queue is looked at anyway."""
    await lock_name(f"alert|{kind}")
    if not await Alert.filter(kind=kind, created_at__gt=work.now - QUIET).exists():
        await alert(work, kind, subject_id=subject_id)
