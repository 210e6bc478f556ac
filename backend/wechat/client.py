"""The calls of WeChat Pay that file a micro-merchant (小微进件)."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx2
import orjson

from backend.wechat.applyment import (
    Accepted,
    Applyment,
    MalformedAnswerError,
    parse_applyment,
    parse_applyment_id,
    parse_media_id,
)
from backend.wechat.credentials import PayCredentials
from backend.wechat.errors import Action, Call, Signal, UnsendableError, failure
from backend.wechat.errors import Final as FinalError
from backend.wechat.exchange import Answer, SignedExchange, random_nonce
from backend.wechat.hosts import PRIMARY_HOST, require_safe, trusted_authorities
from backend.wechat.payload import encode_form

# The trailing slash is part of the path and of the signed string.
SUBMIT_PATH: Final = "/v3/applyment4sub/applyment/"
BY_CODE_PATH: Final = "/v3/applyment4sub/applyment/business_code/"
BY_ID_PATH: Final = "/v3/applyment4sub/applyment/applyment_id/"
UPLOAD_PATH: Final = "/v3/merchant/media/upload"

_BUSINESS_CODE: Final = re.compile(r"[0-9A-Za-z_]{1,124}", re.ASCII)
_APPLYMENT_ID: Final = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)
_FILENAME: Final = re.compile(r"[0-9A-Za-z._-]{1,100}\.(?:jpg|png|bmp)", re.ASCII | re.IGNORECASE)
_MEDIA_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/bmp"})

Result = TypeVar("Result")


class PayClient:
    """Signs what it sends and verifies what it gets; use it as an async context manager, or end it by `aclose()`.

    Every call raises `Retryable`, `OutcomeUnknown` (submit only) or `Final`, and `UnsendableError` for what must not be
    sent at all. Nothing is repeated here: whoever calls keeps the schedule.
    """

    def __init__(
        self,
        credentials: PayCredentials,
        *,
        base_url: str = PRIMARY_HOST,
        timeout_seconds: float = 10.0,
        wall: Callable[[], float] = time.time,
        nonce: Callable[[], str] = random_nonce,
    ) -> None:
        """Take the address without a path; plain http is refused with `ValueError`, except to this machine.

        `timeout_seconds` bounds a whole call. `wall` is the real clock, whatever the business clock says: signatures
        live five minutes. Proxy settings of the environment are not obeyed.
        """
        self._base_url = require_safe(base_url)
        self._credentials = credentials
        self._http = httpx2.AsyncClient(
            verify=trusted_authorities(), timeout=timeout_seconds, trust_env=False, follow_redirects=False
        )
        self._exchange = SignedExchange(self._http, credentials, timeout_seconds, wall, nonce)

    async def __aenter__(self) -> Self:
        """Give the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def upload_image(self, content: bytes, *, filename: str, media_type: str = "image/jpeg") -> str:
        """Upload one image and give its media_id, a new one each time, to be used soon after.

        Refuses with `UnsendableError` an empty image, another type than JPEG, PNG or BMP, and a filename that is not
        ASCII or does not end in jpg, png or bmp (WeChat Pay docs, 图片上传). The signature covers the meta part alone.
        """
        if not content:
            raise UnsendableError("the image is empty")
        if media_type not in _MEDIA_TYPES or not _FILENAME.fullmatch(filename):
            raise UnsendableError("an image is a JPEG, PNG or BMP with an ASCII name ending in jpg, png or bmp")
        meta = orjson.dumps({"filename": filename, "sha256": hashlib.sha256(content).hexdigest()})
        request = self._http.build_request(
            "POST",
            self._base_url + UPLOAD_PATH,
            # A list keeps its order: meta goes first.
            files=[("meta", (None, meta, "application/json")), ("file", (filename, content, media_type))],
        )
        answer = await self._exchange.send(Call.UPLOAD, request, signed_body=meta)
        return _parsed(Call.UPLOAD, answer, parse_media_id)

    async def submit_applyment(self, form: Mapping[str, Any], *, encrypted_paths: Collection[str]) -> Accepted:
        """File `form`, given in clear, under its `business_code` (WeChat Pay doc 4012722249).

        The texts at the dotted `encrypted_paths` are sealed on a copy, empty members are dropped, and the bytes that
        were signed are the bytes sent. The same form can be given again after a failure. `Final` with `RECONCILE`
        means that a form with this code is already in flow.
        """
        _require(_BUSINESS_CODE, form.get("business_code"), "business_code")
        body = encode_form(form, encrypted_paths, self._credentials.public_key)
        request = self._http.build_request(
            "POST", self._base_url + SUBMIT_PATH, content=body, headers={"Content-Type": "application/json"}
        )
        answer = await self._exchange.send(Call.SUBMIT, request, signed_body=body)
        return Accepted(_parsed(Call.SUBMIT, answer, parse_applyment_id), answer.request_id)

    async def query_by_business_code(self, business_code: str) -> Applyment | None:
        """Ask for the form of our own code; `None` when WeChat Pay does not know it (doc 4012697052)."""
        _require(_BUSINESS_CODE, business_code, "business_code")
        return await self._query(BY_CODE_PATH + business_code, lambda found: found.business_code == business_code)

    async def query_by_applyment_id(self, applyment_id: str) -> Applyment | None:
        """Ask for the form of WeChat Pay's number; `None` when WeChat Pay does not know it (doc 4012697052)."""
        _require(_APPLYMENT_ID, applyment_id, "applyment_id")
        return await self._query(BY_ID_PATH + applyment_id, lambda found: found.applyment_id == applyment_id)

    async def _query(self, path: str, is_ours: Callable[[Applyment], bool]) -> Applyment | None:
        request = self._http.build_request("GET", self._base_url + path)
        try:
            answer = await self._exchange.send(Call.QUERY, request, signed_body=b"")
        except FinalError as error:
            if error.action is Action.ABSENT:
                return None
            raise
        found = _parsed(Call.QUERY, answer, parse_applyment)
        if not is_ours(found):
            # The signature does not cover the question, so a verified answer may still belong to another one.
            raise failure(Call.QUERY, Signal.UNREADABLE, status=200, request_id=answer.request_id)
        return found


def _parsed(call: Call, answer: Answer, parse: Callable[[bytes], Result]) -> Result:
    try:
        return parse(answer.body)
    except MalformedAnswerError as error:
        raise failure(call, Signal.UNREADABLE, status=200, request_id=answer.request_id) from error


def _require(form: re.Pattern[str], value: object, name: str) -> None:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise UnsendableError(f"{name} is not in its form")
