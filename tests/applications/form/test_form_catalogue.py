"""The field catalogue."""

import pytest

from backend.applications.form import (
    CONDITIONS,
    FIELDS,
    Field,
    Kind,
    Mask,
    Required,
    Section,
    applies,
    check_shape,
    is_empty,
    is_required,
    normalise,
)
from tests.builders.forms import a_complete_form, every_field_filled

ENCRYPTED = {"owner_name", "id_card_number", "mobile_phone", "contact_email", "holder_name", "account_number"}


def test_fields_are_filled_in_section_by_section() -> None:
    """The order of the catalogue never goes back to an earlier section."""
    order = [list(Section).index(field.section) for field in FIELDS.values()]
    assert order == sorted(order)
    assert set(order) == set(range(len(Section)))


def test_what_is_encrypted_for_wechat_pay_is_sealed_by_us() -> None:
    """Nothing that WeChat Pay wants encrypted lies open in our tables."""
    assert {name for name, field in FIELDS.items() if field.encrypted} == ENCRYPTED
    assert all(FIELDS[name].mask is not None for name in ENCRYPTED)


@pytest.mark.parametrize("field", FIELDS.values(), ids=list(FIELDS))
def test_a_field_declares_what_its_kind_needs(field: Field) -> None:
    """Choices belong to choices, several pictures have a small limit, and only text is masked."""
    assert bool(field.choices) == (field.kind is Kind.CHOICE)
    assert 1 <= field.min_length <= field.max_length
    assert field.kind is not Kind.IMAGES or field.max_length == 5
    assert field.mask is None or field.kind not in (Kind.IMAGE, Kind.IMAGES, Kind.FLAG, Kind.CHOICE)


def test_every_condition_names_a_choice_of_a_field() -> None:
    """A condition can come true, and every named condition has a row."""
    assert set(CONDITIONS) == set(Required) - {Required.ALWAYS, Required.OPTIONAL}
    assert all(value in FIELDS[name].choices for name, value in CONDITIONS.values())
    assert {f.required for f in FIELDS.values()} == set(Required)


@pytest.mark.parametrize("values", [a_complete_form(), every_field_filled()])
def test_the_example_forms_are_normal_and_well_shaped(values: dict[str, object]) -> None:
    """The values other tests build on pass a save unchanged."""
    for name, value in values.items():
        assert check_shape(FIELDS[name], value) is None
        assert normalise(FIELDS[name], value) == value


def test_the_full_form_fills_every_field() -> None:
    """No field is left out of the example with everything in it."""
    assert set(every_field_filled()) == set(FIELDS)


@pytest.mark.parametrize(
    ("name", "deciding", "holds"),
    [
        ("group_name", {"group_membership": "BRANCH_OF"}, True),
        ("group_name", {"group_membership": "UNKNOWN"}, False),
        ("holder_name", {"settlement_holder": "OTHER"}, True),
        ("holder_name", {"settlement_holder": "OPERATOR"}, False),
        ("holder_id_number", {}, False),
        ("consent_pic", {"consent_method": "OWNER_SIGNED_PAPER"}, True),
        ("consent_pic", {"consent_method": "OWNER_ON_STAFF_PHONE"}, False),
        ("owner_name", {}, True),
    ],
)
def test_a_condition_decides_whether_a_field_counts(name: str, deciding: dict[str, object], holds: bool) -> None:
    """A conditional field is required exactly while its condition holds."""
    assert applies(FIELDS[name], deciding) is holds
    assert is_required(FIELDS[name], deciding) is holds


def test_an_optional_field_counts_and_is_not_required() -> None:
    """Optional is not conditional."""
    assert applies(FIELDS["bank_name"], {})
    assert not is_required(FIELDS["bank_name"], {})


@pytest.mark.parametrize(
    ("value", "empty"), [(None, True), ("", True), ([], True), ((), True), (False, False), ("0", False), (["a"], False)]
)
def test_an_answered_no_is_not_empty(value: object, empty: bool) -> None:
    """Only None, no text and no pictures count as not filled in."""
    assert is_empty(value) is empty


def test_every_mask_is_used() -> None:
    """A mask without a field would be dead weight."""
    assert {f.mask for f in FIELDS.values()} - {None} == set(Mask)
