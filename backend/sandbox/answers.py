"""Refusals in the shapes that WeChat Pay answers with."""

from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class PayError(Exception):
    """An error answer of the Pay API: HTTP status, code, Chinese message and, in two of three shapes, a detail.

    `pointer` names the member at fault for our own records; the answer carries it inside the message, as the real one
    does (WeChat Pay documentation 4012722249, error table).
    """

    status: int
    code: str
    message: str
    detail: dict[str, Any] | None = None
    pointer: str | None = None

    def body(self) -> dict[str, Any]:
        """Give the JSON body of the answer."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.detail is not None:
            body["detail"] = self.detail
        return body


def schema_refusal(pointer: str, label: str, rule: str, value: object = "") -> PayError:
    """Give the refusal of the schema layer: the pointer from `/body`, the label, the rule that failed, the value."""
    return PayError(
        400,
        "PARAM_ERROR",
        f"输入源“/body{pointer}”映射到字段“{label}”{rule}",
        {"location": "body", "value": value},
        pointer,
    )


def business_refusal(pointer: str, label: str, complaint: str = "取值有误") -> PayError:
    """Give the refusal of the business layer: no detail, the pointer in parentheses."""
    return PayError(400, "PARAM_ERROR", f"{label}({pointer}){complaint}", pointer=pointer)


def not_found() -> PayError:
    """Give the refusal for a path that is no call; withdrawing a filing is one, for there is no such call."""
    return PayError(404, "RESOURCE_NOT_EXISTS", "请求的资源不存在")
