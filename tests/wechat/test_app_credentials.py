"""Reading the files of the apps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from backend.wechat import (
    MINI_PROGRAM_FILE,
    OFFICIAL_ACCOUNT_FILE,
    AppCredentials,
    AppCredentialsError,
    load_app_credentials,
    load_robot_key,
    load_sms_secret,
)
from tests.wechat.platform import APP

MEMBERS = {
    "appid": APP.appid,
    "secret": APP.secret,
    "token": APP.token,
    "encoding_aes_key": APP.encoding_aes_key,
}


def store(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file with its mode."""
    path.write_bytes(content)
    path.chmod(mode)


@pytest.mark.parametrize("name", [MINI_PROGRAM_FILE, OFFICIAL_ACCOUNT_FILE])
@pytest.mark.parametrize(
    ("members", "app"),
    [
        (MEMBERS, APP),
        (MEMBERS | {"remark": "ignored"}, APP),
        (MEMBERS | {"token": None, "encoding_aes_key": None}, AppCredentials(APP.appid, APP.secret)),
        ({"appid": APP.appid, "secret": APP.secret}, AppCredentials(APP.appid, APP.secret)),
    ],
)
def test_an_app_is_read(tmp_path: Path, name: str, members: dict[str, Any], app: AppCredentials) -> None:
    """The two members of the push may be absent."""
    store(tmp_path / name, orjson.dumps(members))
    assert load_app_credentials(tmp_path, name) == app


def test_an_absent_file_is_an_absent_app(tmp_path: Path) -> None:
    """A deployment need not have an official account, a robot or an SMS gateway."""
    assert load_app_credentials(tmp_path, OFFICIAL_ACCOUNT_FILE) is None
    assert load_robot_key(tmp_path) is None
    assert load_sms_secret(tmp_path / "absent") is None


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"appid": None}, "mini_program.json: appid is missing"),
        ({"appid": "gh_0123456789ab"}, "mini_program.json: appid is not in its form"),
        ({"appid": APP.appid + "\n"}, "mini_program.json: appid is not in its form"),
        ({"secret": None}, "mini_program.json: secret is missing"),
        ({"secret": "short"}, "mini_program.json: secret is not in its form"),
        ({"secret": 7}, "mini_program.json: secret is not in its form"),
        ({"token": "no"}, "mini_program.json: token is not in its form"),
        ({"encoding_aes_key": "k" * 42}, "mini_program.json: encoding_aes_key is not in its form"),
    ],
)
def test_a_member_out_of_its_form_is_named(tmp_path: Path, members: dict[str, Any], problem: str) -> None:
    """By its name, without what stands there."""
    store(tmp_path / MINI_PROGRAM_FILE, orjson.dumps(MEMBERS | members))
    with pytest.raises(AppCredentialsError) as caught:
        load_app_credentials(tmp_path, MINI_PROGRAM_FILE)
    assert caught.value.problems == (problem,)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to mend and try member by member."""
    store(tmp_path / MINI_PROGRAM_FILE, orjson.dumps({"token": "no"}), mode=0o640)
    with pytest.raises(AppCredentialsError) as caught:
        load_app_credentials(tmp_path, MINI_PROGRAM_FILE)
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o601, 0o666])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """A secret that others may read is none."""
    store(tmp_path / MINI_PROGRAM_FILE, orjson.dumps(MEMBERS), mode)
    with pytest.raises(AppCredentialsError, match="0600"):
        load_app_credentials(tmp_path, MINI_PROGRAM_FILE)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"', b"\xff", b"secretCanary"])
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, content: bytes) -> None:
    """Without a word of what it holds, in its causes neither."""
    store(tmp_path / MINI_PROGRAM_FILE, content)
    with pytest.raises(AppCredentialsError, match="JSON object") as caught:
        load_app_credentials(tmp_path, MINI_PROGRAM_FILE)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize(
    ("name", "member", "good", "bad"),
    [
        ("robot.json", "key", "693a91f6-7abc-4bc4-97a0-0ec2b1fa5aaa", "../key"),
        ("sms.json", "secret", "0123456789abcdef", "short"),
    ],
)
def test_a_single_secret_is_read(tmp_path: Path, name: str, member: str, good: str, bad: str) -> None:
    """The robot's key and the gateway's secret stand in files of their own."""
    load = {"robot.json": load_robot_key, "sms.json": load_sms_secret}[name]
    store(tmp_path / name, orjson.dumps({member: good}))
    assert load(tmp_path) == good
    store(tmp_path / name, orjson.dumps({member: bad}))
    with pytest.raises(AppCredentialsError) as caught:
        load(tmp_path)
    assert caught.value.problems == (f"{name}: {member} is not in its form",)
    assert bad not in str(caught.value)
