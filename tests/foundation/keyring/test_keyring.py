"""The keyring: what it seals, finds again and signs, and what it refuses."""

import base64
import copy
import json
import pickle
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.foundation.keyring import (
    Keyring,
    KeyringExists,
    KeyringMalformed,
    KeyringMissing,
    KeyUnknown,
    NothingToIndex,
    SealBroken,
)

INDEX_OF_PHONE = "46e0f6e6ec1f21ee2c722bd74c7ff8c6f9a5c8275391aa28b4f5910136dbf518"
FINGERPRINT_OF_INPUT = "36cf4fb955bf34b8936f899ad64ad6788a8feacd3502fb9c47af13b9da7943ca"
SIGNATURE_OF_IMAGE = "Mxca-cVIGbu_UMgrJieaR3C7cb2WiqVEQeoTc_YVrzo"
PLACE = {"table": "owner", "field": "id_card_number", "row": "own_1"}


def a_key(fill: int) -> str:
    """A key of one repeated byte, as it stands in the file."""
    return base64.urlsafe_b64encode(bytes([fill]) * 32).decode()


def a_document(**changes: object) -> dict[str, object]:
    """A well-formed keyring file with two data keys."""
    document: dict[str, object] = {
        "version": 1,
        "current": "2",
        "data_keys": {"1": a_key(1), "2": a_key(2)},
        "index_root": a_key(3),
        "grant_root": a_key(4),
    }
    return document | changes


def a_keyring(**changes: object) -> Keyring:
    """A keyring of fixed keys."""
    return Keyring.parse(json.dumps(a_document(**changes)))


KEYRING = a_keyring()
names = st.text(max_size=20)
places = st.fixed_dictionaries({"table": names, "field": names, "row": names})


@given(plaintext=st.binary(max_size=200), place=places)
def test_what_is_sealed_opens_at_its_place(plaintext: bytes, place: dict[str, str]) -> None:
    """Every value comes back from the place it was sealed for."""
    blob = KEYRING.seal(plaintext, **place)
    assert KEYRING.open(blob, **place) == plaintext
    assert KEYRING.key_id_of(blob) == 2


@given(here=places, there=places)
def test_a_value_opens_nowhere_else(here: dict[str, str], there: dict[str, str]) -> None:
    """A value copied to another table, field or row is refused, however the names are cut."""
    blob = KEYRING.seal(b"value", **here)
    if here == there:
        assert KEYRING.open(blob, **there) == b"value"
    else:
        with pytest.raises(SealBroken):
            KEYRING.open(blob, **there)


@pytest.mark.parametrize(
    "there",
    [
        {"table": "owner", "field": "id_card_number", "row": "own_2"},
        {"table": "owner", "field": "id_card_name", "row": "own_1"},
        {"table": "shop", "field": "id_card_number", "row": "own_1"},
        {"table": "ownerid", "field": "_card_number", "row": "own_1"},
        {"table": "owner|id_card_number", "field": "", "row": "own_1"},
    ],
)
def test_neighbouring_places_are_told_apart(there: dict[str, str]) -> None:
    """The parts of a place cannot be shifted into each other."""
    blob = KEYRING.seal(b"value", **PLACE)
    with pytest.raises(SealBroken):
        KEYRING.open(blob, **there)


@given(data=st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    """No byte of a sealed value, its header included, can be changed or cut away."""
    blob = KEYRING.seal(b"value", **PLACE)
    at = data.draw(st.integers(0, len(blob) - 1))
    changed = bytearray(blob)
    changed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises((SealBroken, KeyUnknown)):
        KEYRING.open(bytes(changed), **PLACE)
    with pytest.raises(SealBroken):
        KEYRING.open(blob[:at], **PLACE)


def test_sealing_twice_gives_different_results() -> None:
    """Equal values cannot be recognised by their sealed form."""
    assert KEYRING.seal(b"value", **PLACE) != KEYRING.seal(b"value", **PLACE)


def test_old_keys_still_open_and_new_ones_seal() -> None:
    """After a change of the current key both generations open; the id tells which is which."""
    before, after = a_keyring(current="1"), a_keyring(current="2")
    old, new = before.seal(b"value", **PLACE), after.seal(b"value", **PLACE)
    assert (before.current_key_id, after.current_key_id) == (1, 2)
    assert (after.key_id_of(old), after.key_id_of(new)) == (1, 2)
    assert after.open(old, **PLACE) == after.open(new, **PLACE) == b"value"


def test_a_key_that_is_gone_is_named_as_the_reason() -> None:
    """A value of a dropped key is told apart from a broken one."""
    only_second = a_keyring(data_keys={"2": a_key(2)})
    with pytest.raises(KeyUnknown):
        only_second.open(a_keyring(current="1").seal(b"value", **PLACE), **PLACE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("11010519491231002x", "11010519491231002X"),
        ("6222 0212 3456 7890", "6222-0212-3456-7890"),
        ("１３８００１３８０００", "13800138000"),
        ("138\u200b0013\u00a08000\n", "13800138000"),
        ("芝麻 面馆", "芝麻面馆"),
        ("138–0013—8000", "13800138000"),
    ],
)
def test_spellings_of_one_value_have_one_index(one: str, other: str) -> None:
    """Width, spaces, dashes, invisible marks and case do not matter for finding a value."""
    assert KEYRING.blind_index("field", one) == KEYRING.blind_index("field", other)


@given(text=st.text("0123456789XABCZ", min_size=1), data=st.data())
def test_separators_anywhere_do_not_change_the_index(text: str, data: st.DataObject) -> None:
    """Spaces, dashes, case and full-width forms may be put anywhere."""
    spelt = "".join(
        data.draw(st.sampled_from([letter, letter.lower(), chr(ord(letter) + 0xFEE0), f" {letter}-"]))
        for letter in text
    )
    assert KEYRING.blind_index("field", spelt) == KEYRING.blind_index("field", text)


@given(one=st.text("0123456789X", min_size=1), other=st.text("0123456789X", min_size=1))
def test_different_values_have_different_indexes(one: str, other: str) -> None:
    """An index matches exactly when the values do."""
    assert (KEYRING.blind_index("field", one) == KEYRING.blind_index("field", other)) == (one == other)


def test_derived_keys_are_apart() -> None:
    """Indexes of two fields, indexes and fingerprints, and indexes of two keyrings share nothing."""
    other = a_keyring(index_root=a_key(9))
    results = {
        KEYRING.blind_index("phone", "13800138000"),
        KEYRING.blind_index("card", "13800138000"),
        KEYRING.blind_index("", "13800138000"),
        KEYRING.fingerprint(b"13800138000"),
        other.blind_index("phone", "13800138000"),
        other.fingerprint(b"13800138000"),
    }
    assert len(results) == 6
    assert all(len(result) == 64 and int(result, 16) >= 0 for result in results)


def test_indexes_stay_the_same_from_release_to_release() -> None:
    """Stored indexes must be found by later versions: these were computed once by hand after RFC 5869."""
    assert KEYRING.blind_index("phone", "13800138000") == INDEX_OF_PHONE
    assert KEYRING.fingerprint(b"input") == FINGERPRINT_OF_INPUT
    assert KEYRING.sign("image", b"img_1") == SIGNATURE_OF_IMAGE


@pytest.mark.parametrize("value", ["", "  ", "-", "\u200b", " — "])
def test_nothing_is_not_indexed(value: str) -> None:
    """Values of which nothing is left would all be duplicates of each other."""
    with pytest.raises(NothingToIndex):
        KEYRING.blind_index("field", value)


@given(message=st.binary(max_size=60), other=st.binary(max_size=60))
def test_a_signature_holds_for_its_message_alone(message: bytes, other: bytes) -> None:
    """A signature is good for exactly the message it was made for."""
    signature = KEYRING.sign("cursor", message)
    assert KEYRING.verify("cursor", other, signature) == (message == other)


@pytest.mark.parametrize("forged", ["", "A" * 43, "é", "\ud800", "芝麻", "=", "?"])
def test_forged_signatures_are_refused(forged: str) -> None:
    """Any text may arrive as a signature; none of these is one, and none is an error."""
    assert not KEYRING.verify("image", b"img_1", forged)


def test_signatures_are_bound_to_purpose_and_keyring() -> None:
    """A grant for one purpose is no grant for another, nor in another installation."""
    signature = KEYRING.sign("image", b"img_1")
    assert not KEYRING.verify("cursor", b"img_1", signature)
    assert not a_keyring(grant_root=a_key(9)).verify("image", b"img_1", signature)
    assert not KEYRING.verify("image", b"img_1", signature + "=")


def test_a_generated_keyring_is_loaded_again(tmp_path: Path) -> None:
    """What was sealed by the new keyring opens with the loaded one, and by no other new one."""
    path = tmp_path / "new" / "keys" / "keyring.json"
    made = Keyring.generate(path)
    blob = made.seal(b"value", **PLACE)
    assert Keyring.load(path).open(blob, **PLACE) == b"value"
    with pytest.raises(SealBroken):
        Keyring.generate(tmp_path / "other.json").open(blob, **PLACE)


def test_a_generated_keyring_is_private(tmp_path: Path) -> None:
    """The file is for its owner alone, so are the folders made for it, and nothing else is left lying there."""
    path = tmp_path / "new" / "keys" / "keyring.json"
    Keyring.generate(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["keyring.json"]


def test_existing_keys_are_never_overwritten(tmp_path: Path) -> None:
    """Making a keyring where one is leaves it as it was, byte for byte."""
    path = tmp_path / "keyring.json"
    Keyring.generate(path)
    before = path.read_bytes()
    with pytest.raises(KeyringExists):
        Keyring.generate(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["keyring.json"]


def test_of_many_makers_one_wins(tmp_path: Path) -> None:
    """Processes that start at the same moment end up with one keyring."""
    path = tmp_path / "keyring.json"

    def make(_: int) -> Keyring | None:
        try:
            return Keyring.generate(path)
        except KeyringExists:
            return None

    with ThreadPoolExecutor(8) as threads:
        made = [keyring for keyring in threads.map(make, range(8)) if keyring is not None]
    assert len(made) == 1
    assert Keyring.load(path).open(made[0].seal(b"value", **PLACE), **PLACE) == b"value"


def test_a_missing_file_is_named_as_the_reason(tmp_path: Path) -> None:
    """No file and a bad file are different errors."""
    with pytest.raises(KeyringMissing):
        Keyring.load(tmp_path / "keyring.json")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KeyringMalformed):
        Keyring.load(tmp_path / "binary")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "{}",
        json.dumps(a_document(version=2)),
        json.dumps(a_document(extra=1)),
        json.dumps(a_document(current="3")),
        json.dumps(a_document(current=2)),
        json.dumps(a_document(data_keys={})),
        json.dumps(a_document(data_keys=[a_key(1)])),
        json.dumps(a_document(data_keys={"2": a_key(2), "02": a_key(1)})),
        json.dumps(a_document(data_keys={"2": a_key(2), "65536": a_key(1)})),
        json.dumps(a_document(data_keys={"2": a_key(2), "²": a_key(1)})),
        json.dumps(a_document(data_keys={"2": a_key(2)[:-8]})),
        json.dumps(a_document(index_root="!" + a_key(3)[1:])),
        json.dumps(a_document(grant_root=None)),
        json.dumps(a_document(grant_root="é")),
    ],
)
def test_malformed_keyrings_are_refused_without_repeating_them(text: str) -> None:
    """A bad text is refused, and neither the message nor its cause holds any of the keys."""
    with pytest.raises(KeyringMalformed) as refusal:
        Keyring.parse(text)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
    assert not any(a_key(fill)[:10] in str(refusal.value) for fill in range(1, 5))


def test_a_keyring_hides_its_keys() -> None:
    """Printing shows a count; pickling and copying are refused."""
    assert repr(KEYRING) == "<Keyring of 2 data keys>"
    with pytest.raises(TypeError):
        pickle.dumps(KEYRING)
    with pytest.raises(TypeError):
        copy.copy(KEYRING)
