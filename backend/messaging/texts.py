"""What people read: the inbox, HQ's alerts, the official account's replies. The one place of these sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from backend.applications.rules import State
from backend.messaging.messages import AlertKind, MessageKind, TemplateName

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


def alert_text(lines: Iterable[str], console_url: str) -> str:
    """Give what the group robot writes, as its markdown."""
    return "\n".join((*(f"> {line}" for line in lines), f"[{OPEN_CONSOLE}]({console_url})"))


OPEN_CONSOLE: Final = "打开总部后台"

# The official account's replies. `{keyword}` is the deployment's own; `{contacts}` says whom to call.
DOOR_HELP: Final = "发送“{keyword}”打开小程序，发送“进度”查看办理进度，发送“帮助”查看本说明。"
DOOR_WELCOME: Final = "欢迎关注芝麻开门。"
DOOR_PENDING: Final = "您的注册已提交，正在等待总部审核。{contacts}"
DOOR_REJECTED: Final = "您的注册未通过审核，原因：{reason}。"
DOOR_CUT_OFF: Final = "您的账号目前不能使用。{contacts}"
DOOR_UNREGISTERED: Final = "您还没有注册，发送“{keyword}”即可开始。"
DOOR_APPROVED: Final = "您的注册已通过。"
DOOR_WAITING: Final = "有{count}个申请等您处理。"
DOOR_NOTHING_WAITING: Final = "目前没有等您处理的申请。"
DOOR_NOTHING_UNFINISHED: Final = "您目前没有办理中的申请。"
DOOR_PROGRESS_LINE: Final = "{shop}：{state}"
DOOR_CONTACTS: Final = "如有疑问，请联系{contacts}。"
DOOR_CONTACT: Final = "{title}（{value}）"
DOOR_ANY_CONTACT: Final = "总部运营人员"
LINK_TO_STATUS: Final = "查看注册进度"
LINK_TO_REGISTER_AGAIN: Final = "修改后重新提交"
LINK_TO_APPLICATIONS: Final = "进入我的申请"

# The words that people send, beside the keyword.
ASK_PROGRESS: Final = "进度"

# Where an unfinished application stands, for whoever files it.
UNFINISHED_STATES: Final[Mapping[State, str]] = {
    State.DRAFT: "填写中，还没有提交",
    State.IN_REVIEW: "总部审核中",
    State.RETURNED: "已退回，请修改后重新提交",
    State.APPROVED: "总部已通过，即将提交微信支付",
    State.FILING: "正在提交微信支付",
    State.PROVIDER_REVIEW: "微信支付审核中",
    State.PROVIDER_REJECTED: "微信支付驳回，总部处理中",
    State.AWAITING_VERIFICATION: "等待店主验证",
    State.AWAITING_SIGNATURE: "等待店主签约",
    State.OPENING: "开户处理中",
    State.VOIDED: "申请单已作废，总部处理中",
    State.ABANDONED: "已放弃，等待微信支付结束",
}


# The templates' own words: title, the result in at most five Chinese characters, and what to do in twenty.
TEMPLATE_TITLES: Final[Mapping[TemplateName, str]] = {
    TemplateName.REGISTRATION_RESULT: "审核结果通知",
    TemplateName.APPLICATION_RESULT: "进件进度通知",
    TemplateName.OWNER_ACTION: "待办事项提醒",
    TemplateName.WORK_CHANGED: "工作交接通知",
}
PHRASES: Final[Mapping[MessageKind, str]] = {
    _M.REGISTRATION_APPROVED: "审核通过",
    _M.REGISTRATION_REJECTED: "未通过",
    _M.STAFF_REINSTATED: "已恢复",
    _M.APPLICATION_RETURNED: "已退回",
    _M.APPLICATION_PROVIDER_REJECTED: "已驳回",
    _M.APPLICATION_REFUSED: "已拒绝",
    _M.OWNER_MUST_SIGN: "待店主签约",
    _M.APPLICATION_OPENED: "开户成功",
    _M.APPLICATION_VOIDED: "已作废",
    _M.APPLICATION_WITHDRAWN: "已撤回",
    _M.APPLICATION_EXPIRED: "已过期",
    _M.WORK_HANDED_OVER: "工作交接",
}
BRIEF: Final[Mapping[MessageKind, str]] = {
    _M.REGISTRATION_APPROVED: "现在可以开始进件了",
    _M.REGISTRATION_REJECTED: "{reason}",
    _M.STAFF_REINSTATED: "账号已恢复，请重新登录",
    _M.APPLICATION_RETURNED: "请按提示修改后重新提交",
    _M.APPLICATION_PROVIDER_REJECTED: "请按提示修改后重新提交",
    _M.APPLICATION_REFUSED: "{reason}",
    _M.OWNER_MUST_SIGN: "请店主本人扫码验证并签约",
    _M.APPLICATION_OPENED: "请按提示完成后续步骤",
    _M.APPLICATION_VOIDED: "总部会决定是否重新提交",
    _M.APPLICATION_WITHDRAWN: "申请不再继续办理",
    _M.APPLICATION_EXPIRED: "太久没有提交，已关闭",
    _M.WORK_HANDED_OVER: "{count}个申请转交给您跟进",
}
