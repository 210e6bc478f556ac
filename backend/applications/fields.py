"""What a field of the application form is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# What a form holds: text as str, flags as bool, several images as a list of ids. None, "" and [] mean not filled in.
# Dates are YYYY-MM-DD, instants ISO 8601 with an offset, decimals and digits are text.
Values = Mapping[str, object]

LONG_TERM = "长期"
# RSA-OAEP with SHA-1 under a 2048-bit key takes no longer plaintext.
ENCRYPTED_LIMIT_BYTES = 214


class Section(StrEnum):
    OWNER = "OWNER"
    SHOP = "SHOP"
    SETTLEMENT = "SETTLEMENT"
    FEES = "FEES"
    CONSENT = "CONSENT"


class Kind(StrEnum):
    TEXT = "TEXT"
    PERSON_NAME = "PERSON_NAME"
    DIGITS = "DIGITS"
    CODE = "CODE"
    ID_NUMBER = "ID_NUMBER"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    DATE = "DATE"
    DATE_OR_LONG_TERM = "DATE_OR_LONG_TERM"
    INSTANT = "INSTANT"
    DECIMAL = "DECIMAL"
    CHOICE = "CHOICE"
    FLAG = "FLAG"
    IMAGE = "IMAGE"
    IMAGES = "IMAGES"


class Mask(StrEnum):
    NAME = "NAME"
    ID_NUMBER = "ID_NUMBER"
    CARD_NUMBER = "CARD_NUMBER"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    ADDRESS = "ADDRESS"
    COORDINATE = "COORDINATE"


class Required(StrEnum):
    """When a field must be filled in. A conditional field does not count at all while its condition does not hold."""

    ALWAYS = "ALWAYS"
    OPTIONAL = "OPTIONAL"
    BRANCH_OF_GROUP = "BRANCH_OF_GROUP"
    OTHER_HOLDER = "OTHER_HOLDER"
    PAPER_CONSENT = "PAPER_CONSENT"


class GroupMembership(StrEnum):
    STANDALONE = "STANDALONE"
    BRANCH_OF = "BRANCH_OF"
    UNKNOWN = "UNKNOWN"


class SettlementHolder(StrEnum):
    OPERATOR = "OPERATOR"
    OTHER = "OTHER"


class HolderRelation(StrEnum):
    """What the holder of the bank card is to the operator."""

    SPOUSE = "SPOUSE"
    PARENT = "PARENT"
    CHILD = "CHILD"
    SIBLING = "SIBLING"
    PARTNER = "PARTNER"
    EMPLOYEE = "EMPLOYEE"
    OTHER = "OTHER"


class ConsentMethod(StrEnum):
    OWNER_ON_STAFF_PHONE = "OWNER_ON_STAFF_PHONE"
    OWNER_SIGNED_PAPER = "OWNER_SIGNED_PAPER"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing staff fill in.

    A `mask` marks a sensitive value: sealed in our tables, shown masked. `encrypted` means encrypted for WeChat Pay.
    `max_length` counts characters, for `Kind.IMAGES` pictures. `provider_paths` are where the value goes in the filing;
    `provider_names` are further names under which an audit result may speak of it.
    """

    name: str
    section: Section
    kind: Kind
    required: Required = Required.ALWAYS
    max_length: int = 128
    min_length: int = 1
    pattern: re.Pattern[str] | None = None
    choices: tuple[str, ...] = ()
    mask: Mask | None = None
    encrypted: bool = False
    provider_paths: tuple[str, ...] = ()
    provider_names: tuple[str, ...] = ()


def is_empty(value: object) -> bool:
    """Say whether a value counts as not filled in."""
    return value is None or value in ("", [], ())
