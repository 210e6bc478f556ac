"""Access tokens of both kinds: how long they hold, what throws them out, and how a call refuses them."""

from typing import Any

import pytest

from tests.sandbox.platform import ACCOUNT, MINI, SECRETS, Platform
from tests.sandbox.provider import Wall

CREDENTIALS = {"grant_type": "client_credential", "appid": ACCOUNT, "secret": SECRETS[ACCOUNT]}


async def plain_token(platform: Platform) -> dict[str, Any]:
    """Ask for a token of the kind that throws out the one before."""
    return await platform.get("/cgi-bin/token", **CREDENTIALS)


async def refusal(platform: Platform, token: str | None) -> int:
    """Call under a token and give the errcode; 0 when it passes."""
    query = {} if token is None else {"access_token": token}
    answer = await platform.get("/cgi-bin/getcallbackip", **query)
    return 0 if answer == {"ip_list": ["127.0.0.1"]} else int(answer["errcode"])


async def test_a_stable_token_is_the_same_while_it_holds(platform: Platform, wall: Wall) -> None:
    """As long as may be, with the seconds it has left; the business clock does not age it."""
    first = await platform.stable_token()
    assert (len(first["access_token"]), first["expires_in"]) == (512, 7200)
    await platform.order("clock", advance_seconds=86_400)
    wall.now += 6899
    assert await platform.stable_token() == {**first, "expires_in": 301}


async def test_a_stable_token_is_renewed_in_its_last_five_minutes(platform: Platform, wall: Wall) -> None:
    """The old one passes to its end, beside the new one."""
    old = await platform.access(ACCOUNT)
    wall.now += 6900
    renewed = await platform.stable_token(ACCOUNT)
    assert renewed["expires_in"] == 7200
    assert renewed["access_token"] != old
    assert await refusal(platform, old) == 0
    assert await refusal(platform, renewed["access_token"]) == 0
    wall.now += 300
    assert await refusal(platform, old) == 42001
    assert await refusal(platform, renewed["access_token"]) == 0


async def test_forcing_makes_a_new_stable_token_at_once(platform: Platform) -> None:
    """The one before is void from that moment."""
    old = await platform.access(ACCOUNT)
    new = (await platform.stable_token(ACCOUNT, force_refresh=True))["access_token"]
    assert await refusal(platform, old) == 40001
    assert await refusal(platform, new) == 0
    assert await platform.access(ACCOUNT) == new


async def test_forcing_is_limited(platform: Platform, wall: Wall) -> None:
    """Half a minute apart and twenty a day, for each app; what is refused changes nothing."""
    for _ in range(20):
        assert "access_token" in await platform.stable_token(force_refresh=True)
        last = await platform.access()
        assert (await platform.stable_token(force_refresh=True))["errcode"] == 45011
        assert await platform.access() == last
        wall.now += 30
    assert (await platform.stable_token(force_refresh=True))["errcode"] == 45009
    assert "access_token" in await platform.stable_token(ACCOUNT, force_refresh=True)
    wall.now += 86_400
    assert "access_token" in await platform.stable_token(force_refresh=True)


async def test_each_plain_token_throws_out_the_one_before(platform: Platform, wall: Wall) -> None:
    """After five minutes in which both pass."""
    first, second = [(await plain_token(platform))["access_token"] for _ in range(2)]
    assert first != second
    wall.now += 299
    assert [await refusal(platform, token) for token in (first, second)] == [0, 0]
    wall.now += 1
    assert [await refusal(platform, token) for token in (first, second)] == [40001, 0]
    wall.now += 6900
    assert await refusal(platform, second) == 42001


async def test_the_two_kinds_are_isolated(platform: Platform, wall: Wall) -> None:
    """Neither throws out the other."""
    stable = await platform.access(ACCOUNT)
    plain = (await plain_token(platform))["access_token"]
    await platform.stable_token(ACCOUNT, force_refresh=True)
    await plain_token(platform)
    wall.now += 200
    assert await refusal(platform, plain) == 0
    assert await refusal(platform, stable) == 40001


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"grant_type": ""}, 40002),
        ({"grant_type": "authorization_code"}, 40002),
        ({"appid": ""}, 41002),
        ({"appid": "wxffffffffffffffff"}, 40013),
        ({"secret": ""}, 41004),
        ({"secret": "0" * 32}, 40125),
    ],
)
async def test_wrong_credentials_get_no_token(platform: Platform, changes: dict[str, str], errcode: int) -> None:
    """Of either kind."""
    sent = {name: value for name, value in {**CREDENTIALS, **changes}.items() if value}
    assert (await platform.post("/cgi-bin/stable_token", sent))["errcode"] == errcode
    assert (await platform.get("/cgi-bin/token", **sent))["errcode"] == errcode


@pytest.mark.parametrize(("sent", "errcode"), [([], 47001), ({"grant_type": 1}, 47001)])
async def test_a_stable_token_is_asked_for_in_json(platform: Platform, sent: object, errcode: int) -> None:
    """An object of texts."""
    assert (await platform.post("/cgi-bin/stable_token", sent))["errcode"] == errcode


@pytest.mark.parametrize(("body", "errcode"), [(b"", 44004), (b"{", 47001), (b"\xff", 47001), (b" " * 70_000, 45002)])
async def test_a_body_that_is_no_small_json_is_refused(platform: Platform, body: bytes, errcode: int) -> None:
    """Still with HTTP 200."""
    for path in ("/cgi-bin/stable_token", "/cgi-bin/message/subscribe/send"):
        answer = await platform.http.post(path, content=body, params={"access_token": await platform.access()})
        assert (answer.status_code, answer.json()["errcode"]) == (200, errcode)


async def test_a_token_that_is_none_is_refused(platform: Platform) -> None:
    """Absent, malformed, unknown, bent, or of an app that is no official account."""
    token = await platform.access(ACCOUNT)
    assert await refusal(platform, token) == 0
    bent = token[:-1] + ("A" if token[-1] != "A" else "B")
    unknown = "999" + token[1:-2]
    for wrong, errcode in (
        (None, 41001),
        ("", 41001),
        ("short", 40014),
        (token + "A", 40014),
        ("é" * 512, 40014),
        (bent, 40001),
        (unknown, 40001),
        (await platform.access(MINI), 48001),
    ):
        assert await refusal(platform, wrong) == errcode
