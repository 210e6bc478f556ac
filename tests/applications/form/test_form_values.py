"""One value: put in order, checked for shape, masked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.applications.form import FIELDS, Field, check_shape, mask, normalise
from backend.applications.problems import ProblemCode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
MASKED = [f for f in FIELDS.values() if f.mask is not None]


@pytest.mark.parametrize(
    ("name", "entered", "stored"),
    [
        ("owner_name", " 张 三\t", "张三"),
        ("owner_name", "阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("id_card_number", "44030519880101000x ", "44030519880101000X"),
        ("id_card_number", "４４０３０５１９８８０１０１０００３", "440305198801010003"),
        ("account_number", "6222 0200 0000 0001 230", "6222020000000001230"),
        ("account_number", "6222-0200-0000-0001-230", "6222020000000001230"),
        ("mobile_phone", "+86 138-0013-8000", "13800138000"),
        ("mobile_phone", "１３８ ００１３ ８０００", "13800138000"),
        ("service_phone", " 0758-12345678", "0758-12345678"),
        ("contact_email", " a@x.cn\u200b", "a@x.cn"),
        ("card_period_begin", "2016.6.6", "2016-06-06"),
        ("card_period_begin", "2016年06月06日", "2016-06-06"),
        ("card_period_end", " 长期 ", "长期"),
        ("micro_name", "\u3000大郎 烧饼\n", "大郎 烧饼"),
        ("licence_number", "92440300ma5example", "92440300MA5EXAMPLE"),
        ("licence_held", False, False),
        ("qualifications", ["b", "a"], ["b", "a"]),
        ("owner_name", 7, 7),
    ],
)
def test_a_value_is_put_in_order(name: str, entered: object, stored: object) -> None:
    """What people and scanners add to a value is taken off before it is stored."""
    assert normalise(FIELDS[name], entered) == stored


@settings(deadline=None)
@given(st.sampled_from(list(FIELDS.values())), JSON)
def test_putting_in_order_twice_changes_nothing_more(field: Field, value: object) -> None:
    """Normalising is idempotent for any value, of the right type or not."""
    once = normalise(field, value)
    assert normalise(field, once) == once


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("owner_name", 7, ProblemCode.WRONG_TYPE),
        ("licence_held", "true", ProblemCode.WRONG_TYPE),
        ("qualifications", "image", ProblemCode.WRONG_TYPE),
        ("qualifications", ["a", ""], ProblemCode.WRONG_TYPE),
        ("qualifications", ["a", "a"], ProblemCode.WRONG_TYPE),
        ("qualifications", ["a", "b", "c", "d", "e", "f"], ProblemCode.TOO_MANY),
        ("id_card_copy", ["a"], ProblemCode.WRONG_TYPE),
        ("micro_name", "店" * 51, ProblemCode.TOO_LONG),
        ("owner_name", "张" * 72, ProblemCode.TOO_LONG),
        ("micro_name", "大郎\x00", ProblemCode.BAD_CHARACTER),
        ("micro_name", "大郎\ud800", ProblemCode.BAD_CHARACTER),
        ("settlement_holder", "NOBODY", ProblemCode.NOT_A_CHOICE),
        ("consent_method", "FREE", ProblemCode.NOT_A_CHOICE),
        ("consent_text_version", "1999-01", ProblemCode.NOT_A_CHOICE),
    ],
)
def test_a_save_refuses_what_cannot_be_stored(name: str, value: object, code: ProblemCode) -> None:
    """Wrong type, over the hard limit, not a choice."""
    problem = check_shape(FIELDS[name], value)
    assert problem is not None
    assert (problem.field, problem.code) == (name, code)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("owner_name", None),
        ("qualifications", []),
        ("settlement_holder", ""),
        ("id_card_number", "4403"),
        ("card_period_begin", "tomorrow"),
        ("account_number", "1"),
        ("owner_name", "张" * 71),
        ("group_note", "一行\n两行"),
        ("rate_plan", "MICRO_2018_040"),
    ],
)
def test_a_save_takes_what_is_merely_not_right_yet(name: str, value: object) -> None:
    """Partial and wrong values are kept, and clearing is never refused."""
    assert check_shape(FIELDS[name], value) is None


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("owner_name", "张三", "张*"),
        ("owner_name", "欧阳娜娜", "欧***"),
        ("owner_name", "张", "*"),
        ("id_card_number", "440305198801011234", "440305********1234"),
        ("id_card_number", "4403051988", "**********"),
        ("account_number", "6222021234561234", "622202******1234"),
        ("mobile_phone", "13812345678", "138****5678"),
        ("service_phone", "95588", "***88"),
        ("contact_email", "abc@x.cn", "a***@x.cn"),
        ("contact_email", "a@x.cn", "***@x.cn"),
        ("contact_email", "abc", "***"),
        ("micro_address", "南山区科技路1号2层201室", "南山区科技路***"),
        ("micro_address", "科技路1号", "科技***"),
        ("store_longitude", "113.941355", "113.***"),
        ("micro_name", "大郎烧饼", "大郎烧饼"),
        ("owner_name", None, ""),
    ],
)
def test_a_sensitive_value_is_shown_masked(name: str, value: object, shown: str) -> None:
    """Masks show enough to recognise and not enough to use."""
    assert mask(FIELDS[name], value) == shown


@settings(deadline=None)
@given(st.sampled_from(MASKED), st.text(min_size=1, max_size=40).filter(lambda text: "*" not in text))
def test_a_mask_never_shows_the_whole_value(field: Field, value: str) -> None:
    """Whatever was entered, right or wrong, cannot be read off what is shown."""
    assert value not in mask(field, value)
