"""The application form in the API: what can be read of it and what can be saved. Held against the field catalogue."""

from __future__ import annotations

from typing import Any, Final

import strawberry

from backend.applications.form import FIELDS
from schema.common.access import Otherwise, gated
from schema.texts.fields import label


def _described(name: str) -> Any:
    """Describe one field of the form from the catalogue."""
    return strawberry.field(description=_description(name))


def _input(name: str) -> Any:
    return strawberry.field(description=_description(name), default=None)


def _description(name: str) -> str:
    field = FIELDS[name]
    facts = [label(name), f"section {field.section}", f"{field.kind}"]
    if field.choices:
        facts.append(f"one of {', '.join(field.choices)}")
    elif not field.kind.startswith(("IMAGE", "FLAG")):
        facts.append(f"at most {field.max_length} characters")
    if field.mask is not None:
        facts.append("masked for whoever may not see it in clear")
    return "; ".join(facts) + "."


# Who sees sensitive values and photos as they are.
CLEAR_VIEW: Final = "in clear to who files it while it is open for editing, and to the reviewer who holds the claim"


@strawberry.type(
    description=gated(
        "ApplicationForm",
        "The form, by field. What is not filled in is null; images are given by id.",
        reach=CLEAR_VIEW,
        otherwise=Otherwise.MASKED,
    )
)
class ApplicationForm:
    """The values of a form for this viewer."""

    id_card_copy: strawberry.ID | None = _described("id_card_copy")
    id_card_national: strawberry.ID | None = _described("id_card_national")
    owner_name: str | None = _described("owner_name")
    id_card_number: str | None = _described("id_card_number")
    card_period_begin: str | None = _described("card_period_begin")
    card_period_end: str | None = _described("card_period_end")
    mobile_phone: str | None = _described("mobile_phone")
    contact_email: str | None = _described("contact_email")
    micro_name: str | None = _described("micro_name")
    micro_address_code: str | None = _described("micro_address_code")
    micro_address: str | None = _described("micro_address")
    store_entrance_pic: strawberry.ID | None = _described("store_entrance_pic")
    micro_indoor_copy: strawberry.ID | None = _described("micro_indoor_copy")
    store_longitude: str | None = _described("store_longitude")
    store_latitude: str | None = _described("store_latitude")
    merchant_shortname: str | None = _described("merchant_shortname")
    service_phone: str | None = _described("service_phone")
    group_membership: str | None = _described("group_membership")
    group_name: str | None = _described("group_name")
    group_note: str | None = _described("group_note")
    licence_held: bool | None = _described("licence_held")
    licence_number: str | None = _described("licence_number")
    legal_person_commitment: strawberry.ID | None = _described("legal_person_commitment")
    business_addition_pics: list[strawberry.ID] | None = _described("business_addition_pics")
    business_addition_msg: str | None = _described("business_addition_msg")
    settlement_holder: str | None = _described("settlement_holder")
    holder_name: str | None = _described("holder_name")
    holder_relation: str | None = _described("holder_relation")
    holder_id_number: str | None = _described("holder_id_number")
    holder_consent_pic: strawberry.ID | None = _described("holder_consent_pic")
    bank_card_photo: strawberry.ID | None = _described("bank_card_photo")
    account_bank: str | None = _described("account_bank")
    bank_address_code: str | None = _described("bank_address_code")
    bank_branch_id: str | None = _described("bank_branch_id")
    bank_name: str | None = _described("bank_name")
    account_number: str | None = _described("account_number")
    rate_plan: str | None = _described("rate_plan")
    qualification_type: str | None = _described("qualification_type")
    qualifications: list[strawberry.ID] | None = _described("qualifications")
    activities_additions: list[strawberry.ID] | None = _described("activities_additions")
    consent_text_version: str | None = _described("consent_text_version")
    consent_method: str | None = _described("consent_method")
    consent_given_at: str | None = _described("consent_given_at")
    consent_pic: strawberry.ID | None = _described("consent_pic")


@strawberry.input(description="What is to change: an absent field stays, null (or an empty list) clears it.")
class ApplicationFormInput:
    """Some fields of the form."""

    id_card_copy: strawberry.Maybe[strawberry.ID | None] = _input("id_card_copy")
    id_card_national: strawberry.Maybe[strawberry.ID | None] = _input("id_card_national")
    owner_name: strawberry.Maybe[str | None] = _input("owner_name")
    id_card_number: strawberry.Maybe[str | None] = _input("id_card_number")
    card_period_begin: strawberry.Maybe[str | None] = _input("card_period_begin")
    card_period_end: strawberry.Maybe[str | None] = _input("card_period_end")
    mobile_phone: strawberry.Maybe[str | None] = _input("mobile_phone")
    contact_email: strawberry.Maybe[str | None] = _input("contact_email")
    micro_name: strawberry.Maybe[str | None] = _input("micro_name")
    micro_address_code: strawberry.Maybe[str | None] = _input("micro_address_code")
    micro_address: strawberry.Maybe[str | None] = _input("micro_address")
    store_entrance_pic: strawberry.Maybe[strawberry.ID | None] = _input("store_entrance_pic")
    micro_indoor_copy: strawberry.Maybe[strawberry.ID | None] = _input("micro_indoor_copy")
    store_longitude: strawberry.Maybe[str | None] = _input("store_longitude")
    store_latitude: strawberry.Maybe[str | None] = _input("store_latitude")
    merchant_shortname: strawberry.Maybe[str | None] = _input("merchant_shortname")
    service_phone: strawberry.Maybe[str | None] = _input("service_phone")
    group_membership: strawberry.Maybe[str | None] = _input("group_membership")
    group_name: strawberry.Maybe[str | None] = _input("group_name")
    group_note: strawberry.Maybe[str | None] = _input("group_note")
    licence_held: strawberry.Maybe[bool | None] = _input("licence_held")
    licence_number: strawberry.Maybe[str | None] = _input("licence_number")
    legal_person_commitment: strawberry.Maybe[strawberry.ID | None] = _input("legal_person_commitment")
    business_addition_pics: strawberry.Maybe[list[strawberry.ID] | None] = _input("business_addition_pics")
    business_addition_msg: strawberry.Maybe[str | None] = _input("business_addition_msg")
    settlement_holder: strawberry.Maybe[str | None] = _input("settlement_holder")
    holder_name: strawberry.Maybe[str | None] = _input("holder_name")
    holder_relation: strawberry.Maybe[str | None] = _input("holder_relation")
    holder_id_number: strawberry.Maybe[str | None] = _input("holder_id_number")
    holder_consent_pic: strawberry.Maybe[strawberry.ID | None] = _input("holder_consent_pic")
    bank_card_photo: strawberry.Maybe[strawberry.ID | None] = _input("bank_card_photo")
    account_bank: strawberry.Maybe[str | None] = _input("account_bank")
    bank_address_code: strawberry.Maybe[str | None] = _input("bank_address_code")
    bank_branch_id: strawberry.Maybe[str | None] = _input("bank_branch_id")
    bank_name: strawberry.Maybe[str | None] = _input("bank_name")
    account_number: strawberry.Maybe[str | None] = _input("account_number")
    rate_plan: strawberry.Maybe[str | None] = _input("rate_plan")
    qualification_type: strawberry.Maybe[str | None] = _input("qualification_type")
    qualifications: strawberry.Maybe[list[strawberry.ID] | None] = _input("qualifications")
    activities_additions: strawberry.Maybe[list[strawberry.ID] | None] = _input("activities_additions")
    consent_text_version: strawberry.Maybe[str | None] = _input("consent_text_version")
    consent_method: strawberry.Maybe[str | None] = _input("consent_method")
    consent_given_at: strawberry.Maybe[str | None] = _input("consent_given_at")
    consent_pic: strawberry.Maybe[strawberry.ID | None] = _input("consent_pic")


def changes_in(form: ApplicationFormInput) -> dict[str, Any]:
    """Give the fields that are present in the input with their new values, None for a cleared one."""
    present = {name: getattr(form, name) for name in FIELDS}
    return {name: some.value for name, some in present.items() if some is not None}
