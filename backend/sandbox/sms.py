"""The gateway for text messages: made up, as each real one is different."""

import hmac
import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .book import Book
from .faults import Call, Kind
from .messages import Channel, Messages
from .orders import as_json
from .platform_call import PlatformCalls, read_object
from .platform_refusal import PlatformRefusal

_PHONE = re.compile(r"1[3-9][0-9]{9}")
_TEMPLATE = re.compile(r"[A-Za-z0-9_]{1,64}")
_CLIENT_ID = re.compile(r"[!-~]{1,64}")
_SCHEME = "Bearer "


@dataclass(eq=False)
class SmsRefusal(Exception):
    """An error answer: HTTP status, code, and a sentence without the phone."""

    status: int
    code: str
    message: str

    def answer(self) -> Response:
        """Give the answer."""
        return as_json({"code": self.code, "message": self.message}, self.status)


class SmsGateway:
    """The gateway's one call."""

    def __init__(self, book: Book, calls: PlatformCalls, messages: Messages) -> None:
        self._book = book
        self._calls = calls
        self._messages = messages

    def routes(self) -> list[Route]:
        """Give the route."""
        return [Route("/sms/messages", self.send, methods=["POST"])]

    def register(self, secret: str, templates: list[str] | None) -> None:
        """Store the secret of the gateway's customer and its templates (None: any); those before are replaced."""
        self._book.set("sms", {"secret": secret, "templates": templates})

    async def send(self, request: Request) -> Response:
        """Send a text message; a `client_id` that was sent before is answered as before, and nothing is sent."""
        customer = self._book.setting("sms", None)
        given = request.headers.get("authorization", "")
        if customer is None or not hmac.compare_digest(f"{_SCHEME}{customer['secret']}".encode(), given.encode()):
            return SmsRefusal(401, "UNAUTHORIZED", "鉴权失败").answer()
        try:
            sent = await read_object(request)
        except PlatformRefusal:
            return SmsRefusal(400, "INVALID_REQUEST", "请求体有误").answer()
        return await self._calls.serve(
            request, Call.SMS_SEND, lambda: self._answered(sent, customer["templates"]), _fault_answer
        )

    def _answered(self, sent: dict[str, Any], templates: list[str] | None) -> Response:
        try:
            return as_json({"message_id": str(self._take(sent, templates))})
        except SmsRefusal as refusal:
            return refusal.answer()

    def _take(self, sent: dict[str, Any], templates: list[str] | None) -> int:
        phone, template, params, client_id = (sent.get(name) for name in ("phone", "template", "params", "client_id"))
        if not isinstance(phone, str) or not _PHONE.fullmatch(phone):
            raise SmsRefusal(400, "INVALID_PHONE", "手机号有误")
        if (
            not isinstance(template, str)
            or not _TEMPLATE.fullmatch(template)
            or (templates is not None and template not in templates)
        ):
            raise SmsRefusal(400, "UNKNOWN_TEMPLATE", "短信模板不存在")
        if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id) or not _are_texts(params):
            raise SmsRefusal(400, "INVALID_REQUEST", "请求参数有误")
        before = self._messages.sent_before(Channel.SMS, client_id)
        if before is not None:
            return before
        return self._messages.add(
            Channel.SMS,
            template_id=template,
            recipient=f"{phone[:3]}****{phone[7:]}",
            client_id=client_id,
            data=params,
        )


def _are_texts(params: object) -> bool:
    return isinstance(params, dict) and all(isinstance(value, str) for value in params.values())


def _fault_answer(kind: Kind) -> Response:
    if kind is Kind.QUOTA:
        return SmsRefusal(429, "RATE_LIMITED", "发送过于频繁").answer()
    if kind is Kind.BUSY:
        return SmsRefusal(503, "BUSY", "系统繁忙，请稍后重试").answer()
    return SmsRefusal(401, "UNAUTHORIZED", "鉴权失败").answer()
