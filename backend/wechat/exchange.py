"""One signed request and its verified answer."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import httpx2

from backend.wechat.credentials import PayCredentials
from backend.wechat.errors import Call, PayFailure, Signal, failure
from backend.wechat.refusal import read_refusal, read_request_id, read_retry_after
from backend.wechat.signing import (
    UnknownSerialError,
    UnverifiedAnswerError,
    authorization,
    request_message,
    verify_answer,
)

USER_AGENT: Final = "Sesame"

# Raised before a byte of the request was written. Everything else may have come after the last byte.
_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer that WeChat Pay has signed."""

    body: bytes = field(repr=False)
    request_id: str


def random_nonce() -> str:
    """Give 32 random letters and digits."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class SignedExchange:
    """Sends in the name of one merchant; knows nothing of what is sent."""

    http: httpx2.AsyncClient
    credentials: PayCredentials
    timeout_seconds: float
    wall: Callable[[], float]
    nonce: Callable[[], str]

    async def send(self, call: Call, request: httpx2.Request, *, signed_body: bytes) -> Answer:
        """Sign and send `request`; give its verified answer or raise the `PayError` that `errors.RULES` says.

        `signed_body` is what the signature covers: the body itself, or the meta part of an upload.
        """
        self._sign(request, signed_body)
        try:
            # The limits of the HTTP library count from byte to byte; this one bounds the whole call.
            async with asyncio.timeout(self.timeout_seconds):
                response = await self.http.send(request)
        except _NEVER_SENT as error:
            raise failure(call, Signal.NOT_SENT) from error
        except (httpx2.RequestError, TimeoutError) as error:
            raise failure(call, Signal.NO_ANSWER) from error
        if response.is_success:
            self._verify(call, response)
            return Answer(response.content, read_request_id(response.headers))
        raise self._refused(call, response)

    def _sign(self, request: httpx2.Request, signed_body: bytes) -> None:
        timestamp, nonce = int(self.wall()), self.nonce()
        message = request_message(
            request.method,
            # What stands on the request line, so that it cannot differ from what is signed.
            request.url.raw_path.decode("ascii"),
            timestamp=timestamp,
            nonce=nonce,
            body=signed_body,
        )
        request.headers["Authorization"] = authorization(
            mchid=self.credentials.mchid,
            serial_no=self.credentials.serial_no,
            private_key=self.credentials.private_key,
            message=message,
            timestamp=timestamp,
            nonce=nonce,
        )
        request.headers["Accept"] = "application/json"
        # The signature of the answer covers the body as signed, so nothing may be packed on the way.
        request.headers["Accept-Encoding"] = "identity"
        request.headers["User-Agent"] = USER_AGENT
        # On every request, GET included: it decides which key signs the answer (微信支付公钥切换指引).
        request.headers["Wechatpay-Serial"] = self.credentials.public_key_id

    def _verify(self, call: Call, response: httpx2.Response) -> None:
        keys = {self.credentials.public_key_id: self.credentials.public_key}
        try:
            verify_answer(response.headers, response.content, keys=keys, now_seconds=self.wall())
        except UnverifiedAnswerError as error:
            signal = Signal.UNKNOWN_SERIAL if isinstance(error, UnknownSerialError) else Signal.UNVERIFIED
            raise failure(
                call, signal, status=response.status_code, request_id=read_request_id(response.headers)
            ) from error

    def _refused(self, call: Call, response: httpx2.Response) -> PayFailure:
        request_id = read_request_id(response.headers)
        if response.status_code < 400:
            return failure(call, Signal.UNREADABLE, status=response.status_code, request_id=request_id)
        # A proxy's error is unsigned and says little; one that claims a signature must prove it. A server error
        # decides nothing, whoever sent it.
        if response.status_code < 500 and "Wechatpay-Signature" in response.headers:
            self._verify(call, response)
        refusal = read_refusal(response.content)
        return failure(
            call,
            Signal.ERROR,
            status=response.status_code,
            code=refusal.code,
            message=refusal.message,
            request_id=request_id,
            pointer=refusal.pointer,
            retry_after_seconds=read_retry_after(response.headers, self.wall()),
        )
