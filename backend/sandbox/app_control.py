"""The control API's part about apps, people and messages: what the consoles and the phones would do."""

import base64
import binascii
import ipaddress
import re
from dataclasses import asdict, replace
from typing import Any

import httpx2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .apps import App, AppKind, Apps, PushMode, Template, TemplateKind
from .consents import ConsentResult, Consents
from .conversation import Conversations, Event
from .messages import Channel, Messages
from .orders import OrderError, as_json, choice, control_routes, flag, read_order, text
from .people import CodeKind, People
from .push import Pushes
from .robot import Robots
from .sms import SmsGateway
from .template_values import is_key

RAW_PUSH_BYTES = 512 * 1024

_APPID = re.compile(r"wx[0-9a-f]{16}")
_SECRET = re.compile(r"[0-9a-f]{32}")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
_URL = re.compile(r"http://[!-~]{1,500}")
_PERSON = re.compile(r"[a-z0-9_-]{1,32}")
_PHONE = re.compile(r"[0-9]{4,15}")
_COUNTRY = re.compile(r"[1-9][0-9]{0,2}")
_TEMPLATE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WORDS = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
# What XML can carry.
_CONTENT = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]{1,2048}")
_SCENE = re.compile(r"[!-~]{1,64}")
_ENTRY_NAME = re.compile(r"[A-Za-z]{1,40}")
_ROBOT_KEY = re.compile(r"[A-Za-z0-9-]{1,64}")
_SMS_SECRET = re.compile(r"[!-~]{8,128}")
_ID = re.compile(r"[0-9]{1,18}")


class AppControl:
    """Orders about apps and people, and what people received. Of a phone only a mask is told."""

    def __init__(
        self,
        apps: Apps,
        people: People,
        consents: Consents,
        messages: Messages,
        conversations: Conversations,
        pushes: Pushes,
        robots: Robots,
        gateway: SmsGateway,
    ) -> None:
        self._apps = apps
        self._people = people
        self._consents = consents
        self._messages = messages
        self._conversations = conversations
        self._pushes = pushes
        self._robots = robots
        self._gateway = gateway

    def routes(self) -> list[Route]:
        """Give the routes under /_sandbox."""
        return control_routes(
            [
                ("POST", "/apps", self.register),
                ("POST", "/apps/{appid}/push", self.set_push),
                ("POST", "/apps/{appid}/settings", self.set_settings),
                ("POST", "/templates", self.put_template),
                ("PUT", "/templates", self.put_template),
                ("POST", "/people/{person}/login", self.login),
                ("POST", "/people/{person}/phone", self.phone),
                ("POST", "/people/{person}/block", self.block),
                ("POST", "/people/{person}/subscribe", self.subscribe),
                ("POST", "/people/{person}/messages", self.write),
                ("POST", "/people/{person}/events", self.act),
                ("POST", "/push", self.push),
                ("POST", "/robots", self.register_robot),
                ("POST", "/sms", self.register_gateway),
                ("GET", "/messages", self.messages),
            ]
        )

    async def register(self, request: Request) -> Response:
        """Stand in for the consoles: store an app's credentials. Idempotent; they replace those before."""
        order = await read_order(request, {"kind", "appid", "secret"}, {"token", "encoding_aes_key"})
        kind = choice(order, "kind", AppKind)
        appid = text(order, "appid", _APPID)
        self._apps.register(
            appid,
            kind,
            text(order, "secret", _SECRET),
            _optional(order, "token", _TOKEN),
            _optional(order, "encoding_aes_key", _AES_KEY),
        )
        return as_json({"appid": appid, "kind": kind, "original_id": self._apps.original_id(appid)})

    async def set_push(self, request: Request) -> Response:
        """Set where an app's pushes go. The address is asked first; 409 when it does not answer as it must."""
        order = await read_order(request, {"url", "mode"})
        app = self._app(request.path_params["appid"])
        url = text(order, "url", _URL)
        mode = choice(order, "mode", PushMode)
        if not _is_loopback(url):
            raise OrderError("url must be on loopback: the sandbox calls nobody else")
        if app.token is None or (mode is not PushMode.PLAIN and app.encoding_aes_key is None):
            raise OrderError("the app has no token, or no encoding_aes_key for this mode")
        if not await self._pushes.verifies(app.token, url):
            raise OrderError("the address did not answer echostr unchanged within five seconds", 409)
        self._apps.set_push(app.appid, url, mode)
        return as_json({"appid": app.appid, "url": url, "mode": mode})

    async def set_settings(self, request: Request) -> Response:
        """Set what the app's owner arranged with WeChat; what is not named stays."""
        order = await read_order(request, optional={"bound", "service_account", "associated", "pages"})
        app = self._app(request.path_params["appid"])
        before = app.settings
        pages = order.get("pages", before.pages)
        if pages is not None and not _are_texts(pages):
            raise OrderError("pages must be a list of texts, or null")
        settings = replace(
            before,
            bound=flag(order, "bound", default=before.bound),
            service_account=flag(order, "service_account", default=before.service_account),
            associated=flag(order, "associated", default=before.associated),
            pages=None if pages is None else tuple(pages),
        )
        self._apps.set_settings(app.appid, settings)
        return as_json(asdict(settings))

    async def put_template(self, request: Request) -> Response:
        """Store a template; `values` lists, for a key of kind enum, what it may be."""
        order = await read_order(request, {"appid", "template_id", "kind", "title", "keys"}, {"values"})
        app = self._app(order["appid"])
        kind = choice(order, "kind", TemplateKind)
        keys, values = order["keys"], order.get("values", {})
        if not _are_texts(keys) or not keys or not all(_WORDS.fullmatch(key) for key in keys):
            raise OrderError("keys must be a list of texts")
        if kind is TemplateKind.SUBSCRIBE and not all(map(is_key, keys)):
            raise OrderError("keys of a subscribe template are a kind and a number, such as thing1")
        if not isinstance(values, dict) or values.keys() - set(keys) or not all(map(_are_texts, values.values())):
            raise OrderError("values must be lists of texts under names of keys")
        template_id = text(order, "template_id", _TEMPLATE_ID)
        listed = {key: tuple(values.get(key, ())) for key in keys}
        self._apps.put_template(app.appid, Template(template_id, kind, text(order, "title", _WORDS), listed))
        return as_json({"appid": app.appid, "template_id": template_id, "kind": kind, "keys": keys})

    async def login(self, request: Request) -> Response:
        """Do what wx.login does: answer a code that can be exchanged once, within five minutes."""
        order = await read_order(request, {"appid"})
        app = self._app(order["appid"], AppKind.MINI_PROGRAM)
        return as_json({"code": self._people.make_code(CodeKind.LOGIN, app.appid, _person(request))})

    async def phone(self, request: Request) -> Response:
        """Do what the getPhoneNumber button does: answer a code for this number. `country_code` is 86 unless told."""
        order = await read_order(request, {"appid", "phone"}, {"country_code"})
        app = self._app(order["appid"], AppKind.MINI_PROGRAM)
        country_code = _optional(order, "country_code", _COUNTRY) or "86"
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
        app = self._app(order["appid"], AppKind.MINI_PROGRAM)
        template_id = text(order, "template_id", _TEMPLATE_ID)
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
                key=_optional(order, "scene", _SCENE) or _optional(order, "key", _SCENE),
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

    async def register_robot(self, request: Request) -> Response:
        """Stand in for the group's settings: store a robot's key."""
        order = await read_order(request, {"key", "name"})
        name = text(order, "name", _WORDS)
        self._robots.register(text(order, "key", _ROBOT_KEY), name)
        return as_json({"name": name})

    async def register_gateway(self, request: Request) -> Response:
        """Store the secret of the gateway's customer; `templates` are those it has, any when they are absent."""
        order = await read_order(request, {"secret"}, {"templates"})
        templates = order.get("templates")
        if templates is not None and not _are_texts(templates):
            raise OrderError("templates must be a list of texts, or null")
        self._gateway.register(text(order, "secret", _SMS_SECRET), templates)
        return as_json({"templates": templates})

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

    def _app(self, appid: object, kind: AppKind | None = None) -> App:
        app = self._apps.app(appid) if isinstance(appid, str) else None
        if app is None:
            raise OrderError("no app with this appid", 404)
        if kind is not None and app.kind is not kind:
            raise OrderError(f"the app is no {kind}")
        return app

    def _pushed_app(self, appid: object) -> App:
        app = self._app(appid)
        if app.push_url is None:
            raise OrderError("the app has set no address for pushes", 409)
        return app


def _person(request: Request) -> str:
    return text(request.path_params, "person", _PERSON)


def _optional(order: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str | None:
    return None if order.get(name) is None else text(order, name, pattern)


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and all(
        _ENTRY_NAME.fullmatch(name) and isinstance(value, str) for name, value in entry.items()
    )


def _is_loopback(url: str) -> bool:
    try:
        host = httpx2.URL(url).host
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except (httpx2.InvalidURL, ValueError):
        return False


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
