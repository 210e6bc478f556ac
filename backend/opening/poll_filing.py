"""Poll: WeChat Pay tells nothing by itself, so every form it holds is asked after until its end."""

from __future__ import annotations

from typing import Final

from backend.applications import lock_for_system
from backend.applications.rules import ENDED, State
from backend.foundation.events import SYSTEM
from backend.foundation.jobs import Again, Claim, GiveUp, TryLater
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.opening.models import FilingAttempt
from backend.opening.provider import Provider
from backend.opening.rules import next_poll_seconds
from backend.opening.settle import observe
from backend.wechat import PayError

MOST_NOT_FOUND: Final = 8


async def poll_filing(runtime: Runtime, provider: Provider, claim: Claim) -> Again | None:
    """Handle the job that follows one round of one attempt: ask, take in the answer, say when to ask again."""
    attempt = await FilingAttempt.get(id=claim.payload["attempt_id"]).prefetch_related("application")
    if attempt.round != claim.payload["round"] or attempt.application.state in {*ENDED, State.OPENED}:
        return None
    await claim.renew()
    try:
        answer = await provider.client.query_by_business_code(attempt.business_code)
    except PayError as error:
        raise TryLater(f"QUERY_{error.action}", error.retry_after_seconds) from error
    if answer is None:
        # What was accepted a moment ago may not be found everywhere yet.
        raise TryLater("NOT_FOUND") if claim.waits < MOST_NOT_FOUND else GiveUp("ACCEPTED_FORM_NOT_FOUND")
    async with work(runtime, SYSTEM) as current:
        application = await lock_for_system(current, attempt.application_id)
        attempt = await FilingAttempt.get(id=attempt.id)
        if attempt.round != claim.payload["round"]:
            # Filed again while the question was under way: this is an answer about the past.
            await claim.close()
            return None
        meaning = await observe(current, application, attempt, answer)
        seconds = next_poll_seconds(meaning, attempt.polls)
        if seconds is None:
            await claim.close()
            return None
    return Again(seconds)
