"""What WeChat's servers push to us (消息推送), and the answers to it: pure, without any call."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from xml.parsers import expat

import xmltodict  # type: ignore[import-untyped]  # wechatpy's parser; it ships no types
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.replies import TextReply
from wechatpy.utils import WeChatSigner

from backend.wechat.app_credentials import AppCredentials
from backend.wechat.byte_limit import cut_to_bytes

TIME_TOLERANCE_SECONDS: Final = 300
LONGEST_BODY_BYTES: Final = 64 * 1024
LONGEST_REPLY_BYTES: Final = 2048
# The deepest push of the documents has xml, event, List and member.
_DEEPEST_ELEMENT: Final = 8

_TIMESTAMP: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
_NONCE: Final = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{40}", re.ASCII)
_ENCRYPTED: Final = re.compile(r"[0-9A-Za-z+/]+={0,2}", re.ASCII)
_ECHO: Final = re.compile(r"[0-9A-Za-z_+/=-]{1,512}", re.ASCII)
_PERSON: Final = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_MESSAGE_ID: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
# What XML 1.0 does not allow, escaped or not.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class PushMode(StrEnum):
    """How the account is set to push (消息加解密方式)."""

    PLAIN = "plain"  # 明文: only the query is signed.
    COMPATIBLE = "compatible"  # 兼容: clear and encrypted side by side; the encrypted part is read when it is there.
    SAFE = "safe"  # 安全: nothing is read but the encrypted part.


class PushRefusal(StrEnum):
    """Why a push is not read."""

    QUERY = "QUERY"  # A parameter is missing or not in its form.
    SIGNATURE = "SIGNATURE"
    STALE = "STALE"
    TOO_LARGE = "TOO_LARGE"
    NOT_XML = "NOT_XML"  # Empty, JSON, broken, nested too deep, or with a document type.
    NOT_ENCRYPTED = "NOT_ENCRYPTED"  # Clear text only, where the account is set to safe mode.
    UNDECIPHERABLE = "UNDECIPHERABLE"  # Not encrypted with our key, or for another app.
    CONTENT = "CONTENT"  # A promised element is missing or not in its form.


class PushRefused(Exception):
    """A push that is not read. Its text is the code alone."""

    def __init__(self, reason_code: PushRefusal) -> None:
        super().__init__(reason_code.value)
        self.reason_code = reason_code


class PushKind(StrEnum):
    """What happened."""

    TEXT = "TEXT"
    SUBSCRIBE = "SUBSCRIBE"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    SCAN = "SCAN"
    VIEW = "VIEW"
    CONSENT_ASKED = "CONSENT_ASKED"  # subscribe_msg_popup_event
    CONSENT_CHANGED = "CONSENT_CHANGED"  # subscribe_msg_change_event
    CONSENT_USED = "CONSENT_USED"  # subscribe_msg_sent_event
    OTHER = "OTHER"


_EVENTS: Final = {
    "subscribe": PushKind.SUBSCRIBE,
    "unsubscribe": PushKind.UNSUBSCRIBE,
    "scan": PushKind.SCAN,
    "view": PushKind.VIEW,
    "subscribe_msg_popup_event": PushKind.CONSENT_ASKED,
    "subscribe_msg_change_event": PushKind.CONSENT_CHANGED,
    "subscribe_msg_sent_event": PushKind.CONSENT_USED,
}
# Where each of them keeps its list.
_CONSENT_LISTS: Final = {
    PushKind.CONSENT_ASKED: "SubscribeMsgPopupEvent",
    PushKind.CONSENT_CHANGED: "SubscribeMsgChangeEvent",
    PushKind.CONSENT_USED: "SubscribeMsgSentEvent",
}
_SCENE_PREFIX: Final = "qrscene_"


@dataclass(frozen=True, slots=True)
class TemplateConsent:
    """What a person decided about a template, or what became of a message; what the event does not say is ""."""

    template_id: str
    status: str  # accept or reject; for a sent message success or a reason in words
    message_id: str
    error_code: str


@dataclass(frozen=True, slots=True)
class PushMessage:
    """One push. `content` is the text that was written or the address that was opened, `scene` that of a QR code.

    `dedupe_key` is the same for every try of one push and tells nothing about the person.
    """

    kind: PushKind
    openid: str = field(repr=False)
    to_user: str
    created_at: datetime
    dedupe_key: str
    content: str = field(default="", repr=False)
    scene: str = field(default="", repr=False)
    consents: tuple[TemplateConsent, ...] = ()
    encrypted: bool = False


class PushReader:
    """Reads the pushes to one official account or mini program."""

    def __init__(self, credentials: AppCredentials, *, required_mode: PushMode = PushMode.SAFE) -> None:
        """Take credentials with a token, and with an EncodingAESKey unless the mode is plain; else `ValueError`."""
        if credentials.token is None:
            raise ValueError("the credentials hold no token for pushes")
        if required_mode is not PushMode.PLAIN and credentials.encoding_aes_key is None:
            raise ValueError("the credentials hold no EncodingAESKey")
        self._token = credentials.token
        self._mode = required_mode
        self._crypto: Any = (
            WeChatCrypto(credentials.token, credentials.encoding_aes_key, credentials.appid)
            if credentials.encoding_aes_key is not None
            else None
        )

    def verify_url(self, query: Mapping[str, str], now: datetime) -> str:
        """Give the echostr that proves to WeChat that the address is ours; in every mode the plain signature counts.

        Refuses with `PushRefused`. The echo is not signed, so it is held to letters and digits.
        """
        self._require_signed(query, "signature", now)
        return _required(query, "echostr", _ECHO)

    def read(self, query: Mapping[str, str], body: bytes, now: datetime) -> PushMessage:
        """Verify, decrypt and read one push; refuses with `PushRefused` and raises nothing else.

        `now` is the wall clock. Repeats are not told apart here: WeChat sends a push up to three times.
        """
        if len(body) > LONGEST_BODY_BYTES:
            raise PushRefused(PushRefusal.TOO_LARGE)
        if self._mode is PushMode.PLAIN:
            self._require_signed(query, "signature", now)
            return _message(_elements(body), encrypted=False)
        outer = _elements(body)
        if "Encrypt" in outer:
            return _message(_elements(self._decrypt(query, outer, now)), encrypted=True)
        self._require_signed(query, "signature", now)
        if self._mode is PushMode.SAFE:
            raise PushRefused(PushRefusal.NOT_ENCRYPTED)
        return _message(outer, encrypted=False)

    def write_text_reply(self, message: PushMessage, text: str, now: datetime) -> bytes:
        """Give the passive reply (被动回复) with as much of `text` as fits, encrypted when the message was."""
        seconds = int(now.timestamp())
        content = cut_to_bytes(_NOT_XML.sub("", text), LONGEST_REPLY_BYTES)
        reply = TextReply(
            source=message.to_user,
            target=message.openid,
            time=seconds,
            # wechatpy writes CDATA as it comes: its end must not stand in it.
            content=content.replace("]]>", "]]]]><![CDATA[>"),
        )
        xml: str = reply.render()
        if message.encrypted:
            if self._crypto is None:
                raise ValueError("a message of this reader is never encrypted")
            xml = self._crypto.encrypt_message(xml, secrets.token_hex(8), str(seconds))
        return xml.encode()

    def _require_signed(self, query: Mapping[str, str], name: str, now: datetime, *signed: str) -> None:
        timestamp = _required(query, "timestamp", _TIMESTAMP)
        nonce = _required(query, "nonce", _NONCE)
        signature = _required(query, name, _SIGNATURE)
        signer = WeChatSigner()
        signer.add_data(self._token, timestamp, nonce, *signed)
        # wechatpy compares with !=, which tells by its time how much was right.
        if not hmac.compare_digest(signer.signature, signature):
            raise PushRefused(PushRefusal.SIGNATURE)
        if abs(now.timestamp() - int(timestamp)) > TIME_TOLERANCE_SECONDS:
            raise PushRefused(PushRefusal.STALE)

    def _decrypt(self, query: Mapping[str, str], outer: Mapping[str, Any], now: datetime) -> bytes:
        encrypted = _text(outer, "Encrypt", _ENCRYPTED)
        # msg_signature, not signature: the latter does not cover the body.
        self._require_signed(query, "msg_signature", now, encrypted)
        try:
            clear: str = self._crypto.decrypt_message(
                {"Encrypt": encrypted}, query["msg_signature"], query["timestamp"], query["nonce"]
            )
        except (WeChatException, ValueError, LookupError, TypeError, struct.error):
            # A foreign key gives noise, in which wechatpy stumbles over whatever comes first.
            clear = ""
        if not clear:
            raise PushRefused(PushRefusal.UNDECIPHERABLE)
        return clear.encode()


def _required(query: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    value = query.get(name)
    if value is None or not form.fullmatch(value):
        raise PushRefused(PushRefusal.QUERY)
    return value


def _elements(body: bytes) -> dict[str, Any]:
    """Give the children of the root element `xml`; others than such a document are refused."""
    try:
        text = body.decode()
        _require_plain_xml(text)
        elements = xmltodict.parse(text).get("xml")
    except (ValueError, expat.ExpatError):
        elements = None
    if not isinstance(elements, dict):
        raise PushRefused(PushRefusal.NOT_XML)
    return elements


def _require_plain_xml(text: str) -> None:
    """Raise ValueError or `ExpatError` unless `text` is XML without a document type and without deep nesting."""
    depth = 0

    def enter(_name: str, _attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST_ELEMENT:
            raise ValueError("nested too deep")

    def leave(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_declaration: object) -> None:
        raise ValueError("a push has no document type")

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = enter
    parser.EndElementHandler = leave
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(text.encode(), True)


def _message(elements: Mapping[str, Any], *, encrypted: bool) -> PushMessage:
    openid = _text(elements, "FromUserName", _PERSON)
    to_user = _text(elements, "ToUserName", _PERSON)
    time = _text(elements, "CreateTime", _TIMESTAMP)
    message_type = _text(elements, "MsgType").lower()
    event = _text(elements, "Event") if message_type == "event" else ""
    event_key = _optional(elements, "EventKey")
    if event:
        kind = _EVENTS.get(event.lower(), PushKind.OTHER)
        identity = "\n".join((openid, time, event, event_key))
    else:
        kind = PushKind.TEXT if message_type == "text" else PushKind.OTHER
        identity = _text(elements, "MsgId", _MESSAGE_ID)
    return PushMessage(
        kind=kind,
        openid=openid,
        to_user=to_user,
        created_at=datetime.fromtimestamp(int(time), UTC),
        dedupe_key=hashlib.sha256(identity.encode()).hexdigest(),
        content=_content(kind, elements, event_key),
        scene=_scene(kind, event_key),
        consents=_consents(kind, elements),
        encrypted=encrypted,
    )


def _content(kind: PushKind, elements: Mapping[str, Any], event_key: str) -> str:
    if kind is PushKind.TEXT:
        return _optional(elements, "Content")
    return event_key if kind is PushKind.VIEW else ""


def _scene(kind: PushKind, event_key: str) -> str:
    if kind is PushKind.SUBSCRIBE and event_key.startswith(_SCENE_PREFIX):
        # Somebody who followed by a QR code; else the key may speak of other things.
        return event_key.removeprefix(_SCENE_PREFIX)
    return event_key if kind is PushKind.SCAN else ""


def _consents(kind: PushKind, elements: Mapping[str, Any]) -> tuple[TemplateConsent, ...]:
    name = _CONSENT_LISTS.get(kind)
    if name is None:
        return ()
    # An element without content is None, and so is the list of an event about nothing.
    holder = elements.get(name) or {}
    entries = (holder.get("List") or []) if isinstance(holder, dict) else holder
    # One entry alone comes as itself and not as a list.
    entries = [entries] if isinstance(entries, dict) else entries
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise PushRefused(PushRefusal.CONTENT)
    return tuple(
        TemplateConsent(
            template_id=_text(entry, "TemplateId"),
            status=_optional(entry, "SubscribeStatusString") or _optional(entry, "ErrorStatus"),
            message_id=_optional(entry, "MsgID"),
            error_code=_optional(entry, "ErrorCode"),
        )
        for entry in entries
    )


def _text(elements: Mapping[str, Any], name: str, form: re.Pattern[str] | None = None) -> str:
    value = elements.get(name)
    # An element that comes twice is a list, one with children a dict.
    if not isinstance(value, str) or not value or (form is not None and not form.fullmatch(value)):
        raise PushRefused(PushRefusal.CONTENT)
    return value


def _optional(elements: Mapping[str, Any], name: str) -> str:
    return "" if elements.get(name) is None else _text(elements, name)
