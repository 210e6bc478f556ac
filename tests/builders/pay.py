"""WeChat Pay for tests: our sandbox behind a real socket, and the desk at which the jobs of filing are done."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import httpx2

from backend.applications import EXPIRE_JOB, expire_application
from backend.applications.record import values_of
from backend.foundation.jobs import Claim, Handler, Job, claim_due
from backend.foundation.runtime import Runtime
from backend.foundation.worker import Worker
from backend.messaging.alerts import ALERT_JOB
from backend.messaging.inbox import DELIVER_JOB
from backend.opening import FILE_JOB, POLL_JOB, SUBMIT_JOB, Provider, file_application, poll_filing, submit_filing
from backend.opening.models import FilingAttempt, ProviderMedia
from backend.opening.payload import images_to_upload
from backend.sandbox import create_app
from backend.wechat import PayClient, PayCredentials, enrol
from tests.builders.applications import a_picture, the
from tests.builders.clock import FixedClock
from tests.sandbox.provider import with_a_key
from tests.wechat.provider import serve

MCHID: Final = "1900013511"
HOLD_SECONDS: Final = 10.0
# Five minutes of audit, and what may pass until we look again.
AUDIT_SECONDS: Final = 600.0
# More than a lease: whoever held a job when it crashed is taken for dead.
LEASE_OVER_SECONDS: Final = 31.0


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox, and our credentials there."""

    url: str
    credentials: PayCredentials
    # One client for all orders: making one takes longer than the order.
    control: httpx2.Client

    def order(self, path: str, order: dict[str, Any]) -> dict[str, Any]:
        """Give the control API an order that it must take."""
        answer = self.control.post(f"/_sandbox/{path}", json=order)
        assert answer.status_code == 200, answer.text
        return cast("dict[str, Any]", answer.json())

    def fault(self, call: str, kind: str, **order: Any) -> None:
        """Let the next call go wrong."""
        self.order("faults", {"call": call, "kind": kind, **order})

    def forget_faults(self) -> None:
        """Let all go well again."""
        assert self.control.delete("/_sandbox/faults").status_code == 200

    def advance(self, seconds: float) -> None:
        """Move the sandbox's business clock."""
        self.order("clock", {"advance_seconds": seconds})

    def filing(self, code: str) -> dict[str, Any] | None:
        """Give what the sandbox holds under a code; None when nothing was ever accepted under it."""
        answer = self.control.get(f"/_sandbox/applyments/{code}")
        return cast("dict[str, Any]", answer.json()) if answer.status_code == 200 else None

    def sign(self, applyment_id: str) -> None:
        """Let the owner do what is due: verify the account, or sign."""
        self.order(f"owner/{applyment_id}/sign", {"person": "owner"})


@contextmanager
def serving_sandbox(folder: Path) -> Iterator[str]:
    """Serve a sandbox over `folder` on a free port; give its address."""
    with_a_key(folder)
    # The address is only known once it listens, and only the owner's link needs it.
    with serve(create_app(folder, public_url="http://127.0.0.1")) as url:
        yield url


@contextmanager
def enrolled(url: str, folder: Path) -> Iterator[Sandbox]:
    """Exchange keys with a running sandbox, and lift its limits on calls; not from within a loop."""
    credentials = asyncio.run(enrol(url, folder, mchid=MCHID))
    with httpx2.Client(base_url=url, trust_env=False) as control:
        sandbox = Sandbox(url, credentials, control)
        sandbox.order("limits", {"submit": None, "upload": None})
        yield sandbox


class Crash(BaseException):
    """The process ends here."""


class CrashAt:
    """Awaits a coroutine and ends it at its n-th suspension: whatever was awaited is done, and nothing comes after.

    Its transactions are rolled back, as they are when a process dies. `suspensions` tells how many there were.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, None], at: int) -> None:
        self._coroutine = coroutine
        self._at = at
        self.suspensions = 0

    def __await__(self) -> Generator[Any, Any, None]:
        """Pass on everything that the coroutine waits for."""
        inner = self._coroutine.__await__()
        try:
            waited_for = next(inner)
            while True:
                try:
                    answer = yield waited_for
                except asyncio.CancelledError as error:
                    # A time limit within the coroutine has run out.
                    waited_for = inner.throw(error)
                    continue
                self.suspensions += 1
                waited_for = inner.throw(Crash()) if self.suspensions == self._at else inner.send(answer)
        except StopIteration:
            return


Step = Callable[[str], Awaitable[None]]


class WatchedClient(PayClient):
    """The real client, which tells a test of each call before it leaves and after it came back."""

    before: Step | None = None
    after: Step | None = None

    def __init__(self, credentials: PayCredentials, *, base_url: str, timeout_seconds: float = 10.0) -> None:
        super().__init__(credentials, base_url=base_url, timeout_seconds=timeout_seconds)
        self.calls: list[str] = []

    async def _watched(self, name: str, call: Awaitable[Any]) -> Any:
        self.calls.append(name)
        try:
            if self.before is not None:
                await self.before(name)
            result = await call
        finally:
            close = getattr(call, "close", None)
            if close is not None:
                close()
        if self.after is not None:
            await self.after(name)
        return result

    async def upload_image(self, content: bytes, *, filename: str, media_type: str = "image/jpeg") -> str:
        """Upload, watched."""
        call = super().upload_image(content, filename=filename, media_type=media_type)
        return cast("str", await self._watched("upload", call))

    async def submit_applyment(self, form: Any, *, encrypted_paths: Any) -> Any:
        """Submit, watched."""
        return await self._watched("submit", super().submit_applyment(form, encrypted_paths=encrypted_paths))

    async def query_by_business_code(self, business_code: str) -> Any:
        """Query, watched."""
        return await self._watched("query", super().query_by_business_code(business_code))


async def _told_nobody(_claim: Claim) -> None:
    """Let a message end here: how people are told has tests of its own."""


@dataclass
class Desk:
    """Does the jobs that are due, one after the other, until none is; and lets time pass on both sides."""

    runtime: Runtime
    clock: FixedClock
    sandbox: Sandbox
    client: WatchedClient
    done: list[str] = field(default_factory=list)
    # Every how manieth moment a test that tries them all looks at.
    stride: int = 1

    @property
    def provider(self) -> Provider:
        """Give the provider as the handlers are handed it."""
        return Provider(MCHID, self.client)

    def handlers(self) -> dict[str, Handler]:
        """Give the handlers that the application is composed with."""
        return {
            EXPIRE_JOB: partial(expire_application, self.runtime),
            FILE_JOB: partial(file_application, self.runtime, self.provider),
            SUBMIT_JOB: partial(submit_filing, self.runtime, self.provider),
            POLL_JOB: partial(poll_filing, self.runtime, self.provider),
            DELIVER_JOB: _told_nobody,
            ALERT_JOB: _told_nobody,
        }

    def worker(self, name: str = "desk") -> Worker:
        """Give a worker that knows every job."""
        return Worker(name, clock=self.clock, bus=self.runtime.bus, handlers=self.handlers())

    async def take(self, kind: str, name: str = "desk") -> Claim:
        """Claim the newest due job of a kind, and leave the others where they are."""
        due = await claim_due(self.clock, worker=name, limit=1000)
        taken = max((claim for claim in due if claim.kind == kind), key=lambda claim: claim.id)
        await Job.filter(id__in=[claim.id for claim in due if claim is not taken]).update(leased_until=None)
        return taken

    async def work(self) -> None:
        """Do what is due until nothing is."""
        worker = self.worker()
        for _ in range(100):
            claims = await claim_due(self.clock, worker=worker.name, limit=1)
            if not claims:
                return
            self.done.append(claims[0].kind)
            await worker.run_one(claims[0])
        raise AssertionError("the jobs do not come to an end")

    def pass_time(self, seconds: float) -> None:
        """Let business time pass, here and at WeChat Pay."""
        self.clock.offset_seconds += seconds
        self.sandbox.advance(seconds)

    async def let_pass(self, seconds: float, *, step_seconds: float = 60.0) -> None:
        """Let business time pass and do what falls due on the way."""
        while seconds > 0:
            self.pass_time(min(seconds, step_seconds))
            seconds -= step_seconds
            await self.work()

    async def file(self, application_id: str) -> FilingAttempt:
        """Let the hold of an approval pass and file it; give its attempt."""
        self.pass_time(HOLD_SECONDS)
        await self.work()
        return await attempt_of(application_id)

    async def know_photos(self, application_id: str) -> None:
        """Let WeChat Pay have the photos of an application already."""
        media_id = await self.client.upload_image(a_picture().content, filename="known.jpg")
        values = values_of(self.runtime.keyring, await the(application_id))
        for image_id in images_to_upload(values):
            await ProviderMedia.create(
                id=self.runtime.ids.new("med"),
                mchid=MCHID,
                image_id=image_id,
                media_id=media_id,
                uploaded_at=self.clock.now(),
            )
        self.client.calls.clear()

    async def crash(self, kind: str, *, at: int) -> int:
        """Run the one due job of a kind and let the process die at a suspension; give how many there were.

        When this returns the lease of the dead process has run out.
        """
        running = CrashAt(self.worker().run_one(await self.take(kind)), at)

        async def until_the_crash() -> None:
            await running

        # A task of its own, as in a worker: the transaction that a context holds goes with it.
        with contextlib.suppress(Crash):
            await asyncio.create_task(until_the_crash())
        self.clock.advance(LEASE_OVER_SECONDS)
        return running.suspensions

    def filing(self, attempt: FilingAttempt) -> dict[str, Any]:
        """Give what the sandbox holds of an attempt, which must be there."""
        found = self.sandbox.filing(attempt.business_code)
        assert found is not None
        return found


async def attempt_of(application_id: str) -> FilingAttempt:
    """Give the attempt in force."""
    attempt = await FilingAttempt.filter(application_id=application_id).order_by("-number").first()
    assert attempt is not None
    return attempt


async def open_jobs(kind: str) -> list[Job]:
    """Give the jobs of a kind that are still to be done."""
    return await Job.filter(kind=kind, closed_at=None)


async def dead_jobs() -> list[tuple[str, str | None]]:
    """Give kind and reason of what was given up."""
    return [(job.kind, job.last_error) for job in await Job.filter(dead=True)]
