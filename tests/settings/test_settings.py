"""Settings: what flags and environment come to, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from backend.settings import DocumentMode, SettingsInvalid, WeChatMode, read_settings


def test_the_embedded_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without anything set: the sandbox, SQLite and images in ./.sesame, documents open, introspection on."""
    monkeypatch.chdir(tmp_path)
    settings = read_settings({})
    folder = tmp_path / ".sesame"
    assert (settings.data, settings.keys) == (folder, folder / "keys")
    assert (settings.database_url, settings.storage_url) == (
        f"sqlite://{folder}/sesame.sqlite3",
        f"file:{folder}/objects",
    )
    assert (settings.wechat, settings.documents, settings.introspection) == (
        WeChatMode.SANDBOX,
        DocumentMode.OPEN,
        True,
    )


def test_flags_beat_the_environment(tmp_path: Path) -> None:
    """A folder named on the command line wins over the one in the environment."""
    given = {"SESAME_DATA": "/elsewhere", "SESAME_KEYS": "/elsewhere/keys"}
    settings = read_settings(given, data=tmp_path, keys=tmp_path / "k")
    assert (settings.data, settings.keys) == (tmp_path, tmp_path / "k")


@pytest.mark.parametrize(
    ("given", "hardened", "documents", "introspection"),
    [
        ({}, False, DocumentMode.OPEN, True),
        ({}, True, DocumentMode.TRUSTED, False),
        ({"SESAME_DOCUMENTS": "open", "SESAME_INTROSPECTION": "on"}, True, DocumentMode.TRUSTED, False),
        ({"SESAME_WECHAT": "live"}, False, DocumentMode.TRUSTED, False),
        ({"SESAME_WECHAT": "live", "SESAME_INTROSPECTION": "on"}, False, DocumentMode.TRUSTED, True),
        ({"SESAME_DOCUMENTS": "trusted"}, False, DocumentMode.TRUSTED, True),
    ],
)
def test_live_and_hardened_are_closed(
    given: Mapping[str, str], *, hardened: bool, documents: DocumentMode, introspection: bool
) -> None:
    """Live defaults to registered documents without introspection; `--hardened` insists on both."""
    settings = read_settings(given, hardened=hardened)
    assert (settings.documents, settings.introspection) == (documents, introspection)


def test_an_empty_variable_is_not_set() -> None:
    """Composed environments leave a setting out by leaving it empty; a data folder named "" would be this folder."""
    assert read_settings({"SESAME_DATA": "", "SESAME_DATABASE_URL": ""}) == read_settings({})


def test_all_that_is_wrong_is_named_at_once() -> None:
    """One message names each wrong variable, and repeats no address, since addresses hold passwords."""
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(
            {
                "SESAME_SHOP": "1",
                "SESAME_WECHAT": "mock",
                "SESAME_DOCUMENTS": "shut",
                "SESAME_INTROSPECTION": "maybe",
                "SESAME_LOG": "xml",
                "SESAME_DATABASE_URL": "mysql://root:very-secret@db/sesame",
                "SESAME_STORAGE_URL": "gs://very-secret",
                "SESAME_PUBLIC_URL": "sesame.example",
                "SESAME_SANDBOX_URL": "http://sandbox.example:8001",
                "SESAME_REDIS_URL": "redis://:very-secret@cache",
                "SESAME_TEST_POSTGRES_URL": "left alone",
            }
        )
    message = str(refused.value)
    for name in (
        *("SESAME_SHOP", "SESAME_WECHAT", "SESAME_DOCUMENTS", "SESAME_INTROSPECTION", "SESAME_LOG"),
        *("SESAME_DATABASE_URL", "SESAME_STORAGE_URL", "SESAME_PUBLIC_URL", "SESAME_SANDBOX_URL", "SESAME_REDIS_URL"),
    ):
        assert message.count(name) == 1
    assert "SESAME_TEST_POSTGRES_URL" not in message
    assert "very-secret" not in message


def test_settings_show_no_secret() -> None:
    """The repr of settings may land in a log: keys and passwords are not in it."""
    settings = read_settings(
        {"SESAME_KEYRING": "very-secret", "SESAME_DATABASE_URL": "postgresql://sesame:very-secret@db/sesame"}
    )
    assert "very-secret" not in repr(settings)
