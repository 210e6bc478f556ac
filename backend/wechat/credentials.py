"""Who we are towards WeChat Pay, and how we know that it is WeChat Pay that answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

MERCHANT_FILE: Final = "merchant.json"
PRIVATE_KEY_FILE: Final = "merchant_key.pem"
PUBLIC_KEY_FILE: Final = "wechatpay_public_key.pem"

Key = TypeVar("Key")

# What each member of merchant.json must look like; anything else would only fail later, as a SIGN_ERROR.
_MEMBERS: Final = {
    "mchid": re.compile(r"[0-9]{6,32}", re.ASCII),
    "serial_no": re.compile(r"[0-9A-Fa-f]{16,64}", re.ASCII),
    "public_key_id": re.compile(r"PUB_KEY_ID_[0-9A-Za-z]+", re.ASCII),
    "api_v3_key": re.compile(r"[0-9A-Za-z]{32}", re.ASCII),
}


class CredentialsError(Exception):
    """The folder of credentials lacks something. `problems` names each file or member, never its contents."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("WeChat Pay credentials: " + "; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class PayCredentials:
    """The keys of one service provider merchant (服务商号), in public-key mode (微信支付公钥).

    `serial_no` is the serial of our API certificate; `public_key` and its id are WeChat Pay's.
    """

    mchid: str
    serial_no: str
    public_key_id: str
    private_key: RSAPrivateKey = field(repr=False)
    public_key: RSAPublicKey = field(repr=False)
    api_v3_key: str = field(repr=False)

    @classmethod
    def load(cls, folder: Path) -> PayCredentials:
        """Read `merchant.json`, `merchant_key.pem` and `wechatpay_public_key.pem` of `folder`.

        Refuses with `CredentialsError`, which lists everything that is missing or not in its form at once.
        """
        problems: list[str] = []
        members = read_members(folder, problems)
        private_key = _read_key(folder / PRIVATE_KEY_FILE, load_private_key, problems)
        public_key = _read_key(folder / PUBLIC_KEY_FILE, load_public_key, problems)
        if problems or private_key is None or public_key is None:
            raise CredentialsError(tuple(problems))
        return cls(**members, private_key=private_key, public_key=public_key)


def read_members(folder: Path, problems: list[str]) -> dict[str, str]:
    """Give the well-formed members of `merchant.json`; add a line to `problems` for each of the others."""
    try:
        content: Any = orjson.loads((folder / MERCHANT_FILE).read_bytes())
    except FileNotFoundError:
        problems.append(f"{MERCHANT_FILE} is missing")
        return {}
    except (OSError, orjson.JSONDecodeError):
        problems.append(f"{MERCHANT_FILE} cannot be read as JSON")
        return {}
    members: dict[str, str] = {}
    for name, form in _MEMBERS.items():
        value = content.get(name) if isinstance(content, dict) else None
        if isinstance(value, str) and form.fullmatch(value):
            members[name] = value
        else:
            problems.append(f"{MERCHANT_FILE}: {name} is {'missing' if value is None else 'not in its form'}")
    return members


def load_private_key(pem: bytes) -> RSAPrivateKey:
    """Read an RSA key of 2048 bits or more from unencrypted PEM; else `ValueError`."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        raise ValueError("not an RSA key of 2048 bits or more")
    return key


def load_public_key(pem: bytes) -> RSAPublicKey:
    """Read an RSA public key (SPKI) of 2048 bits or more from PEM; else `ValueError`."""
    key = load_pem_public_key(pem)
    if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
        raise ValueError("not an RSA key of 2048 bits or more")
    return key


def _read_key(path: Path, load: Callable[[bytes], Key], problems: list[str]) -> Key | None:
    try:
        return load(path.read_bytes())
    except FileNotFoundError:
        problems.append(f"{path.name} is missing")
    except (OSError, ValueError, TypeError):
        # An encrypted key raises TypeError.
        problems.append(f"{path.name} is not an RSA key of 2048 bits or more in unencrypted PEM")
    return None
