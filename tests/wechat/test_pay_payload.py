"""What becomes of a form before it is sent."""

from __future__ import annotations

import base64
import copy
import datetime as dt
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.wechat.errors import PlaintextTooLongError, UnsendableError
from backend.wechat.payload import encode_form, without_empties
from backend.wechat.sensitive import encrypt, encrypt_paths
from tests.wechat.forms import ENCRYPTED_PATHS, form

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NAMES = st.text("abc", min_size=1, max_size=2)
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text("x张", max_size=2)
FORMS = st.dictionaries(
    NAMES,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)),
    max_size=3,
)

PATHS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
OBJECTS = st.recursive(st.text("x张", max_size=2), lambda inner: st.dictionaries(NAMES, inner, max_size=3))


def text_paths(content: dict[str, Any], above: str = "") -> list[str]:
    """Give the dotted path of every text."""
    found = []
    for name, value in content.items():
        found += [above + name] if isinstance(value, str) else text_paths(value, f"{above}{name}.")
    return found


def opened(ciphertext: str, key: RSAPrivateKey = KEY) -> str:
    """Decrypt as WeChat Pay does."""
    digest = hashes.SHA1()  # noqa: S303 - prescribed by WeChat Pay
    scheme = padding.OAEP(mgf=padding.MGF1(digest), algorithm=digest, label=None)
    return key.decrypt(base64.b64decode(ciphertext, validate=True), scheme).decode()


def leaves(value: Any) -> list[Any]:
    """Give every value that is no object and no list, and every empty one of these."""
    if isinstance(value, dict) and value:
        return [leaf for member in value.values() for leaf in leaves(member)]
    if isinstance(value, list) and value:
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


@pytest.mark.parametrize("text", ["", "a", "张三", "x" * 214, "张" * 71 + "x"])
def test_a_text_up_to_the_limit_survives_the_round_trip(text: str) -> None:
    """214 bytes of UTF-8 fit; the ciphertext always has 344 characters."""
    ciphertext = encrypt(KEY.public_key(), text)
    assert len(ciphertext) == 344
    assert opened(ciphertext) == text


@pytest.mark.parametrize("text", ["x" * 215, "张" * 72])
def test_a_longer_text_is_refused_without_being_told(text: str) -> None:
    """215 bytes do not fit, and the refusal does not quote them."""
    with pytest.raises(PlaintextTooLongError) as refusal:
        encrypt(KEY.public_key(), text)
    assert text not in str(refusal.value)


def test_the_same_text_is_sealed_differently_each_time() -> None:
    """Ciphertexts cannot be compared."""
    assert encrypt(KEY.public_key(), "张三") != encrypt(KEY.public_key(), "张三")


# No deadline: a busy machine is not a failure.
@settings(deadline=None)
@given(FORMS)
def test_no_empty_value_is_left_and_no_other_is_lost(content: dict[str, Any]) -> None:
    """Dropping takes exactly the nulls and empties, once for all, and leaves the original alone."""
    before = copy.deepcopy(content)
    kept = without_empties(content)
    assert content == before
    assert without_empties(kept) == kept
    empties: tuple[Any, ...] = (None, "", [], {})
    wanted = [leaf for leaf in leaves(content) if leaf not in empties]
    assert (leaves(kept) if kept else []) == wanted


# No deadline: a busy machine is not a failure.
@settings(deadline=None)
@given(st.dictionaries(NAMES, OBJECTS, max_size=3), st.sets(PATHS, max_size=3), st.data())
def test_sealing_touches_the_named_texts_only(content: dict[str, Any], absent: set[str], data: st.DataObject) -> None:
    """Texts at the paths open to what they were, all else is equal, and the caller's form is as it was."""
    texts = text_paths(content)
    named = data.draw(st.sets(st.sampled_from(texts), max_size=3)) if texts else set()
    before = copy.deepcopy(content)
    try:
        sealed = encrypt_paths(content, named | absent, KEY.public_key())
    except UnsendableError:
        # Only a path that was not drawn from the texts can lead to something else.
        assert absent - set(texts)
        return
    finally:
        assert content == before
    for path in (named | absent) & set(texts):
        *parents, leaf = path.split(".")
        parent = sealed
        for name in parents:
            parent = parent[name]
        parent[leaf] = opened(parent[leaf])
    assert sealed == before


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"contact_info": {"contact_name": 13800138000}}, "contact_info.contact_name"),
        ({"contact_info": {"contact_name": ["13800138000"]}}, "contact_info.contact_name"),
        ({"contact_info": "13800138000"}, "contact_info.contact_name"),
        ({"contact_info": {"contact_name": "13800138000\ud800"}}, "contact_info.contact_name"),
        ({"contact_info": {"contact_name": "13800138000" * 20}}, "contact_info.contact_name"),
    ],
)
def test_what_cannot_be_sealed_is_refused_by_its_path(content: dict[str, Any], path: str) -> None:
    """The refusal names the place and not the value, and nothing can leave in clear."""
    with pytest.raises(UnsendableError, match=path) as refusal:
        encode_form(content, [path], KEY.public_key())
    assert "13800138000" not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.mark.parametrize(
    "value",
    [dt.date(2016, 6, 6), b"bytes", object(), 2**70, {1: "a"}, "\ud800"],
    ids=lambda value: repr(value)[:9],
)
def test_a_value_that_is_not_plain_json_is_refused(value: Any) -> None:
    """A date that a library would spell its own way never reaches WeChat Pay."""
    with pytest.raises(UnsendableError, match="not plain JSON"):
        encode_form({"card_period_begin": value}, [], KEY.public_key())


def test_the_encoded_form_is_clean_utf8_json() -> None:
    """Sealed where named, cleaned of empties, Chinese as it is; the caller's form is as it was."""
    clear = form()
    encoded = encode_form(clear, ENCRYPTED_PATHS, KEY.public_key())
    assert clear == form()
    assert "大郎烧饼".encode() in encoded
    assert "张三".encode() not in encoded
    content = orjson.loads(encoded)
    assert opened(content["contact_info"]["contact_name"]) == "张三"
    assert opened(content["bank_account_info"]["account_number"]) == "6225880000000000"
    assert "mobile_phone" not in content["contact_info"]
    assert content["settlement_info"] == {"settlement_id": "703"}
    assert content["subject_info"]["micro_biz_info"] == {"micro_store_info": {"micro_name": "大郎烧饼"}}
