"""The page of the door: what the official account answers to whom. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from backend.accounts.rules import StaffState
from backend.applications.rules import State
from backend.messaging import Door
from backend.messaging.conversation import MOST_SHOWN, Ask, Asker, Unfinished, reply_to
from backend.messaging.texts import ASK_PROGRESS
from schema.catalogue_pages.markdown import NONE, page, table

# Stand-ins for what a deployment sets, so that the replies show where it stands.
_DOOR: Final = Door(
    mini_appid="",
    fallback_url="",
    keyword="{keyword}",
    link_text="{text of the link}",
)
_TICKET: Final = "{ticket}"
_CONTACTS: Final = (("{contact}", "{number}"),)
_ANCHOR: Final = re.compile(r'<a [^>]*data-miniprogram-path="([^"]*)">([^<]*)</a>')

# What brings each ask. `ask_of` in the code tells them apart.
_BROUGHT_BY: Final[Mapping[Ask, str]] = {
    Ask.DOOR: "the keyword, however it is spaced, in wide or narrow letters, with or without a full stop",
    Ask.PROGRESS: f"`{ASK_PROGRESS}`",
    Ask.HELP: "any other text",
    Ask.WELCOME: "following the account, or scanning one of its codes",
    Ask.WELCOME_TO_DOOR: "following or scanning by the code of the door",
    Ask.NOTHING: "anything else: a picture, a menu, unfollowing",
}


def door_page() -> str:
    """Give the page of the door."""
    return page(
        "What the official account answers",
        "Written by asking the code of `backend/messaging/conversation.py`; the sentences are in "
        "`backend/messaging/texts.py`. A reply never repeats what somebody wrote. `{keyword}`, the text of the link "
        "and the address for old clients are [settings](../operating.md); the contacts are those of the handbook.",
        "## What is asked",
        table(("Ask", "Brought by"), [(f"`{ask}`", _BROUGHT_BY[ask]) for ask in Ask]),
        "## What is answered",
        "By the state of whoever asks; `nobody` never signed in, or is not known to be the same person yet. A link is "
        "shown as its text and the page it opens. The ticket in a newcomer's link ties the person of the official "
        "account to whoever signs in with it, once.",
        table(("Ask", "Who", "Answer"), _answers()),
        f"Shown are at most {MOST_SHOWN} unfinished applications, the newest first.",
    )


def _answers() -> Iterable[tuple[str, str, str]]:
    """Give one row for all who get the same answer."""
    for ask in Ask:
        told: dict[str, list[str]] = {}
        for who, asker in _askers():
            told.setdefault(_shown(reply_to(_DOOR, ask, asker, _TICKET).text), []).append(who)
        for answer, those in told.items():
            everybody = len(told) == 1
            yield f"`{ask}`", "everybody" if everybody else ", ".join(those), answer or NONE


def _askers() -> Iterable[tuple[str, Asker]]:
    yield "nobody", Asker(None)
    for state in StaffState:
        yield f"`{state}`", Asker(state, reason="{reason}", contacts=_CONTACTS)
        if state is StaffState.APPROVED:
            yield f"`{state}` with work", Asker(state, waiting=1, unfinished=(Unfinished("{shop}", State.RETURNED),))


def _shown(text: str) -> str:
    return _ANCHOR.sub(lambda link: f"[{link[2]}] → `{link[1]}`", text)
