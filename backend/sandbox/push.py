"""Pushes: what people do reaches the app's own server, signed, encrypted by its mode, three times at most."""

import asyncio
import secrets
from dataclasses import dataclass

import httpx2

from .apps import App, Apps, PushMode
from .book import Clocks
from .push_crypto import encrypt, signature
from .push_reply import LONGEST_ANSWER_BYTES, Reply, ReplyRefused, read_reply

PUSH_SECONDS = 5.0
TRIES = 3
_NO_TOKEN = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app's server answered; `status` None when nothing came in time."""

    status: int | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a push. When `malformed`, the person sees that the account is out of service."""

    attempts: int
    status: int | None
    reply: Reply | None
    malformed: bool


class Pushes:
    """Sends to the addresses that apps have set."""

    def __init__(self, clocks: Clocks, apps: Apps, transport: httpx2.AsyncBaseTransport) -> None:
        self._clocks = clocks
        self._apps = apps
        self._http = httpx2.AsyncClient(transport=transport, timeout=PUSH_SECONDS, trust_env=False)

    async def aclose(self) -> None:
        """End the connections."""
        await self._http.aclose()

    async def verifies(self, token: str, url: str) -> bool:
        """Do what the console does before it takes an address: tell whether it answers `echostr` unchanged."""
        echo = secrets.token_hex(10)
        answer = await self._asked("GET", url, {**self._stamped(token), "echostr": echo})
        return answer.status == 200 and answer.body == echo.encode()

    async def deliver(self, app: App, openid: str, xml: str, *, same_nonce: bool = False) -> Delivery:
        """Push until it is answered with 200, three times at most, each within five seconds.

        Whether the platform renews timestamp and nonce when it repeats a push is not known: both can be had.
        """
        stamp = self._stamped(app.token)
        attempts = 0
        answer = Answer(None, b"")
        while attempts < TRIES and answer.status != 200:
            if attempts and not same_nonce:
                stamp = self._stamped(app.token)
            attempts += 1
            query, body = _written(app, self._apps.original_id(app.appid), xml, stamp)
            answer = await self._asked("POST", app.push_url or "", {**query, "openid": openid}, body)
        if answer.status != 200:
            return Delivery(attempts, answer.status, None, malformed=False)
        try:
            reply = read_reply(app, self._apps.original_id(app.appid), openid, answer.body)
        except ReplyRefused:
            return Delivery(attempts, answer.status, None, malformed=True)
        return Delivery(attempts, answer.status, reply, malformed=False)

    async def send_raw(self, app: App, content: str | bytes, changes: dict[str, str | None]) -> Answer:
        """Push once and give the bare answer, for tests of hostile input.

        A text is signed and written in the app's mode; bytes go as they are. A change replaces a member of the query,
        None takes it away.
        """
        query = self._stamped(app.token)
        body = content if isinstance(content, bytes) else b""
        if isinstance(content, str):
            query, body = _written(app, self._apps.original_id(app.appid), content, query)
        changed = {name: value for name, value in {**query, **changes}.items() if value is not None}
        return await self._asked("POST", app.push_url or "", changed, body)

    def _stamped(self, token: str | None) -> dict[str, str]:
        timestamp, nonce = str(int(self._clocks.wire())), str(secrets.randbelow(10**10))
        return {
            "signature": signature(token or _NO_TOKEN, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
        }

    async def _asked(self, method: str, url: str, query: dict[str, str], body: bytes = b"") -> Answer:
        headers = {"Content-Type": "text/xml"} if method == "POST" else {}
        # Added to the query that the address has, as the platform does.
        address = httpx2.URL(url).copy_merge_params(query)
        read = bytearray()
        try:
            async with (
                asyncio.timeout(PUSH_SECONDS),
                self._http.stream(method, address, content=body, headers=headers) as response,
            ):
                async for chunk in response.aiter_bytes():
                    read += chunk
                    if len(read) > LONGEST_ANSWER_BYTES:
                        break
                return Answer(response.status_code, bytes(read))
        except (httpx2.HTTPError, TimeoutError):
            return Answer(None, b"")


def _written(app: App, original_id: str, xml: str, stamp: dict[str, str]) -> tuple[dict[str, str], bytes]:
    """Give query and body of a push in the app's mode."""
    if app.push_mode is PushMode.PLAIN or app.encoding_aes_key is None:
        return stamp, xml.encode()
    sealed = encrypt(app.encoding_aes_key, app.appid, xml.encode())
    query = {
        **stamp,
        "encrypt_type": "aes",
        "msg_signature": signature(app.token or _NO_TOKEN, stamp["timestamp"], stamp["nonce"], sealed),
    }
    clear = f"<ToUserName>{cdata(original_id)}</ToUserName>"
    if app.push_mode is PushMode.COMPATIBLE:
        clear = xml.removeprefix("<xml>").removesuffix("</xml>")
    return query, f"<xml>{clear}<Encrypt>{cdata(sealed)}</Encrypt></xml>".encode()


def cdata(text: str) -> str:
    """Write a text as CDATA; the end mark in it is split over two sections."""
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
