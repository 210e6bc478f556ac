"""From the keyword to the message on the phone, between the whole application and a real sandbox."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from backend.accounts import (
    ChangeStaff,
    DecideRegistration,
    OrganisationKind,
    RegisterStaff,
    RegistrationDecision,
    Role,
    SignIn,
    StaffState,
    Viewer,
    WorkKind,
    authenticate,
    decide_registration,
    ensure_organisation,
    ensure_staff,
    open_session,
    register_staff,
    reinstate_staff,
    sign_in,
    suspend_staff,
)
from backend.accounts.models import Organisation, WeChatIdentity
from backend.app import App, migrate, open_app
from backend.commands.processes import with_sandbox
from backend.commands.serving import bind_free, serving, url_of
from backend.foundation.jobs import Job
from backend.messaging import (
    PUSH_PATH,
    ConsentResult,
    Moment,
    RecordSubscribeResults,
    SubscribeAnswer,
    record_subscribe_results,
    templates_to_ask,
    unread_count,
)
from backend.messaging.messages import TemplateName
from backend.messaging.models import Delivery
from backend.sandbox import create_app
from backend.settings import read_settings
from backend.wechat import PushMode, set_push_url
from tests.builders.applications import a_key
from tests.messaging.ground import dead_or_failed, run_due
from tests.sandbox.provider import with_a_key

PHONE = "13812345678"


@dataclass
class Town:
    """The application, the sandbox, and a person in between."""

    app: App
    control: httpx2.AsyncClient

    @property
    def appids(self) -> dict[str, str]:
        """The appids of the mini program and of the official account."""
        mini, account = self.app.wechat.mini_program, self.app.wechat.official_account
        assert mini is not None
        assert account is not None
        return {"mini": mini.appid, "account": account.appid}

    async def order(self, path: str, **order: Any) -> dict[str, Any]:
        """Give the sandbox an order that it must take."""
        answer = await self.control.post(f"/_sandbox/{path}", json=order)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def received(self, channel: str) -> list[dict[str, Any]]:
        """List what came over a channel."""
        answer = await self.control.get("/_sandbox/messages", params={"channel": channel})
        result: list[dict[str, Any]] = answer.json()["messages"]
        return result

    async def say(self, content: str) -> dict[str, Any]:
        """Let ann write to the account; gives the reply, which must be whole."""
        told = await self.order("people/ann/messages", appid=self.appids["account"], content=content)
        assert (told["attempts"], told["malformed"]) == (1, False)
        reply: dict[str, Any] = told["reply"]
        return reply

    async def work(self) -> None:
        """Do what is due."""
        await run_due(self.app.runtime, self.app.channels)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """The application as `up` composes it, on SQLite, with the sandbox behind a socket of its own."""
    async with AsyncExitStack() as stack:
        sandbox, ours = bind_free("127.0.0.1"), bind_free("127.0.0.1")
        sandbox_url = url_of(sandbox)
        (tmp_path / "data").mkdir()
        with_a_key(tmp_path / "sandbox")
        await stack.enter_async_context(serving(create_app(tmp_path / "sandbox", public_url=sandbox_url), sandbox))
        settings = replace(read_settings({}, data=tmp_path / "data"), sandbox_url=sandbox_url)
        settings = await with_sandbox(settings)
        await migrate(settings)
        app = await stack.enter_async_context(open_app(settings, public_url=url_of(ours)))
        await stack.enter_async_context(serving(app.web, ours))
        control = await stack.enter_async_context(httpx2.AsyncClient(base_url=sandbox_url, trust_env=False))
        town = Town(app, control)
        push_url = url_of(ours) + PUSH_PATH
        await set_push_url(sandbox_url, town.appids["account"], push_url, PushMode.SAFE)
        yield town


async def _hq_admin(app: App) -> Viewer:
    hq = await ensure_organisation(app.runtime, code="hq", name="总部", kind=OrganisationKind.HQ, parent_id=None)
    await ensure_organisation(
        app.runtime,
        code="field",
        name="总部系统优化部",
        kind=OrganisationKind.HQ_FIELD,
        parent_id=hq,
        accepts_registrations=True,
    )
    admin = await ensure_staff(
        app.runtime,
        code="admin",
        name="管理员",
        roles=frozenset({Role.ADMIN}),
        organisation_id=hq,
        state=StaffState.APPROVED,
    )
    return await authenticate(app.runtime, await open_session(app.runtime, admin))


async def test_from_the_keyword_to_the_message(town: Town) -> None:
    """Keyword, ticket, sign-in, registration, and its results over each channel in turn, with nobody left guessing."""
    app, runtime = town.app, town.app.runtime
    admin = await _hq_admin(app)

    # The door: a link with a ticket.
    await town.order("people/ann/events", appid=town.appids["account"], event="subscribe")
    reply = await town.say("芝麻开门")
    [link] = reply["links"]
    assert (link["text"], link["mini_program_appid"]) == ("财富之门已打开，请点击进入", town.appids["mini"])
    found = re.fullmatch(r"pages/index/index\?ticket=([0-9A-Za-z_-]+)", link["mini_program_path"])
    assert found is not None

    # Whoever comes in with it is that follower.
    code = (await town.order("people/ann/login", appid=town.appids["mini"]))["code"]
    signed_in = await sign_in(runtime, app.wechat.mini_program, SignIn(code, found[1]))
    ann = await authenticate(runtime, signed_in.token)
    assert {row.app for row in await WeChatIdentity.filter(staff_id=ann.id)} == {"MINI_PROGRAM", "OFFICIAL_ACCOUNT"}

    # Asked at a tap, and remembered on both sides.
    [template_id] = await templates_to_ask(app.channels.templates, ann, Moment.REGISTRATION)
    assert template_id == app.channels.templates.subscribe_id(TemplateName.REGISTRATION_RESULT)
    await town.order("people/ann/subscribe", appid=town.appids["mini"], template_id=template_id, result="accept")
    answers = (SubscribeAnswer(template_id, ConsentResult.ACCEPT),)
    command = RecordSubscribeResults(a_key(), Moment.REGISTRATION, answers)
    await record_subscribe_results(runtime, app.channels.templates, ann, command)

    # HQ's group hears of the registration, and not the name.
    organisation = await Organisation.get(code="field")
    registration = RegisterStaff(a_key(), 1, "王小明", WorkKind.SALES, PHONE, organisation.id)
    await register_staff(runtime, ann, registration)
    await town.work()
    [alert] = await town.received("robot")
    assert "新的注册待审核：王**" in alert["text"]
    assert "王小明" not in alert["text"]
    assert "正在等待总部审核" in (await town.say("进度"))["content"]

    # The result, over the one consent there is.
    await decide_registration(
        runtime, admin, DecideRegistration(a_key(), ann.id, 2, RegistrationDecision.APPROVE, roles=(Role.FIELD_STAFF,))
    )
    await town.work()
    [message] = await town.received("subscribe")
    assert (message["person"], message["template_id"], message["page"]) == ("ann", template_id, "pages/index/index")
    assert message["data"]["phrase1"] == "审核通过"
    assert [link["mini_program_path"] for link in (await town.say("芝麻开门"))["links"]] == ["pages/applications/index"]

    # The next one goes to the official account, the one after, when she has left it, by SMS.
    for number, channel in enumerate(("template", "sms")):
        if channel == "sms":
            await town.order("people/ann/events", appid=town.appids["account"], event="unsubscribe")
        await suspend_staff(runtime, admin, ChangeStaff(a_key(), ann.id, 3 + 2 * number, "核实"))
        await reinstate_staff(runtime, admin, ChangeStaff(a_key(), ann.id, 4 + 2 * number, "无误"))
        await town.work()
        [message] = await town.received(channel)
        assert message["data"].get("phrase1") == {"template": "已恢复"}.get(channel)
    assert len(await town.received("subscribe")) == 1
    ann = await authenticate(runtime, await open_session(runtime, ann.id))
    assert await unread_count(ann) == 3
    outcomes = [(row.channel, row.result) for row in await Delivery.all().order_by("created_at", "channel")]
    assert [channel for channel, result in outcomes if result == "SENT"] == [
        "SUBSCRIBE_MESSAGE",
        "TEMPLATE_MESSAGE",
        "SMS",
    ]
    assert await dead_or_failed() == []
    assert not await Job.filter(closed_at=None).exclude(kind="messaging.purge").exists()
