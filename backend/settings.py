"""Settings: typed, read once from flags and environment, refused at the start when they make no sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

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


# The service provider's merchant id in the sandbox; a live one comes with its credentials.
SANDBOX_MCHID: Final = "1900013511"

_KNOWN: Final = frozenset(
    {
        "SESAME_DATA",
        "SESAME_DATABASE_URL",
        "SESAME_STORAGE_URL",
        "SESAME_KEYRING",
        "SESAME_KEYS",
        "SESAME_WECHAT",
        "SESAME_PUBLIC_URL",
        "SESAME_SANDBOX_URL",
        "SESAME_DOCUMENTS",
        "SESAME_INTROSPECTION",
        "SESAME_LOG",
    }
)
# Read by tests and tools, not by the program.
_FOREIGN: Final = ("SESAME_TEST_",)


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

    @property
    def keyring_file(self) -> Path:
        """Where the keyring lies when it is not in the environment."""
        return self.keys / "keyring.json"

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
    wrong = [
        f"{name} is not a setting of Sesame"
        for name in environment
        if name.startswith("SESAME_") and name not in _KNOWN and not name.startswith(_FOREIGN)
    ]
    mode = _choice(environment, "SESAME_WECHAT", WeChatMode, WeChatMode.SANDBOX, wrong)
    strict = hardened or mode is WeChatMode.LIVE
    documents = _choice(
        environment,
        "SESAME_DOCUMENTS",
        DocumentMode,
        DocumentMode.TRUSTED if strict else DocumentMode.OPEN,
        wrong,
    )
    introspection = environment.get("SESAME_INTROSPECTION", "off" if strict else "on")
    if introspection not in {"on", "off"}:
        wrong.append("SESAME_INTROSPECTION must be on or off")
    if hardened:
        documents, introspection = DocumentMode.TRUSTED, "off"
    if wrong:
        raise SettingsInvalid("; ".join(wrong))

    folder = (data or Path(environment.get("SESAME_DATA", "./.sesame"))).absolute()
    return Settings(
        data=folder,
        keys=(keys or Path(environment.get("SESAME_KEYS", folder / "keys"))).absolute(),
        database_url=environment.get("SESAME_DATABASE_URL", f"sqlite://{folder / 'sesame.sqlite3'}"),
        storage_url=environment.get("SESAME_STORAGE_URL", f"file:{folder / 'objects'}"),
        keyring_text=environment.get("SESAME_KEYRING"),
        wechat=mode,
        public_url=environment.get("SESAME_PUBLIC_URL"),
        sandbox_url=environment.get("SESAME_SANDBOX_URL"),
        documents=documents,
        introspection=introspection == "on",
        json_logs=environment.get("SESAME_LOG") == "json",
    )


def _choice(
    environment: Mapping[str, str], name: str, kind: type[ChoiceT], default: ChoiceT, wrong: list[str]
) -> ChoiceT:
    text = environment.get(name, default)
    if text not in set(kind):
        wrong.append(f"{name} must be one of {', '.join(kind)}")
        return default
    return kind(text)
