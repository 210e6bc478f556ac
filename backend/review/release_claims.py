"""What a reviewer holds goes back to the queue when their access ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.applications import SYSTEM_STANDING, Application, move_application
from backend.applications.rules import Action, State
from backend.foundation.subjects import Subject
from backend.foundation.work import Work


async def on_access_ended(work: Work, subject: Subject, _body: Mapping[str, Any]) -> None:
    """Release every claim of somebody who was suspended or has left, in the transaction that ends their access."""
    claimed = Application.filter(claimer_id=subject.id, state=State.IN_REVIEW).order_by("id")
    for application_id in await claimed.values_list("id", flat=True):
        application = await work.lock(Application, str(application_id))
        if application is not None and application.claimer_id == subject.id and application.state == State.IN_REVIEW:
            await move_application(
                work,
                application,
                Action.RELEASE,
                standing=SYSTEM_STANDING,
                changes={"claimer_id": None, "claimed_until": None},
            )
