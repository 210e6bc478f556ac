"""Object storage, the same for a folder and for memory."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.foundation.storage import (
    AlreadyStored,
    KeyRefused,
    NotStored,
    ObjectStorage,
    StorageUnavailable,
    StorageUrlMalformed,
)


@pytest.fixture(params=["file", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStorage:
    """An empty store of each kind."""
    return ObjectStorage.from_url("memory:" if request.param == "memory" else f"file:{tmp_path / 'objects'}")


@pytest.fixture
def loose_umask() -> Iterator[None]:
    """A process started carelessly: whatever it makes is open to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes_below(folder: Path) -> dict[str, int]:
    """The permissions of everything in a folder, by relative path."""
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


@pytest.mark.parametrize("content", [b"", b"sealed", bytes(range(256)) * 8000])
async def test_what_is_put_is_got(storage: ObjectStorage, content: bytes) -> None:
    """An object comes back byte for byte, and exists."""
    assert not await storage.exists("images/a/1")
    await storage.put("images/a/1", content)
    got = await storage.get("images/a/1")
    assert got == content
    assert type(got) is bytes
    assert await storage.exists("images/a/1")
    assert not await storage.exists("images/a")
    assert not await storage.exists("images/a/2")


async def test_a_taken_key_is_refused_and_kept(storage: ObjectStorage) -> None:
    """An object is never overwritten."""
    await storage.put("images/1", b"first")
    with pytest.raises(AlreadyStored):
        await storage.put("images/1", b"second")
    assert await storage.get("images/1") == b"first"


async def test_of_many_writers_one_wins(storage: ObjectStorage) -> None:
    """Writers of one key at the same time: one succeeds, and its object is the one kept."""
    results = await asyncio.gather(*(storage.put("k", bytes([n]) * 9) for n in range(8)), return_exceptions=True)
    winners = [n for n, result in enumerate(results) if result is None]
    assert len(winners) == 1
    assert all(isinstance(result, AlreadyStored) for result in results if result is not None)
    assert await storage.get("k") == bytes(winners) * 9


async def test_a_free_key_is_not_stored(storage: ObjectStorage) -> None:
    """Reading nothing is an error of its own; so is reading what stands only for a folder."""
    await storage.put("images/1", b"x")
    for key in ("images/2", "images", "other/1"):
        with pytest.raises(NotStored):
            await storage.get(key)


async def test_deleting_may_be_repeated(storage: ObjectStorage) -> None:
    """A deleted object is gone, deleting it again is fine, and the key is free."""
    await storage.put("images/1", b"x")
    for _ in range(2):
        await storage.delete("images/1")
        assert not await storage.exists("images/1")
    await storage.delete("never/there")
    await storage.put("images/1", b"y")
    assert await storage.get("images/1") == b"y"


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".", "a/./b"),
        *("a#1", "a b", "芝麻", "a\\b", "a\n", "a%2e%2e/b", "a" * 513),
    ],
)
async def test_odd_keys_are_refused(storage: ObjectStorage, key: str) -> None:
    """Only plain segments make a key, for every operation; nothing leaves the store's folder."""
    for call in (storage.put(key, b"x"), storage.get(key), storage.exists(key), storage.delete(key)):
        with pytest.raises(KeyRefused):
            await call


@pytest.mark.usefixtures("loose_umask")
async def test_files_and_folders_are_private(tmp_path: Path) -> None:
    """Whatever the umask, files are 0600 and folders 0700, and no draft is left behind."""
    root = tmp_path / "data" / "objects"
    storage = ObjectStorage.from_url(f"file:{root}")
    await storage.put("images/ab/1", b"x")
    await storage.put("top", b"x")
    assert modes_below(tmp_path) == {
        "data": 0o700,
        "data/objects": 0o700,
        "data/objects/images": 0o700,
        "data/objects/images/ab": 0o700,
        "data/objects/images/ab/1": 0o600,
        "data/objects/top": 0o600,
    }


@pytest.mark.usefixtures("loose_umask")
async def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    """The operator's own folder is not locked up."""
    root = tmp_path / "mine"
    root.mkdir(mode=0o755)
    await ObjectStorage.from_url(f"file:{root}").put("a/b", b"x")
    assert stat.S_IMODE(root.stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o700


async def test_objects_outlive_the_process(tmp_path: Path) -> None:
    """What another process put before it was killed is there."""
    root = tmp_path / "objects"
    program = (
        "import asyncio, os, sys\n"
        "from backend.foundation.storage import ObjectStorage\n"
        "asyncio.run(ObjectStorage.from_url('file:' + sys.argv[1]).put('a/b', b'kept'))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(root)], check=False)  # noqa: S603, ASYNC221 - our own interpreter, and nothing else runs here
    assert ended.returncode == -9
    assert await ObjectStorage.from_url(f"file:{root}").get("a/b") == b"kept"


async def test_every_put_is_synced_with_its_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before `put` returns, the file and each folder up to the root were handed to the disk."""
    root = tmp_path / "objects"
    storage = ObjectStorage.from_url(f"file:{root}")
    synced = []
    real = os.fsync

    def recording(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path)))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    await storage.put("a/b/c", b"x")
    assert synced == ["objects/a/b/c", "objects/a/b", "objects/a", "objects"]


@pytest.mark.parametrize("form", ["file:{}", "file://{}", "file://localhost{}"])
async def test_file_urls_come_in_three_forms(tmp_path: Path, form: str) -> None:
    """All name the same folder, escapes included."""
    await ObjectStorage.from_url(form.format(f"{tmp_path}/with%20space")).put("k", b"x")
    assert (tmp_path / "with space" / "k").read_bytes() == b"x"


async def test_a_relative_file_url_starts_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`file:folder` is beside the process, and stays there when the process moves on."""
    monkeypatch.chdir(tmp_path)
    storage = ObjectStorage.from_url("file:./objects")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    await storage.put("k", b"x")
    assert (tmp_path / "objects" / "k").read_bytes() == b"x"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "objects",
        "/objects",
        "ftp://host/x",
        "file:",
        "file://host/x",
        "file:/x?y=1",
        "memory:/x",
        "memory://x",
        "s3:",
        "s3:///prefix",
        "s3://bucket?secret_access_key=hidden",
        "s3://user:hidden@bucket/prefix",
    ],
)
def test_other_urls_are_refused_without_repeating_them(url: str) -> None:
    """A URL that names no store is refused, and what may be a password in it is not shown."""
    with pytest.raises(StorageUrlMalformed) as refusal:
        ObjectStorage.from_url(url)
    assert "hidden" not in str(refusal.value)


@pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/pre/fix?endpoint=http://127.0.0.1:9&region=cn-north-1"])
def test_an_s3_url_makes_a_store_without_calling_it(url: str) -> None:
    """Building the store needs no network, and its picture in a log shows neither address nor key."""
    assert repr(ObjectStorage.from_url(url)) == "<ObjectStorage S3Store>"


async def test_a_folder_in_the_way_is_unavailable(tmp_path: Path) -> None:
    """A store whose folder is a file cannot be opened; an object where a folder is needed cannot be passed through."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnavailable):
        ObjectStorage.from_url(f"file:{tmp_path / 'file' / 'objects'}")
    storage = ObjectStorage.from_url(f"file:{tmp_path / 'objects'}")
    await storage.put("a", b"x")
    with pytest.raises(StorageUnavailable):
        await storage.put("a/b", b"x")
