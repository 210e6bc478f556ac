"""The control API's part about people: what their phones would do, and what they received."""

import base64
import binascii
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .app_control import TEMPLATE_ID, find_app
from .apps import App, AppKind, Apps
from .consents import ConsentResult, Consents
from .conversation import Conversations, Event
from .messages import Channel, Messages
from .orders import OrderError, as_json, choice, control_routes, flag, optional_text, read_order, text
from .people import CodeKind, People
from .push import Pushes

RAW_PUSH_BYTES = 512 * 1024

_PERSON = re.compile(r"[a-z0-9_-]{1,32}")
_PHONE = re.compile(r"[0-9]{4,15}")
_COUNTRY = re.compile(r"[1-9][0-9]{0,2}")
_SCENE = re.compile(r"[!-~]{1,64}")
_ENTRY_NAME = re.compile(r"[A-Za-z]{1,40}")
_ID = re.compile(r"[0-9]{1,18}")
# What XML can carry.
_CONTENT = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]{1,2048}")


class PeopleControl:
    """Orders that play people, and what they received. Of a phone only a mask is told."""

    def __init__(
        self,
        apps: Apps,
        people: People,
        consents: Consents,
        messages: Messages,
        conversations: Conversations,
        pushes: Pushes,
    ) -> None:
        self._apps = apps
        self._people = people
        self._consents = consents
        self._messages = messages
        self._conversations = conversations
        self._pushes = pushes

    def routes(self) -> list[Route]:
        """Give the routes under /_sandbox."""
        return control_routes(
            [
                ("POST", "/people/{person}/login", self.login),
                ("POST", "/people/{person}/phone", self.phone),
                ("POST", "/people/{person}/block", self.block),
                ("POST", "/people/{person}/subscribe", self.subscribe),
                ("POST", "/people/{person}/messages", self.write),
                ("POST", "/people/{person}/events", self.act),
                ("POST", "/push", self.push),
                ("GET", "/messages", self.messages),
            ]
        )

    async def login(self, request: Request) -> Response:
        """Do what wx.login does: answer a code that can be exchanged once, within five minutes."""
        order = await read_order(request, {"appid"})
        app = find_app(self._apps, order["appid"], AppKind.MINI_PROGRAM)
        return as_json({"code": self._people.make_code(CodeKind.LOGIN, app.appid, _person(request))})

    async def phone(self, request: Request) -> Response:
        """Do what the getPhoneNumber button does: answer a code for this number. `country_code` is 86 unless told."""
        order = await read_order(request, {"appid", "phone"}, {"country_code"})
        app = find_app(self._apps, order["appid"], AppKind.MINI_PROGRAM)
        country_code = optional_text(order, "country_code", _COUNTRY) or "86"
        content = f"{country_code} {text(order, 'phone', _PHONE)}"
        return as_json({"code": self._people.make_code(CodeKind.PHONE, app.appid, _person(request), content)})

    async def block(self, request: Request) -> Response:
        """Let the platform keep a person from logging in (`high_risk`), or no longer (`none`)."""
        order = await read_order(request, {"kind"})
        if order["kind"] not in ("high_risk", "none"):
            raise OrderError("kind must be high_risk or none")
        self._people.set_at_risk(_person(request), at_risk=order["kind"] == "high_risk")
        return as_json({"kind": order["kind"]})

    async def subscribe(self, request: Request) -> Response:
        """Answer for a person when the mini program asks for consent; tells how many messages it still takes."""
        order = await read_order(request, {"appid", "template_id", "result"})
        app = find_app(self._apps, order["appid"], AppKind.MINI_PROGRAM)
        template_id = text(order, "template_id", TEMPLATE_ID)
        result = choice(order, "result", ConsentResult)
        person = _person(request)
        self._people.openid(app.appid, person)
        self._consents.add(app.appid, person, template_id, result)
        return as_json({"left": self._consents.left(app.appid, person, template_id)})

    async def write(self, request: Request) -> Response:
        """Send a text to the account and answer what came of it.

        With `follow_first` a person who does not follow does so by an event of its own first.
        """
        order = await read_order(request, {"appid", "content"}, {"follow_first", "same_nonce"})
        app = self._pushed_app(order["appid"])
        person = _person(request)
        content = text(order, "content", _CONTENT)
        same_nonce = flag(order, "same_nonce", default=False)
        if flag(order, "follow_first", default=False) and not self._people.followed_at(app.appid, person):
            await self._conversations.act(app, person, Event.SUBSCRIBE, entries=[])
        return as_json(await self._conversations.write(app, person, content, same_nonce=same_nonce))

    async def act(self, request: Request) -> Response:
        """Follow, leave, scan or tap, and answer what came of it.

        `scene` is of a scanned code, `key` of a menu's item, `entries` of the events about subscribe messages.
        """
        order = await read_order(request, {"appid", "event"}, {"scene", "key", "entries", "same_nonce"})
        app = self._pushed_app(order["appid"])
        entries = order.get("entries", [])
        if not isinstance(entries, list) or not all(map(_is_entry, entries)):
            raise OrderError("entries must be a list of objects of texts")
        return as_json(
            await self._conversations.act(
                app,
                _person(request),
                choice(order, "event", Event),
                key=optional_text(order, "scene", _SCENE) or optional_text(order, "key", _SCENE),
                entries=entries,
                same_nonce=flag(order, "same_nonce", default=False),
            )
        )

    async def push(self, request: Request) -> Response:
        """Push anything: `xml` signed and in the app's mode, or the bytes of `body_base64`, under any query."""
        order = await read_order(
            request, {"appid"}, {"xml", "body_base64", "query_overrides"}, most_bytes=RAW_PUSH_BYTES
        )
        app = self._pushed_app(order["appid"])
        changes = order.get("query_overrides", {})
        if not isinstance(changes, dict) or not all(
            value is None or isinstance(value, str) for value in changes.values()
        ):
            raise OrderError("query_overrides must be texts, or null")
        answer = await self._pushes.send_raw(app, _raw_content(order), changes)
        return as_json({"status": answer.status, "body": answer.body.decode("utf-8", "replace")})

    async def messages(self, request: Request) -> Response:
        """Answer what was received, oldest first: all, or of one `person`, one `channel`, `after` an id."""
        query = request.query_params
        if unknown := query.keys() - {"person", "channel", "after"}:
            raise OrderError(f"unknown: {', '.join(sorted(unknown))}")
        channel = choice(query, "channel", Channel) if query.get("channel") else None
        after = int(text(query, "after", _ID)) if query.get("after") else 0
        return as_json(
            {"messages": self._messages.listed(person=query.get("person") or None, channel=channel, after=after)}
        )

    def _pushed_app(self, appid: object) -> App:
        app = find_app(self._apps, appid)
        if app.push_url is None:
            raise OrderError("the app has set no address for pushes", 409)
        return app


def _person(request: Request) -> str:
    return text(request.path_params, "person", _PERSON)


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and all(
        _ENTRY_NAME.fullmatch(name) and isinstance(value, str) for name, value in entry.items()
    )


def _raw_content(order: dict[str, Any]) -> str | bytes:
    xml, encoded = order.get("xml"), order.get("body_base64")
    if isinstance(xml, str) and encoded is None:
        return xml
    if not isinstance(encoded, str) or xml is not None:
        raise OrderError("one of xml and body_base64 must be a text")
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise OrderError("body_base64 is no base64") from None
