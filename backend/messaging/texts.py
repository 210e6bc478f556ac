"""What people read: messages in the inbox, alerts of HQ. The one place of these sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from backend.messaging.messages import AlertKind, MessageKind

_M, _A = MessageKind, AlertKind

UNNAMED_SHOP: Final = "未命名门店"

# Kind to title and sentence; the names in braces are the params of the kind.
_MESSAGES: Final[Mapping[MessageKind, tuple[str, str]]] = {
    _M.REGISTRATION_APPROVED: ("注册已通过", "您的注册已审核通过，现在可以开始进件了。"),
    _M.REGISTRATION_REJECTED: ("注册未通过", "您的注册未通过审核，原因：{reason}。修改后可以重新提交。"),
    _M.STAFF_REINSTATED: ("账号已恢复", "您的账号已恢复使用，请重新登录。"),
    _M.APPLICATION_RETURNED: ("申请被退回", "{shop}的申请被退回，请按提示修改后重新提交。"),
    _M.APPLICATION_PROVIDER_REJECTED: ("微信支付驳回", "{shop}的申请被微信支付驳回，请按提示修改后重新提交。"),
    _M.APPLICATION_REFUSED: ("申请被拒绝", "{shop}的申请被拒绝，原因：{reason}。"),
    _M.OWNER_MUST_SIGN: ("等待店主操作", "{shop}的资料已通过，请联系店主本人用自己的微信扫码验证并签约。"),
    _M.APPLICATION_OPENED: ("开户成功", "{shop}的微信支付账户已开通，请按提示完成后续步骤。"),
    _M.APPLICATION_VOIDED: ("申请单已作废", "{shop}的申请单已被微信支付作废，总部会决定是否重新提交。"),
    _M.APPLICATION_WITHDRAWN: ("申请已撤回", "{shop}的申请已被撤回，不再继续办理。"),
    _M.APPLICATION_EXPIRED: ("草稿已过期", "{shop}的申请太久没有提交，已过期关闭。"),
    _M.WORK_HANDED_OVER: ("工作交接", "有{count}个申请转交给您跟进，请到申请列表查看。"),
}

# Kind to the line of the group robot and the console; without anybody's data.
_ALERTS: Final[Mapping[AlertKind, str]] = {
    _A.REGISTRATION_WAITING: "新的注册待审核：{name}",
    _A.REGISTRATION_HURRIED: "{name}催促审核注册",
    _A.LEAVER_REPORTED: "渠道上报离职：{name}，已停用，待总部处理",
    _A.APPLICATION_WAITING: "有新的进件等待前审",
    _A.OPENED_AFTER_ABANDON: "已放弃的申请仍然开户成功，请决定账户如何处理",
}


def title_of(kind: MessageKind) -> str:
    """Give the title of a message."""
    return _MESSAGES[kind][0]


def sentence_of(kind: MessageKind, params: Mapping[str, Any]) -> str:
    """Give the sentence of a message with its params in it."""
    return _MESSAGES[kind][1].format(**params)


def alert_line(kind: AlertKind, params: Mapping[str, Any]) -> str:
    """Give the line of an alert with its params in it."""
    return _ALERTS[kind].format(**params)
