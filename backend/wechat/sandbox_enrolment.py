"""What the consoles of WeChat do for a real provider, against the sandbox: exchanging keys, setting addresses."""

from __future__ import annotations

import asyncio
import os
import secrets
import string
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from backend.wechat.app_credentials import (
    MINI_PROGRAM_FILE,
    OFFICIAL_ACCOUNT_FILE,
    ROBOT_FILE,
    SMS_FILE,
    AppCredentialsError,
    load_app_credentials,
    load_robot_key,
    load_sms_secret,
)
from backend.wechat.credentials import (
    MERCHANT_FILE,
    PRIVATE_KEY_FILE,
    PUBLIC_KEY_FILE,
    PayCredentials,
    load_private_key,
    load_public_key,
    read_members,
)
from backend.wechat.hosts import is_loopback, trusted_authorities
from backend.wechat.push import PushMode

_TIMEOUT_SECONDS: Final = 10.0
_KEY_ALPHABET: Final = string.ascii_letters + string.digits
_ROBOT_NAME: Final = "进件提醒"


class SandboxError(Exception):
    """The sandbox did not answer as it should, or the folder belongs to another merchant."""


async def enrol(control_url: str, folder: Path, *, mchid: str) -> PayCredentials:
    """Make `folder` hold the credentials of `mchid` at the sandbox, and give them.

    What is there is kept: a key, serial number or APIv3 key is made only when absent (files of mode 0600), so calling
    again is quick and changes nothing, and an interrupted call is taken up where it stopped. Refuses with
    `SandboxError`, and with `ValueError` any address but this machine's, since the APIv3 key travels in clear.
    """
    enrolment = await asyncio.to_thread(_prepare, folder, mchid)
    answer = await _ask("POST", control_url, "/_sandbox/merchants", enrolment)
    await asyncio.to_thread(_store_answer, folder, answer)
    return await asyncio.to_thread(PayCredentials.load, folder)


async def enrol_apps(control_url: str, folder: Path) -> None:
    """Make `folder` hold mini program, official account, robot and SMS secret, and the sandbox know the same.

    What is there is kept (files of mode 0600), so calling again changes nothing; read them by `load_app_credentials`,
    `load_robot_key` and `load_sms_secret`. Refuses with `SandboxError`, also when a file there cannot be used, and
    with `ValueError` any address but this machine's.
    """
    for path, enrolment in await asyncio.to_thread(_prepare_apps, folder):
        await _ask("POST", control_url, path, enrolment)


async def set_push_url(control_url: str, appid: str, url: str, mode: PushMode) -> None:
    """Tell the sandbox where it pushes the messages to an app, and how; refuses as `enrol_apps`."""
    await _ask("POST", control_url, f"/_sandbox/apps/{appid}/push", {"url": url, "mode": mode.value})


async def fetch_clock_offset(control_url: str) -> float:
    """Give by how many seconds the sandbox's business clock is ahead of the real one.

    Refuses with `SandboxError`, and with `ValueError` any address but this machine's.
    """
    offset = (await _ask("GET", control_url, "/_sandbox/clock")).get("offset_seconds")
    if isinstance(offset, bool) or not isinstance(offset, int | float):
        raise SandboxError("the sandbox does not tell its clock")
    return float(offset)


async def _ask(method: str, control_url: str, path: str, content: dict[str, str] | None = None) -> dict[str, Any]:
    if not is_loopback(control_url):
        raise ValueError("the sandbox is on loopback only")
    async with httpx2.AsyncClient(verify=trusted_authorities(), timeout=_TIMEOUT_SECONDS, trust_env=False) as http:
        try:
            response = await http.request(method, control_url.rstrip("/") + path, json=content)
        except httpx2.RequestError as error:
            raise SandboxError(f"the sandbox cannot be reached: {type(error).__name__}") from error
    try:
        answer: Any = orjson.loads(response.content) if response.is_success else None
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise SandboxError(f"the sandbox answered {path} with HTTP {response.status_code}")
    return answer


def _prepare(folder: Path, mchid: str) -> dict[str, str]:
    """Complete our half of the credentials on disk; give what the console wants to know."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = read_members(folder, [])
    if known.setdefault("mchid", mchid) != mchid:
        raise SandboxError("the credentials there belong to another merchant")
    key_file = folder / PRIVATE_KEY_FILE
    try:
        key = load_private_key(key_file.read_bytes())
    except FileNotFoundError:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        _write(key_file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    except (ValueError, TypeError) as error:
        raise SandboxError(f"{PRIVATE_KEY_FILE} is not a usable key") from error
    known.setdefault("serial_no", secrets.token_hex(20).upper())
    known.setdefault("api_v3_key", _random_text(32))
    # Before the sandbox hears of them: an interrupted enrolment must not leave it with keys that we lost.
    _write_json(folder / MERCHANT_FILE, known)
    public_pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "mchid": mchid,
        "serial_no": known["serial_no"],
        "public_key_pem": public_pem.decode("ascii"),
        "api_v3_key": known["api_v3_key"],
    }


def _prepare_apps(folder: Path) -> list[tuple[str, dict[str, str]]]:
    """Complete the files of the apps; give what to order of the sandbox, and where."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    orders = []
    try:
        for kind, name in (("mini_program", MINI_PROGRAM_FILE), ("official_account", OFFICIAL_ACCOUNT_FILE)):
            app = load_app_credentials(folder, name)
            members = _new_app() if app is None else asdict(app)
            if app is None:
                _write_json(folder / name, members)
            orders.append(("/_sandbox/apps", {"kind": kind, **members}))
        key = load_robot_key(folder)
        if key is None:
            key = str(uuid.uuid4())
            _write_json(folder / ROBOT_FILE, {"key": key})
        secret = load_sms_secret(folder)
        if secret is None:
            secret = secrets.token_hex(32)
            _write_json(folder / SMS_FILE, {"secret": secret})
    except AppCredentialsError as error:
        raise SandboxError(str(error)) from error
    return [*orders, ("/_sandbox/robots", {"key": key, "name": _ROBOT_NAME}), ("/_sandbox/sms", {"secret": secret})]


def _new_app() -> dict[str, str]:
    return {
        "appid": f"wx{secrets.token_hex(8)}",
        "secret": secrets.token_hex(16),
        "token": _random_text(32),
        "encoding_aes_key": _random_text(43),
    }


def _random_text(length: int) -> str:
    return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(length))


def _store_answer(folder: Path, answer: dict[str, Any]) -> None:
    key_id, pem = answer.get("public_key_id"), answer.get("public_key_pem")
    if not isinstance(key_id, str) or not isinstance(pem, str):
        raise SandboxError("the sandbox does not tell its public key")
    try:
        load_public_key(pem.encode())
    except ValueError as error:
        raise SandboxError("the sandbox's public key is not a usable key") from error
    _write(folder / PUBLIC_KEY_FILE, pem.encode())
    merchant = {**read_members(folder, []), "public_key_id": key_id}
    _write_json(folder / MERCHANT_FILE, merchant)


def _write_json(path: Path, members: dict[str, str]) -> None:
    _write(path, orjson.dumps(members, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def _write(path: Path, content: bytes) -> None:
    """Replace `path` as a whole, readable by us alone, and only when it differs."""
    if path.exists() and path.read_bytes() == content:
        return
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
