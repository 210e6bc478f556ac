"""The content of a form: what each value must be, and what values must be to one another."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from backend.applications.form import (
    FIELDS,
    LONG_TERM,
    Field,
    Values,
    applies,
    check_shape,
    is_empty,
)
from backend.applications.problems import Problem, ProblemCode, Severity
from backend.applications.values import trim
from backend.handbook.handbook import RatePlans

__all__ = ["MINIMUM_AGE_YEARS", "Problem", "ProblemCode", "Severity", "card_passes_luhn", "check", "id_check_digit"]

MINIMUM_AGE_YEARS = 16
EXPIRES_SOON_DAYS = 60
OTHER_BANK = "其他银行"

# 北京, 天津, 上海, 重庆: the province code stands for the city as well.
_MUNICIPALITIES = ("11", "12", "31", "50")
_PROVINCE = re.compile(r"[^市区县镇乡路街]{2,3}省|[^市区县镇乡路街]{2,6}自治区")
_SENSITIVE_WORDS = ("慈善", "基金", "医疗")
# Generous bounds of the country, for swapped or mistyped coordinates.
_BOUNDS = MappingProxyType({"store_longitude": (73, 136), "store_latitude": (3, 54)})


@dataclass(frozen=True, slots=True)
class _Entry:
    """One value on its way through the rules of its field."""

    field: Field
    text: str
    values: Values
    on: date
    plans: RatePlans

    def other(self, name: str) -> str:
        """Text of another field; "" when it is not there."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def problem(self, code: ProblemCode, **params: str | int) -> Problem:
        return Problem(self.field.name, code, params)


_Rule = Callable[[_Entry], Iterator[Problem]]


def id_check_digit(first_17: str) -> str:
    """Give the last character of an 18-digit ID number from the other 17 (GB 11643-1999)."""
    weighted = sum(int(digit) * (1 << (17 - i)) for i, digit in enumerate(first_17))
    return "10X98765432"[weighted % 11]


def card_passes_luhn(digits: str) -> bool:
    """Say whether a card number has the check digit of ISO/IEC 7812."""
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _parse_date(text: str) -> date | None:
    try:
        # The length keeps out 20160606 and 2016-W23-1, which Python reads as well.
        return date.fromisoformat(text) if len(text) == 10 and text[4] == "-" == text[7] else None
    except ValueError:
        return None


def _parse_instant(text: str) -> datetime | None:
    """The instant in UTC; None without an offset, because then it is not one."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _birthday(id_number: str) -> date | None:
    digits = "19" + id_number[6:12] if len(id_number) == 15 else id_number[6:14]
    return _parse_date(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")


def _identity(entry: _Entry) -> Iterator[Problem]:
    born = _birthday(entry.text)
    if born is None or born > entry.on:
        yield entry.problem(ProblemCode.BAD_FORMAT)
    elif len(entry.text) == 18 and id_check_digit(entry.text[:17]) != entry.text[17]:
        yield entry.problem(ProblemCode.BAD_CHECKSUM)
    elif (entry.on.year - born.year - ((entry.on.month, entry.on.day) < (born.month, born.day))) < MINIMUM_AGE_YEARS:
        yield entry.problem(ProblemCode.UNDERAGE, min=MINIMUM_AGE_YEARS)


def _holder_is_another_person(entry: _Entry) -> Iterator[Problem]:
    if entry.text == entry.other("id_card_number"):
        same_name = entry.other("holder_name") == entry.other("owner_name")
        yield entry.problem(ProblemCode.SAME_AS_OWNER if same_name else ProblemCode.NAME_MISMATCH)


def _luhn(entry: _Entry) -> Iterator[Problem]:
    if not card_passes_luhn(entry.text):
        yield entry.problem(ProblemCode.BAD_CHECKSUM)


def _period_begin(entry: _Entry) -> Iterator[Problem]:
    begin = _parse_date(entry.text)
    if begin is None:
        yield entry.problem(ProblemCode.BAD_FORMAT)
    elif begin > entry.on:
        yield entry.problem(ProblemCode.IN_FUTURE)


def _period_end(entry: _Entry) -> Iterator[Problem]:
    if entry.text == LONG_TERM:
        return
    end, begin = _parse_date(entry.text), _parse_date(entry.other("card_period_begin"))
    if end is None:
        yield entry.problem(ProblemCode.BAD_FORMAT)
    elif begin is not None and end <= begin:
        yield entry.problem(ProblemCode.END_BEFORE_BEGIN)
    elif end < entry.on:
        yield entry.problem(ProblemCode.EXPIRED)
    elif end <= entry.on + timedelta(days=EXPIRES_SOON_DAYS):
        yield entry.problem(ProblemCode.EXPIRES_SOON, days=(end - entry.on).days)


def _says_something(entry: _Entry) -> Iterator[Problem]:
    if not any(c.isalpha() for c in entry.text):
        yield entry.problem(ProblemCode.MEANINGLESS)


def _not_a_hotline(entry: _Entry) -> Iterator[Problem]:
    if "客服电话" in entry.text:
        yield entry.problem(ProblemCode.MEANINGLESS)


def _not_a_person(entry: _Entry) -> Iterator[Problem]:
    if entry.text in (entry.other("owner_name"), entry.other("holder_name")):
        yield entry.problem(ProblemCode.BARE_PERSON_NAME)


def _no_sensitive_word(entry: _Entry) -> Iterator[Problem]:
    for word in _SENSITIVE_WORDS:
        if word in entry.text:
            yield entry.problem(ProblemCode.SENSITIVE_WORD, word=word)


def _city_level(entry: _Entry) -> Iterator[Problem]:
    if entry.text.endswith("0000") and not entry.text.startswith(_MUNICIPALITIES):
        yield entry.problem(ProblemCode.AREA_TOO_BROAD)


def _without_province(entry: _Entry) -> Iterator[Problem]:
    if _PROVINCE.match(entry.text):
        yield entry.problem(ProblemCode.REGION_REPEATED)


def _within_the_country(entry: _Entry) -> Iterator[Problem]:
    low, high = _BOUNDS[entry.field.name]
    if not low <= Decimal(entry.text) <= high:
        yield entry.problem(ProblemCode.OUT_OF_RANGE, min=low, max=high)


def _plan_in_force(entry: _Entry) -> Iterator[Problem]:
    if entry.text in entry.plans.ended:
        yield entry.problem(ProblemCode.EXPIRED)
    elif entry.text not in entry.plans.offered:
        yield entry.problem(ProblemCode.NOT_A_CHOICE)


def _moment_past(entry: _Entry) -> Iterator[Problem]:
    moment = _parse_instant(entry.text)
    if moment is None:
        yield entry.problem(ProblemCode.BAD_FORMAT)
    elif moment.date() > entry.on + timedelta(days=1):
        # A day of slack: `on` may be a day in Beijing or in UTC, and phones run fast.
        yield entry.problem(ProblemCode.IN_FUTURE)


# The one table of content rules; a field's rules run in order on text that fits its length and pattern.
_RULES: Mapping[str, tuple[_Rule, ...]] = MappingProxyType(
    {
        "id_card_number": (_identity,),
        "card_period_begin": (_period_begin,),
        "card_period_end": (_period_end,),
        "micro_name": (_says_something,),
        "micro_address_code": (_city_level,),
        "micro_address": (_says_something, _without_province),
        "store_longitude": (_within_the_country,),
        "store_latitude": (_within_the_country,),
        "merchant_shortname": (_says_something, _not_a_hotline, _not_a_person, _no_sensitive_word),
        "holder_id_number": (_identity, _holder_is_another_person),
        "bank_address_code": (_city_level,),
        "account_number": (_luhn,),
        "rate_plan": (_plan_in_force,),
        "consent_given_at": (_moment_past,),
    }
)

# Fields that are only asked for because of another: the field, and when the form needs it (WeChat Pay 4012722249).
_NEEDED_BESIDE: Mapping[str, Callable[[Values], bool]] = MappingProxyType(
    {
        "store_longitude": lambda values: not is_empty(values.get("store_latitude")),
        "store_latitude": lambda values: not is_empty(values.get("store_longitude")),
        # A bank without a direct link is found by its branch: by name or by number.
        "bank_name": lambda values: values.get("account_bank") == OTHER_BANK and is_empty(values.get("bank_branch_id")),
    }
)


def _check_value(field: Field, values: Values, on: date, plans: RatePlans) -> Iterator[Problem]:
    value = values[field.name]
    shape = check_shape(field, value)
    if shape is not None:
        yield shape
        return
    if not isinstance(value, str):
        return
    entry = _Entry(field, value, values, on, plans)
    if trim(value) != value:
        yield entry.problem(ProblemCode.EDGE_WHITESPACE)
    elif len(value) < field.min_length:
        yield entry.problem(ProblemCode.TOO_SHORT, min=field.min_length)
    elif field.pattern is not None and field.pattern.fullmatch(value) is None:
        yield entry.problem(ProblemCode.BAD_FORMAT)
    else:
        for rule in _RULES.get(field.name, ()):
            yield from rule(entry)


def check(values: Values, on: date, plans: RatePlans) -> list[Problem]:
    """Give what is wrong with the values that are filled in, in form order; `plans` are the rate plans of that day.

    Also names a field that another value makes necessary. A required field that is simply empty is the matter of
    `completeness`. Values of fields that do not count in this form are left alone, and so are unknown names.
    """
    problems: list[Problem] = []
    for field in FIELDS.values():
        if not applies(field, values):
            continue
        if not is_empty(values.get(field.name)):
            problems.extend(_check_value(field, values, on, plans))
        elif field.name in _NEEDED_BESIDE and _NEEDED_BESIDE[field.name](values):
            problems.append(Problem(field.name, ProblemCode.MISSING))
    return problems
