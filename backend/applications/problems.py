"""What can be wrong with one value of the form."""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum


class ProblemCode(StrEnum):
    """Every way a value can be wrong; each has a sentence in `schema/texts`."""

    MISSING = "MISSING"
    WRONG_TYPE = "WRONG_TYPE"
    BAD_CHARACTER = "BAD_CHARACTER"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    TOO_MANY = "TOO_MANY"
    NOT_A_CHOICE = "NOT_A_CHOICE"
    EDGE_WHITESPACE = "EDGE_WHITESPACE"
    BAD_FORMAT = "BAD_FORMAT"
    BAD_CHECKSUM = "BAD_CHECKSUM"
    MEANINGLESS = "MEANINGLESS"
    BARE_PERSON_NAME = "BARE_PERSON_NAME"
    SENSITIVE_WORD = "SENSITIVE_WORD"
    AREA_TOO_BROAD = "AREA_TOO_BROAD"
    REGION_REPEATED = "REGION_REPEATED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNDERAGE = "UNDERAGE"
    IN_FUTURE = "IN_FUTURE"
    EXPIRED = "EXPIRED"
    EXPIRES_SOON = "EXPIRES_SOON"
    END_BEFORE_BEGIN = "END_BEFORE_BEGIN"
    NAME_MISMATCH = "NAME_MISMATCH"
    SAME_AS_OWNER = "SAME_AS_OWNER"


class Severity(StrEnum):
    """A blocker keeps the form from being submitted, a warning is told and may stand."""

    BLOCKER = "BLOCKER"
    WARNING = "WARNING"


_WARNINGS = frozenset({ProblemCode.EXPIRES_SOON, ProblemCode.SENSITIVE_WORD, ProblemCode.REGION_REPEATED})


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field; `params` fill the sentence and never hold what was entered."""

    field: str
    code: ProblemCode
    params: Mapping[str, str | int] = dataclasses.field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self.code in _WARNINGS else Severity.BLOCKER
