"""Where sealed files are kept: a local folder, memory, or any S3-compatible store, through one small surface."""

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

if TYPE_CHECKING:
    from obstore.store import S3Config

# A key is made by us, never by a caller's text: plain segments, no "..", no "#" (obstore's draft files end in "#1").
_SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._=-]+"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_MAX_KEY_CHARACTERS: Final = 512
_S3_OPTIONS: Final = frozenset({"endpoint", "region"})


class StorageError(Exception):
    """Something is wrong with the store or with what was asked of it."""


class AlreadyStored(StorageError):
    """The key is taken; what is stored under it was left as it is."""


class NotStored(StorageError):
    """There is nothing under the key."""


class KeyRefused(StorageError):
    """The key is not made of plain segments joined by single slashes."""


class StorageUnavailable(StorageError):
    """The store did not do it; whether a write took place is not known."""


class StorageUrlMalformed(StorageError):
    """The URL names no store this system can use. It is not repeated here: people put passwords into URLs."""


class ObjectStorage:
    """Objects by key; an object is written once and never changed. Contents are sealed by whoever puts them."""

    def __init__(self, store: ObjectStore, *, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    def __repr__(self) -> str:
        return f"<ObjectStorage {type(self._store).__name__}>"

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The store a URL names.

        - `file:/folder` (also `file:///folder` and the relative `file:folder`): the folder is made, 0700, when missing.
        - `memory:`: gone with the process.
        - `s3://bucket/prefix?endpoint=https://host&region=name`: credentials come from the usual `AWS_*` environment,
          never from the URL. The store must honour `If-None-Match: *`, on which create-only writes rest.

        Raises `StorageUrlMalformed`; a folder that cannot be made raises `StorageUnavailable`.
        """
        parts = urlsplit(url)
        match parts.scheme:
            case "memory" if not (parts.netloc or parts.path.strip("/") or parts.query):
                return cls(MemoryStore())
            case "file" if parts.path and parts.netloc in ("", "localhost") and not parts.query:
                return cls._in_folder(Path(unquote(parts.path)).absolute())
            case "s3" if parts.netloc:
                return cls._in_bucket(parts.netloc, parts.path.strip("/"), dict(parse_qsl(parts.query)))
            case _:
                raise StorageUrlMalformed("not a file:, memory: or s3: URL")

    @classmethod
    def _in_folder(cls, folder: Path) -> Self:
        try:
            _make_folders(folder)
            return cls(LocalStore(folder), folder=folder)
        except (OSError, BaseError) as error:
            raise StorageUnavailable("the folder cannot be made or read") from error

    @classmethod
    def _in_bucket(cls, bucket: str, prefix: str, options: dict[str, str]) -> Self:
        if not options.keys() <= _S3_OPTIONS or "@" in bucket:
            raise StorageUrlMalformed("an s3: URL takes a bucket, a prefix, endpoint and region only")
        config: S3Config = {"region": options.get("region", "us-east-1")}
        if "endpoint" in options:
            config["endpoint"] = options["endpoint"]
        plain_http = options.get("endpoint", "").startswith("http://")
        try:
            store = S3Store(bucket, prefix=prefix or None, config=config, client_options={"allow_http": plain_http})
        except BaseError:
            raise StorageUrlMalformed("the s3: URL was refused") from None
        return cls(store)

    async def put(self, key: str, content: bytes) -> None:
        """Store an object under a key that is free, and return when it would survive a power cut.

        Of several writers of one key exactly one succeeds. Raises `AlreadyStored`, `KeyRefused`, `StorageUnavailable`.
        """
        _check_key(key)
        try:
            if self._folder is not None:
                await asyncio.to_thread(_make_folders, (self._folder / key).parent)
            await obstore.put_async(self._store, key, content, mode="create")
            if self._folder is not None:
                await asyncio.to_thread(_keep, self._folder, key)
        except AlreadyExistsError:
            raise AlreadyStored("the key is taken") from None
        except (BaseError, OSError) as error:
            raise StorageUnavailable("the object could not be stored") from error

    async def get(self, key: str) -> bytes:
        """The whole object. Raises `NotStored`, `KeyRefused`, `StorageUnavailable`."""
        _check_key(key)
        try:
            result = await obstore.get_async(self._store, key)
            return bytes(await result.bytes_async())
        except FileNotFoundError:
            raise NotStored("nothing is stored under the key") from None
        except (BaseError, OSError) as error:
            raise StorageUnavailable("the object could not be read") from error

    async def exists(self, key: str) -> bool:
        """Whether an object is stored under the key. Raises `KeyRefused`, `StorageUnavailable`."""
        _check_key(key)
        try:
            await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return False
        except (BaseError, OSError) as error:
            raise StorageUnavailable("the object could not be looked up") from error
        return True

    async def delete(self, key: str) -> None:
        """Remove an object for good; a key that is free already is fine. Raises `KeyRefused`, `StorageUnavailable`."""
        _check_key(key)
        try:
            await obstore.delete_async(self._store, key)
            if self._folder is not None:
                await asyncio.to_thread(_sync_folder, (self._folder / key).parent)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise StorageUnavailable("the object could not be deleted") from error


def _check_key(key: str) -> None:
    if len(key) > _MAX_KEY_CHARACTERS or not _KEY.fullmatch(key):
        raise KeyRefused("not a storage key")


def _make_folders(folder: Path) -> None:
    """Make what is missing of a path, each folder 0700; folders that are there keep the mode their owner chose."""
    for step in reversed((folder, *folder.parents)):
        if not step.exists():
            step.mkdir(mode=0o700, exist_ok=True)


def _keep(folder: Path, key: str) -> None:
    """Make a fresh file private and durable: obstore 0.12 leaves it at the umask and calls no fsync."""
    path = folder / key
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fchmod(descriptor, 0o600)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    # A folder's entry is in its parent, so every folder up to the root is synced: any of them may be new.
    for step in path.parents:
        _sync_folder(step)
        if step == folder:
            return


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
