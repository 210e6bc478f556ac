"""Refusals of the servers of mini program, official account and robot: errcode and errmsg, always HTTP 200."""

import secrets
from dataclasses import dataclass
from typing import Any

_TEXTS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40037: "invalid template_id",
    40058: "invalid Request Parameter",
    40097: "invalid args",
    40125: "invalid appsecret",
    40163: "code been used",
    40169: "invalid length for scene, or the data is not json string",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    93000: "invalid webhook url",
}


@dataclass(eq=False)
class PlatformRefusal(Exception):
    """An error answer: the errcode, and after the platform's own words what is at fault (a field, never a value)."""

    errcode: int
    at_fault: str = ""

    def body(self) -> dict[str, Any]:
        """Give the JSON body of the answer; `rid` is the id by which the platform finds a request."""
        words = f"{_TEXTS[self.errcode]} {self.at_fault}".rstrip()
        rid = "-".join(secrets.token_hex(4) for _ in range(3))
        return {"errcode": self.errcode, "errmsg": f"{words} rid: {rid}"}
