"""The beginning of the demo: somebody nobody knows writes the keyword, follows the link, registers and is let in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx2

from backend.commands.api_client import ApiClient
from backend.commands.demo_play import PlayFailed

# A made-up person; the sandbox gives them their openids.
PERSON: Final = "xiaolin"
NAME: Final = "林小芳"
MOBILE: Final = "13800138000"
# How long the answer of HQ may be under way to the phone.
ANSWER_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where the newcomer knocks: the API, the sandbox that plays WeChat, our two apps, and the word to say."""

    api_url: str
    sandbox_url: str
    mini_program_appid: str
    official_account_appid: str
    keyword: str
    contract: Path


class Newcomer:
    """One person on the way in; starting it again on the same data goes on where it stopped."""

    def __init__(self, door: Door, *, hq: ApiClient, run_id: str, tell: Callable[[str, str], None]) -> None:
        self._door = door
        self._hq = hq
        self._run_id = run_id
        self._tell = tell
        self._http = httpx2.AsyncClient(timeout=30.0, trust_env=False)

    async def come_in(self) -> str:
        """Go from the keyword to an approved session and give its token. Refuses with `PlayFailed`, `ApiRefused`."""
        try:
            self._tell("DOOR", NAME)
            token = await self._sign_in(await self._ask_at_the_door())
            async with ApiClient(self._door.api_url, token, self._door.contract) as phone:
                await self._be_let_in(phone)
            return token
        finally:
            await self._http.aclose()

    async def _ask_at_the_door(self) -> str | None:
        """Write the keyword to the official account; gives the ticket of the link it answers with."""
        answer = await self._order(
            "messages",
            appid=self._door.official_account_appid,
            content=self._door.keyword,
            follow_first=True,
        )
        links = (answer.get("reply") or {}).get("links") or []
        if not links:
            raise PlayFailed("the official account did not answer the keyword with a link")
        query = parse_qs(urlsplit(str(links[0]["mini_program_path"])).query)
        return query.get("ticket", [None])[0]

    async def _sign_in(self, ticket: str | None) -> str:
        code = (await self._order("login", appid=self._door.mini_program_appid))["code"]
        async with ApiClient(self._door.api_url, None, self._door.contract) as stranger:
            opened = await stranger.call("SignIn", input={"code": code, "ticket": ticket, "device": "demo"})
        if opened["token"] is None:
            raise PlayFailed(f"sign-in was refused: {opened['userErrors'][0]['code']}")
        return str(opened["token"])

    async def _be_let_in(self, phone: ApiClient) -> None:
        me = await phone.call("Me")
        if me["state"] == "GUEST":
            me = await self._register(phone, me)
        if me["state"] == "PENDING":
            self._tell("REGISTRATION", NAME)
            await self._wait_for_hq(phone, me["id"])
        elif me["state"] != "APPROVED":
            raise PlayFailed(f"the newcomer is {me['state']}")

    async def _register(self, phone: ApiClient, me: Mapping[str, Any]) -> Any:
        if me["mobile"] is None:
            code = (await self._order("phone", appid=self._door.mini_program_appid, phone=MOBILE))["code"]
            # The code is part of the key: a second run has another one, and may be the first that gets through.
            me = await phone.change("VerifyMobile", idempotencyKey=self._key(f"mobile-{code}"), code=code)
        await self._consent(phone)
        choices = await phone.call("RegistrationOrganisations")
        partner = next(choice for choice in choices if choice["kind"] == "PARTNER")
        return await phone.change(
            "RegisterStaff",
            idempotencyKey=self._key("register"),
            expectedVersion=me["version"],
            name=NAME,
            workKind="SALES",
            organisationId=partner["id"],
        )

    async def _consent(self, phone: ApiClient) -> None:
        """Tap "accept" where the mini program asks whether it may tell of HQ's answer."""
        wanted = await phone.call("SubscribeTemplates", moment="REGISTRATION")
        for template_id in wanted:
            await self._order(
                "subscribe", appid=self._door.mini_program_appid, template_id=template_id, result="accept"
            )
        await phone.change(
            "RecordSubscribeResults",
            idempotencyKey=self._key("consent"),
            moment="REGISTRATION",
            answers=[{"templateId": template_id, "result": "ACCEPT"} for template_id in wanted],
        )

    async def _wait_for_hq(self, phone: ApiClient, staff_id: str) -> None:
        """Follow one's own stream while HQ decides; it tells of the approval by itself."""
        async with phone.subscribe("MyEvents") as items, asyncio.timeout(ANSWER_SECONDS):
            decided = False
            async for item in items:
                state = item.get("me", {}).get("state")
                if state == "APPROVED":
                    return
                if not decided:
                    decided = True
                    await self._decide(staff_id)

    async def _decide(self, staff_id: str) -> None:
        waiting = await self._hq.call("Registrations", first=100)
        found = [edge["node"] for edge in waiting["edges"] if edge["node"]["id"] == staff_id]
        if found:
            await self._hq.change(
                "DecideRegistration",
                idempotencyKey=self._key(f"decide-{found[0]['version']}"),
                staffId=staff_id,
                expectedVersion=found[0]["version"],
                decision="APPROVE",
            )

    async def _order(self, what: str, **order: Any) -> Any:
        url = f"{self._door.sandbox_url}/_sandbox/people/{PERSON}/{what}"
        answer = await self._http.post(url, json=order)
        if answer.status_code != 200:
            raise PlayFailed(f"the sandbox answered {answer.status_code} to {what}")
        return answer.json()

    def _key(self, step: str) -> str:
        return f"demo-{self._run_id}-{step}"[:64]
