"""An app's side of the platform: its calls, its server for pushes, and the orders that play its people."""

import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx2
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from backend.sandbox import create_app
from tests.sandbox.provider import BASE, Wall, with_a_key

MINI = "wx00000000000000a1"
ACCOUNT = "wx00000000000000b2"
SECRETS = {MINI: "a" * 32, ACCOUNT: "b" * 32}
TOKEN = "AAAAA"
AES_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
PUSH_URL = "http://127.0.0.1:8000/wechat/official-account"
TEMPLATE = "review_result"
ROBOT_KEY = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa"
SMS_SECRET = "sms-secret-1"


def sha1_of(*parts: str) -> str:
    """Sign as the documentation says: sorted, joined, SHA-1."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - the scheme of the platform


def _cipher() -> Cipher[modes.CBC]:
    key = base64.b64decode(AES_KEY + "=")
    return Cipher(algorithms.AES256(key), modes.CBC(key[:16]))


def sealed(message: bytes, appid: str = ACCOUNT) -> str:
    """Encrypt as 安全模式 does."""
    padder = padding.PKCS7(256).padder()
    plain = secrets.token_bytes(16) + len(message).to_bytes(4, "big") + message + appid.encode()
    encryptor = _cipher().encryptor()
    padded = padder.update(plain) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def opened(ciphertext: str) -> tuple[bytes, str]:
    """Decrypt, and give the message and the appid behind it."""
    decryptor = _cipher().decryptor()
    padded = decryptor.update(base64.b64decode(ciphertext)) + decryptor.finalize()
    unpadder = padding.PKCS7(256).unpadder()
    plain = unpadder.update(padded) + unpadder.finalize()
    length = int.from_bytes(plain[16:20], "big")
    return plain[20 : 20 + length], plain[20 + length :].decode()


def members(xml: bytes | str) -> dict[str, str]:
    """Give the texts of the children of a push."""
    return {child.tag: child.text or "" for child in ET.fromstring(xml)}  # noqa: S314 - our own sandbox wrote it


def _echoed(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, text=request.url.params["echostr"])


Answering = Callable[[httpx2.Request], httpx2.Response | Awaitable[httpx2.Response]]


@dataclass
class PushServer:
    """The app's server: keeps what arrives, and answers as told."""

    verify: Answering = _echoed
    answer: Answering = lambda _request: httpx2.Response(200)
    received: list[httpx2.Request] = field(default_factory=list)

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer the console's question, or take a push."""
        if request.method == "POST":
            self.received.append(request)
        answer = self.verify(request) if request.method == "GET" else self.answer(request)
        return answer if isinstance(answer, httpx2.Response) else await answer

    def reply(self, content: str, **changes: str) -> None:
        """Answer every push with this text; changes replace members of the reply."""
        self.answer = lambda request: httpx2.Response(200, content=text_reply(request, content, **changes))


def pushed(request: httpx2.Request) -> dict[str, str]:
    """Give the members of a push, decrypted where it is encrypted."""
    outer = members(request.content)
    return members(opened(outer["Encrypt"])[0]) if "Encrypt" in outer else outer


def text_reply(request: httpx2.Request, content: str, **changes: str) -> bytes:
    """Write a passive reply in clear."""
    push = pushed(request)
    reply = {
        "ToUserName": push["FromUserName"],
        "FromUserName": push["ToUserName"],
        "CreateTime": push["CreateTime"],
        "MsgType": "text",
        "Content": content,
        **changes,
    }
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in reply.items() if value)
    return f"<xml>{inner}</xml>".encode()


def sealed_reply(request: httpx2.Request, content: str, *, appid: str = ACCOUNT, **changes: str) -> bytes:
    """Write a passive reply of 安全模式; changes replace members of its envelope."""
    ciphertext = sealed(text_reply(request, content), appid)
    envelope = {
        "Encrypt": ciphertext,
        "MsgSignature": sha1_of(TOKEN, "1790000000", "77", ciphertext),
        "TimeStamp": "1790000000",
        "Nonce": "77",
        **changes,
    }
    return ("<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in envelope.items()) + "</xml>").encode()


class Platform:
    """The servers of mini program and official account, as an app calls them and as a tester orders them."""

    def __init__(self, http: httpx2.AsyncClient, wall: Wall, server: PushServer) -> None:
        self.http = http
        self.wall = wall
        self.server = server

    async def ready(self) -> "Platform":
        """Register both apps, a template of each kind, a robot and the gateway."""
        await self.order("apps", kind="mini_program", appid=MINI, secret=SECRETS[MINI])
        await self.order(
            "apps",
            kind="official_account",
            appid=ACCOUNT,
            secret=SECRETS[ACCOUNT],
            token=TOKEN,
            encoding_aes_key=AES_KEY,
        )
        keys = ["thing1", "phrase2", "time3"]
        for appid, kind in ((MINI, "subscribe"), (ACCOUNT, "template")):
            await self.order("templates", appid=appid, template_id=TEMPLATE, kind=kind, title="审核结果通知", keys=keys)
        await self.order("robots", key=ROBOT_KEY, name="HQ")
        await self.order("sms", secret=SMS_SECRET, templates=["login_code"])
        return self

    async def order(self, path: str, **order: Any) -> dict[str, Any]:
        """Give the control API an order that it must take."""
        answer = await self.http.post(f"/_sandbox/{path}", json=order)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def set_push(self, mode: str = "plain") -> None:
        """Set the address for the account's pushes."""
        await self.order(f"apps/{ACCOUNT}/push", url=PUSH_URL, mode=mode)

    async def messages(self, **query: Any) -> list[dict[str, Any]]:
        """List what was received."""
        answer = await self.http.get("/_sandbox/messages", params=query)
        assert answer.status_code == 200, answer.text
        result: list[dict[str, Any]] = answer.json()["messages"]
        return result

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Call with a GET; give the JSON body of an answer that is always 200."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def post(self, path: str, sent: object, **query: Any) -> dict[str, Any]:
        """Call with a POST."""
        answer = await self.http.post(path, json=sent, params=query)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def login(self, code: str, **changes: str) -> dict[str, Any]:
        """Exchange a login code; an empty change takes a member away."""
        query = {
            "appid": MINI,
            "secret": SECRETS[MINI],
            "js_code": code,
            "grant_type": "authorization_code",
            **changes,
        }
        return await self.get("/sns/jscode2session", **{name: value for name, value in query.items() if value})

    async def login_code(self, person: str = "lin") -> str:
        """Do what wx.login does."""
        return str((await self.order(f"people/{person}/login", appid=MINI))["code"])

    async def openid(self, person: str = "lin") -> str:
        """Log in and give the mini program's openid."""
        return str((await self.login(await self.login_code(person)))["openid"])

    async def stable_token(self, appid: str = MINI, *, force_refresh: bool = False) -> dict[str, Any]:
        """Ask for the stable token."""
        sent = {"grant_type": "client_credential", "appid": appid, "secret": SECRETS[appid]}
        return await self.post("/cgi-bin/stable_token", {**sent, "force_refresh": force_refresh})

    async def access(self, appid: str = MINI) -> str:
        """Give an access token."""
        return str((await self.stable_token(appid))["access_token"])

    async def write(self, content: str = "芝麻开门", person: str = "lin", **order: Any) -> dict[str, Any]:
        """Send a text to the account."""
        return await self.order(f"people/{person}/messages", appid=ACCOUNT, content=content, **order)

    async def act(self, event: str, person: str = "lin", **order: Any) -> dict[str, Any]:
        """Do what an event of the account says."""
        return await self.order(f"people/{person}/events", appid=ACCOUNT, event=event, **order)


def platform_in_process(data: Path, wall: Wall, *, client: str = "127.0.0.1") -> Platform:
    """Give the platform over `data`, without a socket to it or from it."""
    server = PushServer()
    app = create_app(with_a_key(data), public_url=BASE, wall=wall, push_transport=httpx2.MockTransport(server))
    transport = httpx2.ASGITransport(app=app, client=(client, 50000))
    return Platform(httpx2.AsyncClient(transport=transport, base_url=BASE, trust_env=False), wall, server)
