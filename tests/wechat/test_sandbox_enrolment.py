"""Exchanging keys with the sandbox's merchant console."""

from __future__ import annotations

import stat
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backend.wechat import (
    MINI_PROGRAM_FILE,
    OFFICIAL_ACCOUNT_FILE,
    PayCredentials,
    PushMode,
    SandboxError,
    enrol,
    enrol_apps,
    fetch_clock_offset,
    load_app_credentials,
    load_robot_key,
    load_sms_secret,
    set_push_url,
)
from backend.wechat.credentials import load_public_key
from tests.wechat.provider import PUBLIC_KEY_ID, Provider

MCHID = "1900013511"


@pytest.fixture
def console(provider: Provider) -> Provider:
    """Give a console that answers an enrolment."""
    pem = provider.platform_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    answer = {"public_key_id": PUBLIC_KEY_ID, "public_key_pem": pem.decode()}
    provider.answer(200, orjson.dumps(answer), signed_by=None)
    return provider


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Give what each file holds and when it was written."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def modes(folder: Path) -> set[int]:
    """Give the permissions of the folder and of its files."""
    return {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}


async def test_enrolling_makes_usable_credentials(console: Provider, tmp_path: Path) -> None:
    """Keys are made, told to the console and stored for us alone; loading them gives the same."""
    folder = tmp_path / "keys" / "pay"
    credentials = await enrol(console.url + "/", folder, mchid=MCHID)
    assert credentials.mchid == MCHID
    assert credentials.public_key_id == PUBLIC_KEY_ID
    assert credentials.private_key.key_size == 2048
    assert len(credentials.serial_no) == 40
    assert credentials.serial_no == credentials.serial_no.upper()
    assert len(credentials.api_v3_key) == 32

    (sent,) = console.received
    assert (sent.method, sent.target) == ("POST", "/_sandbox/merchants")
    told = orjson.loads(sent.body)
    assert told.keys() == {"mchid", "serial_no", "public_key_pem", "api_v3_key"}
    told_key = load_public_key(told["public_key_pem"].encode())
    assert told_key.public_numbers() == credentials.private_key.public_key().public_numbers()
    assert (told["mchid"], told["serial_no"], told["api_v3_key"]) == (
        MCHID,
        credentials.serial_no,
        credentials.api_v3_key,
    )
    assert contents(folder).keys() == {"merchant.json", "merchant_key.pem", "wechatpay_public_key.pem"}
    assert modes(folder) == {0o700, 0o600}
    assert PayCredentials.load(folder).serial_no == credentials.serial_no


async def test_enrolling_again_changes_nothing(console: Provider, tmp_path: Path) -> None:
    """The second time tells the console the same and leaves every file as it was, untouched."""
    await enrol(console.url, tmp_path, mchid=MCHID)
    before = contents(tmp_path)
    await enrol(console.url, tmp_path, mchid=MCHID)
    assert contents(tmp_path) == before
    first, second = console.received
    assert first.body == second.body


async def test_an_interrupted_enrolment_is_taken_up(console: Provider, tmp_path: Path) -> None:
    """A console that fails leaves our half in place, and the next try uses the same keys."""
    good = console.reply
    console.answer(503, b"", signed_by=None)
    with pytest.raises(SandboxError, match="503"):
        await enrol(console.url, tmp_path, mchid=MCHID)
    console.reply = good
    credentials = await enrol(console.url, tmp_path, mchid=MCHID)
    failed, done = console.received
    assert failed.body == done.body
    assert orjson.loads(done.body)["serial_no"] == credentials.serial_no


async def test_another_merchant_is_refused(console: Provider, tmp_path: Path) -> None:
    """A folder belongs to one merchant id; nothing in it changes and nothing is sent."""
    await enrol(console.url, tmp_path, mchid=MCHID)
    before = contents(tmp_path)
    with pytest.raises(SandboxError, match="another merchant"):
        await enrol(console.url, tmp_path, mchid="1900000109")
    assert contents(tmp_path) == before
    assert len(console.received) == 1


async def test_a_damaged_key_is_refused_and_kept(console: Provider, tmp_path: Path) -> None:
    """A key that cannot be read is a person's matter, not to be written over."""
    (tmp_path / "merchant_key.pem").write_bytes(b"damaged")
    with pytest.raises(SandboxError, match=r"merchant_key\.pem"):
        await enrol(console.url, tmp_path, mchid=MCHID)
    assert (tmp_path / "merchant_key.pem").read_bytes() == b"damaged"
    assert console.received == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"public_key_id":"PUB_KEY_ID_1","public_key_pem":"rubbish"}', b'{"public_key_id":7}'],
)
async def test_an_answer_without_a_key_is_refused(provider: Provider, tmp_path: Path, body: bytes) -> None:
    """Nothing is stored as WeChat Pay's key that is none."""
    provider.answer(200, body, signed_by=None)
    with pytest.raises(SandboxError):
        await enrol(provider.url, tmp_path, mchid=MCHID)
    assert not (tmp_path / "wechatpay_public_key.pem").exists()


@pytest.mark.parametrize(
    ("body", "offset_seconds"), [(b'{"offset_seconds":0}', 0.0), (b'{"offset_seconds":90.5}', 90.5)]
)
async def test_the_clock_offset_is_read(provider: Provider, body: bytes, offset_seconds: float) -> None:
    """A number, whole or not."""
    provider.answer(200, body, signed_by=None)
    assert await fetch_clock_offset(provider.url) == offset_seconds
    assert (provider.received[0].method, provider.received[0].target) == ("GET", "/_sandbox/clock")


@pytest.mark.parametrize(("status", "body"), [(500, b"{}"), (200, b"{}"), (200, b'{"offset_seconds":true}')])
async def test_a_clock_that_tells_nothing_is_refused(provider: Provider, status: int, body: bytes) -> None:
    """No time is better than a wrong one."""
    provider.answer(status, body, signed_by=None)
    with pytest.raises(SandboxError):
        await fetch_clock_offset(provider.url)


async def test_enrolling_the_apps_makes_usable_credentials(console: Provider, tmp_path: Path) -> None:
    """Every secret is made, stored for us alone and told to the sandbox."""
    folder = tmp_path / "keys" / "apps"
    await enrol_apps(console.url + "/", folder)
    mini, account = (load_app_credentials(folder, name) for name in (MINI_PROGRAM_FILE, OFFICIAL_ACCOUNT_FILE))
    assert mini is not None
    assert account is not None
    assert [(sent.method, sent.target, orjson.loads(sent.body)) for sent in console.received] == [
        ("POST", "/_sandbox/apps", {"kind": "mini_program", **asdict(mini)}),
        ("POST", "/_sandbox/apps", {"kind": "official_account", **asdict(account)}),
        ("POST", "/_sandbox/robots", {"key": load_robot_key(folder), "name": "进件提醒"}),
        ("POST", "/_sandbox/sms", {"secret": load_sms_secret(folder)}),
    ]
    assert None not in {*asdict(mini).values(), *asdict(account).values()}
    assert not {*asdict(mini).values()} & {*asdict(account).values()}
    assert contents(folder).keys() == {"mini_program.json", "official_account.json", "robot.json", "sms.json"}
    assert modes(folder) == {0o700, 0o600}


async def test_enrolling_the_apps_again_changes_nothing(console: Provider, tmp_path: Path) -> None:
    """Also after a sandbox that failed: what was made is kept and told again."""
    good = console.reply
    console.answer(503, b"", signed_by=None)
    with pytest.raises(SandboxError, match="503"):
        await enrol_apps(console.url, tmp_path)
    before = contents(tmp_path)
    console.reply = good
    await enrol_apps(console.url, tmp_path)
    await enrol_apps(console.url, tmp_path)
    assert contents(tmp_path) == before
    bodies = [sent.body for sent in console.received]
    assert bodies[0] == bodies[1]
    assert bodies[1:5] == bodies[5:9]


async def test_a_damaged_app_is_refused_and_kept(console: Provider, tmp_path: Path) -> None:
    """A file that cannot be used is a person's matter, and the sandbox hears of nothing."""
    (tmp_path / "robot.json").write_bytes(b"damaged")
    (tmp_path / "robot.json").chmod(0o600)
    with pytest.raises(SandboxError, match=r"robot\.json"):
        await enrol_apps(console.url, tmp_path)
    assert (tmp_path / "robot.json").read_bytes() == b"damaged"
    assert console.received == []


@pytest.mark.parametrize("mode", PushMode)
async def test_the_address_of_pushes_is_set(console: Provider, mode: PushMode) -> None:
    """With the mode in the sandbox's own words."""
    await set_push_url(console.url, "wx0123456789abcdef", "http://127.0.0.1:8000/wechat/official-account", mode)
    (sent,) = console.received
    assert (sent.method, sent.target) == ("POST", "/_sandbox/apps/wx0123456789abcdef/push")
    assert orjson.loads(sent.body) == {"url": "http://127.0.0.1:8000/wechat/official-account", "mode": mode.value}


async def test_an_address_that_the_sandbox_does_not_take_is_told(provider: Provider) -> None:
    """It asks the address first."""
    provider.answer(409, b'{"error":"no echo"}', signed_by=None)
    with pytest.raises(SandboxError, match="409"):
        await set_push_url(provider.url, "wx0123456789abcdef", "http://127.0.0.1:8000/", PushMode.SAFE)


async def test_the_sandbox_is_on_this_machine_only(tmp_path: Path) -> None:
    """No key is ever posted in clear to another host."""
    with pytest.raises(ValueError, match="loopback"):
        await enrol_apps("http://sandbox.example", tmp_path)
    with pytest.raises(ValueError, match="loopback"):
        await set_push_url("http://sandbox.example", "wx0123456789abcdef", "http://127.0.0.1/", PushMode.SAFE)
    with pytest.raises(ValueError, match="loopback"):
        await enrol("http://sandbox.example", tmp_path, mchid=MCHID)
    with pytest.raises(ValueError, match="loopback"):
        await fetch_clock_offset("https://api.mch.weixin.qq.com")
