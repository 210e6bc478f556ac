"""The content rules of a form."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.applications.checks import card_passes_luhn, check, id_check_digit
from backend.applications.form import FIELDS
from backend.applications.problems import Problem, ProblemCode, Severity
from tests.builders.forms import CARD_NUMBER, HOLDER_ID_NUMBER, OWNER_ID_NUMBER, a_complete_form, every_field_filled
from tests.builders.handbook import plans_on

ON = date(2026, 8, 1)
C = ProblemCode


def an_id_number(first_17: str) -> str:
    return first_17 + id_check_digit(first_17)


@pytest.mark.parametrize("values", [a_complete_form(), every_field_filled(), {}])
def test_nothing_is_wrong_with_a_good_or_an_empty_form(values: dict[str, object]) -> None:
    """Checks speak about what is filled in, and find nothing in good values."""
    assert check(values, ON, plans_on(ON)) == []


@pytest.mark.parametrize(
    ("overrides", "field", "code"),
    [
        ({"owner_name": "张3"}, "owner_name", C.BAD_FORMAT),
        ({"owner_name": "张"}, "owner_name", C.TOO_SHORT),
        ({"owner_name": "张三 "}, "owner_name", C.EDGE_WHITESPACE),
        ({"owner_name": "\ufeff张三"}, "owner_name", C.EDGE_WHITESPACE),
        ({"owner_name": "张" * 72}, "owner_name", C.TOO_LONG),
        ({"id_card_number": "44030519880101"}, "id_card_number", C.BAD_FORMAT),
        ({"id_card_number": OWNER_ID_NUMBER[:-1] + "4"}, "id_card_number", C.BAD_CHECKSUM),
        ({"id_card_number": an_id_number("44030519880230000")}, "id_card_number", C.BAD_FORMAT),
        ({"id_card_number": an_id_number("44030520990101000")}, "id_card_number", C.BAD_FORMAT),
        ({"id_card_number": an_id_number("44030520100802000")}, "id_card_number", C.UNDERAGE),
        ({"id_card_number": "٤٤٠٣٠٥١٩٨٨٠١٠١٠٠٠٣"}, "id_card_number", C.BAD_FORMAT),
        ({"card_period_begin": "2016-13-01"}, "card_period_begin", C.BAD_FORMAT),
        ({"card_period_begin": "2016-W23-1"}, "card_period_begin", C.BAD_FORMAT),
        ({"card_period_begin": "2026-08-02"}, "card_period_begin", C.IN_FUTURE),
        ({"card_period_begin": "长期"}, "card_period_begin", C.BAD_FORMAT),
        ({"card_period_end": "20360606"}, "card_period_end", C.BAD_FORMAT),
        ({"card_period_end": "2016-06-06"}, "card_period_end", C.END_BEFORE_BEGIN),
        ({"card_period_end": "2026-07-31"}, "card_period_end", C.EXPIRED),
        ({"card_period_end": "2026-08-01"}, "card_period_end", C.EXPIRES_SOON),
        ({"card_period_end": "2026-09-30"}, "card_period_end", C.EXPIRES_SOON),
        ({"mobile_phone": "075812345678"}, "mobile_phone", C.TOO_LONG),
        ({"mobile_phone": "12800138000"}, "mobile_phone", C.BAD_FORMAT),
        ({"contact_email": "zhangsan"}, "contact_email", C.BAD_FORMAT),
        ({"contact_email": "zhang san@example.cn"}, "contact_email", C.BAD_FORMAT),
        ({"contact_email": "zhangsan@example"}, "contact_email", C.BAD_FORMAT),
        ({"micro_name": "123-456"}, "micro_name", C.MEANINGLESS),
        ({"micro_address_code": "4403"}, "micro_address_code", C.BAD_FORMAT),
        ({"micro_address_code": "440000"}, "micro_address_code", C.AREA_TOO_BROAD),
        ({"micro_address": "1号"}, "micro_address", C.TOO_SHORT),
        ({"micro_address": "1-2-3-4"}, "micro_address", C.MEANINGLESS),
        ({"micro_address": "广东省深圳市南山区科技路1号"}, "micro_address", C.REGION_REPEATED),
        ({"micro_address": "广西壮族自治区南宁市青秀区1号"}, "micro_address", C.REGION_REPEATED),
        ({"store_longitude": "22.5", "store_latitude": "22.5"}, "store_longitude", C.OUT_OF_RANGE),
        ({"store_longitude": "113.9", "store_latitude": "113.9"}, "store_latitude", C.OUT_OF_RANGE),
        ({"store_longitude": "east", "store_latitude": "22.5"}, "store_longitude", C.BAD_FORMAT),
        ({"store_longitude": "113.9"}, "store_latitude", C.MISSING),
        ({"store_latitude": "22.5"}, "store_longitude", C.MISSING),
        ({"merchant_shortname": "张三"}, "merchant_shortname", C.BARE_PERSON_NAME),
        ({"merchant_shortname": "李四", "holder_name": "李四"}, "merchant_shortname", C.BARE_PERSON_NAME),
        ({"merchant_shortname": "888"}, "merchant_shortname", C.MEANINGLESS),
        ({"merchant_shortname": "大郎客服电话"}, "merchant_shortname", C.MEANINGLESS),
        ({"merchant_shortname": "大郎医疗器械"}, "merchant_shortname", C.SENSITIVE_WORD),
        ({"service_phone": "12345"}, "service_phone", C.BAD_FORMAT),
        ({"licence_number": "12345"}, "licence_number", C.BAD_FORMAT),
        ({"licence_held": "no"}, "licence_held", C.WRONG_TYPE),
        ({"bank_address_code": "440000"}, "bank_address_code", C.AREA_TOO_BROAD),
        ({"bank_branch_id": "1234"}, "bank_branch_id", C.BAD_FORMAT),
        ({"account_bank": "其他银行"}, "bank_name", C.MISSING),
        ({"account_number": CARD_NUMBER[:-1] + "1"}, "account_number", C.BAD_CHECKSUM),
        ({"account_number": "62220200000"}, "account_number", C.BAD_FORMAT),
        ({"rate_plan": "MICRO_2018_040"}, "rate_plan", C.EXPIRED),
        ({"rate_plan": "FREE"}, "rate_plan", C.NOT_A_CHOICE),
        ({"consent_given_at": "yesterday"}, "consent_given_at", C.BAD_FORMAT),
        ({"consent_given_at": "2026-08-01T10:00:00"}, "consent_given_at", C.BAD_FORMAT),
        ({"consent_given_at": "0001-01-01T00:00:00+08:00"}, "consent_given_at", C.BAD_FORMAT),
        ({"consent_given_at": "2026-08-03T00:00:00Z"}, "consent_given_at", C.IN_FUTURE),
    ],
)
def test_one_thing_wrong_is_one_problem(overrides: dict[str, object], field: str, code: ProblemCode) -> None:
    """Each rule names its field and its code, and nothing else complains."""
    found = check(a_complete_form(**overrides), ON, plans_on(ON))
    assert [(p.field, p.code) for p in found] == [(field, code)]


@pytest.mark.parametrize(
    "overrides",
    [
        {"owner_name": "阿卜杜拉·买买提"},
        {"owner_name": "李𬭎"},
        {"id_card_number": an_id_number("44030520100801000")},
        {"id_card_number": "440305880101001"},
        {"card_period_end": "2026-10-01"},
        {"bank_address_code": "110000"},
        {"micro_address_code": "441900"},
        {"micro_address": "东莞市场路8号"},
        {"micro_address": "越秀区省府前街8号"},
        {"account_bank": "其他银行", "bank_branch_id": "102584000021"},
        {"account_bank": "其他银行", "bank_name": "深圳农村商业银行科技园支行"},
        {"merchant_shortname": "张三烧饼"},
        {"service_phone": "0755-86013388"},
        {"service_phone": "400-123-4567"},
        {"consent_given_at": "2026-08-02T07:59:59+08:00"},
        {"holder_name": "1", "holder_id_number": "1"},
    ],
)
def test_the_edge_of_good_is_good(overrides: dict[str, object]) -> None:
    """Values just inside a rule raise nothing, and neither do values of fields that do not count."""
    assert check(a_complete_form(**overrides), ON, plans_on(ON)) == []


@pytest.mark.parametrize(("name", "code"), [("李四", ProblemCode.NAME_MISMATCH), ("张三", ProblemCode.SAME_AS_OWNER)])
def test_another_holder_is_another_person(name: str, code: ProblemCode) -> None:
    """The operator's ID number cannot stand for someone else, nor the operator for another holder."""
    found = check(every_field_filled(holder_name=name, holder_id_number=OWNER_ID_NUMBER), ON, plans_on(ON))
    assert [(p.field, p.code) for p in found] == [("holder_id_number", code)]


def test_only_what_may_stand_is_a_warning() -> None:
    """A card that ends soon, a risky word and a repeated province are told and do not block."""
    found = check(
        a_complete_form(
            card_period_end="2026-08-15", merchant_shortname="大郎医疗器械", micro_address="广东省深圳市科技路1号"
        ),
        ON,
        plans_on(ON),
    )
    assert [(p.code, p.severity) for p in found] == [
        (ProblemCode.EXPIRES_SOON, Severity.WARNING),
        (ProblemCode.REGION_REPEATED, Severity.WARNING),
        (ProblemCode.SENSITIVE_WORD, Severity.WARNING),
    ]
    assert found[0].params == {"days": 14}
    assert Problem("micro_name", ProblemCode.MEANINGLESS).severity is Severity.BLOCKER


def test_a_campaign_may_be_filed_only_once_it_runs() -> None:
    """A plan of the future is not a choice yet."""
    values = a_complete_form(rate_plan="MICRO_CAMPAIGN_020", consent_given_at="2023-08-01T00:00:00Z")
    assert [p.code for p in check(values, date(2023, 9, 17), plans_on(date(2023, 9, 17)))] == [ProblemCode.NOT_A_CHOICE]
    assert check(values, date(2023, 9, 18), plans_on(date(2023, 9, 18))) == []


@pytest.mark.parametrize(
    ("number", "good"),
    [("4111111111111111", True), ("79927398713", True), ("79927398710", False), (CARD_NUMBER, True)],
)
def test_luhn(number: str, good: bool) -> None:
    """Published example numbers, and one digit off."""
    assert card_passes_luhn(number) is good


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014", OWNER_ID_NUMBER, HOLDER_ID_NUMBER])
def test_the_check_digit_of_an_id_number(number: str) -> None:
    """The two examples of the standard GB 11643-1999, and ours."""
    assert id_check_digit(number[:17]) == number[17]


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(list(FIELDS)), st.text(max_size=30)), st.dates(date(2024, 1, 1), date(2099, 1, 1))
)
def test_problems_never_repeat_what_was_entered(values: dict[str, object], on: date) -> None:
    """Params hold limits, day counts and our own words, so a problem can be logged."""
    for problem in check(values, on, plans_on(on)):
        assert set(problem.params) <= {"min", "max", "days", "word"}
        assert "word" not in problem.params or problem.field == "merchant_shortname"
