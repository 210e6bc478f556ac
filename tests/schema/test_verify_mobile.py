"""`verifyMobile`: the number that WeChat vouches for."""

from __future__ import annotations

from typing import Final

import pytest

from backend.accounts import Viewer
from backend.wechat import PlatformFailure
from tests.builders.api import Api, a_key, nothing_written
from tests.schema.mutations import assert_refused

VERIFY: Final = "VerifyMobile"


async def test_the_number_is_kept_and_shown_masked(api: Api, clerk: Viewer) -> None:
    """The same call again, its answer lost, is answered alike and asks WeChat nothing."""
    client, key = await api.client(clerk), a_key()
    api.mini_program.phones["phone-code"] = "+86 138-0013-8000"
    me = (await client.change(VERIFY, idempotencyKey=key, code="phone-code")).changed
    assert me["mobile"] == "138****8000"
    assert me["mobileVerifiedAt"] is not None
    async with nothing_written():
        assert (await client.change(VERIFY, idempotencyKey=key, code="phone-code")).changed == me
    assert api.mini_program.calls == ["phone_number"]
    await assert_refused(client.change(VERIFY, code="phone-code"), ("CODE_SPENT", "code"))


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (PlatformFailure.CODE_SPENT, "CODE_SPENT"),
        (PlatformFailure.CONFIGURATION, "WECHAT_MISCONFIGURED"),
        (PlatformFailure.BUSY, "WECHAT_BUSY"),
    ],
)
async def test_what_wechat_refuses_is_told(api: Api, clerk: Viewer, failure: PlatformFailure, code: str) -> None:
    """At the code, and the person stays as they were."""
    client = await api.client(clerk)
    before = (await client.call("Me")).value
    api.mini_program.failure = failure
    (error,) = (await client.change(VERIFY, code="phone-code")).user_errors
    assert (error["code"], error["path"]) == (code, ["input", "code"])
    assert (await client.call("Me")).value == before


async def test_a_number_from_elsewhere_is_to_be_typed(api: Api, clerk: Viewer) -> None:
    """Only mainland numbers are kept."""
    api.mini_program.phones["phone-code"] = "+852 5123 4567"
    (error,) = (await (await api.client(clerk)).change(VERIFY, code="phone-code")).user_errors
    assert (error["code"], error["path"]) == ("MOBILE_INVALID", ["input", "code"])
    assert "5123" not in str(error)
