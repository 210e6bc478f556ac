"""The tables of the operator's page are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.commands import refusals
from backend.settings import DocumentMode, SettingsInvalid, WeChatMode, read_settings
from tests.docs.examples import ROOT

PAGE = (ROOT / "docs" / "operating.md").read_text("utf-8")
NAMED = re.findall(r"^\| `(SESAME_[A-Z_]+)` \|", PAGE, re.MULTILINE)


def test_the_table_names_every_setting() -> None:
    """Neither a setting that the page does not know, nor one that the code does not."""
    in_the_code = re.findall(r'"(SESAME_[A-Z_]+)"', (ROOT / "backend" / "settings.py").read_text("utf-8"))
    assert sorted(NAMED) == sorted({name for name in in_the_code if not name.endswith("_")})


def test_a_misspelt_setting_stops_the_start() -> None:
    """What is not in the table is refused by its name, and its value is not repeated."""
    with pytest.raises(SettingsInvalid, match="SESAME_DATABASE is not a setting") as refused:
        read_settings({"SESAME_DATABASE": "postgresql://somebody:secret@host/name"})
    assert "secret" not in str(refused.value)


def test_the_defaults_are_those_of_the_table() -> None:
    """With nothing set: everything in ./.sesame, the sandbox, open documents."""
    settings = read_settings({})
    data = Path("./.sesame").absolute()
    assert (settings.data, settings.keys, settings.keyring_file) == (data, data / "keys", data / "keys/keyring.json")
    assert settings.database_url == f"sqlite://{data}/sesame.sqlite3"
    assert settings.storage_url == f"file:{data}/objects"
    assert (settings.wechat, settings.documents, settings.introspection) == (
        WeChatMode.SANDBOX,
        DocumentMode.OPEN,
        True,
    )
    assert (settings.public_url, settings.sandbox_url, settings.json_logs) == (None, None, False)


def test_live_is_strict_by_default() -> None:
    """Trusted documents and no introspection, as the table says."""
    settings = read_settings({"SESAME_WECHAT": "live"})
    assert (settings.documents, settings.introspection) == (DocumentMode.TRUSTED, False)


def test_the_page_has_every_exit_code() -> None:
    """Zero, and each code that a command refuses with."""
    told = {int(code) for code in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)}
    assert told == {0, *(value for value in vars(refusals).values() if isinstance(value, int))}
