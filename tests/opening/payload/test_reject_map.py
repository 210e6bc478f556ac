"""From WeChat Pay's words to form fields."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.applications.form import FIELDS, Field
from backend.opening.payload import CONSTANTS, PLAN_PATHS
from backend.opening.reject_map import field_for_pointer, fields_for


@pytest.mark.parametrize(
    ("audit_field", "fields"),
    [
        ("id_card_copy", ("id_card_copy",)),
        ("contact_name", ("owner_name",)),
        ("id_card_name", ("owner_name",)),
        ("account_name", ("owner_name",)),
        ("contact_id_number", ("id_card_number",)),
        ("id_card_number", ("id_card_number",)),
        ("micro_indoor_copy", ("micro_indoor_copy",)),
        ("indoor_pic", ("micro_indoor_copy",)),
        ("settlement_id", ("rate_plan",)),
        ("debit_activities_rate", ("rate_plan",)),
        (" account_number ", ("account_number",)),
        ("bank_account_info.account_name", ("owner_name",)),
        ("business_info.merchant_shortname", ("merchant_shortname",)),
        ("/body/business_info/merchant_shortname", ("merchant_shortname",)),
        ("subject_type", ()),
        ("business_license_info", ()),
        ("id_card_info", ()),
        ("owner_name", ()),
        ("", ()),
    ],
)
def test_an_audit_field_names_form_fields(audit_field: str, fields: tuple[str, ...]) -> None:
    """Bare names, dotted paths and pointers are understood; anything else is left to a person."""
    assert fields_for(audit_field) == fields


@pytest.mark.parametrize(
    ("pointer", "fields"),
    [
        ("/body/settlement_info/qualification_type", ("qualification_type",)),
        ("/settlement_info/qualification_type", ("qualification_type",)),
        ("/subject_info/identity_info/id_card_info/card_period_end", ("card_period_end",)),
        ("/body/addition_info/business_addition_pics/2", ("business_addition_pics",)),
        ("/body/addition_info/business_addition_pics[2]", ("business_addition_pics",)),
        ("/body/settlement_info/activities_id", ("rate_plan",)),
        ("/body/bank_account_info/account_name", ("owner_name",)),
        ("/body/bank_account_info", ()),
        ("/body/subject_info/subject_type", ()),
        ("/body/business_code", ()),
        ("id_card_copy", ()),
        ("/", ()),
    ],
)
def test_a_pointer_names_form_fields(pointer: str, fields: tuple[str, ...]) -> None:
    """With or without /body, with or without an index; a part that no field decides names none."""
    assert field_for_pointer(pointer) == fields


def test_the_account_name_follows_the_holder() -> None:
    """Where another person holds the card, it is that person's name that is opened."""
    values = {"settlement_holder": "OTHER"}
    assert fields_for("account_name", values) == ("holder_name",)
    assert field_for_pointer("/body/bank_account_info/account_name", values) == ("holder_name",)


@pytest.mark.parametrize("field", [f for f in FIELDS.values() if f.provider_paths], ids=lambda f: f.name)
def test_every_field_that_is_sent_is_found_again(field: Field) -> None:
    """Each path of the catalogue leads back to its field, as pointer and as name."""
    values = {"settlement_holder": "OTHER"} if field.name == "holder_name" else {}
    for path in field.provider_paths:
        assert field.name in field_for_pointer("/body/" + path.replace(".", "/"), values)
        assert field.name in fields_for(path.rpartition(".")[2], values)
    assert all(fields_for(name) == (field.name,) for name in field.provider_names)


def test_plan_and_constants_are_told_apart() -> None:
    """What the plan decides opens the plan; what we decide ourselves opens nothing."""
    assert all(field_for_pointer(path) == ("rate_plan",) for path in PLAN_PATHS)
    assert all(field_for_pointer(path) == () for path in CONSTANTS)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_answered_with_known_fields(text: str) -> None:
    """Whatever WeChat Pay writes, the answer is fields of the form or none."""
    assert set(fields_for(text)) | set(field_for_pointer(text)) <= set(FIELDS)
