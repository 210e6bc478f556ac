"""The application form as data: every field, its limits, where it goes at WeChat Pay."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from backend.applications.fields import (
    ENCRYPTED_LIMIT_BYTES,
    LONG_TERM,
    ConsentMethod,
    Field,
    GroupMembership,
    HolderRelation,
    Kind,
    Mask,
    Required,
    Section,
    SettlementHolder,
    Values,
    is_empty,
)
from backend.applications.values import check_shape, mask, normalise
from backend.consent import texts as consent_texts

__all__ = [
    "ACCOUNT_NAME_PATH",
    "CONDITIONS",
    "ENCRYPTED_LIMIT_BYTES",
    "FIELDS",
    "LONG_TERM",
    "ConsentMethod",
    "Field",
    "GroupMembership",
    "HolderRelation",
    "Kind",
    "Mask",
    "Required",
    "Section",
    "SettlementHolder",
    "Values",
    "applies",
    "check_shape",
    "is_empty",
    "is_required",
    "mask",
    "normalise",
]

ACCOUNT_NAME_PATH = "bank_account_info.account_name"

# The one table of conditions: the field that decides, and the value for which the condition holds.
CONDITIONS: Mapping[Required, tuple[str, str]] = MappingProxyType(
    {
        Required.BRANCH_OF_GROUP: ("group_membership", GroupMembership.BRANCH_OF),
        Required.OTHER_HOLDER: ("settlement_holder", SettlementHolder.OTHER),
        Required.PAPER_CONSENT: ("consent_method", ConsentMethod.OWNER_SIGNED_PAPER),
    }
)


_AREA = re.compile(r"[1-9]\d{5}", re.ASCII)
_NAME = re.compile(r"(?:[^\W\d_]|[·.])+")
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_SERVICE_PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(?:-\d{1,6})?|[48]00-?\d{3}-?\d{4}|95\d{3,6}", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)
_CARD = re.compile(r"\d{12,19}", re.ASCII)
_ID = re.compile(r"[1-9]\d{14}|[1-9]\d{16}[\dX]", re.ASCII)
_COORDINATE = re.compile(r"\d{1,3}(?:\.\d{1,8})?", re.ASCII)

_ID_CARD = "subject_info.identity_info.id_card_info."
_STORE = "subject_info.micro_biz_info.micro_store_info."
_BANK = "bank_account_info."
_O, _S, _B, _F, _C = Section.OWNER, Section.SHOP, Section.SETTLEMENT, Section.FEES, Section.CONSENT
_OPTIONAL, _OTHER_HOLDER = Required.OPTIONAL, Required.OTHER_HOLDER

# In the order staff fill them in. Paths, types and limits: WeChat Pay 4012722249 and its sibling pages, with the
# narrowest limit where the pages differ.
# Left out on purpose: contact_info.openid, because either it or the ID number is sent and its encryption is documented
# in two ways; addition_info.legal_person_video, because only a rejection asks for it and it goes through an upload of
# its own; id_card_address and sales_info, because WeChat Pay validates what it did not ask for.
_FIELDS = (
    Field("id_card_copy", _O, Kind.IMAGE, provider_paths=(_ID_CARD + "id_card_copy",)),
    Field("id_card_national", _O, Kind.IMAGE, provider_paths=(_ID_CARD + "id_card_national",)),
    Field(
        "owner_name",
        _O,
        Kind.PERSON_NAME,
        max_length=100,
        min_length=2,
        pattern=_NAME,
        mask=Mask.NAME,
        encrypted=True,
        provider_paths=("contact_info.contact_name", _ID_CARD + "id_card_name", ACCOUNT_NAME_PATH),
    ),
    Field(
        "id_card_number",
        _O,
        Kind.ID_NUMBER,
        max_length=18,
        pattern=_ID,
        mask=Mask.ID_NUMBER,
        encrypted=True,
        provider_paths=("contact_info.contact_id_number", _ID_CARD + "id_card_number"),
    ),
    Field("card_period_begin", _O, Kind.DATE, max_length=10, provider_paths=(_ID_CARD + "card_period_begin",)),
    Field("card_period_end", _O, Kind.DATE_OR_LONG_TERM, max_length=10, provider_paths=(_ID_CARD + "card_period_end",)),
    Field(
        "mobile_phone",
        _O,
        Kind.PHONE,
        max_length=11,
        pattern=_MOBILE,
        mask=Mask.PHONE,
        encrypted=True,
        provider_paths=("contact_info.mobile_phone",),
    ),
    Field(
        "contact_email",
        _O,
        Kind.EMAIL,
        pattern=_EMAIL,
        mask=Mask.EMAIL,
        encrypted=True,
        provider_paths=("contact_info.contact_email",),
    ),
    Field("micro_name", _S, Kind.TEXT, max_length=50, provider_paths=(_STORE + "micro_name",)),
    Field(
        "micro_address_code",
        _S,
        Kind.DIGITS,
        max_length=6,
        pattern=_AREA,
        provider_paths=(_STORE + "micro_address_code",),
    ),
    Field(
        "micro_address",
        _S,
        Kind.TEXT,
        max_length=512,
        min_length=4,
        mask=Mask.ADDRESS,
        provider_paths=(_STORE + "micro_address",),
    ),
    Field("store_entrance_pic", _S, Kind.IMAGE, provider_paths=(_STORE + "store_entrance_pic",)),
    Field(
        "micro_indoor_copy",
        _S,
        Kind.IMAGE,
        provider_paths=(_STORE + "micro_indoor_copy",),
        # What the same picture is called under business_info.sales_info.biz_store_info.
        provider_names=("indoor_pic",),
    ),
    Field(
        "store_longitude",
        _S,
        Kind.DECIMAL,
        _OPTIONAL,
        max_length=12,
        pattern=_COORDINATE,
        mask=Mask.COORDINATE,
        provider_paths=(_STORE + "store_longitude",),
    ),
    Field(
        "store_latitude",
        _S,
        Kind.DECIMAL,
        _OPTIONAL,
        max_length=12,
        pattern=_COORDINATE,
        mask=Mask.COORDINATE,
        provider_paths=(_STORE + "store_latitude",),
    ),
    Field(
        "merchant_shortname",
        _S,
        Kind.TEXT,
        max_length=30,
        min_length=2,
        provider_paths=("business_info.merchant_shortname",),
    ),
    Field(
        "service_phone",
        _S,
        Kind.PHONE,
        max_length=32,
        pattern=_SERVICE_PHONE,
        mask=Mask.PHONE,
        provider_paths=("business_info.service_phone",),
    ),
    Field("group_membership", _S, Kind.CHOICE, choices=tuple(GroupMembership)),
    Field("group_name", _S, Kind.TEXT, Required.BRANCH_OF_GROUP),
    Field("group_note", _S, Kind.TEXT, _OPTIONAL, max_length=512),
    Field("licence_held", _S, Kind.FLAG),
    Field("licence_number", _S, Kind.CODE, _OPTIONAL, max_length=18, pattern=re.compile(r"[0-9A-Z]{15}|[0-9A-Z]{18}")),
    Field(
        "legal_person_commitment",
        _S,
        Kind.IMAGE,
        _OPTIONAL,
        provider_paths=("addition_info.legal_person_commitment",),
    ),
    Field(
        "business_addition_pics",
        _S,
        Kind.IMAGES,
        _OPTIONAL,
        max_length=5,
        provider_paths=("addition_info.business_addition_pics",),
    ),
    Field(
        "business_addition_msg",
        _S,
        Kind.TEXT,
        _OPTIONAL,
        max_length=512,
        provider_paths=("addition_info.business_addition_msg",),
    ),
    Field("settlement_holder", _B, Kind.CHOICE, choices=tuple(SettlementHolder)),
    Field(
        "holder_name",
        _B,
        Kind.PERSON_NAME,
        _OTHER_HOLDER,
        max_length=100,
        min_length=2,
        pattern=_NAME,
        mask=Mask.NAME,
        encrypted=True,
        provider_paths=(ACCOUNT_NAME_PATH,),
    ),
    Field("holder_relation", _B, Kind.CHOICE, _OTHER_HOLDER, choices=tuple(HolderRelation)),
    Field("holder_id_number", _B, Kind.ID_NUMBER, _OTHER_HOLDER, max_length=18, pattern=_ID, mask=Mask.ID_NUMBER),
    Field("holder_consent_pic", _B, Kind.IMAGE, _OTHER_HOLDER),
    # Ours: the reviewer compares it with the number; WeChat Pay does not ask for it.
    Field("bank_card_photo", _B, Kind.IMAGE),
    Field("account_bank", _B, Kind.TEXT, provider_paths=(_BANK + "account_bank",)),
    Field(
        "bank_address_code",
        _B,
        Kind.DIGITS,
        max_length=6,
        pattern=_AREA,
        provider_paths=(_BANK + "bank_address_code",),
    ),
    Field(
        "bank_branch_id",
        _B,
        Kind.DIGITS,
        _OPTIONAL,
        max_length=12,
        pattern=re.compile(r"\d{12}", re.ASCII),
        provider_paths=(_BANK + "bank_branch_id",),
    ),
    Field("bank_name", _B, Kind.TEXT, _OPTIONAL, min_length=4, provider_paths=(_BANK + "bank_name",)),
    Field(
        "account_number",
        _B,
        Kind.DIGITS,
        max_length=19,
        pattern=_CARD,
        mask=Mask.CARD_NUMBER,
        encrypted=True,
        provider_paths=(_BANK + "account_number",),
    ),
    # A code of the handbook; which codes there are changes with it, so that is a matter of the checks.
    Field("rate_plan", _F, Kind.CODE, max_length=40, pattern=re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)),
    Field("qualification_type", _F, Kind.TEXT, provider_paths=("settlement_info.qualification_type",)),
    Field(
        "qualifications",
        _F,
        Kind.IMAGES,
        _OPTIONAL,
        max_length=5,
        provider_paths=("settlement_info.qualifications",),
    ),
    Field(
        "activities_additions",
        _F,
        Kind.IMAGES,
        _OPTIONAL,
        max_length=5,
        provider_paths=("settlement_info.activities_additions",),
    ),
    Field("consent_text_version", _C, Kind.CHOICE, choices=tuple(consent_texts.TEXTS)),
    Field("consent_method", _C, Kind.CHOICE, choices=tuple(ConsentMethod)),
    Field("consent_given_at", _C, Kind.INSTANT, max_length=40),
    Field("consent_pic", _C, Kind.IMAGE, Required.PAPER_CONSENT),
)

FIELDS: Mapping[str, Field] = MappingProxyType({f.name: f for f in _FIELDS})


def applies(field: Field, values: Values) -> bool:
    """Say whether a field counts for this form: always, unless it has a condition that does not hold."""
    condition = CONDITIONS.get(field.required)
    return condition is None or values.get(condition[0]) == condition[1]


def is_required(field: Field, values: Values) -> bool:
    """Say whether this form may not be submitted without the field."""
    return field.required is not Required.OPTIONAL and applies(field, values)
