"""Reading what WeChat pushes, and answering it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.wechat import AppCredentials, PushKind, PushMessage, PushMode, PushReader, PushRefusal, PushRefused
from tests.wechat.platform import APP
from tests.wechat.pushes import (
    ACCOUNT,
    NONCE,
    NOW,
    OPENID,
    SECONDS,
    encrypt,
    encrypt_block,
    event,
    query,
    sealed,
    signature,
    text,
    unseal,
    xml,
)

READERS = {mode: PushReader(APP, required_mode=mode) for mode in PushMode}


def read_safe(clear: str) -> PushMessage:
    """Read one push in safe mode."""
    encrypted = encrypt(clear)
    return READERS[PushMode.SAFE].read(query(encrypted=encrypted), sealed(encrypted), NOW)


def read_plain(clear: str) -> PushMessage:
    """Read one push in plain mode."""
    return READERS[PushMode.PLAIN].read(query(), clear.encode(), NOW)


def refusal(mode: PushMode, parameters: dict[str, str], body: bytes, now: datetime = NOW) -> PushRefusal:
    """Give why a push is refused; the error tells nothing else."""
    with pytest.raises(PushRefused) as caught:
        READERS[mode].read(parameters, body, now)
    assert str(caught.value) == caught.value.reason_code.value
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    return caught.value.reason_code


def test_the_vector_of_the_document() -> None:
    """The worked example of the message push page."""
    reader = PushReader(AppCredentials(APP.appid, APP.secret, "AAAAA", APP.encoding_aes_key))
    vector = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    now = datetime.fromtimestamp(1714036504, UTC)
    assert reader.verify_url(vector, now) == "4375120948345356249"
    with pytest.raises(PushRefused):
        reader.verify_url(vector | {"signature": "f464b24fc39322e44b38aa78f5edd27bd1441697"}, now)


@pytest.mark.parametrize("mode", PushMode)
def test_the_address_is_verified_by_the_plain_signature(mode: PushMode) -> None:
    """In every mode."""
    assert READERS[mode].verify_url(query(echostr="echo-1"), NOW) == "echo-1"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"echostr": "<script>"}, PushRefusal.QUERY),
        ({"echostr": ""}, PushRefusal.QUERY),
        ({"echostr": "芝麻"}, PushRefusal.QUERY),
        ({"signature": signature("1", NONCE)}, PushRefusal.SIGNATURE),
        ({"signature": "签" * 40}, PushRefusal.QUERY),
        ({"nonce": "other"}, PushRefusal.SIGNATURE),
        ({"timestamp": str(SECONDS + 1)}, PushRefusal.SIGNATURE),
    ],
)
def test_an_address_is_not_verified_for_anybody(changes: dict[str, str], reason: PushRefusal) -> None:
    """A wrong signature is refused, and an echo that is no such thing."""
    with pytest.raises(PushRefused) as caught:
        READERS[PushMode.SAFE].verify_url(query(echostr="echo-1") | changes, NOW)
    assert caught.value.reason_code is reason


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce", "echostr"])
def test_an_address_is_not_verified_without_its_parameters(name: str) -> None:
    """All four are needed."""
    parameters = query(echostr="echo-1")
    del parameters[name]
    with pytest.raises(PushRefused) as caught:
        READERS[PushMode.SAFE].verify_url(parameters, NOW)
    assert caught.value.reason_code is PushRefusal.QUERY


KINDS: list[tuple[str, dict[str, Any]]] = [
    (text(), {"kind": PushKind.TEXT, "content": "芝麻开门"}),
    (text("a <b> &amp;"), {"kind": PushKind.TEXT, "content": "a <b> &amp;"}),
    (text("  进度 \n"), {"kind": PushKind.TEXT, "content": "进度"}),
    (text(""), {"kind": PushKind.TEXT, "content": ""}),
    (text(MsgType="TEXT"), {"kind": PushKind.TEXT, "content": "芝麻开门"}),
    (text(MsgType="image"), {"kind": PushKind.OTHER}),
    (event("subscribe"), {"kind": PushKind.SUBSCRIBE}),
    (event("subscribe", EventKey=""), {"kind": PushKind.SUBSCRIBE}),
    (event("subscribe", EventKey="qrscene_shop-7"), {"kind": PushKind.SUBSCRIBE, "scene": "shop-7"}),
    (event("subscribe", EventKey="last_trade_no_1"), {"kind": PushKind.SUBSCRIBE}),
    (event("unsubscribe"), {"kind": PushKind.UNSUBSCRIBE}),
    (event("SCAN", EventKey="shop-7", Ticket="t"), {"kind": PushKind.SCAN, "scene": "shop-7"}),
    (event("VIEW", EventKey="https://example.com/"), {"kind": PushKind.VIEW, "content": "https://example.com/"}),
    (event("TEMPLATESENDJOBFINISH", MsgID="200163836", Status="success"), {"kind": PushKind.OTHER}),
    (event("something_new"), {"kind": PushKind.OTHER}),
]


@pytest.mark.parametrize(("clear", "expected"), KINDS)
def test_a_push_is_read(clear: str, expected: dict[str, Any]) -> None:
    """The same in both modes, but that the answer to an encrypted one is encrypted."""
    for message, encrypted in ((read_plain(clear), False), (read_safe(clear), True)):
        seen = {
            "kind": message.kind,
            "content": message.content,
            "scene": message.scene,
            "consents": message.consents,
            "encrypted": message.encrypted,
        }
        assert seen == {"content": "", "scene": "", "consents": (), "encrypted": encrypted} | expected
        assert (message.openid, message.to_user, message.created_at) == (OPENID, ACCOUNT, NOW)
        assert OPENID not in repr(message)
        assert OPENID not in message.dedupe_key


ENTRY = "<TemplateId><![CDATA[T1]]></TemplateId>"
ACCEPTED = f"<List>{ENTRY}<SubscribeStatusString>accept</SubscribeStatusString><PopupScene>0</PopupScene></List>"
REJECTED = "<List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List>"
SENT = f"<List>{ENTRY}<MsgID>7</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List>"


@pytest.mark.parametrize(
    ("name", "element", "inside", "kind", "consents"),
    [
        (
            "subscribe_msg_popup_event",
            "SubscribeMsgPopupEvent",
            ACCEPTED,
            PushKind.CONSENT_ASKED,
            [("T1", "accept", "", "")],
        ),
        (
            "subscribe_msg_popup_event",
            "SubscribeMsgPopupEvent",
            ACCEPTED + REJECTED,
            PushKind.CONSENT_ASKED,
            [("T1", "accept", "", ""), ("T2", "reject", "", "")],
        ),
        (
            "subscribe_msg_change_event",
            "SubscribeMsgChangeEvent",
            REJECTED,
            PushKind.CONSENT_CHANGED,
            [("T2", "reject", "", "")],
        ),
        (
            "subscribe_msg_sent_event",
            "SubscribeMsgSentEvent",
            SENT,
            PushKind.CONSENT_USED,
            [("T1", "success", "7", "0")],
        ),
    ],
)
def test_an_event_about_consents_is_read(
    name: str, element: str, inside: str, kind: PushKind, consents: list[tuple[str, str, str, str]]
) -> None:
    """One entry alone is a list of one."""
    message = read_safe(event(name, **{element: inside}))
    assert message.kind is kind
    seen = [(item.template_id, item.status, item.message_id, item.error_code) for item in message.consents]
    assert seen == consents


@pytest.mark.parametrize("inside", ["<List>text</List>", "<List/><List/>", "<List><PopupScene>0</PopupScene></List>"])
def test_an_event_about_no_template_is_refused(inside: str) -> None:
    """A consent names its template."""
    body = event("subscribe_msg_popup_event", SubscribeMsgPopupEvent=inside).encode()
    assert refusal(PushMode.PLAIN, query(), body) is PushRefusal.CONTENT


@pytest.mark.parametrize("members", [{}, {"SubscribeMsgPopupEvent": ""}, {"SubscribeMsgPopupEvent": "<List/>"}])
def test_an_event_about_nothing_is_read(members: dict[str, str]) -> None:
    """It says nothing, and is no reason to have it pushed again."""
    message = read_safe(event("subscribe_msg_popup_event", **members))
    assert (message.kind, message.consents) == (PushKind.CONSENT_ASKED, ())


def test_the_tries_of_one_push_have_one_key() -> None:
    """A message goes by its MsgId, an event by person, time, name and key, whatever the mode and the query."""
    assert read_plain(text()).dedupe_key == read_safe(text(CreateTime=str(SECONDS + 5))).dedupe_key
    assert read_plain(event("SCAN", EventKey="1")).dedupe_key == read_safe(event("SCAN", EventKey="1")).dedupe_key
    different = [
        text(),
        text(MsgId="23456789012345679"),
        event("SCAN", EventKey="1"),
        event("SCAN", EventKey="2"),
        event("VIEW", EventKey="1"),
        event("SCAN", EventKey="1", CreateTime=str(SECONDS + 1)),
        event("SCAN", EventKey="1", FromUserName="somebody-else"),
        event("subscribe"),
        event("unsubscribe"),
    ]
    assert len({read_plain(clear).dedupe_key for clear in different}) == len(different)


CLEAR = text()
ENCRYPTED = encrypt(text("encrypted"))
COMPATIBLE_BODY = sealed(ENCRYPTED, beside=f"<FromUserName>{OPENID}</FromUserName><MsgType>text</MsgType>")


@pytest.mark.parametrize(
    ("mode", "body", "outcome"),
    [
        (PushMode.PLAIN, CLEAR.encode(), "芝麻开门"),
        (PushMode.PLAIN, sealed(ENCRYPTED), PushRefusal.CONTENT),
        (PushMode.COMPATIBLE, CLEAR.encode(), "芝麻开门"),
        (PushMode.COMPATIBLE, COMPATIBLE_BODY, "encrypted"),
        (PushMode.COMPATIBLE, sealed(ENCRYPTED), "encrypted"),
        (PushMode.SAFE, CLEAR.encode(), PushRefusal.NOT_ENCRYPTED),
        (PushMode.SAFE, COMPATIBLE_BODY, "encrypted"),
        (PushMode.SAFE, sealed(ENCRYPTED), "encrypted"),
    ],
)
def test_each_mode_takes_its_bodies(mode: PushMode, body: bytes, outcome: str | PushRefusal) -> None:
    """Safe mode reads nothing clear; where both are there, the encrypted part counts."""
    parameters = query(encrypted=ENCRYPTED)
    if isinstance(outcome, PushRefusal):
        assert refusal(mode, parameters, body) is outcome
    else:
        assert READERS[mode].read(parameters, body, NOW).content == outcome


@pytest.mark.parametrize("mode", PushMode)
@pytest.mark.parametrize("offset_seconds", [-301, -300, 0, 300, 301])
def test_an_old_push_is_refused(mode: PushMode, offset_seconds: int) -> None:
    """Five minutes either way, though the signature is right."""
    body = CLEAR.encode() if mode is PushMode.PLAIN else sealed(ENCRYPTED)
    parameters = query(at=SECONDS - offset_seconds, encrypted=ENCRYPTED)
    if abs(offset_seconds) <= 300:
        assert READERS[mode].read(parameters, body, NOW).kind is PushKind.TEXT
    else:
        assert refusal(mode, parameters, body) is PushRefusal.STALE


@pytest.mark.parametrize(
    ("mode", "changes", "reason"),
    [
        (PushMode.PLAIN, {"signature": signature("1", NONCE)}, PushRefusal.SIGNATURE),
        (PushMode.PLAIN, {"signature": signature(str(SECONDS), NONCE, token="other")}, PushRefusal.SIGNATURE),
        (PushMode.PLAIN, {"signature": ""}, PushRefusal.QUERY),
        (PushMode.PLAIN, {"signature": "\ud800" * 40}, PushRefusal.QUERY),
        (PushMode.PLAIN, {"timestamp": "9" * 5000}, PushRefusal.QUERY),
        (PushMode.PLAIN, {"timestamp": "-1"}, PushRefusal.QUERY),
        (PushMode.PLAIN, {"timestamp": "１７１４０３６５０４"}, PushRefusal.QUERY),
        (PushMode.PLAIN, {"nonce": "\ud800"}, PushRefusal.QUERY),
        # The plain signature does not cover the body.
        (PushMode.SAFE, {"msg_signature": signature(str(SECONDS), NONCE)}, PushRefusal.SIGNATURE),
        (PushMode.SAFE, {"msg_signature": ""}, PushRefusal.QUERY),
        (PushMode.SAFE, {"msg_signature": signature(str(SECONDS), NONCE, ENCRYPTED[:-4])}, PushRefusal.SIGNATURE),
        (PushMode.COMPATIBLE, {"msg_signature": signature(str(SECONDS), NONCE)}, PushRefusal.SIGNATURE),
    ],
)
def test_a_wrong_signature_is_refused(mode: PushMode, changes: dict[str, str], reason: PushRefusal) -> None:
    """Whatever stands in its place."""
    body = CLEAR.encode() if mode is PushMode.PLAIN else sealed(ENCRYPTED)
    assert refusal(mode, query(encrypted=ENCRYPTED) | changes, body) is reason


@pytest.mark.parametrize(
    "encrypted",
    [
        encrypt(CLEAR, appid="wxfedcba9876543210"),
        encrypt(CLEAR, appid=""),
        encrypt(CLEAR, key=b"k" * 32),
        encrypt(b"\xff\xfe"),
        encrypt(""),
        encrypt_block(b"\x00" * 32),
        encrypt_block(b"\x20" * 32),
        encrypt_block(b"\xff" * 64),
        encrypt_block(b"0123456789abcdef" + b"\xff\xff\xff\xff" + b"a" * 11 + b"\x01"),
        "QUJD",
        "QUI=",
    ],
)
def test_what_is_not_encrypted_for_us_is_refused(encrypted: str) -> None:
    """Another app, another key, broken padding: signed rightly, and refused all the same."""
    for mode in (PushMode.SAFE, PushMode.COMPATIBLE):
        assert refusal(mode, query(encrypted=encrypted), sealed(encrypted)) is PushRefusal.UNDECIPHERABLE


@pytest.mark.parametrize("encrypted", ["no base64!", "芝麻", "QUJD\n", "QUJD====", "=", "-_-_"])
def test_what_is_no_base64_is_refused(encrypted: str) -> None:
    """Before anything is decoded; what is left of blanks at its ends is not signed."""
    reasons = {PushRefusal.CONTENT, PushRefusal.SIGNATURE}
    assert refusal(PushMode.SAFE, query(encrypted=encrypted), sealed(encrypted)) in reasons


BILLION_LAUGHS = (
    '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + text().replace("</xml>", "<X>&b;</X></xml>")
).encode()
# Each of them signed rightly, in both modes; in safe mode it stands inside of what is encrypted.
HOSTILE: list[tuple[bytes, PushRefusal]] = [
    (b'{"MsgType":"text","FromUserName":"o"}', PushRefusal.NOT_XML),
    (b"text", PushRefusal.NOT_XML),
    (b"<xml>", PushRefusal.NOT_XML),
    (b"<xml/>", PushRefusal.NOT_XML),
    (b"<xml>text</xml>", PushRefusal.NOT_XML),
    (b"<other><MsgType>text</MsgType></other>", PushRefusal.NOT_XML),
    (b"<xml><MsgType>text</MsgType></xml><xml/>", PushRefusal.NOT_XML),
    (BILLION_LAUGHS, PushRefusal.NOT_XML),
    (b'<!DOCTYPE xml SYSTEM "file:///etc/passwd">' + text().encode(), PushRefusal.NOT_XML),
    (b"<!DOCTYPE xml>" + text().encode(), PushRefusal.NOT_XML),
    (text().replace("</xml>", "<X>&undefined;</X></xml>").encode(), PushRefusal.NOT_XML),
    (text().replace("</xml>", "<X>&#0;</X></xml>").encode(), PushRefusal.NOT_XML),
    (b"<xml>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</xml>", PushRefusal.NOT_XML),
    (b"<a>" * 10000, PushRefusal.NOT_XML),
    (xml().encode(), PushRefusal.CONTENT),
    (xml(MsgType="").encode(), PushRefusal.CONTENT),
    (xml(MsgType="event").encode(), PushRefusal.CONTENT),
    (xml(MsgType="text", Content="芝麻开门").encode(), PushRefusal.CONTENT),
    (text(MsgType="<a>1</a>").encode(), PushRefusal.CONTENT),
    (text(Content="<a>1</a>").encode(), PushRefusal.CONTENT),
    (text().replace("</xml>", "<MsgType>text</MsgType></xml>").encode(), PushRefusal.CONTENT),
    (text().replace("</xml>", f"<FromUserName>{OPENID}</FromUserName></xml>").encode(), PushRefusal.CONTENT),
    (text(FromUserName="").encode(), PushRefusal.CONTENT),
    (text(FromUserName="o]]>").encode(), PushRefusal.NOT_XML),
    (text(FromUserName="芝麻").encode(), PushRefusal.CONTENT),
    (text(FromUserName="o" * 65).encode(), PushRefusal.CONTENT),
    (text(CreateTime="9" * 5000).encode(), PushRefusal.CONTENT),
    (text(CreateTime="1e9").encode(), PushRefusal.CONTENT),
    (text(CreateTime="-1").encode(), PushRefusal.CONTENT),
    (text(MsgId="9" * 5000).encode(), PushRefusal.CONTENT),
    (text(MsgId="٣").encode(), PushRefusal.CONTENT),
    (event("SCAN", EventKey="<a>1</a>").encode(), PushRefusal.CONTENT),
]


@pytest.mark.parametrize(("body", "reason"), HOSTILE, ids=lambda value: repr(value)[:40])
def test_a_hostile_push_is_refused(body: bytes, reason: PushRefusal) -> None:
    """With its reason and no other error, clear or encrypted."""
    assert refusal(PushMode.PLAIN, query(), body) is reason
    encrypted = encrypt(body)
    assert refusal(PushMode.SAFE, query(encrypted=encrypted), sealed(encrypted)) is reason


@pytest.mark.parametrize("mode", PushMode)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", PushRefusal.NOT_XML),
        (b"\xff\xfe<\x00x\x00", PushRefusal.NOT_XML),
        (b'<?xml version="1.0" encoding="gbk"?><xml><a>\xce\xc4</a></xml>', PushRefusal.NOT_XML),
        (b" " * (64 * 1024) + b" ", PushRefusal.TOO_LARGE),
        (text("a" * 64 * 1024).encode(), PushRefusal.TOO_LARGE),
    ],
    ids=["empty", "utf-16", "gbk", "blanks", "long"],
)
def test_a_body_that_is_none_is_refused(mode: PushMode, body: bytes, reason: PushRefusal) -> None:
    """Before anything in it is believed."""
    assert refusal(mode, query(), body) is reason


def test_the_largest_body_is_read() -> None:
    """64 KB are read, one byte more is not."""
    room = 64 * 1024 - len(text("").encode())
    assert len(read_plain(text("a" * room)).content) == room
    assert refusal(PushMode.PLAIN, query(), text("a" * (room + 1)).encode()) is PushRefusal.TOO_LARGE


@st.composite
def mutated_pushes(draw: st.DrawFn) -> bytes:
    """Give a push with a few bytes overwritten, taken out, put in or doubled."""
    body = bytearray(draw(st.sampled_from([clear for clear, _ in KINDS])).encode())
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 12)))
        body[start:end] = draw(
            st.sampled_from([b"", body[start:end] * 2, b"]]>", b"<a>", b"<!ENTITY"]) | st.binary(max_size=8)
        )
    return bytes(body)


@given(st.binary(max_size=300) | mutated_pushes(), st.sampled_from(PushMode))
def test_whatever_comes_is_read_or_refused(body: bytes, mode: PushMode) -> None:
    """Signed rightly, in clear and encrypted: there is no third way."""
    encrypted = encrypt(body)
    for parameters, content in ((query(), body), (query(encrypted=encrypted), sealed(encrypted))):
        try:
            message = READERS[mode].read(parameters, content, NOW)
        except PushRefused:
            continue
        assert message.openid
        assert READERS[mode].write_text_reply(message, "text", NOW)


@given(
    st.dictionaries(
        st.sampled_from(["signature", "msg_signature", "timestamp", "nonce", "echostr", "encrypt_type"]),
        st.text(st.characters(exclude_categories=()), max_size=50),
    ),
    st.binary(max_size=50) | st.just(sealed(ENCRYPTED)) | st.just(CLEAR.encode()),
    st.sampled_from(PushMode),
)
def test_a_made_up_query_is_refused(changes: dict[str, str], body: bytes, mode: PushMode) -> None:
    """Nobody who lacks the token gets anything read or echoed."""
    with pytest.raises(PushRefused):
        READERS[mode].read(changes, body, NOW)
    with pytest.raises(PushRefused):
        READERS[mode].verify_url(changes, NOW)


@given(st.binary(min_size=16, max_size=160))
def test_noise_that_is_signed_is_refused(noise: bytes) -> None:
    """Whole blocks of anything, as a foreign key would give."""
    encrypted = encrypt_block(noise[: len(noise) // 16 * 16])
    refusal(PushMode.SAFE, query(encrypted=encrypted), sealed(encrypted))


REPLIES = [
    "财富之门已打开,请点击进入",
    '<a href="https://a?b=1&c=2" data-miniprogram-appid="wx">芝麻</a>',
    "a]]>b",
    "]]>]]>",
    "]]]]>>",
    "&amp;",
    "{encrypt} {0} %s",
]


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("read", [read_plain, read_safe])
def test_a_reply_is_written_in_the_mode_of_its_message(read: Any, reply: str) -> None:
    """To the person, from the account, at the time given, and what it says stays text."""
    message = read(text())
    later = NOW + timedelta(seconds=2)
    written = READERS[PushMode.SAFE].write_text_reply(message, reply, later)
    root = ET.fromstring(unseal(written) if message.encrypted else written)  # noqa: S314 - our own
    assert {child.tag: child.text for child in root} == {
        "ToUserName": OPENID,
        "FromUserName": ACCOUNT,
        "CreateTime": str(SECONDS + 2),
        "MsgType": "text",
        "Content": reply,
    }
    assert message.encrypted is (OPENID not in written.decode())


def sayable(character: str) -> bool:
    """Tell whether XML 1.0 has this character."""
    return (
        character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
    )


@given(st.text(st.characters(exclude_categories=()), max_size=3000))
def test_any_text_gives_a_reply_that_fits(reply: str) -> None:
    """Well-formed, with what XML can say of the text and 2048 bytes of it at most."""
    written = READERS[PushMode.PLAIN].write_text_reply(read_plain(text()), reply, NOW)
    root = ET.fromstring(written)  # noqa: S314 - our own
    said = "".join(filter(sayable, reply)).encode()[:2048].decode("utf-8", "ignore")
    # A parser gives every end of line as \n.
    assert root.findtext("Content") == said.replace("\r\n", "\n").replace("\r", "\n")
    assert len(root) == 5


def test_a_long_reply_is_cut_between_characters() -> None:
    """2048 bytes hold 682 characters of three bytes."""
    written = READERS[PushMode.PLAIN].write_text_reply(read_plain(text()), "芝" * 1000, NOW)
    assert ET.fromstring(written).findtext("Content") == "芝" * 682  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("app", "mode"),
    [
        (AppCredentials(APP.appid, APP.secret), PushMode.PLAIN),
        (AppCredentials(APP.appid, APP.secret, encoding_aes_key=APP.encoding_aes_key), PushMode.SAFE),
        (AppCredentials(APP.appid, APP.secret, APP.token), PushMode.SAFE),
        (AppCredentials(APP.appid, APP.secret, APP.token), PushMode.COMPATIBLE),
    ],
)
def test_a_reader_needs_what_its_mode_needs(app: AppCredentials, mode: PushMode) -> None:
    """A token always, a key for what is encrypted."""
    with pytest.raises(ValueError, match="credentials"):
        PushReader(app, required_mode=mode)


def test_plain_mode_needs_no_key() -> None:
    """An account without encryption is read all the same."""
    reader = PushReader(AppCredentials(APP.appid, APP.secret, APP.token), required_mode=PushMode.PLAIN)
    assert reader.read(query(), CLEAR.encode(), NOW).content == "芝麻开门"
