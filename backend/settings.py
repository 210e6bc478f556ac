"""Settings: typed, read once from flags and environment, refused at the start when they make no sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

from backend.wechat.hosts import is_loopback

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


class SettingsInvalid(ValueError):
    """Settings that make no sense; the message names each of them, never a secret."""


class WeChatMode(StrEnum):
    """Which WeChat there is: the one we run ourselves, or the real one."""

    SANDBOX = "sandbox"
    LIVE = "live"


class DocumentMode(StrEnum):
    """Whether a session may send document text, or only ids of registered documents."""

    OPEN = "open"
    TRUSTED = "trusted"


class DoorReply(StrEnum):
    """How the official account's link goes out: in the answer to the push, or as a customer-service message."""

    PASSIVE = "passive"
    CUSTOMER_SERVICE = "customer_service"


class Switch(StrEnum):
    """Whether something is on."""

    ON = "on"
    OFF = "off"


class LogFormat(StrEnum):
    """How log lines are written: for people, or one JSON object each."""

    TEXT = "text"
    JSON = "json"


# The service provider's merchant id in the sandbox; a live one comes with its credentials.
SANDBOX_MCHID: Final = "1900013511"

# What a person types, and what they tap on.
LONGEST_DOOR_TEXT: Final = 64

_KNOWN: Final = frozenset(
    {
        "SESAME_DATA",
        "SESAME_DATABASE_URL",
        "SESAME_REDIS_URL",
        "SESAME_STORAGE_URL",
        "SESAME_KEYRING",
        "SESAME_KEYS",
        "SESAME_WECHAT",
        "SESAME_PUBLIC_URL",
        "SESAME_SANDBOX_URL",
        "SESAME_DOCUMENTS",
        "SESAME_INTROSPECTION",
        "SESAME_DOOR_KEYWORD",
        "SESAME_DOOR_TEXT",
        "SESAME_DOOR_REPLY",
        "SESAME_LOG",
    }
)
# Read by tests and tools, not by the program.
_FOREIGN: Final = ("SESAME_TEST_",)
_BEGINNINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "SESAME_DATABASE_URL": ("sqlite://", "postgresql://", "postgres://"),
    "SESAME_STORAGE_URL": ("file:", "memory:", "s3://"),
    "SESAME_PUBLIC_URL": ("http://", "https://"),
    "SESAME_SANDBOX_URL": ("http://", "https://"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What one deployment is. `keyring_text` holds keys; everything else may be shown."""

    data: Path
    keys: Path
    database_url: str = field(repr=False)
    storage_url: str = field(repr=False)
    keyring_text: str | None = field(repr=False)
    wechat: WeChatMode
    public_url: str | None
    sandbox_url: str | None
    documents: DocumentMode
    introspection: bool
    json_logs: bool
    door_keyword: str
    door_text: str
    door_reply: DoorReply

    @property
    def keyring_file(self) -> Path:
        """Where the keyring lies when it is not in the environment."""
        return self.keys / "keyring.json"

    @property
    def apps_folder(self) -> Path:
        """Where the credentials of the mini program, the official account and the robot lie."""
        return self.keys / "wechat"

    @property
    def pay_folder(self) -> Path:
        """Where the credentials towards WeChat Pay lie."""
        return self.keys / "wechatpay"


def read_settings(
    environment: Mapping[str, str],
    *,
    data: Path | None = None,
    keys: Path | None = None,
    hardened: bool = False,
) -> Settings:
    """Read the settings; flags beat the environment. Refuses with `SettingsInvalid`, naming all that is wrong."""
    # An empty variable is one that is not set: that is how composed environments leave a setting out.
    given = {name: text for name, text in environment.items() if name.startswith("SESAME_") and text}
    wrong = [
        f"{name} is not a setting of Sesame"
        for name in sorted(given)
        if name not in _KNOWN and not name.startswith(_FOREIGN)
    ]
    mode = _choice(given, "SESAME_WECHAT", WeChatMode, WeChatMode.SANDBOX, wrong)
    strict = hardened or mode is WeChatMode.LIVE
    documents = _choice(
        given, "SESAME_DOCUMENTS", DocumentMode, DocumentMode.TRUSTED if strict else DocumentMode.OPEN, wrong
    )
    introspection = _choice(given, "SESAME_INTROSPECTION", Switch, Switch.OFF if strict else Switch.ON, wrong)
    log = _choice(given, "SESAME_LOG", LogFormat, LogFormat.TEXT, wrong)
    door_reply = _choice(given, "SESAME_DOOR_REPLY", DoorReply, DoorReply.PASSIVE, wrong)
    wrong += _wrong_door(given)
    wrong += _wrong_urls(given)
    if hardened:
        documents, introspection = DocumentMode.TRUSTED, Switch.OFF
    if wrong:
        raise SettingsInvalid("; ".join(wrong))

    folder = (data or Path(given.get("SESAME_DATA", "./.sesame"))).absolute()
    return Settings(
        data=folder,
        keys=(keys or Path(given.get("SESAME_KEYS", folder / "keys"))).absolute(),
        database_url=given.get("SESAME_DATABASE_URL", f"sqlite://{folder / 'sesame.sqlite3'}"),
        storage_url=given.get("SESAME_STORAGE_URL", f"file:{quote(str(folder / 'objects'))}"),
        keyring_text=given.get("SESAME_KEYRING"),
        wechat=mode,
        public_url=given.get("SESAME_PUBLIC_URL"),
        sandbox_url=given.get("SESAME_SANDBOX_URL"),
        documents=documents,
        introspection=introspection is Switch.ON,
        json_logs=log is LogFormat.JSON,
        door_keyword=given.get("SESAME_DOOR_KEYWORD", "芝麻开门"),
        door_text=given.get("SESAME_DOOR_TEXT", "财富之门已打开，请点击进入"),
        door_reply=door_reply,
    )


def _wrong_door(given: Mapping[str, str]) -> list[str]:
    return [
        f"{name} must be one line of at most {LONGEST_DOOR_TEXT} characters, with a letter or digit in it"
        for name in ("SESAME_DOOR_KEYWORD", "SESAME_DOOR_TEXT")
        if name in given
        and not (
            given[name].isprintable()
            and len(given[name]) <= LONGEST_DOOR_TEXT
            and any(letter.isalnum() for letter in given[name])
        )
    ]


def _wrong_urls(given: Mapping[str, str]) -> list[str]:
    """Say which addresses cannot be meant. They may hold passwords, so none is repeated."""
    wrong = [
        f"{name} must begin with {' or '.join(beginnings)}"
        for name, beginnings in _BEGINNINGS.items()
        if name in given and not given[name].startswith(beginnings)
    ]
    if "SESAME_SANDBOX_URL" in given and not is_loopback(given["SESAME_SANDBOX_URL"]):
        wrong.append("SESAME_SANDBOX_URL must be on this machine: whoever reaches the sandbox may play the owner")
    if "SESAME_REDIS_URL" in given:
        wrong.append("SESAME_REDIS_URL has no use yet: this version's bus works in the process and by polling")
    return wrong


def _choice(given: Mapping[str, str], name: str, kind: type[ChoiceT], default: ChoiceT, wrong: list[str]) -> ChoiceT:
    text = given.get(name, default)
    if text not in set(kind):
        wrong.append(f"{name} must be one of {', '.join(kind)}")
        return default
    return kind(text)
