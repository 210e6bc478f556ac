"""What is still missing, and how far each section is."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.applications.completeness import Missing, SectionState, missing, sections
from backend.applications.form import FIELDS, Section, is_required
from backend.applications.problems import ProblemCode
from tests.builders.forms import a_complete_form, every_field_filled
from tests.builders.handbook import plans_on

ON = date(2026, 8, 1)
ALL_COMPLETE = dict.fromkeys(Section, SectionState.COMPLETE)
JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=3), max_size=7)


@pytest.mark.parametrize("values", [a_complete_form(), every_field_filled()])
def test_a_complete_form_lacks_nothing(values: dict[str, object]) -> None:
    """The minimal and the full form can be submitted."""
    assert missing(values, ON, plans_on(ON)) == ()
    assert sections(values, ON, plans_on(ON)) == ALL_COMPLETE


def test_an_empty_form_lacks_what_is_always_required_in_order() -> None:
    """A new draft lists every required field as it will be filled in."""
    assert [(m.field, m.code) for m in missing({}, ON, plans_on(ON))] == [
        (name, ProblemCode.MISSING) for name, field in FIELDS.items() if is_required(field, {})
    ]
    assert sections({}, ON, plans_on(ON)) == dict.fromkeys(Section, SectionState.NOT_STARTED)


@pytest.mark.parametrize("name", [n for n, f in FIELDS.items() if is_required(f, every_field_filled())])
def test_taking_away_one_required_field_is_noticed(name: str) -> None:
    """Whatever a form needs is missed, and only its section goes back."""
    values = every_field_filled(**{name: None})
    found = missing(values, ON, plans_on(ON))
    section = FIELDS[name].section
    assert found[0] == Missing(name, section, ProblemCode.MISSING)
    assert {m.section for m in found} == {section}
    assert sections(values, ON, plans_on(ON)) == {**ALL_COMPLETE, section: SectionState.INCOMPLETE}


@pytest.mark.parametrize(
    ("overrides", "lacking"),
    [
        ({"group_membership": "BRANCH_OF"}, ["group_name"]),
        ({"group_membership": "UNKNOWN"}, []),
        (
            {"settlement_holder": "OTHER"},
            ["holder_name", "holder_relation", "holder_id_number", "holder_consent_pic"],
        ),
        ({"consent_method": "OWNER_SIGNED_PAPER"}, ["consent_pic"]),
        ({"licence_held": True}, []),
        ({"account_bank": "其他银行"}, ["bank_name"]),
        ({"store_latitude": "22.5"}, ["store_longitude"]),
    ],
)
def test_an_answer_makes_other_fields_necessary(overrides: dict[str, object], lacking: list[str]) -> None:
    """Conditions come from what is answered in the form."""
    assert [m.field for m in missing(a_complete_form(**overrides), ON, plans_on(ON))] == lacking


def test_a_wrong_value_counts_as_missing_and_a_warning_does_not() -> None:
    """A blocker keeps the form back with its params; a warning lets it go."""
    values = a_complete_form(micro_address="1号", card_period_end="2026-08-15")
    assert missing(values, ON, plans_on(ON)) == (
        Missing("micro_address", Section.SHOP, ProblemCode.TOO_SHORT, {"min": 4}),
    )


def test_a_returned_field_asks_for_action_until_it_is_changed() -> None:
    """The caller says what is returned and unchanged; that beats every other state."""
    complete = a_complete_form()
    assert sections(complete, ON, plans_on(ON), {"owner_name"})[Section.OWNER] is SectionState.ACTION_REQUIRED
    assert sections({}, ON, plans_on(ON), {"owner_name"})[Section.OWNER] is SectionState.ACTION_REQUIRED
    assert sections(complete, ON, plans_on(ON), {"holder_name"}) == ALL_COMPLETE
    assert sections(complete, ON, plans_on(ON), {"a_field_of_long_ago"}) == ALL_COMPLETE


def test_no_is_an_answer() -> None:
    """A section in which only a flag was denied has been started."""
    assert sections({"licence_held": False}, ON, plans_on(ON))[Section.SHOP] is SectionState.INCOMPLETE


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from([*FIELDS, "unknown"]), JUNK),
    st.sets(st.sampled_from(list(FIELDS))),
    st.dates(date(1990, 1, 1), date(2199, 12, 31)),
)
def test_any_values_have_an_ordered_list_and_a_state(values: dict[str, object], kept: set[str], on: date) -> None:
    """Good values, junk and any mixture of them never crash, and the two answers agree."""
    form = {name: value for name, value in every_field_filled().items() if name in kept} | values
    found = missing(form, on, plans_on(on))
    order = [list(FIELDS).index(m.field) for m in found]
    assert order == sorted(order)
    for section, state in sections(form, on, plans_on(on)).items():
        lacking = [m for m in found if m.section is section]
        assert (state is SectionState.COMPLETE) == (not lacking)
