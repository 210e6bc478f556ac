"""What was acknowledged survives, whatever happens to the process."""

import sqlite3
import stat
from pathlib import Path

import pytest

from backend.sandbox import create_app
from backend.sandbox.book import BookTooNewError
from tests.sandbox.provider import BASE, JPEG, Provider, Wall, in_process


async def test_everything_acknowledged_is_there_after_opening_again(tmp_path: Path, wall: Wall) -> None:
    """A second process over the same folder, while the first was never closed, knows all of it."""
    first = await in_process(tmp_path, wall).ready()
    await first.submit(first.form("rejected", "13900000004"))
    await first.submit(first.form("signed", "13900000001"))
    await first.advance(300)
    filing = (await first.query("signed")).json()["applyment_id"]
    await first.order(f"owner/{filing}/sign", {})
    await first.order("faults", {"call": "upload", "kind": "status_500", "times": 3})
    await first.upload()
    await first.order("permission", {"micro": False})
    seen = [(await first.http.get(f"/_sandbox/{path}")).json() for path in ("state", "applyments/signed")]
    answers = [(await first.query(code)).json() for code in ("rejected", "signed")]

    second = in_process(tmp_path, wall)
    second.public_key, second.public_key_id = first.public_key, first.public_key_id
    second.media_id = first.media_id
    again = [(await second.http.get(f"/_sandbox/{path}")).json() for path in ("state", "applyments/signed")]
    assert again[0] == seen[0]
    assert {**again[1], "requests": []} == {**seen[1], "requests": []}
    assert again[0]["faults"][0]["times_left"] == 2
    assert [(await second.query(code)).json() for code in ("rejected", "signed")] == answers
    provider_answer = await second.query("signed")
    second.verify(provider_answer)
    await second.order("permission", {"micro": True})
    assert (await second.submit(second.form("rejected", "13900000004"))).status_code == 200
    assert (await second.book("rejected"))["times_refiled"] == 1


async def test_a_transaction_cut_short_leaves_nothing(tmp_path: Path, wall: Wall) -> None:
    """A submit whose record cannot be written is not half filed."""
    provider = await in_process(tmp_path, wall).ready()
    with sqlite3.connect(tmp_path / "sandbox.sqlite3") as saboteur:
        saboteur.execute("CREATE TRIGGER full BEFORE INSERT ON request BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    saboteur.close()
    with pytest.raises(sqlite3.IntegrityError):
        await provider.submit()
    with sqlite3.connect(tmp_path / "sandbox.sqlite3") as repair:
        repair.execute("DROP TRIGGER full")
    repair.close()
    assert (await provider.query()).json()["code"] == "APPLYMENT_NOTEXIST"
    assert (await provider.submit()).status_code == 200


def test_secrets_are_for_their_owner_only(tmp_path: Path, wall: Wall) -> None:
    """The key file and the book, which holds APIv3 keys, are readable by their owner alone."""
    create_app(tmp_path / "data", public_url=BASE, wall=wall)
    for name in ("wechatpay_key.pem", "sandbox.sqlite3"):
        assert stat.S_IMODE((tmp_path / "data" / name).stat().st_mode) == 0o600


def test_a_half_written_key_is_made_anew(tmp_path: Path, wall: Wall) -> None:
    """A process that died while it made its key leaves no broken key behind."""
    (tmp_path / "wechatpay_key.new").write_bytes(b"-----BEGIN")
    create_app(tmp_path, public_url=BASE, wall=wall)
    assert (tmp_path / "wechatpay_key.pem").read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert not (tmp_path / "wechatpay_key.new").exists()


def test_a_later_version_of_the_book_is_refused(tmp_path: Path, wall: Wall) -> None:
    """An older program does not touch what it does not know."""
    create_app(tmp_path, public_url=BASE, wall=wall)
    with sqlite3.connect(tmp_path / "sandbox.sqlite3") as book:
        book.execute("UPDATE setting SET value = '99' WHERE name = 'version'")
    book.close()
    with pytest.raises(BookTooNewError, match="version 99"):
        create_app(tmp_path, public_url=BASE, wall=wall)


async def test_media_ids_hold_for_later_forms(tmp_path: Path, wall: Wall) -> None:
    """A photo uploaded before the restart is good for a form sent after it."""
    first = await in_process(tmp_path, wall).ready()
    media_id = (await first.upload(JPEG)).json()["media_id"]
    second: Provider = in_process(tmp_path, wall)
    await second.enrol()
    second.media_id = media_id
    assert (await second.submit()).status_code == 200
