"""Every signal of the wire, its kind and its action."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
import pytest

from backend.wechat import Action, Call, Final, OutcomeUnknown, PayClient, PayError, Retryable, Signal
from backend.wechat.errors import RULES, ProviderMessage, failure
from tests.wechat.calls import perform
from tests.wechat.provider import Provider

Kind = type[Retryable] | type[OutcomeUnknown] | type[Final]

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
POINTED = "输入源“/body/settlement_info/qualification_type”映射到字段“所属行业”必填性规则校验失败"


@dataclass(frozen=True)
class Case:
    """An error answer, and what each call makes of it."""

    status: int
    code: str
    message: str
    submit: tuple[Kind, Action]
    query: tuple[Kind, Action] | None
    upload: tuple[Kind, Action]

    def of(self, call: Call) -> tuple[Kind, Action] | None:
        """Give what `call` makes of it; `None` where the call answers that there is nothing."""
        return {Call.SUBMIT: self.submit, Call.QUERY: self.query, Call.UPLOAD: self.upload}[call]


UNKNOWN = (OutcomeUnknown, Action.QUERY_FIRST)
RETRY = (Retryable, Action.RETRY)
HALT = (Final, Action.HALT_CHANNEL)
PERSON = (Final, Action.ASK_PERSON)
REFRESH = (Final, Action.REFRESH_KEY)
REUPLOAD = (Final, Action.REUPLOAD)
FIX = (Final, Action.FIX_FORM)

CASES = (
    Case(429, "RATE_LIMITED", "频率超限", RETRY, RETRY, RETRY),
    Case(429, "FREQUENCY_LIMITED", "频率超限", RETRY, RETRY, RETRY),
    Case(429, "", "", RETRY, RETRY, RETRY),
    Case(500, "SYSTEM_ERROR", "系统繁忙", UNKNOWN, RETRY, RETRY),
    Case(500, "PARAM_ERROR", "参数错误", UNKNOWN, RETRY, RETRY),
    Case(502, "", "", UNKNOWN, RETRY, RETRY),
    Case(503, "SERVICE_UNAVAILABLE", "服务不可用", UNKNOWN, RETRY, RETRY),
    Case(408, "", "", UNKNOWN, RETRY, RETRY),
    Case(400, "", "", UNKNOWN, RETRY, RETRY),
    Case(404, "", "", UNKNOWN, None, RETRY),
    Case(404, "RESOURCE_NOT_EXISTS", "资源不存在", PERSON, None, PERSON),
    Case(400, "APPLYMENT_NOTEXIST", "申请单不存在", PERSON, None, PERSON),
    Case(400, "PARAM_ERROR", "签约协议不存在", FIX, None, REUPLOAD),
    Case(400, "PROCESSING", "存在流程进行中的申请单", (Final, Action.RECONCILE), PERSON, PERSON),
    Case(400, "PARAM_ERROR", "字段解密失败", REFRESH, REFRESH, REFRESH),
    Case(400, "PARAM_ERROR", "the field you encrypt is error", REFRESH, REFRESH, REFRESH),
    Case(400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误", REFRESH, REFRESH, REFRESH),
    Case(400, "PARAM_ERROR", "图片文件为空", REUPLOAD, PERSON, REUPLOAD),
    Case(400, "PARAM_ERROR", "证书图片内容无效", REUPLOAD, PERSON, REUPLOAD),
    Case(400, "PARAM_ERROR", POINTED, FIX, PERSON, REUPLOAD),
    Case(400, "PARAM_ERROR", "请按最新的接口文档要求进件", HALT, HALT, HALT),
    Case(400, "INVALID_REQUEST", "商户简称含敏感词", FIX, PERSON, PERSON),
    Case(401, "SIGN_ERROR", "签名错误", HALT, HALT, HALT),
    Case(403, "NO_AUTH", "没有权限", HALT, HALT, HALT),
    Case(403, "NO_AUTH", "权限已被受限", HALT, HALT, HALT),
    Case(403, "REQUEST_BLOCKED", "未知图片类型", REUPLOAD, PERSON, REUPLOAD),
    Case(400, "INVALID_REQUEST", "商户号数量超过上限", PERSON, PERSON, PERSON),
    Case(400, "INVALID_REQUEST", "权限已被受限", PERSON, PERSON, PERSON),
    Case(400, "PARAM_ERROR", "商户资质存在风险，暂不支持入驻", PERSON, PERSON, PERSON),
    Case(403, "RULE_LIMIT", "其他", PERSON, PERSON, PERSON),
    Case(409, "SOMETHING_NEW", "其他", PERSON, PERSON, PERSON),
)


@pytest.mark.parametrize("call", Call)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.status}-{case.code}-{case.message[:8]}")
async def test_an_error_answer_has_its_kind_and_action(
    client: PayClient, provider: Provider, case: Case, call: Call
) -> None:
    """Each row of the published list of errors, for each call, through the socket."""
    body = orjson.dumps({"code": case.code, "message": case.message}) if case.code else HTML
    provider.answer(case.status, body, **({} if case.code else {"signed_by": None}))
    expected = case.of(call)
    if expected is None:
        assert await perform(client, call) is None
        return
    with pytest.raises(PayError) as caught:
        await perform(client, call)
    error = caught.value
    assert (type(error), error.action) == expected
    assert (error.call, error.status, error.code) == (call, case.status, case.code)
    assert error.request_id == "08F5-test-268546"
    assert len(provider.received) == 1


def test_every_row_of_the_table_is_reached() -> None:
    """No row is hidden by one above it, and no signal falls through."""
    seen = {
        next(rule for rule in RULES if rule.matches(call, signal, status=None, code="", message=""))
        for call in Call
        for signal in Signal
    }
    for case in CASES:
        for call in Call:
            facts = {"status": case.status, "code": case.code, "message": case.message}
            seen.add(next(rule for rule in RULES if rule.matches(call, Signal.ERROR, **facts)))  # type: ignore[arg-type] # one dict for all
    assert seen == set(RULES)


def test_only_a_submit_can_be_of_unknown_outcome() -> None:
    """Reads and uploads may always be repeated."""
    assert {call for rule in RULES if rule.kind is OutcomeUnknown for call in rule.calls} == {Call.SUBMIT}


def test_nothing_sent_is_never_of_unknown_outcome() -> None:
    """A submit that certainly did not leave may simply be sent again."""
    assert isinstance(failure(Call.SUBMIT, Signal.NOT_SENT), Retryable)


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ({"message": POINTED}, "/settlement_info/qualification_type"),
        (
            {"message": "身份证有效期结束时间(/subject_info/identity_info/id_card_info/card_period_end)取值有误"},
            "/subject_info/identity_info/id_card_info/card_period_end",
        ),
        ({"message": "取值有误（/body/contact_info/openid）"}, "/contact_info/openid"),
        ({"message": "无效", "detail": {"field": "/body/business_code"}}, "/business_code"),
        ({"message": "数组“/addition_info/business_addition_pics/0”有误"}, "/addition_info/business_addition_pics/0"),
        ({"message": "号码“13800138000”有误"}, None),
        ({"message": "号码(/13800138000)有误"}, None),
        ({"message": "地址“/张三/110101”有误", "detail": {"location": "body", "value": "11010119900101001X"}}, None),
        ({"message": None, "detail": "text"}, None),
    ],
)
async def test_the_pointer_of_a_refusal_is_found(
    client: PayClient, provider: Provider, content: dict[str, object], pointer: str | None
) -> None:
    """With and without `/body`, in quotes, parentheses or the detail; what could be a value is no pointer."""
    provider.answer(400, orjson.dumps({"code": "PARAM_ERROR"} | content))
    with pytest.raises(Final) as caught:
        await perform(client, Call.SUBMIT)
    assert caught.value.pointer == pointer


async def test_the_provider_message_is_kept_and_hidden(client: PayClient, provider: Provider) -> None:
    """What the provider echoes is there for a reader with the right, and in no text that a log would take."""
    message = "证件号码11010119900101001X与姓名张三不符(/contact_info/contact_name)"
    provider.answer(
        400, orjson.dumps({"code": "PARAM_ERROR", "message": message, "detail": {"value": "11010119900101001X"}})
    )
    with pytest.raises(Final) as caught:
        await perform(client, Call.SUBMIT)
    error = caught.value
    assert error.provider_message is not None
    assert error.provider_message.reveal() == message
    for shown in (str(error), repr(error), repr(error.args), str(error.provider_message), repr(error.provider_message)):
        assert "张三" not in shown
        assert "11010119900101001X" not in shown
    for fact in ("PARAM_ERROR", "HTTP 400", "08F5-test-268546", "/contact_info/contact_name", "FIX_FORM"):
        assert fact in str(error)


def test_a_provider_message_formats_to_nothing() -> None:
    """Formatting a message into another text does not open it."""
    assert "张三" not in f"{ProviderMessage('张三')}{ProviderMessage('张三')!r}"


@pytest.mark.parametrize("code", ["张三", "param error", "X" * 65, 17])
async def test_what_does_not_look_like_a_code_is_none(client: PayClient, provider: Provider, code: object) -> None:
    """A code is shown in logs, so rubbish in its place counts as no code: nothing is decided."""
    provider.answer(400, orjson.dumps({"code": code, "message": "张三"}))
    with pytest.raises(OutcomeUnknown) as caught:
        await perform(client, Call.SUBMIT)
    assert caught.value.code == ""
    assert "张三" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "expected_seconds"),
    [
        (None, 10.0),
        ("7", 7.0),
        ("0", 0.0),
        ("9" * 400, 3600.0),
        ("-5", 10.0),
        ("soon", 10.0),
        ("Mon, 05 Aug 2024 09:33:51 GMT", 10.0),
        ("Mon, 05 Aug 2024 09:34:41 GMT", 60.0),
        ("Mon, 05 Aug 2024 08:00:00 GMT", 0.0),
    ],
)
async def test_too_fast_says_how_long_to_wait(
    client: PayClient, provider: Provider, header: str | None, expected_seconds: float
) -> None:
    """Retry-After is honoured, as seconds or as a date, within an hour; without it there is a wait of our own."""
    provider.answer(
        429, orjson.dumps({"code": "RATE_LIMITED"}), headers=(("Retry-After", header),) if header is not None else ()
    )
    with pytest.raises(Retryable) as caught:
        await perform(client, Call.SUBMIT)
    assert caught.value.retry_after_seconds == expected_seconds
