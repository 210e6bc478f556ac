"""The official account's server: who follows, customer-service messages, template messages, where pushes come from."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .apps import App, AppKind, Apps, TemplateKind
from .book import Clocks
from .faults import Call
from .messages import Channel, Messages
from .people import People
from .platform_call import PlatformCalls, text_in
from .platform_refusal import PlatformRefusal
from .push_reply import LONGEST_TEXT_BYTES
from .reply_windows import ReplyWindows

# Each line of a template message is cut here, without a word.
SHOWN_UNITS = 20
# How long the platform knows a `client_msg_id`.
CLIENT_ID_SECONDS = 600


class OfficialAccount:
    """The calls of an official account."""

    def __init__(
        self,
        calls: PlatformCalls,
        clocks: Clocks,
        apps: Apps,
        people: People,
        windows: ReplyWindows,
        messages: Messages,
    ) -> None:
        self._calls = calls
        self._clocks = clocks
        self._apps = apps
        self._people = people
        self._windows = windows
        self._messages = messages

    def routes(self) -> list[Route]:
        """Give the routes, as on api.weixin.qq.com."""
        return [
            Route("/cgi-bin/user/info", self.user_info, methods=["GET"]),
            Route("/cgi-bin/message/custom/send", self.custom_send, methods=["POST"]),
            Route("/cgi-bin/message/template/send", self.template_send, methods=["POST"]),
            Route("/cgi-bin/getcallbackip", self.callback_ip, methods=["GET"]),
        ]

    async def user_info(self, request: Request) -> Response:
        """Answer whether a person follows, and its unionid where the account is bound."""
        return await self._calls.serve_app(request, Call.USER_INFO, AppKind.OFFICIAL_ACCOUNT, self._user_info)

    async def custom_send(self, request: Request) -> Response:
        """Send a text by customer service, within the windows that the person opened."""
        return await self._calls.serve_app(request, Call.CUSTOM_SEND, AppKind.OFFICIAL_ACCOUNT, self._custom_send)

    async def template_send(self, request: Request) -> Response:
        """Send a template message to a follower."""
        return await self._calls.serve_app(request, Call.TEMPLATE_SEND, AppKind.OFFICIAL_ACCOUNT, self._template_send)

    async def callback_ip(self, request: Request) -> Response:
        """Answer the addresses that pushes come from: loopback."""
        return await self._calls.serve_app(
            request, Call.CALLBACK_IP, AppKind.OFFICIAL_ACCOUNT, lambda _app, _sent: {"ip_list": ["127.0.0.1"]}
        )

    def _user_info(self, app: App, sent: dict[str, Any]) -> dict[str, Any]:
        openid = sent.get("openid")
        person = self._people.person(app.appid, openid)
        followed_at = self._people.followed_at(app.appid, person)
        if followed_at is None:
            return {"subscribe": 0, "openid": openid}
        unionid = self._people.unionid(app, person)
        return {
            "subscribe": 1,
            "openid": openid,
            "language": "zh_CN",
            "subscribe_time": int(followed_at),
            **({} if unionid is None else {"unionid": unionid}),
            "remark": "",
            "groupid": 0,
            "tagid_list": [],
        }

    def _custom_send(self, app: App, sent: dict[str, Any]) -> dict[str, Any]:
        person = self._follower(app, sent.get("touser"))
        text = sent.get("text")
        content = text.get("content") if isinstance(text, dict) else None
        # The other kinds of message exist; nobody here sends them.
        if sent.get("msgtype") != "text" or not isinstance(content, str):
            raise PlatformRefusal(40008)
        if not content:
            raise PlatformRefusal(44004)
        if len(content.encode()) > LONGEST_TEXT_BYTES:
            raise PlatformRefusal(45002)
        self._windows.use(app.appid, person)
        self._messages.add(Channel.CUSTOM, person=person, appid=app.appid, text=content)
        return {"errcode": 0, "errmsg": "ok"}

    def _template_send(self, app: App, sent: dict[str, Any]) -> dict[str, Any]:
        if not app.settings.service_account:
            raise PlatformRefusal(48001)
        person = self._follower(app, sent.get("touser"))
        template = self._apps.template(app.appid, sent.get("template_id"), TemplateKind.TEMPLATE)
        data = _shown(template.keys, sent.get("data"))
        page = self._page(app, sent.get("miniprogram")) or text_in(sent, "url")
        client_id = text_in(sent, "client_msg_id")
        if client_id is not None:
            # Documented: one message within ten minutes. To answer a repetition as the first is the sandbox's choice.
            since = self._clocks.business() - CLIENT_ID_SECONDS
            before = self._messages.sent_before(Channel.TEMPLATE, client_id, person=person, since=since)
            if before is not None:
                return {"errcode": 0, "errmsg": "ok", "msgid": before}
        message_id = self._messages.add(
            Channel.TEMPLATE,
            person=person,
            appid=app.appid,
            template_id=template.template_id,
            page=page,
            client_id=client_id,
            data=data,
        )
        return {"errcode": 0, "errmsg": "ok", "msgid": message_id}

    def _follower(self, app: App, openid: object) -> str:
        person = self._people.person(app.appid, openid)
        if self._people.followed_at(app.appid, person) is None:
            raise PlatformRefusal(43004)
        return person

    def _page(self, app: App, target: object) -> str | None:
        """Give the mini program's page that a message opens; refuse with 40013 one of an app that is not associated."""
        if target is None:
            return None
        if not isinstance(target, dict):
            raise PlatformRefusal(47001, "miniprogram")
        linked = self._apps.app(str(target.get("appid")))
        if linked is None or linked.kind is not AppKind.MINI_PROGRAM or not app.settings.associated:
            raise PlatformRefusal(40013)
        return text_in(target, "pagepath")


def _shown(keys: dict[str, tuple[str, ...]], data: object) -> dict[str, str]:
    """Give what a person sees: each key of the template, cut; what is absent is blank, what is unknown is dropped."""
    if not isinstance(data, dict):
        raise PlatformRefusal(47001, "data")
    shown = {}
    for key in keys:
        entry = data.get(key)
        value = entry.get("value") if isinstance(entry, dict) else None
        shown[key] = str(value or "")[:SHOWN_UNITS]
    return shown
