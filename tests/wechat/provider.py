"""A provider that answers as it is told, written with plain cryptography and nothing of ours."""

from __future__ import annotations

import base64
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000000000"
NOW_SECONDS = 1722850421.0

Message = MutableMapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """One answer; without a signing key it is unsigned, as a proxy's would be."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    signed_by: RSAPrivateKey | None = None
    serial: str = PUBLIC_KEY_ID
    timestamp: int = int(NOW_SECONDS)
    signature: str | None = None
    lost: bool = False

    def sealed_headers(self) -> dict[str, str]:
        """Give the headers with the signature over exactly this body."""
        sealed = {"Request-ID": "08F5-test-268546"}
        if self.signed_by is not None:
            message = f"{self.timestamp}\nnonce-of-the-answer\n".encode() + self.body + b"\n"
            right = base64.b64encode(self.signed_by.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()
            sealed |= {
                "Wechatpay-Timestamp": str(self.timestamp),
                "Wechatpay-Nonce": "nonce-of-the-answer",
                "Wechatpay-Signature": right if self.signature is None else self.signature,
                "Wechatpay-Serial": self.serial,
                "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            }
        return sealed | dict(self.headers)


@dataclass(frozen=True)
class Received:
    """One request as it stood on the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def authorization(self) -> dict[str, str]:
        """Give the parts of the Authorization header."""
        scheme, _, parts = self.headers["authorization"].partition(" ")
        assert scheme == "WECHATPAY2-SHA256-RSA2048"
        return dict(re.findall(r'(\w+)="([^"]*)"', parts))

    def verify(self, public_key: RSAPublicKey, signed_body: bytes) -> None:
        """Raise when the signature does not cover this request line and `signed_body`."""
        parts = self.authorization()
        head = f"{self.method}\n{self.target}\n{parts['timestamp']}\n{parts['nonce_str']}\n"
        public_key.verify(
            base64.b64decode(parts["signature"], validate=True),
            head.encode() + signed_body + b"\n",
            padding.PKCS1v15(),
            hashes.SHA256(),
        )


@dataclass
class Provider:
    """Gives the same reply to everything until it is told another one; remembers what came."""

    platform_key: RSAPrivateKey
    url: str = ""
    reply: Reply = field(default_factory=Reply)
    received: list[Received] = field(default_factory=list)

    def answer(self, status: int, body: bytes, **details: Any) -> None:
        """Set the reply, signed rightly unless told otherwise."""
        self.reply = Reply(status, body, **({"signed_by": self.platform_key} | details))

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Serve one request."""
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        target = scope["raw_path"].decode() + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.received.append(Received(scope["method"], target, headers, body))
        if self.reply.lost:
            # Until the client has given up.
            await receive()
            return
        sealed = [(name.encode(), value.encode()) for name, value in self.reply.sealed_headers().items()]
        await send({"type": "http.response.start", "status": self.reply.status, "headers": sealed})
        await send({"type": "http.response.body", "body": self.reply.body})


@contextmanager
def serve(app: Any) -> Iterator[str]:
    """Run `app` on a free port of loopback in a thread of its own; give its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            thread.join(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
