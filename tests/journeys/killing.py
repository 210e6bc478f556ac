"""A demo that is killed again and again: at chosen moments of the filing, with the sandbox running on throughout."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson

from backend.applications.models import Application
from backend.applications.rules import State
from backend.foundation.database import connect, disconnect
from backend.foundation.events import ChainBreak, Event, first_break
from backend.opening.models import FilingAttempt, ProviderMedia
from backend.opening.rules import Delivery
from backend.tables import TABLES

# No moment takes this long to come; a demo that is not there by then has lost its way.
PATIENCE_SECONDS: Final = 60.0
# Longer than it takes to see that a call is held and to kill who waits for it.
HOLD_SECONDS: Final = 10.0
_LOOK_AGAIN_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen from outside: our tables, and the sandbox. `held`: every fault it was given has struck."""

    state: str | None
    delivery: str | None
    codes: int
    media: int
    held: bool
    accepted: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the filing: the faults by which the sandbox makes it last, and what is seen when it is there."""

    name: str
    faults: tuple[Mapping[str, Any], ...]
    is_there: Callable[[Seen], bool]


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: at which moment, how long after the start of that demo, and what the dead process had left."""

    moment: str
    seconds: float
    left: Seen


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all the kills and a last start came to: the demo's own summary, the sandbox's word, and the events."""

    kills: list[Kill]
    summary: Mapping[str, Any]
    at_sandbox: Mapping[str, Any]
    filings_at_sandbox: int
    event_kinds: list[str]
    chain_break: ChainBreak | None


def _hold(call: str, *, kind: str = "delay", after: int = 0) -> tuple[Mapping[str, Any], ...]:
    """Let `after` calls pass and hold the next: `delay` holds the answer to what was done, `status_500` to what not."""
    passing = ({"call": call, "kind": "delay", "delay_seconds": 0, "times": after},) if after else ()
    return (*passing, {"call": call, "kind": kind, "delay_seconds": HOLD_SECONDS, "times": 1})


def _slow(call: str) -> tuple[Mapping[str, Any], ...]:
    """Let every call take a while, so that a state which only the next answer ends is not missed."""
    return ({"call": call, "kind": "delay", "delay_seconds": 1.0, "times": 1000},)


def _uploading(uploaded: int) -> Callable[[Seen], bool]:
    expected = (State.FILING, Delivery.UNSENT, uploaded)
    return lambda seen: seen.held and (seen.state, seen.delivery, seen.media) == expected


def _sending(accepted: int) -> Callable[[Seen], bool]:
    expected = (State.FILING, Delivery.SENDING, accepted)
    return lambda seen: seen.held and (seen.state, seen.delivery, seen.accepted) == expected


# In the order in which one filing meets them; each demo goes on where the one before was killed.
MOMENTS: Final = (
    Moment("approved, no code yet", (), lambda seen: (seen.state, seen.codes) == (State.APPROVED, 0)),
    Moment("code stored, first photo under way", _hold("upload"), _uploading(0)),
    Moment("one photo uploaded", _hold("upload", after=1), _uploading(1)),
    Moment("all but the last photo uploaded", _hold("upload", after=2), _uploading(3)),
    Moment("sent, not accepted", _hold("submit", kind="status_500"), _sending(0)),
    Moment("accepted, not answered", _hold("submit"), _sending(1)),
    Moment("asking what became of it", _hold("query"), _sending(1)),
    Moment(
        "polling the audit",
        _hold("query", after=1),
        lambda seen: seen.held and (seen.state, seen.delivery) == (State.PROVIDER_REVIEW, Delivery.DELIVERED),
    ),
    Moment("awaiting the signature", _slow("query"), lambda seen: seen.state == State.AWAITING_SIGNATURE),
    Moment("opening", _slow("query"), lambda seen: seen.state == State.OPENING),
)


async def kill_at_each_moment(folder: Path, database_url: str) -> Outcome:
    """Start a demo in `folder` over a migrated, empty database, kill it with -9 at every moment, start it a last time.

    The sandbox is a process of its own from first to last. Connects this process to the database meanwhile.
    """
    async with _sandbox(folder) as url, httpx2.AsyncClient(base_url=f"{url}/_sandbox", trust_env=False) as control:
        await connect(database_url, TABLES)
        try:
            kills = [await _kill_at(moment, folder, database_url, control) for moment in MOMENTS]
            demo = await _start(("demo", "--data", str(folder), "--json"), database_url)
            said, _ = await demo.communicate()
            if demo.returncode != 0:
                raise AssertionError(f"the demo ended with {demo.returncode} after {[kill.moment for kill in kills]}")
            return await _outcome(kills, orjson.loads(said), control)
        finally:
            await disconnect()


async def _kill_at(moment: Moment, folder: Path, database_url: str, control: httpx2.AsyncClient) -> Kill:
    for fault in moment.faults:
        (await control.post("/faults", json=dict(fault))).raise_for_status()
    started = time.monotonic()
    demo = await _start(("demo", "--data", str(folder), "--json"), database_url)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not moment.is_there(await _look(control)):
                if demo.returncode is not None:
                    raise AssertionError(f"{moment.name}: the demo ended with {demo.returncode} before it was there")
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise AssertionError(f"{moment.name}: never came; {await _look(control)}") from None
    finally:
        if demo.returncode is None:
            demo.kill()
        await demo.wait()
    seconds = time.monotonic() - started
    left = await _look(control)
    # The dead change nothing more: what is seen now is what the kill met.
    if not moment.is_there(left):
        raise AssertionError(f"{moment.name}: was over when the kill came; {left}")
    await control.delete("/faults")
    return Kill(moment.name, round(seconds, 2), left)


async def _look(control: httpx2.AsyncClient) -> Seen:
    application = await Application.all().first()
    attempts = await FilingAttempt.all().order_by("-number")
    faults = (await control.get("/state")).json()["faults"]
    accepted = 0
    if attempts:
        answer = await control.get(f"/applyments/{attempts[0].business_code}")
        accepted = answer.json()["times_accepted"] if answer.status_code == 200 else 0
    return Seen(
        state=application.state if application else None,
        delivery=attempts[0].delivery if attempts else None,
        codes=len(attempts),
        media=await ProviderMedia.all().count(),
        held=not faults,
        accepted=accepted,
    )


async def _outcome(kills: list[Kill], summary: Mapping[str, Any], control: httpx2.AsyncClient) -> Outcome:
    (application,) = await Application.all()
    (attempt,) = await FilingAttempt.all()
    events = await Event.filter(subject_id=application.id).order_by("sequence")
    return Outcome(
        kills=kills,
        summary=summary,
        at_sandbox=(await control.get(f"/applyments/{attempt.business_code}")).json(),
        filings_at_sandbox=sum((await control.get("/state")).json()["applyments"].values()),
        event_kinds=[event.kind for event in events],
        chain_break=first_break(events, last_sequence=application.event_sequence, last_hash=application.event_hash),
    )


@asynccontextmanager
async def _sandbox(folder: Path) -> AsyncIterator[str]:
    process = await _start(("sandbox", "--data", str(folder), "--port", "0", "--json"), None)
    assert process.stdout is not None
    try:
        yield orjson.loads(await process.stdout.readline())["sandbox"]
        if process.returncode is not None:
            raise AssertionError("the sandbox did not live through it all")
    finally:
        process.terminate()
        await process.wait()


async def _start(command: tuple[str, ...], database_url: str | None) -> Process:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SESAME_")}
    if database_url is not None:
        environment["SESAME_DATABASE_URL"] = database_url
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend", *command), env=environment, stdin=DEVNULL, stdout=PIPE
    )
