"""signIn: a code of WeChat becomes a session, once."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from backend.accounts import (
    OffboardStaff,
    Permission,
    Role,
    SignIn,
    StaffState,
    Viewer,
    authenticate,
    offboard_staff,
    reinstate_staff,
    sign_in,
    suspend_staff,
)
from backend.accounts.identities import WeChatApp, identity_for, identity_of, issue_ticket, openid_of
from backend.accounts.models import DoorTicket, Session, SpentCode, Staff, WeChatIdentity
from backend.foundation.events import SYSTEM, Event
from backend.foundation.keyring import Keyring
from backend.foundation.refusal import Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.wechat import PlatformFailure, WeChatPerson
from tests.builders.applications import a_key, refused
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database
from tests.builders.mini_program import PlayedMiniProgram
from tests.builders.people import a_change, a_code, a_wechat_person, come_in, kinds_of, the_person, trail_of
from tests.builders.pool import open_connections
from tests.conftest import Database, MakeViewer

pytestmark = pytest.mark.usefixtures("database")

ROOT = Path(__file__).parents[2]
ACCOUNT = "wx00000000000000bb"
SPENT = frozenset({"spent_code"})


async def follow(runtime: Runtime, openid: str, unionid: str | None = None) -> tuple[WeChatIdentity, str]:
    """Let somebody write to the official account; give who that is there, and the ticket in the answer."""
    async with work(runtime, SYSTEM) as current:
        identity = await identity_of(current, WeChatApp.OFFICIAL_ACCOUNT, ACCOUNT, WeChatPerson(openid, unionid))
        return identity, await issue_ticket(current, identity)


async def tied_to(identity: WeChatIdentity) -> str | None:
    """Give who a person of WeChat is with us."""
    return (await WeChatIdentity.get(id=identity.id)).staff_id


async def test_somebody_new_becomes_a_guest(
    runtime: Runtime, clock: FixedClock, mini_program: PlayedMiniProgram
) -> None:
    """One person, one identity, one session for a day; a guest holds no right and belongs nowhere."""
    code = a_code(mini_program, a_wechat_person("new"))
    signed_in = await sign_in(runtime, mini_program, SignIn(code, device=" 红米 " + "长" * 80))
    viewer = await authenticate(runtime, signed_in.token)
    assert (viewer.id, viewer.state, viewer.organisation_id) == (signed_in.staff_id, StaffState.GUEST, "")
    assert viewer.roles == viewer.reach == frozenset()
    assert not any(viewer.may(permission) for permission in Permission)
    session = await Session.get()
    assert (session.staff_id, session.kind, session.device) == (viewer.id, "SESSION", "红米 " + "长" * 37)
    assert session.expires_at == signed_in.expires_at == clock.wall() + timedelta(hours=24)
    assert await kinds_of(Staff, viewer.id) == ["STAFF_ARRIVED", "STAFF_SIGNED_IN"]
    assert {event.actor_id for event in await trail_of(Staff, viewer.id)} == {viewer.id}
    identity = await WeChatIdentity.get()
    assert (identity.app, identity.appid, identity.staff_id) == ("MINI_PROGRAM", mini_program.appid, viewer.id)
    assert openid_of(runtime.keyring, identity) == "openid-of-new"


async def test_the_same_person_comes_back(runtime: Runtime, mini_program: PlayedMiniProgram) -> None:
    """Whoever comes again is who they were, in a session of its own."""
    first, second = [await come_in(runtime, mini_program, a_wechat_person("same")) for _ in range(2)]
    other = await come_in(runtime, mini_program, a_wechat_person("other"))
    assert first.staff_id == second.staff_id != other.staff_id
    assert first.token != second.token
    assert await Staff.all().count() == 2
    for signed_in in (first, second):
        assert (await authenticate(runtime, signed_in.token)).id == first.staff_id


async def test_one_openid_in_two_apps_is_two_people(runtime: Runtime, mini_program: PlayedMiniProgram) -> None:
    """An openid says something within one app only."""
    first = await come_in(runtime, mini_program, a_wechat_person("same"))
    elsewhere = PlayedMiniProgram(appid="wx00000000000000cc")
    second = await come_in(runtime, elsewhere, a_wechat_person("same"))
    assert first.staff_id != second.staff_id


REFUSALS = {
    PlatformFailure.CODE_SPENT: "CODE_SPENT",
    PlatformFailure.PERSON_BLOCKED: "PERSON_BLOCKED",
    PlatformFailure.CONFIGURATION: "WECHAT_MISCONFIGURED",
}


@pytest.mark.parametrize("failure", list(PlatformFailure))
async def test_what_wechat_refuses(runtime: Runtime, mini_program: PlayedMiniProgram, failure: PlatformFailure) -> None:
    """Each failure is told in our words; nothing is written but that the code was taken there."""
    mini_program.failure = failure
    code = a_code(mini_program, a_wechat_person())
    async with refused(REFUSALS.get(failure, "WECHAT_BUSY"), besides=SPENT):
        await sign_in(runtime, mini_program, SignIn(code))
    mini_program.failure = None
    async with refused("CODE_SPENT"):
        await sign_in(runtime, mini_program, SignIn(code))
    assert mini_program.calls == ["code_to_session"]


@pytest.mark.parametrize("code", ["", "x" * 129, "登录", "a\nb", "\x00"])
async def test_what_cannot_be_a_code_is_not_asked_about(
    runtime: Runtime, mini_program: PlayedMiniProgram, code: str
) -> None:
    """A text that WeChat cannot have given is refused here."""
    async with refused("CODE_SPENT"):
        await sign_in(runtime, mini_program, SignIn(code))
    assert mini_program.calls == []


async def test_without_a_mini_program_nobody_comes_in(runtime: Runtime) -> None:
    """A deployment that has none says so."""
    async with refused("WECHAT_MISCONFIGURED"):
        await sign_in(runtime, None, SignIn("code"))


async def test_a_code_opens_one_session(runtime: Runtime) -> None:
    """The same code again, and twenty times at once, opens one session, whatever WeChat would say of it."""
    person = a_wechat_person()

    class Forgetful(PlayedMiniProgram):
        """A WeChat that takes every code as often as it comes."""

        async def code_to_session(self, code: str) -> WeChatPerson:
            self.calls.append(code)
            return person

    forgetful = Forgetful()
    await open_connections(20)
    ends = await asyncio.gather(
        *(sign_in(runtime, forgetful, SignIn("one-code")) for _ in range(20)), return_exceptions=True
    )
    errors = [end for end in ends if isinstance(end, BaseException)]
    assert [type(error) for error in errors] == [Refused] * 19
    assert {str(error) for error in errors} == {"CODE_SPENT"}
    assert await Session.all().count() == await Staff.all().count() == 1
    assert forgetful.calls == ["one-code"]


async def test_a_code_opens_one_session_in_two_processes(database: Database, tmp_path: Path) -> None:
    """Two processes that are sent the same code at once: one opens a session, the other refuses."""
    keyring = tmp_path / "keyring.json"
    Keyring.generate(keyring)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.accounts.sign_in_once", database.url, str(keyring), "one-code", seed),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for seed in ("one", "two")
    ]
    said = [await process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert sorted(out.decode().strip() for out, _ in said) == ["CODE_SPENT", "signed in"]
    assert await Session.all().count() == await Staff.all().count() == 1


async def test_somebody_new_is_made_once(runtime: Runtime, mini_program: PlayedMiniProgram) -> None:
    """Twenty phones of one new person at once, each with a code of its own: one guest with twenty sessions."""
    await open_connections(20)
    signed_in = await asyncio.gather(
        *(come_in(runtime, mini_program, a_wechat_person("new", unionid="union")) for _ in range(20))
    )
    [staff_id] = {one.staff_id for one in signed_in}
    assert await Staff.all().count() == await WeChatIdentity.all().count() == 1
    assert await Session.filter(staff_id=staff_id).count() == len({one.token for one in signed_in}) == 20
    assert (await kinds_of(Staff, staff_id)).count("STAFF_ARRIVED") == 1


@pytest.mark.parametrize("way", ["suspended", "left"])
async def test_whoever_was_cut_off_stays_outside(
    runtime: Runtime, mini_program: PlayedMiniProgram, admin: Viewer, a_viewer: MakeViewer, way: str
) -> None:
    """No session, no new guest in their place, no tie by ticket; and in again once reinstated."""
    person = a_wechat_person("gone", unionid="union")
    someone = await a_viewer("someone", Role.FIELD_STAFF, "partner")
    async with work(runtime, SYSTEM) as current:
        identity = await identity_of(current, WeChatApp.MINI_PROGRAM, mini_program.appid, person)
        identity.staff_id = someone.id
        await identity.save()
    if way == "suspended":
        await suspend_staff(runtime, admin, await a_change(someone.id))
    else:
        version = (await the_person(someone.id)).version
        await offboard_staff(runtime, admin, OffboardStaff(a_key(), someone.id, version, "离职"))
    _, ticket = await follow(runtime, "follower", "union")
    async with refused("ACCESS_ENDED", besides=SPENT):
        await come_in(runtime, mini_program, person, ticket)
    # Nor by another of our apps, which knows them by unionid.
    async with refused("ACCESS_ENDED", besides=SPENT):
        await come_in(
            runtime, PlayedMiniProgram(appid="wx00000000000000cc"), a_wechat_person("elsewhere", unionid="union")
        )
    await reinstate_staff(runtime, admin, await a_change(someone.id))
    assert (await come_in(runtime, mini_program, person)).staff_id == someone.id


async def test_the_unionid_ties_the_apps(runtime: Runtime, mini_program: PlayedMiniProgram) -> None:
    """Who is known to one app is the same person in another; who has no unionid, or another, is not."""
    first = await come_in(runtime, mini_program, a_wechat_person("one", unionid="union"))
    other = PlayedMiniProgram(appid="wx00000000000000cc")
    assert (await come_in(runtime, other, a_wechat_person("two", unionid="union"))).staff_id == first.staff_id
    for person in (a_wechat_person("three", unionid="another"), a_wechat_person("four")):
        assert (await come_in(runtime, other, person)).staff_id != first.staff_id


async def test_a_unionid_that_is_told_later_is_kept(runtime: Runtime, mini_program: PlayedMiniProgram) -> None:
    """An app that joined the open platform later: the person stays who they were, and is found by it from then on."""
    first = await come_in(runtime, mini_program, a_wechat_person("one"))
    await come_in(runtime, mini_program, a_wechat_person("one", unionid="union"))
    other = PlayedMiniProgram(appid="wx00000000000000cc")
    assert (await come_in(runtime, other, a_wechat_person("two", unionid="union"))).staff_id == first.staff_id


async def test_a_ticket_ties_the_follower(runtime: Runtime, clock: FixedClock, mini_program: PlayedMiniProgram) -> None:
    """Whoever comes in by the official account's link is the one who asked for it, to the last second."""
    follower, ticket = await follow(runtime, "follower")
    clock.advance(30 * 60 - 1)
    signed_in = await come_in(runtime, mini_program, a_wechat_person(), ticket)
    assert await tied_to(follower) == signed_in.staff_id
    found = await identity_for(signed_in.staff_id, WeChatApp.OFFICIAL_ACCOUNT, ACCOUNT)
    assert found is not None
    assert openid_of(runtime.keyring, found) == "follower"
    assert (await DoorTicket.get()).spent_at == clock.wall()


async def test_a_ticket_ties_once(runtime: Runtime, mini_program: PlayedMiniProgram) -> None:
    """A link that was passed on ties nobody else; whoever brings it comes in all the same."""
    follower, ticket = await follow(runtime, "follower")
    first = await come_in(runtime, mini_program, a_wechat_person(), ticket)
    second = await come_in(runtime, mini_program, a_wechat_person(), ticket)
    assert first.staff_id != second.staff_id
    assert await tied_to(follower) == first.staff_id
    assert await identity_for(second.staff_id, WeChatApp.OFFICIAL_ACCOUNT, ACCOUNT) is None


async def test_a_ticket_ties_once_under_a_race(runtime: Runtime, mini_program: PlayedMiniProgram) -> None:
    """Ten who bring one ticket at once all come in, and exactly one of them is the follower."""
    follower, ticket = await follow(runtime, "follower")
    await open_connections(10)
    signed_in = await asyncio.gather(*(come_in(runtime, mini_program, a_wechat_person(), ticket) for _ in range(10)))
    assert len({one.staff_id for one in signed_in}) == 10
    assert await tied_to(follower) in {one.staff_id for one in signed_in}
    assert await WeChatIdentity.filter(app=WeChatApp.OFFICIAL_ACCOUNT).count() == 1


async def test_tickets_that_tie_nobody(runtime: Runtime, clock: FixedClock, mini_program: PlayedMiniProgram) -> None:
    """Unknown, too old, somebody else's by unionid, of a follower who is tied, for somebody who has a follower."""
    _, stale = await follow(runtime, "stale")
    clock.advance(30 * 60)
    foreign, foreign_ticket = await follow(runtime, "foreign", "union of another")
    tied, ticket = await follow(runtime, "tied")
    has_one = a_wechat_person("has one")
    owner = await come_in(runtime, mini_program, has_one, ticket)
    _, again = await follow(runtime, "tied")
    unused, second = await follow(runtime, "second account of has one")
    cases = {
        stale: a_wechat_person(),
        "": a_wechat_person(),
        "x" * 400: a_wechat_person(),
        foreign_ticket: a_wechat_person(unionid="union"),
        again: a_wechat_person(),
        second: has_one,
    }
    for brought, person in cases.items():
        signed_in = await come_in(runtime, mini_program, person, brought)
        assert (await authenticate(runtime, signed_in.token)).id == signed_in.staff_id
    assert await WeChatIdentity.filter(app=WeChatApp.OFFICIAL_ACCOUNT, staff_id__not_isnull=True).count() == 1
    assert (await tied_to(tied), await tied_to(foreign), await tied_to(unused)) == (owner.staff_id, None, None)


async def test_what_identifies_somebody_stands_nowhere_in_clear(
    runtime: Runtime, mini_program: PlayedMiniProgram
) -> None:
    """Openid, unionid, code, ticket and token are hashed, indexed blindly or sealed; inputs and answers hide them."""
    _, ticket = await follow(runtime, "follower-canary", "union-canary")
    person = a_wechat_person("canary", unionid="union-canary")
    command = SignIn(a_code(mini_program, person), ticket)
    signed_in = await sign_in(runtime, mini_program, command)
    told = repr(await everything_in_database()) + repr(command) + repr(signed_in) + repr(person)
    secrets = ("canary", command.code, ticket, signed_in.token)
    assert [secret for secret in secrets if secret in told] == []
    assert await SpentCode.all().count() == 1
    assert await Event.filter(kind="STAFF_SIGNED_IN").count() == 1
