"""The play of the demo: staff, a reviewer and the owner open a shop, each through what they really have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import httpx2

from backend.commands.api_client import ApiClient
from backend.commands.demo_pictures import DEMO_PICTURES, jpeg_of

# Which made-up photo goes into which field of the form.
PHOTOS: Final[Mapping[str, str]] = {
    "id_card_copy": "id_card_portrait",
    "id_card_national": "id_card_emblem",
    "bank_card_photo": "bank_card",
    "store_entrance_pic": "shop_front",
    "micro_indoor_copy": "shop_indoor",
}

# A made-up owner. The ID number's order 000 is never given to a person; the phone is the sandbox's ordinary path.
FORM: Final[Mapping[str, Any]] = {
    "ownerName": "张三",
    "idCardNumber": "440305198801010003",
    "cardPeriodBegin": "2016-06-06",
    "cardPeriodEnd": "长期",
    "mobilePhone": "13900000001",
    "contactEmail": "zhangsan@example.cn",
    "microName": "张三烧饼铺",
    "microAddressCode": "440305",
    "microAddress": "南山区科技路1号2层201室",
    "merchantShortname": "张三烧饼店",
    "servicePhone": "075512345678",
    "groupMembership": "STANDALONE",
    "licenceHeld": False,
    "settlementHolder": "OPERATOR",
    "accountBank": "工商银行",
    "bankAddressCode": "440300",
    "accountNumber": "6222020000000001230",
    "consentMethod": "OWNER_ON_STAFF_PHONE",
}

# How far the business clock is moved at a time while WeChat Pay audits and opens.
STEP_SECONDS: Final = 60.0
OPENING_STEP_SECONDS: Final = 600.0
LOOK_AGAIN_SECONDS: Final = 0.3

ENDED: Final = frozenset({"OPENED", "WITHDRAWN", "REFUSED", "EXPIRED"})


class PlayFailed(Exception):
    """A step did not lead where it should; the message says which."""


class Play:
    """One run of the main line; starting it again on the same data goes on where it stopped.

    `run_id` makes the idempotency keys: a step that was done before a crash is answered again, not done again.
    """

    def __init__(
        self, *, staff: ApiClient, reviewer: ApiClient, sandbox: str, run_id: str, tell: Callable[[str, str], None]
    ) -> None:
        self._staff = staff
        self._reviewer = reviewer
        self._sandbox = sandbox
        self._run_id = run_id
        self._tell = tell
        self._http = httpx2.AsyncClient(timeout=30.0, trust_env=False)

    async def run(self) -> dict[str, Any]:
        """Play until the application has ended; gives it as HQ reads it, with its events."""
        try:
            application_id = await self._start()
            moved = asyncio.Event()
            follower = asyncio.create_task(self._follow(application_id, moved))
            try:
                application = await self._play(application_id, moved)
            finally:
                follower.cancel()
                await asyncio.gather(follower, return_exceptions=True)
            application["events"] = await self._timeline(application_id)
            return application
        finally:
            await self._http.aclose()

    async def _play(self, application_id: str, moved: asyncio.Event) -> dict[str, Any]:
        while True:
            moved.clear()
            application: dict[str, Any] = await self._reviewer.call("Application", id=application_id)
            state = application["state"]
            self._tell(state, application.get("shopName") or "")
            if state in ENDED:
                return application
            step = self._STEPS.get(state)
            if step is None:
                raise PlayFailed(f"the application is in {state}, where the demo has nothing to do")
            await step(self, application)
            # The stream says when something happened; the pause is for what only the clock brings.
            try:
                async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                    await moved.wait()
            except TimeoutError:
                continue

    async def _start(self) -> str:
        notice = await self._staff.call("CurrentNotice")
        started = await self._staff.change(
            "StartApplication",
            idempotencyKey=self._key("start"),
            kind="NEW",
            noticeVersion=notice["version"],
            preCheck={
                "ownerHasOwnPhone": True,
                "wechatRealNameWithBankCard": True,
                "idCardPresent": True,
                "bankCardPresent": True,
                "settlementHolder": "OPERATOR",
                "licenceHeld": False,
                "groupMembership": "STANDALONE",
            },
        )
        return str(started["id"])

    async def _fill_in_and_submit(self, application: Mapping[str, Any]) -> None:
        application_id, version = application["id"], application["version"]
        pictures = {
            _camel(field): (
                await self._staff.upload(
                    "UploadImage",
                    jpeg_of(DEMO_PICTURES[picture]()),
                    idempotencyKey=self._key(field),
                    applicationId=application_id,
                    purpose=field,
                )
            )["id"]
            for field, picture in PHOTOS.items()
        }
        consent = await self._staff.call("CurrentConsentText")
        (plan, *_) = await self._staff.call("RatePlans")
        saved = await self._staff.change(
            "SaveApplicationDraft",
            idempotencyKey=self._key(f"save-{version}"),
            applicationId=application_id,
            expectedVersion=version,
            form={
                **FORM,
                **pictures,
                "ratePlan": plan["code"],
                "qualificationType": plan["qualificationType"],
                "consentTextVersion": consent["version"],
                "consentGivenAt": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
        found = await self._staff.call("PreflightApplication", applicationId=application_id)
        if found["blockers"]:
            raise PlayFailed(f"pre-flight found {', '.join(finding['code'] for finding in found['blockers'])}")
        await self._staff.change(
            "SubmitApplication",
            idempotencyKey=self._key(f"submit-{saved['version']}"),
            applicationId=application_id,
            expectedVersion=saved["version"],
        )

    async def _review(self, application: Mapping[str, Any]) -> None:
        claimed = await self._reviewer.change(
            "ClaimApplication",
            idempotencyKey=self._key(f"claim-{application['version']}"),
            applicationId=application["id"],
            expectedVersion=application["version"],
        )
        seen = await self._reviewer.call("Application", id=application["id"])
        await self._reviewer.change(
            "DecideApplication",
            idempotencyKey=self._key(f"approve-{claimed['version']}"),
            applicationId=application["id"],
            expectedVersion=claimed["version"],
            decision="APPROVE",
            passedFields=seen["review"]["fieldsToPass"],
            groupMembership="STANDALONE",
        )

    async def _pass_the_hold(self, application: Mapping[str, Any]) -> None:
        if application["holdUntil"] is not None:
            hold_until = datetime.fromisoformat(application["holdUntil"])
            business_time = datetime.fromisoformat((await self._control("GET", "/clock"))["business_time"])
            await self._advance(max(0.0, (hold_until - business_time).total_seconds()))

    async def _wait(self, _application: Mapping[str, Any]) -> None:
        """Filing is the system's own work; it needs nobody."""

    async def _let_audit(self, _application: Mapping[str, Any]) -> None:
        await self._advance(STEP_SECONDS)

    async def _let_open(self, _application: Mapping[str, Any]) -> None:
        await self._advance(OPENING_STEP_SECONDS)

    async def _sign(self, application: Mapping[str, Any]) -> None:
        """The owner scans the QR with the own phone, reads the page and signs."""
        shown = await self._staff.call("Application", id=application["id"])
        if shown["signing"] is None or shown["signing"]["signUrl"] is None:
            return
        page = await self._http.get(shown["signing"]["signUrl"])
        if page.status_code != 200:
            raise PlayFailed(f"the owner's page answered {page.status_code}")
        await self._http.post(shown["signing"]["signUrl"], data={"person": "owner"}, follow_redirects=True)
        await self._advance(STEP_SECONDS)

    _STEPS: Final[Mapping[str, Callable[[Play, Mapping[str, Any]], Any]]] = {
        "DRAFT": _fill_in_and_submit,
        "IN_REVIEW": _review,
        "APPROVED": _pass_the_hold,
        "FILING": _wait,
        "PROVIDER_REVIEW": _let_audit,
        "AWAITING_VERIFICATION": _sign,
        "AWAITING_SIGNATURE": _sign,
        "OPENING": _let_open,
    }

    async def _follow(self, application_id: str, moved: asyncio.Event) -> None:
        async with self._staff.subscribe("ApplicationEvents", applicationId=application_id) as items:
            async for _item in items:
                moved.set()

    async def _timeline(self, application_id: str) -> list[Any]:
        page = await self._reviewer.call("ApplicationTimeline", applicationId=application_id, first=100)
        return [edge["node"] for edge in page["edges"]]

    async def _advance(self, seconds: float) -> None:
        """Move the business clock; waiting for an audit is the one thing a demo need not show in full."""
        if seconds > 0:
            await self._control("POST", "/clock", {"advance_seconds": seconds})

    async def _control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = await self._http.request(method, f"{self._sandbox}/_sandbox{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def _key(self, step: str) -> str:
        return f"demo-{self._run_id}-{step}"[:64]


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
