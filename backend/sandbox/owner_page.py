"""The signing page behind sign_url, on which a tester plays the owner of the shop."""

import base64
import hashlib
import hmac
from html import escape
from importlib import resources
from string import Template
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from .book import Book
from .filings import Filing, Filings
from .lifecycle import STATE_TEXTS, WITH_SUB_MCHID, OwnerRefusedError, Person, State

BODY_BYTES = 4096

_FOLDER = resources.files(__package__)
_STYLE = _FOLDER.joinpath("owner_page.css").read_text("utf-8")
_PAGE = Template(_FOLDER.joinpath("owner_page.html").read_text("utf-8"))
_FORM = Template(_FOLDER.joinpath("owner_form.html").read_text("utf-8"))
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
}

_GUIDANCE: dict[State, tuple[str, str]] = {
    State.AUDITING: ("资料审核中", "微信支付正在审核申请资料，请稍后刷新本页。审核通过后即可在此签约。"),
    State.EDITTING: ("资料待提交", "申请单尚未提交成功，请联系为您办理的服务人员重新提交。"),
    State.REJECTED: ("资料被驳回", "申请资料未通过审核，请联系为您办理的服务人员修改后重新提交。"),
    State.TO_BE_CONFIRMED: ("请验证结算账户", "确认结算银行卡是您本人的银行卡。请在10天内完成，逾期将自动驳回。"),
    State.TO_BE_SIGNED: ("请签署协议", "请核对信息并签署《微信支付商户服务协议》。请在30天内完成，逾期申请单将作废。"),
    State.SIGNING: ("正在开通", "您已签约，微信支付正在开通收款权限，约需30分钟，无需其他操作。"),
    State.FINISHED: ("已开通", "收款权限已开通，可以开始收款。"),
    State.CANCELED: ("申请单已作废", "本申请单已作废，请联系为您办理的服务人员重新申请。"),
}
_BUTTONS = {State.TO_BE_CONFIRMED: "确认并验证账户", State.TO_BE_SIGNED: "同意协议并签约"}
_TONES = {
    State.TO_BE_CONFIRMED: "due",
    State.TO_BE_SIGNED: "due",
    State.FINISHED: "done",
    State.REJECTED: "stopped",
    State.CANCELED: "stopped",
}


class OwnerPage:
    """The page, and the links that open it: a link carries a seal over the id, so ids cannot be tried out."""

    def __init__(self, book: Book, filings: Filings, *, public_url: str) -> None:
        self._book = book
        self._filings = filings
        self._public_url = public_url.rstrip("/")
        self._secret = book.secret("sign_secret")

    def sign_url(self, applyment_id: int) -> str:
        """Give the signing link of a filing; the same one for as long as the filing lives."""
        return f"{self._public_url}/owner/sign?{self._query(str(applyment_id))}"

    def routes(self) -> list[Route]:
        """Give the page's routes."""
        return [
            Route("/owner/sign", self.show, methods=["GET"]),
            Route("/owner/sign", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the filing and what its owner has to do; 404 for a link that we did not make."""
        filing = self._opened(request)
        return _lost_link() if filing is None else _page(filing)

    async def act(self, request: Request) -> Response:
        """Verify the account or sign as the chosen person, and show the page again.

        403 with a sentence for a person who may not, 409 when nothing is due; the state stays as it was.
        """
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES:
                return _lost_link()
        chosen = parse_qs(body.decode("utf-8", "replace")).get("person", [""])[0]
        with self._book.transaction():
            filing = self._opened(request)
            if filing is None:
                return _lost_link()
            if chosen not in set(Person):
                return _page(filing, "请先选择扫码人。", 400)
            try:
                self._filings.owner_acts(filing, Person(chosen))
            except OwnerRefusedError as refused:
                return _page(filing, refused.text, 403 if refused.wrong_person else 409, chosen)
        return RedirectResponse(f"/owner/sign?{self._query(str(filing.applyment_id))}", 303, _HEADERS)

    def _opened(self, request: Request) -> Filing | None:
        applyment_id = request.query_params.get("applymentId", "")
        seal = request.query_params.get("sign", "")
        if not hmac.compare_digest(self._seal(applyment_id).encode(), seal.encode()):
            return None
        return self._filings.by_id(int(applyment_id))

    def _query(self, applyment_id: str) -> str:
        return urlencode({"applymentId": applyment_id, "sign": self._seal(applyment_id)})

    def _seal(self, applyment_id: str) -> str:
        digest = hmac.digest(self._secret, applyment_id.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _page(filing: Filing, refusal: str = "", status: int = 200, chosen: str = Person.OWNER) -> Response:
    heading, guidance = _GUIDANCE[filing.state]
    button = _BUTTONS.get(filing.state)
    facts = [("商户简称", filing.shop_name), ("经营者", filing.owner_mask), ("申请单号", str(filing.applyment_id))]
    if filing.state in WITH_SUB_MCHID:
        facts.append(("商户号", filing.sub_mchid or ""))
    checked = {f"checked_{person.value}": "checked" if person == chosen else "" for person in Person}
    form = "" if button is None else _FORM.substitute(checked, button=button)
    return _html(
        status,
        heading=heading,
        guidance=guidance,
        state=STATE_TEXTS[filing.state],
        tone=_TONES.get(filing.state, "waiting"),
        facts="".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts),
        refusal="" if not refusal else f'<p class="refusal" role="alert">{escape(refusal)}</p>',
        form=form,
    )


def _lost_link() -> Response:
    return _html(
        404,
        heading="链接无效",
        guidance="签约链接不完整或已失效，请使用服务人员出示的最新二维码。",
        state="无法打开",
        tone="stopped",
        facts="",
        refusal="",
        form="",
    )


def _html(status: int, **values: str) -> Response:
    return HTMLResponse(_PAGE.substitute(values, style=_STYLE), status, _HEADERS)
