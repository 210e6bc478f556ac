"""Passive replies: what an app's server answers to a push, read as strictly as a phone would show it."""

import hmac
import re
from dataclasses import dataclass
from html import unescape
from xml.etree import ElementTree as ET

from .apps import App, PushMode
from .push_crypto import decrypt, signature

LONGEST_ANSWER_BYTES = 64 * 1024
LONGEST_TEXT_BYTES = 2048

_ANCHOR = re.compile(r"""<a((?:\s+[a-z-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*>(.*?)</a>""", re.DOTALL)
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_KINDS = frozenset({"text", "image", "voice", "video", "music", "news", "transfer_customer_service"})


class ReplyRefused(Exception):
    """The answer is no reply: the person sees that the account is out of service."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a text; with the two members of the mini program where it opens one."""

    href: str | None
    mini_program_appid: str | None
    mini_program_path: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply; `content` and `links` are of a text."""

    type: str
    content: str | None
    to: str
    sender: str
    links: tuple[Link, ...]


def read_reply(app: App, original_id: str, openid: str, body: bytes) -> Reply | None:
    """Read an answer to a push; None for `success` or nothing, by which the account stays silent.

    Refuses with ReplyRefused what is no reply to this person from this account, and in 安全模式 one in clear.
    """
    if body in {b"", b"success"}:
        return None
    members = _members(body)
    if "Encrypt" in members:
        members = _members(_opened(app, members))
    elif app.push_mode is PushMode.SAFE:
        raise ReplyRefused("a reply in clear")
    kind, content = members.get("MsgType", ""), members.get("Content")
    if members.get("ToUserName") != openid or members.get("FromUserName") != original_id:
        raise ReplyRefused("a reply to or from somebody else")
    if kind not in _KINDS or not members.get("CreateTime", "").isdecimal():
        raise ReplyRefused("no MsgType or CreateTime")
    if kind != "text":
        return Reply(kind, None, openid, original_id, ())
    if not content or len(content.encode()) > LONGEST_TEXT_BYTES:
        raise ReplyRefused("no text, or a long one")
    return Reply(kind, content, openid, original_id, read_links(content, associated=app.settings.associated))


def read_links(content: str, *, associated: bool) -> tuple[Link, ...]:
    """Give the links of a text. Without an associated mini program their mini program members count for nothing."""
    links = []
    for anchor in _ANCHOR.finditer(content):
        attributes = {name: unescape(double or single) for name, double, single in _ATTRIBUTE.findall(anchor[1])}
        links.append(
            Link(
                attributes.get("href"),
                attributes.get("data-miniprogram-appid") if associated else None,
                attributes.get("data-miniprogram-path") if associated else None,
                unescape(anchor[2]),
            )
        )
    return tuple(links)


def _members(body: bytes) -> dict[str, str]:
    """Give the texts of the children of <xml>."""
    if len(body) > LONGEST_ANSWER_BYTES:
        raise ReplyRefused("too long")
    try:
        written = body.decode()
        if "<!DOCTYPE" in written:
            raise ReplyRefused("a document type")
        # Without a document type there are no entities to expand; the length is bounded above.
        root = ET.fromstring(written)  # noqa: S314
    except (UnicodeDecodeError, ET.ParseError, ValueError):
        raise ReplyRefused("no XML") from None
    if root.tag != "xml":
        raise ReplyRefused("no <xml>")
    return {child.tag: child.text or "" for child in root}


def _opened(app: App, members: dict[str, str]) -> bytes:
    if app.encoding_aes_key is None or app.push_mode is PushMode.PLAIN:
        raise ReplyRefused("encrypted in 明文模式")
    sealed = members["Encrypt"]
    expected = signature(app.token or "", members.get("TimeStamp", ""), members.get("Nonce", ""), sealed)
    if not hmac.compare_digest(expected.encode(), members.get("MsgSignature", "").encode()):
        raise ReplyRefused("MsgSignature is wrong")
    try:
        return decrypt(app.encoding_aes_key, app.appid, sealed)
    except ValueError as wrong:
        raise ReplyRefused(str(wrong)) from None
