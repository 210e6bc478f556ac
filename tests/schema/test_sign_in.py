"""`signIn`: a code of WeChat becomes a token that works at once."""

from __future__ import annotations

import logging
from typing import Final

import pytest
import structlog

from backend.accounts import StaffState
from backend.accounts.models import Session, Staff
from backend.wechat import PlatformFailure
from tests.builders.api import Api, nothing_written
from tests.builders.people import a_code, a_wechat_person
from tests.schema.mutations import CHINESE, assert_refused

SIGN_IN: Final = "SignIn"


async def test_the_token_works_at_once(api: Api) -> None:
    """Somebody new is a guest; coming again they are the same person with another session."""
    nobody, person = api.with_token(None), a_wechat_person()
    seen: set[tuple[str, str]] = set()
    for device in ("iPhone 15", "Mate 60"):
        code = a_code(api.mini_program, person)
        opened = (await nobody.call(SIGN_IN, input={"code": code, "device": device})).value
        assert opened["userErrors"] == []
        client = api.with_token(opened["token"])
        me = (await client.call("Me")).value
        assert (me["state"], me["stage"], me["permissions"], me["organisationId"]) == ("GUEST", "JOINING", [], None)
        current = next(item for item in (await client.call("Sessions")).value if item["isCurrent"])
        assert (current["device"], current["expiresAt"]) == (device, opened["expiresAt"])
        seen.add((me["id"], opened["token"]))
    assert len({staff_id for staff_id, _ in seen}) == 1
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (PlatformFailure.CODE_SPENT, "CODE_SPENT"),
        (PlatformFailure.PERSON_BLOCKED, "PERSON_BLOCKED"),
        (PlatformFailure.CONFIGURATION, "WECHAT_MISCONFIGURED"),
        (PlatformFailure.BUSY, "WECHAT_BUSY"),
    ],
)
async def test_what_wechat_refuses_is_told(api: Api, failure: PlatformFailure, code: str) -> None:
    """No session, nobody new; the code is spent whatever the answer is."""
    api.mini_program.failure = failure
    sent = a_code(api.mini_program, a_wechat_person())
    nobody = api.with_token(None)
    (error,) = (await nobody.call(SIGN_IN, input={"code": sent})).user_errors
    assert (error["code"], error["path"]) == (code, ["input", "code"])
    assert CHINESE.search(error["message"])
    assert not await Session.exists()
    assert not await Staff.exists()
    api.mini_program.failure = None
    await assert_refused(nobody.call(SIGN_IN, input={"code": sent}), ("CODE_SPENT", "code"))


@pytest.mark.parametrize("code", ["", "x" * 129, "\u0000", "密码"])
async def test_what_is_no_code_is_not_taken_to_wechat(api: Api, code: str) -> None:
    """Refused before anything is written."""
    await assert_refused(api.with_token(None).call(SIGN_IN, input={"code": code}), ("CODE_SPENT", "code"))
    assert api.mini_program.calls == []


@pytest.mark.parametrize("state", [StaffState.SUSPENDED, StaffState.LEFT])
async def test_whoever_was_cut_off_is_not_let_in(api: Api, state: StaffState) -> None:
    """Told so, and nothing else."""
    nobody, person = api.with_token(None), a_wechat_person()
    await nobody.call(SIGN_IN, input={"code": a_code(api.mini_program, person)})
    await Staff.all().update(state=state)
    (error,) = (await nobody.call(SIGN_IN, input={"code": a_code(api.mini_program, person)})).user_errors
    assert (error["code"], error["path"]) == ("ACCESS_ENDED", ["input"])
    assert await Session.all().count() == 1


async def test_nothing_secret_is_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the code, nor the person's openid, nor the token: not when it works, not when it fails."""
    person, nobody = a_wechat_person("canary"), api.with_token(None)
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logged:
        code = a_code(api.mini_program, person)
        opened = (await nobody.call(SIGN_IN, input={"code": code})).value
        api.mini_program.failure = PlatformFailure.BUSY
        failed = a_code(api.mini_program, person)
        assert (await nobody.call(SIGN_IN, input={"code": failed})).user_errors
    everything = f"{logged} {caplog.text}"
    for secret in (code, failed, person.openid, opened["token"]):
        assert secret not in everything


async def test_a_bad_credential_beside_it_is_refused(api: Api) -> None:
    """Whoever sends a token that does not hold is told that first."""
    code = a_code(api.mini_program, a_wechat_person())
    async with nothing_written():
        answer = await api.with_token(f"ssm_s_{'A' * 43}").call(SIGN_IN, input={"code": code})
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
