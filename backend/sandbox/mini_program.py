"""The mini program's server: login, phone number, access tokens, codes to scan, subscribe messages."""

import base64
import io
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .apps import App, AppKind, Apps, TemplateKind
from .book import Clocks
from .consents import Consents
from .faults import Call
from .messages import Channel, Messages
from .orders import as_json
from .people import CodeKind, People
from .platform_call import PlatformCalls, answered, read_object, text_in
from .platform_refusal import PlatformRefusal
from .rates import Rates
from .template_values import check_values
from .tokens import Tokens

# An older page of the documentation has this limit; the present one says only that there is one.
LOGINS_A_MINUTE = 100
HOME_PAGE = "pages/index/index"
NARROWEST_PIXELS, WIDEST_PIXELS, USUAL_PIXELS = 280, 1280, 430

_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]{1,32}")
_PAGE = re.compile(r"[0-9A-Za-z_-]+(?:/[0-9A-Za-z_-]+)*")
_VERSIONS = ("release", "trial", "develop")
_STATES = ("developer", "trial", "formal")
_LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")
_GRANT = "client_credential"


class MiniProgram:
    """The calls of a mini program, and the two for access tokens, which the official account has in common with it."""

    def __init__(
        self,
        calls: PlatformCalls,
        clocks: Clocks,
        apps: Apps,
        people: People,
        tokens: Tokens,
        consents: Consents,
        messages: Messages,
    ) -> None:
        self._calls = calls
        self._clocks = clocks
        self._apps = apps
        self._people = people
        self._tokens = tokens
        self._consents = consents
        self._messages = messages
        self._rates = Rates(clocks)

    def routes(self) -> list[Route]:
        """Give the routes, as on api.weixin.qq.com."""
        return [
            Route("/sns/jscode2session", self.login, methods=["GET"]),
            Route("/wxa/business/getuserphonenumber", self.phone, methods=["POST"]),
            Route("/wxa/getwxacodeunlimit", self.code_image, methods=["POST"]),
            Route("/cgi-bin/stable_token", self.stable_token, methods=["POST"]),
            Route("/cgi-bin/token", self.token, methods=["GET"]),
            Route("/cgi-bin/message/subscribe/send", self.subscribe_send, methods=["POST"]),
        ]

    async def login(self, request: Request) -> Response:
        """Exchange a login code for openid, session key and, where the app is bound, unionid."""
        try:
            app, code = self._login_of(request.query_params)
        except PlatformRefusal as refusal:
            return as_json(refusal.body())
        return await self._calls.serve(request, Call.LOGIN, lambda: answered(lambda: self._session(app, code)))

    async def phone(self, request: Request) -> Response:
        """Exchange a phone code for the number."""
        return await self._calls.serve_app(request, Call.PHONE, AppKind.MINI_PROGRAM, self._phone)

    async def stable_token(self, request: Request) -> Response:
        """Answer the app's stable token."""
        try:
            sent = await read_object(request)
            app = self._granted(text_in(sent, "grant_type"), text_in(sent, "appid"), text_in(sent, "secret"))
        except PlatformRefusal as refusal:
            return as_json(refusal.body())
        give = self._tokens.forced if sent.get("force_refresh") is True else self._tokens.stable
        return await self._calls.serve(
            request, Call.STABLE_TOKEN, lambda: answered(lambda: _token_answer(*give(app.appid)))
        )

    async def token(self, request: Request) -> Response:
        """Answer a new token of the other kind."""
        query = request.query_params
        try:
            app = self._granted(query.get("grant_type"), query.get("appid"), query.get("secret"))
        except PlatformRefusal as refusal:
            return as_json(refusal.body())
        return await self._calls.serve(
            request, Call.TOKEN, lambda: as_json(_token_answer(*self._tokens.plain(app.appid)))
        )

    async def code_image(self, request: Request) -> Response:
        """Answer the picture of a code that opens a page with a scene."""
        return await self._calls.serve_app(request, Call.CODE_IMAGE, AppKind.MINI_PROGRAM, _code_image)

    async def subscribe_send(self, request: Request) -> Response:
        """Send a subscribe message, for which a consent is used up."""
        return await self._calls.serve_app(request, Call.SUBSCRIBE_SEND, AppKind.MINI_PROGRAM, self._send)

    def _granted(self, grant_type: str | None, appid: str | None, secret: str | None) -> App:
        if grant_type != _GRANT:
            raise PlatformRefusal(40002)
        return self._apps.authenticated(appid, secret)

    def _login_of(self, query: Mapping[str, str]) -> tuple[App, str]:
        app = self._apps.authenticated(query.get("appid"), query.get("secret"), AppKind.MINI_PROGRAM)
        if query.get("grant_type") != "authorization_code":
            raise PlatformRefusal(40002)
        if not query.get("js_code"):
            raise PlatformRefusal(41008)
        return app, query["js_code"]

    def _session(self, app: App, code: str) -> dict[str, Any]:
        person, _ = self._people.use_code(CodeKind.LOGIN, app.appid, code, when_used=40163)
        if not self._rates.admits((app.appid, person), LOGINS_A_MINUTE, seconds=60):
            raise PlatformRefusal(45011)
        if self._people.at_risk(person):
            raise PlatformRefusal(40226)
        answer = {
            "session_key": base64.b64encode(secrets.token_bytes(16)).decode(),
            "openid": self._people.openid(app.appid, person),
        }
        unionid = self._people.unionid(app, person)
        return answer if unionid is None else {**answer, "unionid": unionid}

    def _phone(self, app: App, sent: dict[str, Any]) -> dict[str, Any]:
        code = text_in(sent, "code")
        if code is None:
            raise PlatformRefusal(41008)
        _, content = self._people.use_code(CodeKind.PHONE, app.appid, code, when_used=40029)
        country_code, _, pure = content.partition(" ")
        return {
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": pure if country_code == "86" else f"+{country_code}{pure}",
                "purePhoneNumber": pure,
                # A number as in the documentation's sample; its table of fields has a text.
                "countryCode": int(country_code),
                "watermark": {"timestamp": int(self._clocks.wire()), "appid": app.appid},
            },
        }

    def _send(self, app: App, sent: dict[str, Any]) -> dict[str, Any]:
        person = self._people.person(app.appid, sent.get("touser"))
        template = self._apps.template(app.appid, sent.get("template_id"), TemplateKind.SUBSCRIBE)
        data = check_values(template.keys, sent.get("data"))
        page = text_in(sent, "page")
        if page is not None:
            _check_page(app, page.partition("?")[0], released=True)
        # What the real one says to these two is not documented.
        if sent.get("miniprogram_state", "formal") not in _STATES or sent.get("lang", "zh_CN") not in _LANGUAGES:
            raise PlatformRefusal(40097, "miniprogram_state or lang")
        if not self._consents.spend(app.appid, person, template.template_id):
            raise PlatformRefusal(43101)
        self._messages.add(
            Channel.SUBSCRIBE,
            person=person,
            appid=app.appid,
            template_id=template.template_id,
            page=page,
            data=data,
        )
        return {"errcode": 0, "errmsg": "ok"}


def _token_answer(token: str, expires_in: int) -> dict[str, Any]:
    return {"access_token": token, "expires_in": expires_in}


def _check_page(app: App, page: str, *, released: bool) -> None:
    """Refuse with 41030 what is no path of a page, and where that is asked one outside the released version."""
    pages = app.settings.pages
    if not _PAGE.fullmatch(page) or (released and pages is not None and page not in pages):
        raise PlatformRefusal(41030)


def _code_image(app: App, sent: dict[str, Any]) -> Response:
    scene = sent.get("scene")
    if not isinstance(scene, str) or not _SCENE.fullmatch(scene):
        raise PlatformRefusal(40169)
    page = text_in(sent, "page")
    if page is not None:
        _check_page(app, page, released=sent.get("check_path", True) is not False)
    width = sent.get("width", USUAL_PIXELS)
    # The bounds are documented, the refusal is not.
    if not isinstance(width, int) or not NARROWEST_PIXELS <= width <= WIDEST_PIXELS:
        raise PlatformRefusal(40097, "width")
    if sent.get("env_version", "release") not in _VERSIONS:
        raise PlatformRefusal(40097, "env_version")
    code = segno.make(f"{page or HOME_PAGE}?scene={quote(scene, safe='')}", error="m", micro=False)
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=width // code.symbol_size()[0])
    return Response(picture.getvalue(), media_type="image/png")
