"""The keys: sealing of stored values, blind indexes, fingerprints and signed grants."""

import base64
import binascii
import hmac
import json
import os
import secrets
import struct
import unicodedata
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_SEAL_VERSION = 1
_FILE_VERSION = 1
_MAX_KEY_ID = 0xFFFF
_HEADER = struct.Struct(">BH")  # seal version, key id
_FILE_MEMBERS = frozenset({"version", "current", "data_keys", "index_root", "grant_root"})


class KeyringError(Exception):
    """Something is wrong with keys or with a sealed value. No message carries a key or a value."""


class KeyringMissing(KeyringError):
    """There is no keyring file at the given place."""


class KeyringExists(KeyringError):
    """There is a file already where a keyring was to be made; it was left as it is."""


class KeyringMalformed(KeyringError):
    """The text is not a keyring; the message says which member is wrong."""


class SealBroken(KeyringError):
    """The sealed value was changed, was cut, or belongs to another table, field or row."""


class KeyUnknown(KeyringError):
    """The value was sealed with a data key that this keyring does not hold."""


class NothingToIndex(KeyringError):
    """Nothing is left of the value after normalisation, and all such values would be equal."""


class Keyring:
    """All keys of one installation: data keys by id, of which one is current, and the roots of derived keys.

    Losing it loses every sealed value; two processes of one installation must hold the same one.
    """

    def __init__(self, data_keys: dict[int, bytes], *, current: int, index_root: bytes, grant_root: bytes) -> None:
        if current not in data_keys:
            raise KeyringMalformed("current names no data key")
        if any(not 1 <= key_id <= _MAX_KEY_ID for key_id in data_keys):
            raise KeyringMalformed(f"a data key id is not between 1 and {_MAX_KEY_ID}")
        if any(len(key) != _KEY_BYTES for key in (*data_keys.values(), index_root, grant_root)):
            raise KeyringMalformed(f"a key is not {_KEY_BYTES} bytes long")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in data_keys.items()}
        self._current = current
        self._index_root = index_root
        self._grant_root = grant_root
        self._derived: dict[tuple[str, str], bytes] = {}

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._ciphers)} data keys>"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a keyring is not to be pickled or copied")

    @classmethod
    def load(cls, path: Path) -> Self:
        """The keyring of a file. Raises `KeyringMissing` or `KeyringMalformed`."""
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            raise KeyringMissing("there is no keyring file") from None
        except UnicodeDecodeError:
            raise KeyringMalformed("not UTF-8 text") from None
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The keyring of a JSON text, as it stands in the file or in an environment variable.

        Raises `KeyringMalformed`, without a cause: the cause of a JSON error holds the whole text.
        """
        try:
            document = json.loads(text)
        except ValueError:
            raise KeyringMalformed("not JSON") from None
        if not isinstance(document, dict) or document.keys() != _FILE_MEMBERS:
            raise KeyringMalformed("the members are not " + ", ".join(sorted(_FILE_MEMBERS)))
        if document["version"] != _FILE_VERSION:
            raise KeyringMalformed("version is not known")
        named_keys = document["data_keys"]
        if not isinstance(named_keys, dict):
            raise KeyringMalformed("data_keys is not an object")
        return cls(
            {_key_id(name): _key(value, "data_keys") for name, value in named_keys.items()},
            current=_key_id(document["current"]),
            index_root=_key(document["index_root"], "index_root"),
            grant_root=_key(document["grant_root"], "grant_root"),
        )

    @classmethod
    def generate(cls, path: Path) -> Self:
        """Make new keys, write them to `path` (0600, whole or not at all, on disk when this returns), and give them.

        Missing folders are made 0700. Raises `KeyringExists` when the file is there, also when another process made it
        at the same moment; that file is then the one to load.
        """
        document = {
            "version": _FILE_VERSION,
            "current": "1",
            "data_keys": {"1": _fresh_key()},
            "index_root": _fresh_key(),
            "grant_root": _fresh_key(),
        }
        text = json.dumps(document, indent=2) + "\n"
        _write_once(path, text.encode("utf-8"))
        return cls.parse(text)

    @property
    def current_key_id(self) -> int:
        """The id of the data key that `seal` uses now."""
        return self._current

    def seal(self, plaintext: bytes, *, table: str, field: str, row: str) -> bytes:
        """Encrypt a value for one field of one row: version, key id, nonce, AES-256-GCM ciphertext with its tag.

        The place is authenticated, so the result opens nowhere else. Sealing twice gives two different results.
        """
        header = _HEADER.pack(_SEAL_VERSION, self._current)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        place = _associated_data(header, table, field, row)
        return header + nonce + self._ciphers[self._current].encrypt(nonce, plaintext, place)

    def open(self, blob: bytes, *, table: str, field: str, row: str) -> bytes:
        """Decrypt what `seal` made for this very place. Raises `SealBroken` or `KeyUnknown`."""
        cipher = self._ciphers.get(self.key_id_of(blob))
        if cipher is None:
            raise KeyUnknown("sealed with a data key that is not in the keyring")
        header, nonce = blob[: _HEADER.size], blob[_HEADER.size : _HEADER.size + _NONCE_BYTES]
        try:
            return cipher.decrypt(
                nonce, blob[_HEADER.size + _NONCE_BYTES :], _associated_data(header, table, field, row)
            )
        except InvalidTag:
            raise SealBroken("the sealed value does not belong here or was changed") from None

    def key_id_of(self, blob: bytes) -> int:
        """Which data key a value was sealed with, read without opening it. Raises `SealBroken` on what is no seal."""
        if len(blob) < _HEADER.size + _NONCE_BYTES + _TAG_BYTES:
            raise SealBroken("too short for a sealed value")
        version, key_id = _HEADER.unpack_from(blob)
        if version != _SEAL_VERSION:
            raise SealBroken("the version of the seal is not known")
        return int(key_id)

    def blind_index(self, field: str, value: str) -> str:
        """A keyed hash of a value (64 hex characters) by which equal values of one field can be found.

        Values are equal here when they differ only in width, spaces, dashes or case. Each field has a key of its
        own, so indexes of two fields cannot be joined. Raises `NothingToIndex`.
        """
        normalised = _normalised(value)
        if not normalised:
            raise NothingToIndex("nothing to index")
        key = self._derived_key("index", field)
        return hmac.digest(key, normalised.encode("utf-8", "surrogatepass"), "sha256").hex()

    def fingerprint(self, value: bytes) -> str:
        """A keyed hash (64 hex characters) that tells whether two inputs are the same without keeping either."""
        return hmac.digest(self._derived_key("fingerprint", ""), value, "sha256").hex()

    def sign(self, purpose: str, message: bytes) -> str:
        """A signature (43 URL-safe characters) over the message, valid for this purpose alone."""
        signature = hmac.digest(self._derived_key("grant", purpose), message, "sha256")
        return base64.urlsafe_b64encode(signature).rstrip(b"=").decode("ascii")

    def verify(self, purpose: str, message: bytes, signature: str) -> bool:
        """Whether `sign` gave this signature for this purpose and message; takes the same time for every answer."""
        # A lone surrogate becomes "?", which no signature contains.
        return hmac.compare_digest(self.sign(purpose, message).encode(), signature.encode("utf-8", "replace"))

    def _derived_key(self, use: str, name: str) -> bytes:
        key = self._derived.get((use, name))
        if key is None:
            root = self._grant_root if use == "grant" else self._index_root
            info = f"sesame/{use}/{name}".encode()
            key = HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(root)
            self._derived[use, name] = key
        return key


def _associated_data(header: bytes, *names: str) -> bytes:
    """The place of a value; each name goes with its length, so that no two places share one spelling."""
    encoded = [name.encode("utf-8") for name in names]
    return header + b"".join(struct.pack(">I", len(name)) + name for name in encoded)


def _normalised(value: str) -> str:
    """One spelling for values people type in several: NFKC, no spaces, dashes or invisible marks, upper case."""
    kept = (
        character
        for character in unicodedata.normalize("NFKC", value)
        if not character.isspace() and unicodedata.category(character) not in ("Pd", "Cf")
    )
    return unicodedata.normalize("NFKC", "".join(kept).upper())


def _fresh_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")


def _key(value: object, member: str) -> bytes:
    try:
        return base64.b64decode(str(value), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise KeyringMalformed(f"{member}: not base64url") from None


def _key_id(value: object) -> int:
    # Only the plain spelling: "01" and "1" would be two names of one key.
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or value.startswith("0"):
        raise KeyringMalformed("a data key id is not a decimal number in a string")
    return int(value)


def _write_once(path: Path, content: bytes) -> None:
    for folder in reversed((path.parent, *path.parent.parents)):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, fails when the name is taken: existing keys are never overwritten.
        os.link(draft, path)
    except FileExistsError:
        raise KeyringExists("there is a keyring file already") from None
    finally:
        draft.unlink(missing_ok=True)
    folder_descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder_descriptor)
    finally:
        os.close(folder_descriptor)
