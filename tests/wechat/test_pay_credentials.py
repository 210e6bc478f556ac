"""Reading the credentials of a merchant from a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from backend.wechat import CredentialsError, PayCredentials

MERCHANT = {
    "mchid": "1900013511",
    "serial_no": "3775B6A45ACD588826D15E583A95F5DD12345678",
    "public_key_id": "PUB_KEY_ID_0114232134912410000000000000000000",
    "api_v3_key": "0123456789abcdef0123456789ABCDEF",
}


@pytest.fixture
def folder(tmp_path: Path, merchant_key: RSAPrivateKey, platform_key: RSAPrivateKey) -> Path:
    """Give a folder with everything in it."""
    (tmp_path / "merchant.json").write_bytes(orjson.dumps(MERCHANT))
    (tmp_path / "merchant_key.pem").write_bytes(
        merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (tmp_path / "wechatpay_public_key.pem").write_bytes(
        platform_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return tmp_path


def test_a_whole_folder_loads(folder: Path, merchant_key: RSAPrivateKey, platform_key: RSAPrivateKey) -> None:
    """Each part is where it belongs, and nothing secret shows itself."""
    credentials = PayCredentials.load(folder)
    assert credentials.mchid == MERCHANT["mchid"]
    assert credentials.serial_no == MERCHANT["serial_no"]
    assert credentials.public_key_id == MERCHANT["public_key_id"]
    assert credentials.api_v3_key == MERCHANT["api_v3_key"]
    assert credentials.private_key.private_numbers() == merchant_key.private_numbers()
    assert credentials.public_key.public_numbers() == platform_key.public_key().public_numbers()
    assert MERCHANT["api_v3_key"] not in repr(credentials)
    assert "key=" not in repr(credentials)


def overwrite(name: str, content: bytes) -> Callable[[Path], None]:
    """Give a change that writes `content` into the file `name`."""

    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


def remove(name: str) -> Callable[[Path], None]:
    """Give a change that removes the file `name`."""
    return lambda folder: (folder / name).unlink()


LOCKED_KEY = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
)
CURVE_KEY = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (remove("merchant.json"), "merchant.json is missing"),
        (remove("merchant_key.pem"), "merchant_key.pem is missing"),
        (remove("wechatpay_public_key.pem"), "wechatpay_public_key.pem is missing"),
        (overwrite("merchant.json", b"{"), "merchant.json cannot be read as JSON"),
        (overwrite("merchant.json", b"[]"), "merchant.json: mchid is missing"),
        *(
            (
                overwrite("merchant.json", orjson.dumps({key: MERCHANT[key] for key in MERCHANT if key != name})),
                f"merchant.json: {name} is missing",
            )
            for name in MERCHANT
        ),
        *(
            (
                overwrite("merchant.json", orjson.dumps(MERCHANT | {name: "wrong-value"})),
                f"merchant.json: {name} is not in its form",
            )
            for name in MERCHANT
        ),
        (overwrite("merchant_key.pem", b"rubbish"), "merchant_key.pem is not an RSA key"),
        (overwrite("merchant_key.pem", CURVE_KEY), "merchant_key.pem is not an RSA key"),
        (overwrite("merchant_key.pem", LOCKED_KEY), "merchant_key.pem is not an RSA key"),
        (overwrite("wechatpay_public_key.pem", CURVE_KEY), "wechatpay_public_key.pem is not an RSA key"),
    ],
)
def test_a_refusal_names_what_is_wrong(folder: Path, change: Callable[[Path], None], problem: str) -> None:
    """The file or member is named, never what it holds."""
    change(folder)
    with pytest.raises(CredentialsError) as refusal:
        PayCredentials.load(folder)
    assert any(problem in line for line in refusal.value.problems)
    assert "wrong-value" not in str(refusal.value)


def test_an_empty_folder_is_told_all_at_once(tmp_path: Path) -> None:
    """Whoever sets it up sees the whole list the first time."""
    with pytest.raises(CredentialsError) as refusal:
        PayCredentials.load(tmp_path)
    assert len(refusal.value.problems) == 3
