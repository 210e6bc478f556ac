"""The control API's part about apps: what the consoles would do."""

import ipaddress
import re
from dataclasses import asdict, replace

import httpx2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .apps import App, AppKind, Apps, PushMode, Template, TemplateKind
from .orders import OrderError, are_texts, as_json, choice, control_routes, flag, optional_text, read_order, text
from .push import Pushes
from .robot import Robots
from .sms import SmsGateway
from .template_values import is_key

TEMPLATE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_APPID = re.compile(r"wx[0-9a-f]{16}")
_SECRET = re.compile(r"[0-9a-f]{32}")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
_URL = re.compile(r"http://[!-~]{1,500}")
_WORDS = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_ROBOT_KEY = re.compile(r"[A-Za-z0-9-]{1,64}")
_SMS_SECRET = re.compile(r"[!-~]{8,128}")


class AppControl:
    """Orders about apps, robots and the gateway's customer. No answer tells a secret."""

    def __init__(self, apps: Apps, pushes: Pushes, robots: Robots, gateway: SmsGateway) -> None:
        self._apps = apps
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
                ("POST", "/robots", self.register_robot),
                ("POST", "/sms", self.register_gateway),
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
            optional_text(order, "token", _TOKEN),
            optional_text(order, "encoding_aes_key", _AES_KEY),
        )
        return as_json({"appid": appid, "kind": kind, "original_id": self._apps.original_id(appid)})

    async def set_push(self, request: Request) -> Response:
        """Set where an app's pushes go. The address is asked first; 409 when it does not answer as it must."""
        order = await read_order(request, {"url", "mode"})
        app = find_app(self._apps, request.path_params["appid"])
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
        app = find_app(self._apps, request.path_params["appid"])
        before = app.settings
        pages = order.get("pages")
        if pages is not None and not are_texts(pages):
            raise OrderError("pages must be a list of texts, or null")
        if "pages" in order:
            before = replace(before, pages=None if pages is None else tuple(pages))
        settings = replace(
            before,
            bound=flag(order, "bound", default=before.bound),
            service_account=flag(order, "service_account", default=before.service_account),
            associated=flag(order, "associated", default=before.associated),
        )
        self._apps.set_settings(app.appid, settings)
        return as_json(asdict(settings))

    async def put_template(self, request: Request) -> Response:
        """Store a template; `values` lists, for a key of kind enum, what it may be."""
        order = await read_order(request, {"appid", "template_id", "kind", "title", "keys"}, {"values"})
        app = find_app(self._apps, order["appid"])
        kind = choice(order, "kind", TemplateKind)
        keys, values = order["keys"], order.get("values", {})
        if not are_texts(keys) or not keys or not all(_WORDS.fullmatch(key) for key in keys):
            raise OrderError("keys must be a list of texts")
        if kind is TemplateKind.SUBSCRIBE and not all(map(is_key, keys)):
            raise OrderError("keys of a subscribe template are a kind and a number, such as thing1")
        if not isinstance(values, dict) or values.keys() - set(keys) or not all(map(are_texts, values.values())):
            raise OrderError("values must be lists of texts under names of keys")
        template_id = text(order, "template_id", TEMPLATE_ID)
        listed = {key: tuple(values.get(key, ())) for key in keys}
        self._apps.put_template(app.appid, Template(template_id, kind, text(order, "title", _WORDS), listed))
        return as_json({"appid": app.appid, "template_id": template_id, "kind": kind, "keys": keys})

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
        if templates is not None and not are_texts(templates):
            raise OrderError("templates must be a list of texts, or null")
        self._gateway.register(text(order, "secret", _SMS_SECRET), templates)
        return as_json({"templates": templates})


def _is_loopback(url: str) -> bool:
    try:
        host = httpx2.URL(url).host
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except (httpx2.InvalidURL, ValueError):
        return False


def find_app(apps: Apps, appid: object, kind: AppKind | None = None) -> App:
    """Give the app that an order names; refuses with a 404 one that there is not, with a 400 one of another kind."""
    app = apps.app(appid) if isinstance(appid, str) else None
    if app is None:
        raise OrderError("no app with this appid", 404)
    if kind is not None and app.kind is not kind:
        raise OrderError(f"the app is no {kind}")
    return app
