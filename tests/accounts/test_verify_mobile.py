"""verifyMobile: the number that WeChat vouches for."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from backend.accounts import VerifyMobile, Viewer, suspend_staff, verify_mobile
from backend.accounts.models import SpentCode, Staff
from backend.foundation.refusal import Refused
from backend.foundation.runtime import Runtime
from backend.wechat import PlatformFailure
from tests.builders.applications import a_key, refused
from tests.builders.everything import everything_in_database
from tests.builders.mini_program import PlayedMiniProgram
from tests.builders.people import MOBILE, a_change, body_of, the_person, trail_of

SPENT = frozenset({"spent_code"})


async def test_the_number_is_kept_sealed(runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer) -> None:
    """It stands masked and sealed, is said to be vouched for, and is nowhere in clear."""
    mini_program.phones["phone-code"] = f"+86 {MOBILE}"
    before = await the_person(guest.id)
    command = VerifyMobile(a_key(), "phone-code")
    assert await verify_mobile(runtime, mini_program, guest, command) == guest.id
    person = await the_person(guest.id)
    assert (person.mobile_mask, person.mobile_verified_at) == ("138****8000", runtime.clock.now())
    assert person.version == before.version + 1
    assert body_of((await trail_of(Staff, guest.id))[-1]) == {"mobile": "138****8000"}
    told = repr(await everything_in_database()) + repr(command)
    assert [secret for secret in (MOBILE, "phone-code") if secret in told] == []


async def test_the_same_call_again_is_the_same_call(
    runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer
) -> None:
    """A call whose answer was lost is answered without another look at WeChat; the code under another key is spent."""
    mini_program.phones["phone-code"] = MOBILE
    command = VerifyMobile(a_key(), "phone-code")
    await verify_mobile(runtime, mini_program, guest, command)
    before = await everything_in_database()
    assert await verify_mobile(runtime, mini_program, guest, command) == guest.id
    assert await everything_in_database() == before
    async with refused("CODE_SPENT"):
        await verify_mobile(runtime, mini_program, guest, VerifyMobile(a_key(), "phone-code"))
    async with refused("IdempotencyKeyReused", besides=SPENT):
        mini_program.phones["another"] = MOBILE
        await verify_mobile(runtime, mini_program, guest, replace(command, code="another"))
    assert mini_program.calls == ["code_to_session", "phone_number", "phone_number"]


REFUSALS = {
    PlatformFailure.CODE_SPENT: "CODE_SPENT",
    PlatformFailure.PERSON_BLOCKED: "PERSON_BLOCKED",
    PlatformFailure.CONFIGURATION: "WECHAT_MISCONFIGURED",
}


@pytest.mark.parametrize("failure", list(PlatformFailure))
async def test_what_wechat_refuses(
    runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer, failure: PlatformFailure
) -> None:
    """Each failure is told in our words; nothing is written but that the code was taken there."""
    mini_program.failure = failure
    async with refused(REFUSALS.get(failure, "WECHAT_BUSY"), besides=SPENT):
        await verify_mobile(runtime, mini_program, guest, VerifyMobile(a_key(), "phone-code"))


@pytest.mark.parametrize("number", ["", "+852 61234567", "12800138000", "1380013800", "+1 13800138000", "138001380001"])
async def test_a_number_that_is_not_of_the_mainland(
    runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer, number: str
) -> None:
    """Nobody could call it: one is to be typed."""
    mini_program.phones["phone-code"] = number
    async with refused("MOBILE_INVALID", besides=SPENT):
        await verify_mobile(runtime, mini_program, guest, VerifyMobile(a_key(), "phone-code"))


async def test_a_login_code_is_no_phone_code(runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer) -> None:
    """The two kinds of codes are spent apart: one text can be both."""
    mini_program.phones["code"] = MOBILE
    await verify_mobile(runtime, mini_program, guest, VerifyMobile(a_key(), "code"))
    assert await SpentCode.all().count() == 2
    async with refused("WECHAT_MISCONFIGURED"):
        await verify_mobile(runtime, None, guest, VerifyMobile(a_key(), "other"))


async def test_one_code_at_once_is_asked_once(runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer) -> None:
    """Two taps with one code: one call to WeChat, one fact."""
    mini_program.phones["phone-code"] = MOBILE
    ends = await asyncio.gather(
        *(verify_mobile(runtime, mini_program, guest, VerifyMobile(a_key(), "phone-code")) for _ in range(5)),
        return_exceptions=True,
    )
    assert sorted(str(end) for end in ends if isinstance(end, Refused)) == ["CODE_SPENT"] * 4
    assert mini_program.calls.count("phone_number") == 1
    assert [event.kind for event in await trail_of(Staff, guest.id)].count("STAFF_MOBILE_VERIFIED") == 1


async def test_whoever_is_cut_off_meanwhile_keeps_nothing(
    runtime: Runtime, mini_program: PlayedMiniProgram, clerk: Viewer, admin: Viewer
) -> None:
    """Suspended while WeChat was asked: nothing of the call is written."""
    await suspend_staff(runtime, admin, await a_change(clerk.id))
    mini_program.phones["phone-code"] = MOBILE
    async with refused("SessionInvalid", besides=SPENT):
        await verify_mobile(runtime, mini_program, clerk, VerifyMobile(a_key(), "phone-code"))
