"""What the official account answers: what was asked, who asks, and the reply. Pure."""

from __future__ import annotations

import html
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from backend.accounts.rules import CUT_OFF, StaffState
from backend.applications.rules import State
from backend.messaging import texts
from backend.messaging.messages import Page
from backend.wechat import PushKind, PushMessage

DOOR_SCENE: Final = "door"
MOST_SHOWN: Final = 5
# What others have written into a reply may take this much of it: a link behind it must never be cut.
LONGEST_QUOTE: Final = 160


class Ask(StrEnum):
    """What somebody wants of us by a message or an act of theirs."""

    DOOR = "DOOR"
    PROGRESS = "PROGRESS"
    HELP = "HELP"
    WELCOME = "WELCOME"
    WELCOME_TO_DOOR = "WELCOME_TO_DOOR"
    NOTHING = "NOTHING"


def ask_of(message: PushMessage, keyword: str) -> Ask:
    """Tell what a push asks for; words count however they are spaced, as wide or narrow letters, with a full stop."""
    match message.kind:
        case PushKind.TEXT:
            words = {plain(keyword): Ask.DOOR, texts.ASK_PROGRESS: Ask.PROGRESS}
            return words.get(plain(message.content), Ask.HELP)
        case PushKind.SUBSCRIBE | PushKind.SCAN:
            return Ask.WELCOME_TO_DOOR if message.scene == DOOR_SCENE else Ask.WELCOME
        case _:
            return Ask.NOTHING


def plain(text: str) -> str:
    """Give one spelling for what people type in several."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = [letter for letter in folded if not letter.isspace() and unicodedata.category(letter)[0] != "C"]
    while kept and unicodedata.category(kept[-1])[0] in "PS":
        kept.pop()
    return "".join(kept)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """One application that somebody files, as far as a chat may show it."""

    shop: str
    state: State


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks. `state` is None for somebody who never signed in; `unfinished` has the newest first.

    `contacts` is whom to call at HQ and how, for those who have to wait for it.
    """

    state: StaffState | None
    reason: str = ""
    waiting: int = 0
    unfinished: tuple[Unfinished, ...] = ()
    contacts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Door:
    """What a deployment has set of its door. `link_text` is what a newcomer taps on."""

    mini_appid: str
    fallback_url: str
    keyword: str
    link_text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A text to answer with, empty where there is nothing to say. `ticket` is what stands in its link."""

    text: str = field(repr=False)
    has_link: bool = False


def opens_door(ask: Ask, state: StaffState | None) -> bool:
    """Tell whether the reply has a newcomer's link in it, which needs a ticket."""
    return ask in {Ask.DOOR, Ask.WELCOME_TO_DOOR} and state in {None, StaffState.GUEST}


def reply_to(door: Door, ask: Ask, asker: Asker, ticket: str = "") -> Reply:
    """Give the reply. Nothing in it is what the asker wrote."""
    match ask:
        case Ask.NOTHING:
            return Reply("")
        case Ask.HELP:
            return Reply(texts.DOOR_HELP.format(keyword=door.keyword))
        case Ask.WELCOME:
            return Reply(_lines(texts.DOOR_WELCOME, texts.DOOR_HELP.format(keyword=door.keyword)))
        case Ask.WELCOME_TO_DOOR:
            opened = reply_to(door, Ask.DOOR, asker, ticket)
            return Reply(_lines(texts.DOOR_WELCOME, opened.text), opened.has_link)
        case Ask.PROGRESS:
            return _progress(door, asker)
        case Ask.DOOR:
            return _opened(door, asker, ticket)


def _opened(door: Door, asker: Asker, ticket: str) -> Reply:
    if asker.state in CUT_OFF:
        return Reply(texts.DOOR_CUT_OFF.format(contacts=_contacts(asker)))
    match asker.state:
        case StaffState.APPROVED:
            said = texts.DOOR_WAITING.format(count=asker.waiting) if asker.waiting else texts.DOOR_NOTHING_WAITING
            link = _link(door, Page.APPLICATIONS, texts.LINK_TO_APPLICATIONS)
        case StaffState.PENDING:
            said = texts.DOOR_PENDING.format(contacts=_contacts(asker))
            link = _link(door, Page.HOME, texts.LINK_TO_STATUS)
        case StaffState.REJECTED:
            said = texts.DOOR_REJECTED.format(reason=_quoted(asker.reason))
            link = _link(door, Page.REGISTER, texts.LINK_TO_REGISTER_AGAIN)
        case _:
            said, link = "", _link(door, Page.HOME, door.link_text, ticket)
    return Reply(_lines(said, link), has_link=True)


def _progress(door: Door, asker: Asker) -> Reply:
    if asker.state in CUT_OFF:
        return Reply(texts.DOOR_CUT_OFF.format(contacts=_contacts(asker)))
    match asker.state:
        case StaffState.APPROVED:
            return Reply(_lines(texts.DOOR_APPROVED, *_unfinished(asker)))
        case StaffState.PENDING:
            return Reply(texts.DOOR_PENDING.format(contacts=_contacts(asker)))
        case StaffState.REJECTED:
            return Reply(texts.DOOR_REJECTED.format(reason=_quoted(asker.reason)))
        case _:
            return Reply(texts.DOOR_UNREGISTERED.format(keyword=door.keyword))


def _contacts(asker: Asker) -> str:
    named = [texts.DOOR_CONTACT.format(title=title, value=value) for title, value in asker.contacts]
    return texts.DOOR_CONTACTS.format(contacts=_quoted("、".join(named) or texts.DOOR_ANY_CONTACT))


def _unfinished(asker: Asker) -> list[str]:
    lines = [
        texts.DOOR_PROGRESS_LINE.format(shop=_quoted(one.shop), state=texts.UNFINISHED_STATES[one.state])
        for one in asker.unfinished[:MOST_SHOWN]
    ]
    return lines or [texts.DOOR_NOTHING_UNFINISHED]


def _link(door: Door, page: Page, text: str, ticket: str = "") -> str:
    """Give an anchor into the mini program; a client that does not know it follows `href`."""
    path = f"{page.value}?ticket={ticket}" if ticket else page.value
    return (
        f'<a href="{html.escape(door.fallback_url)}" data-miniprogram-appid="{door.mini_appid}"'
        f' data-miniprogram-path="{html.escape(path)}">{_quoted(text)}</a>'
    )


def _quoted(text: str) -> str:
    """Give text that opens no anchor of its own, and is not too long."""
    harmless = text.replace("<", "＜").replace(">", "＞")
    return harmless if len(harmless) <= LONGEST_QUOTE else harmless[: LONGEST_QUOTE - 1] + "…"


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
