"""Where WeChat answers, and which addresses this package will talk to."""

from __future__ import annotations

import ipaddress
import ssl
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import httpx2

PRIMARY_HOST: Final = "https://api.mch.weixin.qq.com"
SECOND_HOST: Final = "https://api2.mch.weixin.qq.com"
# Mini programs (小程序) and official accounts (公众号), and the group robots of WeCom (企业微信).
PLATFORM_HOST: Final = "https://api.weixin.qq.com"
ROBOT_HOST: Final = "https://qyapi.weixin.qq.com"


@cache
def trusted_authorities() -> ssl.SSLContext:
    """Give the one TLS context of all connections: loading its certificates takes longer than signing a request."""
    return httpx2.create_ssl_context(trust_env=False)


def is_loopback(url: str) -> bool:
    """Tell whether `url` names this machine only: `localhost` or a loopback address, never a name to be looked up."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_safe(url: str) -> str:
    """Give `url` without its trailing slash; refuse clear text to anywhere but this machine with `ValueError`."""
    if urlsplit(url).scheme != "https" and not is_loopback(url):
        raise ValueError("WeChat Pay is reached by https; plain http is for the sandbox on loopback only")
    return url.rstrip("/")


def require_live_or_loopback(url: str, live: str) -> str:
    """Give `url` without its trailing slash; refuse with `ValueError` all but `live` and this machine."""
    address = url.rstrip("/")
    if address != live and not is_loopback(address):
        raise ValueError(f"{live} is the only address but a sandbox on loopback")
    return address
