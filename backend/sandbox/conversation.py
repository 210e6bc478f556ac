"""What people do towards an account: write, follow, leave, scan, tap; each is pushed, and its reply received."""

from dataclasses import asdict
from enum import StrEnum
from typing import Any

from .apps import App, Apps
from .book import Book, Clocks
from .messages import Channel, Messages
from .people import People
from .push import Delivery, Pushes, cdata
from .reply_windows import ReplyWindows, WindowKind

_FIRST_MSG_ID = 24_000_000_000_000_000


class Event(StrEnum):
    """The events that are pushed."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    SCAN = "SCAN"
    CLICK = "CLICK"
    VIEW = "VIEW"
    SUBSCRIBE_POPUP = "subscribe_msg_popup_event"
    SUBSCRIBE_CHANGE = "subscribe_msg_change_event"
    SUBSCRIBE_SENT = "subscribe_msg_sent_event"


_LIST_NAMES = {
    Event.SUBSCRIBE_POPUP: "SubscribeMsgPopupEvent",
    Event.SUBSCRIBE_CHANGE: "SubscribeMsgChangeEvent",
    Event.SUBSCRIBE_SENT: "SubscribeMsgSentEvent",
}
_SCANNED = frozenset({Event.SUBSCRIBE, Event.SCAN})
_OF_FOLLOWERS = frozenset({Event.SUBSCRIBE, Event.CLICK, Event.VIEW})
_TOUCHES = frozenset({Event.SUBSCRIBE, Event.SCAN, Event.CLICK})


class Conversations:
    """People's actions. Each takes effect here before it is pushed, whatever the push comes to."""

    def __init__(
        self,
        book: Book,
        clocks: Clocks,
        apps: Apps,
        people: People,
        windows: ReplyWindows,
        messages: Messages,
        pushes: Pushes,
    ) -> None:
        self._book = book
        self._clocks = clocks
        self._apps = apps
        self._people = people
        self._windows = windows
        self._messages = messages
        self._pushes = pushes

    async def write(self, app: App, person: str, content: str, *, same_nonce: bool = False) -> dict[str, Any]:
        """Send a text to the account; the person follows it from now on if it did not."""
        with self._book.transaction():
            self._people.follow(app.appid, person)
            self._windows.open(app.appid, person, WindowKind.MESSAGE)
            number: int = self._book.setting("messages_written", 0) + 1
            self._book.set("messages_written", number)
        inner = f"<Content>{cdata(content)}</Content><MsgId>{_FIRST_MSG_ID + number}</MsgId>"
        return await self._pushed(app, person, "text", inner, same_nonce=same_nonce)

    async def act(
        self,
        app: App,
        person: str,
        event: Event,
        *,
        key: str | None = None,
        entries: list[dict[str, str]],
        same_nonce: bool = False,
    ) -> dict[str, Any]:
        """Do what the event says. `key` is the scene of a scanned code, or the key of a menu's item.

        Somebody who scans without following follows by it, and the event is that of following. A menu is shown to
        followers, so whoever taps it is one from now on.
        """
        with self._book.transaction():
            if event is Event.SCAN and self._people.followed_at(app.appid, person) is None:
                event = Event.SUBSCRIBE
            if event in _OF_FOLLOWERS:
                self._people.follow(app.appid, person)
            if event is Event.UNSUBSCRIBE:
                self._people.unfollow(app.appid, person)
            if event in _TOUCHES:
                self._windows.open(app.appid, person, WindowKind.TOUCH)
        inner = f"<Event>{cdata(event)}</Event>"
        if event in _LIST_NAMES:
            written = "".join(f"<List>{_members(entry)}</List>" for entry in entries)
            inner += f"<{_LIST_NAMES[event]}>{written}</{_LIST_NAMES[event]}>"
        else:
            scene = f"qrscene_{key}" if event is Event.SUBSCRIBE and key is not None else key
            inner += f"<EventKey>{cdata(scene or '')}</EventKey>"
            if key is not None and event in _SCANNED:
                inner += f"<Ticket>{cdata(f'TICKET_{key}')}</Ticket>"
        return {"event": event, **await self._pushed(app, person, "event", inner, same_nonce=same_nonce)}

    async def _pushed(self, app: App, person: str, kind: str, inner: str, *, same_nonce: bool) -> dict[str, Any]:
        openid = self._people.openid(app.appid, person)
        xml = (
            f"<xml><ToUserName>{cdata(self._apps.original_id(app.appid))}</ToUserName>"
            f"<FromUserName>{cdata(openid)}</FromUserName><CreateTime>{int(self._clocks.wire())}</CreateTime>"
            f"<MsgType>{cdata(kind)}</MsgType>{inner}</xml>"
        )
        delivery = await self._pushes.deliver(app, openid, xml, same_nonce=same_nonce)
        if delivery.reply is not None:
            self._messages.add(Channel.REPLY, person=person, appid=app.appid, text=delivery.reply.content)
        return _told(delivery)


def _members(entry: dict[str, str]) -> str:
    return "".join(f"<{name}>{cdata(value)}</{name}>" for name, value in entry.items())


def _told(delivery: Delivery) -> dict[str, Any]:
    reply = delivery.reply
    return {
        "attempts": delivery.attempts,
        "status": delivery.status,
        "reply": None
        if reply is None
        else {
            "type": reply.type,
            "content": reply.content,
            "to": reply.to,
            "from": reply.sender,
            "links": [asdict(link) for link in reply.links],
        },
        "malformed": delivery.malformed,
    }
