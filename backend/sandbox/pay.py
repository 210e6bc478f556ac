"""The Pay API: upload, submit and query, every request verified and every answer signed."""

import asyncio
import re
import secrets
from collections.abc import Callable
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from .answers import PayError, not_found
from .book import Book, Clocks
from .faults import BAD_GATEWAY, UNPROCESSED, Call, Fault, Faults, Kind, lose_connection
from .filings import Filings, query_answer
from .form import read_form
from .form_schema import RULES
from .media import Upload, check_photo, read_upload
from .orders import read_body
from .rates import Rates
from .signature import PROBE_PREFIX, PlatformKey, check_request, read_authorization

# Published for one provider (FAQ 4016058480 and the upload FAQ); nothing is published for queries.
DEFAULT_LIMITS: dict[str, int | None] = {"submit": 15, "upload": 10, "query": None}
BODY_BYTES = 4 * 1024 * 1024

Act = Callable[[str], tuple[str, dict[str, Any]]]

_CODE = RULES["business_code"]
_ID = re.compile(r"[0-9]{1,18}")


class PayApi:
    """The merchant-facing server of WeChat Pay, as far as opening a micro account needs it."""

    def __init__(
        self,
        book: Book,
        clocks: Clocks,
        key: PlatformKey,
        filings: Filings,
        faults: Faults,
        sign_url: Callable[[int], str],
    ) -> None:
        self._book = book
        self._clocks = clocks
        self._key = key
        self._filings = filings
        self._faults = faults
        self._sign_url = sign_url
        self._rates = Rates(clocks)

    def routes(self) -> list[Route]:
        """Give the routes; whatever else is asked under /v3 answers a signed 404."""
        filing = "/v3/applyment4sub/applyment/"
        return [
            Route("/v3/merchant/media/upload", self.upload, methods=["POST"]),
            Route(filing, self.submit, methods=["POST"]),
            Route(filing + "business_code/{business_code}", self.query_by_code, methods=["GET"]),
            Route(filing + "applyment_id/{applyment_id}", self.query_by_id, methods=["GET"]),
            Route("/v3/{rest:path}", self.nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        ]

    async def upload(self, request: Request) -> Response:
        """Take a photo and answer its media id, a new one for every upload."""
        try:
            body = await _body(request)
            upload = read_upload(request.headers.get("content-type", ""), body)
        except PayError as refusal:
            # The signed text is inside the body: what cannot be split cannot be verified either.
            return self._signed(refusal.status, refusal.body())
        return await self._serve(
            request, Call.UPLOAD, upload.meta, lambda: "", lambda mchid: self._store(mchid, upload)
        )

    async def submit(self, request: Request) -> Response:
        """File a form, or overwrite a rejected one."""
        try:
            body = await _body(request)
        except PayError as refusal:
            return self._signed(refusal.status, refusal.body())
        return await self._serve(
            request, Call.SUBMIT, body, lambda: _code_in(body), lambda mchid: self._file(mchid, request, body)
        )

    async def query_by_code(self, request: Request) -> Response:
        """Answer what became of the filing under a code."""
        code: str = request.path_params["business_code"]
        return await self._serve(
            request, Call.QUERY, b"", lambda: code if _is_code(code) else "", lambda mchid: self._look(mchid, code=code)
        )

    async def query_by_id(self, request: Request) -> Response:
        """Answer what became of the filing with an id."""
        applyment_id: str = request.path_params["applyment_id"]
        return await self._serve(
            request,
            Call.QUERY,
            b"",
            lambda: self._code_of(applyment_id),
            lambda mchid: self._look(mchid, applyment_id=applyment_id),
        )

    async def nowhere(self, _request: Request) -> Response:
        """Answer 404: no such call. Withdrawing a filing is one of these."""
        refusal = not_found()
        return self._signed(refusal.status, refusal.body())

    async def _serve(
        self, request: Request, call: Call, signed: bytes, named_code: Callable[[], str], act: Act
    ) -> Response:
        try:
            mchid = self._authenticate(request, signed)
            self._count(mchid, call)
        except PayError as refusal:
            return self._signed(refusal.status, refusal.body())
        business_code = named_code()
        fault = self._faults.strike(call)
        if fault is not None and fault.kind in UNPROCESSED:
            self._note(mchid, business_code, call, "unprocessed", fault)
            await asyncio.sleep(fault.delay_seconds)
            return self._unprocessed(fault.kind)
        with self._book.transaction():
            try:
                outcome, answer = act(mchid)
                status = 200
            except PayError as refusal:
                outcome = f"{refusal.code} {refusal.pointer or ''}".rstrip()
                status, answer = refusal.status, refusal.body()
            self._note(mchid, business_code, call, outcome, fault)
        if fault is not None:
            await asyncio.sleep(fault.delay_seconds)
            if fault.kind is Kind.ACCEPT_THEN_LOSE:
                await lose_connection(request)
        return self._signed(status, answer, fault)

    def _authenticate(self, request: Request, signed: bytes) -> str:
        claim = read_authorization(request.headers.get("authorization"))
        merchant = self._book.merchant(claim.mchid)
        if merchant is None:
            raise PayError(401, "SIGN_ERROR", "Http头Authorization中的mchid有误")
        if merchant.serial_no != claim.serial_no:
            raise PayError(401, "SIGN_ERROR", "商户证书序列号有误，请使用签名私钥匹配的证书序列号")
        public_key = serialization.load_pem_public_key(merchant.public_key_pem.encode())
        if not isinstance(public_key, rsa.RSAPublicKey):
            raise TypeError("enrolment lets in RSA keys only")
        query = request.scope["query_string"]
        target = request.scope["raw_path"] + (b"?" + query if query else b"")
        check_request(
            claim,
            public_key,
            method=request.method,
            target=target.decode("latin-1"),
            body=signed,
            now=self._clocks.wire(),
        )
        return merchant.mchid

    def _count(self, mchid: str, call: Call) -> None:
        """Refuse with RATE_LIMITED more calls within one second of the wire clock than the limit says."""
        limit = {**DEFAULT_LIMITS, **self._book.setting("limits", {})}[call]
        if limit is None:
            return
        if not self._rates.admits((mchid, call), limit, seconds=1):
            raise PayError(429, "RATE_LIMITED", "请求频率超限，请降低请求接口频率")

    def _store(self, mchid: str, upload: Upload) -> tuple[str, dict[str, Any]]:
        sha256 = check_photo(upload)
        media_id = secrets.token_urlsafe(72)
        self._book.add_media(media_id, mchid, sha256, len(upload.file.content))
        return "stored", {"media_id": media_id}

    def _file(self, mchid: str, request: Request, body: bytes) -> tuple[str, dict[str, Any]]:
        if not self._book.setting("permission_micro", True):
            raise PayError(403, "NO_AUTH", "商户号没有小微进件权限")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise PayError(400, "PARAM_ERROR", "Http头Content-Type应为application/json")
        if request.headers.get("wechatpay-serial") != self._key.public_key_id:
            raise PayError(400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误")
        form = read_form(
            body,
            decrypt=self._key.open_field,
            knows_media=lambda media_id: self._book.knows_media(media_id, mchid),
        )
        filing, outcome = self._filings.submit(mchid, form, self._faults.next_rejection)
        return outcome, {"applyment_id": filing.applyment_id}

    def _look(
        self, mchid: str, *, code: str | None = None, applyment_id: str | None = None
    ) -> tuple[str, dict[str, Any]]:
        if code is not None:
            filing = self._filings.by_code(code, mchid)
        elif applyment_id is not None and _ID.fullmatch(applyment_id):
            filing = self._filings.by_id(int(applyment_id), mchid)
        else:
            raise PayError(400, "PARAM_ERROR", "申请单号(/applyment_id)取值有误")
        if filing is None:
            raise PayError(400, "APPLYMENT_NOTEXIST", "申请单不存在")
        return filing.state, query_answer(filing, self._sign_url(filing.applyment_id))

    def _code_of(self, applyment_id: str) -> str:
        filing = self._filings.by_id(int(applyment_id)) if _ID.fullmatch(applyment_id) else None
        return "" if filing is None else filing.business_code

    def _note(self, mchid: str, business_code: str, call: Call, outcome: str, fault: Fault | None) -> None:
        if business_code:
            self._filings.note_request(mchid, business_code, call, outcome, None if fault is None else fault.kind)

    def _unprocessed(self, kind: Kind) -> Response:
        if kind is Kind.STATUS_502_HTML:
            # From the proxy in front, which holds no key: the one answer that is not signed.
            return HTMLResponse(BAD_GATEWAY, 502, {"Request-ID": _request_id()})
        if kind is Kind.STATUS_429:
            return self._signed(429, {"code": "RATE_LIMITED", "message": "请求频率超限，请降低请求接口频率"})
        return self._signed(500, {"code": "SYSTEM_ERROR", "message": "系统繁忙，请稍后重试"})

    def _signed(self, status: int, answer: dict[str, Any], fault: Fault | None = None) -> Response:
        body = orjson.dumps(answer)
        kind = None if fault is None else fault.kind
        signed = body + b" " if kind is Kind.BAD_SIGNATURE else body
        headers = dict(self._key.answer_headers(signed, int(self._clocks.wire())))
        if kind is Kind.SIGNTEST:
            headers["Wechatpay-Signature"] = PROBE_PREFIX + headers["Wechatpay-Signature"]
        headers["Request-ID"] = _request_id()
        return Response(body, status, headers, "application/json")


async def _body(request: Request) -> bytes:
    """Read the body; refuse one longer than any call needs, without reading it to its end."""
    body = await read_body(request, BODY_BYTES)
    if body is None:
        raise PayError(413, "INVALID_REQUEST", "请求体过大")
    return body


def _code_in(body: bytes) -> str:
    """Give the code that a submit body names, for our own record of the attempt, even when the form is refused."""
    try:
        form = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    code = form.get("business_code") if isinstance(form, dict) else None
    return code if isinstance(code, str) and _is_code(code) else ""


def _is_code(text: str) -> bool:
    """Tell whether the text could be a code; nothing else is written into the record of requests."""
    return len(text) <= _CODE.longest and _CODE.pattern is not None and _CODE.pattern.fullmatch(text) is not None


def _request_id() -> str:
    return secrets.token_hex(16).upper()
