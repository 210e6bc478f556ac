"""The settings of the door: its keyword, the text of its link, and how the link goes out."""

from __future__ import annotations

import pytest

from backend.settings import LONGEST_DOOR_TEXT, DoorReply, SettingsInvalid, read_settings


def test_the_defaults() -> None:
    """As the first deployment had them."""
    settings = read_settings({})
    assert (settings.door_keyword, settings.door_text) == ("芝麻开门", "财富之门已打开，请点击进入")
    assert settings.door_reply is DoorReply.PASSIVE


def test_each_can_be_set() -> None:
    """By the environment."""
    given = {
        "SESAME_DOOR_KEYWORD": "Open Sesame",
        "SESAME_DOOR_TEXT": "请进",
        "SESAME_DOOR_REPLY": "customer_service",
    }
    settings = read_settings(given)
    assert (settings.door_keyword, settings.door_text) == ("Open Sesame", "请进")
    assert settings.door_reply is DoorReply.CUSTOMER_SERVICE


@pytest.mark.parametrize("name", ["SESAME_DOOR_KEYWORD", "SESAME_DOOR_TEXT"])
@pytest.mark.parametrize("text", ["。。。", " ", "两\n行", "长" * (LONGEST_DOOR_TEXT + 1)])
def test_a_text_that_nobody_could_type_or_tap_is_refused(name: str, text: str) -> None:
    """By its name; a keyword of punctuation would be one with everything."""
    with pytest.raises(SettingsInvalid, match=name):
        read_settings({name: text})


def test_another_way_to_reply_is_refused() -> None:
    """There are two."""
    with pytest.raises(SettingsInvalid, match="SESAME_DOOR_REPLY must be one of passive, customer_service"):
        read_settings({"SESAME_DOOR_REPLY": "both"})
