"""Login and phone number: the codes of a phone, and what they are exchanged for."""

import base64
import re

import pytest

from tests.sandbox.platform import ACCOUNT, MINI, SECRETS, Platform
from tests.sandbox.provider import Wall

PHONE = "/wxa/business/getuserphonenumber"


async def phone_code(platform: Platform, person: str = "lin", **order: str) -> str:
    """Do what the getPhoneNumber button does."""
    return str(
        (await platform.order(f"people/{person}/phone", **{"appid": MINI, "phone": "13800138000", **order}))["code"]
    )


async def exchange(platform: Platform, code: str) -> dict[str, object]:
    """Exchange a phone code."""
    return await platform.post(PHONE, {"code": code}, access_token=await platform.access())


async def test_a_login_code_gives_who_somebody_is(platform: Platform) -> None:
    """An openid that looks as the real ones do, the unionid, and a key of sixteen bytes."""
    answer = await platform.login(await platform.login_code())
    assert answer.keys() == {"openid", "unionid", "session_key"}
    assert re.fullmatch(r"o[A-Za-z0-9_-]{27}", answer["openid"])
    assert re.fullmatch(r"o[A-Za-z0-9_-]{27}", answer["unionid"])
    assert answer["openid"] != answer["unionid"]
    assert len(base64.b64decode(answer["session_key"], validate=True)) == 16


async def test_a_person_is_the_same_at_every_login_and_no_other(platform: Platform) -> None:
    """One openid and unionid each, while the session key is another every time."""
    first, again, other = [await platform.login(await platform.login_code(name)) for name in ("lin", "lin", "wang")]
    assert (first["openid"], first["unionid"]) == (again["openid"], again["unionid"])
    assert first["session_key"] != again["session_key"]
    assert first["openid"] != other["openid"]
    assert first["unionid"] != other["unionid"]


async def test_an_app_outside_the_open_platform_gets_no_unionid(platform: Platform) -> None:
    """The binding is a setting of the app."""
    await platform.order(f"apps/{MINI}/settings", bound=False)
    assert "unionid" not in await platform.login(await platform.login_code())


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"appid": ""}, 41002),
        ({"appid": "wxffffffffffffffff"}, 40013),
        ({"appid": ACCOUNT, "secret": SECRETS[ACCOUNT]}, 40013),
        ({"secret": ""}, 41004),
        ({"secret": "0" * 32}, 40125),
        ({"grant_type": ""}, 40002),
        ({"grant_type": "client_credential"}, 40002),
        ({"js_code": ""}, 41008),
        ({"js_code": "unknown"}, 40029),
    ],
)
async def test_a_login_that_is_wrong_is_refused(platform: Platform, changes: dict[str, str], errcode: int) -> None:
    """By its errcode, and the code stays good."""
    code = await platform.login_code()
    answer = await platform.login(code, **changes)
    assert answer["errcode"] == errcode
    assert re.search(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$", answer["errmsg"])
    assert "openid" in await platform.login(code)


async def test_a_login_code_is_good_once(platform: Platform) -> None:
    """The second exchange is a double tap."""
    code = await platform.login_code()
    assert "openid" in await platform.login(code)
    assert (await platform.login(code))["errcode"] == 40163


async def test_a_code_is_good_for_five_minutes_of_the_wire_clock(platform: Platform, wall: Wall) -> None:
    """Moving the business clock does not age a code."""
    old, older = await platform.login_code(), await platform.login_code()
    await platform.order("clock", advance_seconds=86_400)
    wall.now += 300
    assert "openid" in await platform.login(old)
    wall.now += 1
    assert (await platform.login(older))["errcode"] == 40029


async def test_a_person_of_high_risk_cannot_log_in(platform: Platform) -> None:
    """Until the platform thinks otherwise; others can."""
    await platform.order("people/lin/block", kind="high_risk")
    assert (await platform.login(await platform.login_code()))["errcode"] == 40226
    assert "openid" in await platform.login(await platform.login_code("wang"))
    await platform.order("people/lin/block", kind="none")
    assert "openid" in await platform.login(await platform.login_code())


async def test_a_person_logs_in_a_hundred_times_a_minute(platform: Platform, wall: Wall) -> None:
    """The next one is over the quota; a minute later it is not."""
    for _ in range(100):
        assert "openid" in await platform.login(await platform.login_code())
    assert (await platform.login(await platform.login_code()))["errcode"] == 45011
    assert "openid" in await platform.login(await platform.login_code("wang"))
    wall.now += 60
    assert "openid" in await platform.login(await platform.login_code())


@pytest.mark.parametrize(
    ("order", "info"),
    [
        ({"phone": "13800138000"}, ("13800138000", "13800138000", 86)),
        ({"phone": "91234567", "country_code": "852"}, ("+85291234567", "91234567", 852)),
    ],
)
async def test_a_phone_code_gives_the_number(
    platform: Platform, order: dict[str, str], info: tuple[str, str, int]
) -> None:
    """With its area code when it is foreign, and a watermark of the app."""
    answer = await exchange(platform, await phone_code(platform, **order))
    assert answer["phone_info"] == {
        "phoneNumber": info[0],
        "purePhoneNumber": info[1],
        "countryCode": info[2],
        "watermark": {"timestamp": int(platform.wall.now), "appid": MINI},
    }
    assert answer["errcode"] == 0


async def test_a_phone_code_is_good_once_and_for_five_minutes(platform: Platform, wall: Wall) -> None:
    """Here a code that was used is answered as one that never was."""
    code, late = await phone_code(platform), await phone_code(platform)
    assert (await exchange(platform, code))["errcode"] == 0
    assert (await exchange(platform, code))["errcode"] == 40029
    wall.now += 301
    assert (await exchange(platform, late))["errcode"] == 40029


async def test_the_two_codes_are_not_exchanged_for_each_other(platform: Platform) -> None:
    """A very common mistake; both codes stay good for what they are."""
    login, phone = await platform.login_code(), await phone_code(platform)
    assert (await platform.login(phone))["errcode"] == 40029
    assert (await exchange(platform, login))["errcode"] == 40029
    assert "openid" in await platform.login(login)
    assert (await exchange(platform, phone))["errcode"] == 0


async def test_a_code_of_another_app_is_none(platform: Platform) -> None:
    """Codes belong to the app that asked for them."""
    other = "wx00000000000000c3"
    await platform.order("apps", kind="mini_program", appid=other, secret="c" * 32)
    code = await platform.login_code()
    assert (await platform.login(code, appid=other, secret="c" * 32))["errcode"] == 40029
    assert "openid" in await platform.login(code)


@pytest.mark.parametrize(
    ("sent", "errcode"),
    [({}, 41008), ({"code": None}, 41008), ({"code": 7}, 47001), ({"code": "x"}, 40029), ([], 47001), ("x", 47001)],
)
async def test_a_phone_call_that_is_wrong_is_refused(platform: Platform, sent: object, errcode: int) -> None:
    """By its errcode."""
    assert (await platform.post(PHONE, sent, access_token=await platform.access()))["errcode"] == errcode
