"""Who we are towards the mini program's, the official account's and the robot's servers, and to the SMS gateway."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

MINI_PROGRAM_FILE: Final = "mini_program.json"
OFFICIAL_ACCOUNT_FILE: Final = "official_account.json"
ROBOT_FILE: Final = "robot.json"
SMS_FILE: Final = "sms.json"

_APP_REQUIRED: Final = {
    "appid": re.compile(r"wx[0-9a-f]{16}", re.ASCII),
    "secret": re.compile(r"[0-9a-f]{32}", re.ASCII),
}
# What the push endpoint needs (消息推送); an app that gets no pushes has neither.
_APP_OPTIONAL: Final = {
    "token": re.compile(r"[0-9A-Za-z]{3,32}", re.ASCII),
    "encoding_aes_key": re.compile(r"[0-9A-Za-z]{43}", re.ASCII),
}
_ROBOT_REQUIRED: Final = {"key": re.compile(r"[0-9A-Za-z-]{16,64}", re.ASCII)}
_SMS_REQUIRED: Final = {"secret": re.compile(r"[0-9A-Za-z]{16,128}", re.ASCII)}

_READABLE_BY_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class AppCredentialsError(Exception):
    """A file of credentials cannot be used. `problems` names each file or member, never its contents."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("WeChat app credentials: " + "; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """One mini program or official account; `token` and `encoding_aes_key` are those of its message push."""

    appid: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    encoding_aes_key: str | None = field(default=None, repr=False)


def load_app_credentials(folder: Path, name: str) -> AppCredentials | None:
    """Read `mini_program.json` or `official_account.json`; `None` when there is no such file.

    Refuses with `AppCredentialsError` a file that others may read, and lists all members that are missing or not in
    their form at once.
    """
    members = read_secrets(folder / name, _APP_REQUIRED, _APP_OPTIONAL)
    return None if members is None else AppCredentials(**members)


def load_robot_key(folder: Path) -> str | None:
    """Read the key of the WeCom group robot; `None` without a file; refuses with `AppCredentialsError`."""
    members = read_secrets(folder / ROBOT_FILE, _ROBOT_REQUIRED)
    return None if members is None else members["key"]


def load_sms_secret(folder: Path) -> str | None:
    """Read the secret of the SMS gateway; `None` without a file; refuses with `AppCredentialsError`."""
    members = read_secrets(folder / SMS_FILE, _SMS_REQUIRED)
    return None if members is None else members["secret"]


def read_secrets(
    path: Path, required: dict[str, re.Pattern[str]], optional: dict[str, re.Pattern[str]] | None = None
) -> dict[str, str] | None:
    """Give the members of a JSON file of mode 0600; `None` when it is absent; else `AppCredentialsError`."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content: Any = orjson.loads(file.read())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError):
        content, mode = None, 0
    if not isinstance(content, dict):
        # Outside of the handler: the decoder's error carries the whole document.
        raise AppCredentialsError((f"{path.name} cannot be read as a JSON object",))
    problems = [f"{path.name} is open to others; its mode must be 0600"] if mode & _READABLE_BY_OTHERS else []
    members: dict[str, str] = {}
    for name, form in {**required, **(optional or {})}.items():
        value = content.get(name)
        if isinstance(value, str) and form.fullmatch(value):
            members[name] = value
        elif value is not None:
            problems.append(f"{path.name}: {name} is not in its form")
        elif name in required:
            problems.append(f"{path.name}: {name} is missing")
    if problems:
        raise AppCredentialsError(tuple(problems))
    return members
