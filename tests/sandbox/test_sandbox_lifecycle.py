"""The states of a filing over time, resubmission, and the magic values."""

import io

import pytest

from backend.sandbox import magic_values, print_values
from backend.sandbox.lifecycle import Outcome, State, Verdict, moves_until
from tests.sandbox.provider import Provider, Wall

DAY = 86_400
CODE = "1900013511_1"

TABLE = [
    (State.AUDITING, Verdict(), 299.9, []),
    (State.AUDITING, Verdict(), 300, [(300, State.TO_BE_SIGNED)]),
    (State.AUDITING, Verdict(), 300 + 30 * DAY, [(300, State.TO_BE_SIGNED), (300 + 30 * DAY, State.CANCELED)]),
    (State.AUDITING, Verdict(audit_seconds=0), 0, [(0, State.TO_BE_SIGNED)]),
    (State.AUDITING, Verdict(Outcome.REJECT), 400 * DAY, [(300, State.REJECTED)]),
    (
        State.AUDITING,
        Verdict(Outcome.CONFIRM),
        300 + 10 * DAY,
        [(300, State.TO_BE_CONFIRMED), (300 + 10 * DAY, State.REJECTED)],
    ),
    (State.AUDITING, Verdict(Outcome.CANCEL, audit_seconds=0), 0, [(0, State.CANCELED)]),
    (State.AUDITING, Verdict(Outcome.EDIT, audit_seconds=0), 400 * DAY, [(0, State.EDITTING)]),
    (State.TO_BE_CONFIRMED, Verdict(), 10 * DAY - 1, []),
    (State.TO_BE_SIGNED, Verdict(), 30 * DAY - 1, []),
    (State.SIGNING, Verdict(), 1799, []),
    (State.SIGNING, Verdict(), 400 * DAY, [(1800, State.FINISHED)]),
    (State.FINISHED, Verdict(), 400 * DAY, []),
    (State.CANCELED, Verdict(), 400 * DAY, []),
    (State.EDITTING, Verdict(), 400 * DAY, []),
]


@pytest.mark.parametrize(("state", "verdict", "after_seconds", "moves"), TABLE)
def test_time_alone_moves_a_filing(
    state: State, verdict: Verdict, after_seconds: float, moves: list[tuple[float, State]]
) -> None:
    """Every move falls on its own due time, however late somebody looks."""
    start = 1000.0
    seen = moves_until(state, start, verdict, start + after_seconds)
    assert [(move.at - start, move.to) for move in seen] == moves


@pytest.mark.parametrize("verdict", [verdict for value in magic_values() for verdict in value.plan])
def test_a_verdict_survives_being_stored(verdict: Verdict) -> None:
    """What the book writes of a verdict reads back equal."""
    assert Verdict.from_json(verdict.to_json()) == verdict


async def test_real_time_moves_the_business_clock_too(provider: Provider, wall: Wall) -> None:
    """The business clock is the wire's plus an offset, so audits end in real time as well."""
    await provider.submit()
    wall.now += 300
    assert await provider.state() == "TO_BE_SIGNED"


async def test_history_dates_moves_when_they_fell_due(provider: Provider) -> None:
    """A filing that nobody looked at for a year shows when it would have changed."""
    await provider.submit()
    await provider.advance(365 * DAY)
    assert [(line["at"][:19], line["to"][16:]) for line in (await provider.book())["history"]] == [
        ("2026-09-21T14:13:20", "AUDITING"),
        ("2026-09-21T14:18:20", "TO_BE_SIGNED"),
        ("2026-10-21T14:18:20", "CANCELED"),
    ]


async def refused(provider: Provider) -> str:
    """Submit again and give the code of the refusal."""
    answer = await provider.submit()
    assert answer.status_code == 400
    return str(answer.json()["code"])


async def test_a_code_in_flow_or_opened_is_processing(provider: Provider) -> None:
    """From audit to opened the same code is refused, and the first acceptance stays the only one."""
    filing = (await provider.submit()).json()["applyment_id"]
    assert await refused(provider) == "PROCESSING"
    await provider.advance(300)
    assert await refused(provider) == "PROCESSING"
    await provider.order(f"owner/{filing}/sign", {})
    assert await refused(provider) == "PROCESSING"
    await provider.advance(1800)
    assert await refused(provider) == "PROCESSING"
    book = await provider.book()
    assert (book["state"], book["times_accepted"]) == ("APPLYMENT_STATE_FINISHED", 1)
    assert [line["outcome"] for line in book["requests"]] == ["accepted", *["PROCESSING"] * 4]


@pytest.mark.parametrize(("phone", "state"), [("13900000002", "REJECTED"), ("13900000011", "EDITTING")])
async def test_a_rejected_or_unfinished_form_is_overwritten_under_its_id(
    provider: Provider, phone: str, state: str
) -> None:
    """The corrected form takes the place of the first, is counted apart, and is audited anew."""
    first = (await provider.submit(provider.form(phone=phone))).json()
    await provider.advance(300)
    assert await provider.state() == state
    before = await provider.book()
    corrected = provider.form(phone=phone)
    corrected["business_info"]["merchant_shortname"] = "新名烧饼店"
    assert (await provider.submit(corrected)).json() == first
    after = await provider.book()
    assert (after["times_accepted"], after["times_refiled"]) == (1, 1)
    assert after["form_hash"] != before["form_hash"]
    assert await provider.state() == "AUDITING"
    await provider.advance(300)
    assert await provider.state() == "TO_BE_SIGNED"


async def test_a_void_code_answers_its_old_id_and_stays_void(provider: Provider) -> None:
    """A new try needs a new code, which gets a new id."""
    first = (await provider.submit()).json()
    await provider.advance(300 + 30 * DAY)
    assert await provider.state() == "CANCELED"
    again = await provider.submit()
    assert (again.status_code, again.json()) == (200, first)
    assert await provider.state() == "CANCELED"
    assert (await provider.submit(provider.form("another"))).json() != first
    assert await provider.state("another") == "AUDITING"


async def test_another_code_may_be_filed_beside_one_in_flow(provider: Provider) -> None:
    """Codes do not block each other."""
    ids = {(await provider.submit(provider.form(code))).json()["applyment_id"] for code in ("a", "b", "c")}
    assert len(ids) == 3


async def test_a_rejection_names_its_fields_and_only_then(provider: Provider) -> None:
    """audit_detail stands in the answer while rejected, with the three documented members."""
    await provider.submit(provider.form(phone="13900000003"))
    assert "audit_detail" not in (await provider.query()).json()
    await provider.advance(300)
    answer = (await provider.query()).json()
    assert [item["field"] for item in answer["audit_detail"]] == [
        "store_entrance_pic",
        "micro_indoor_copy",
        "account_number",
    ]
    assert all(item.keys() == {"field", "field_name", "reject_reason"} for item in answer["audit_detail"])
    assert "sub_mchid" not in answer


async def test_an_account_not_verified_in_ten_days_is_rejected_without_reasons(provider: Provider) -> None:
    """Nobody acted, so no field is to blame; the state's text says what happened."""
    await provider.submit(provider.form(phone="13900000006"))
    await provider.advance(300 + 10 * DAY)
    answer = (await provider.query()).json()
    assert (answer["applyment_state"], answer["audit_detail"]) == ("APPLYMENT_STATE_REJECTED", [])
    assert "10天" in answer["applyment_state_msg"]


PATHS = {
    "13900000001": "AUDITING TO_BE_SIGNED SIGNING FINISHED",
    "13900000002": "AUDITING REJECTED AUDITING TO_BE_SIGNED SIGNING FINISHED",
    "13900000003": "AUDITING REJECTED AUDITING TO_BE_SIGNED SIGNING FINISHED",
    "13900000004": "AUDITING REJECTED AUDITING TO_BE_SIGNED SIGNING FINISHED",
    "13900000005": "AUDITING REJECTED AUDITING TO_BE_SIGNED SIGNING FINISHED",
    "13900000006": "AUDITING TO_BE_CONFIRMED TO_BE_SIGNED SIGNING FINISHED",
    "13900000007": "AUDITING TO_BE_SIGNED SIGNING FINISHED",
    "13900000008": "AUDITING CANCELED",
    "13900000009": "AUDITING TO_BE_SIGNED SIGNING FINISHED",
    "13900000010": "AUDITING TO_BE_SIGNED SIGNING FINISHED",
    "13900000011": "AUDITING EDITTING AUDITING TO_BE_SIGNED SIGNING FINISHED",
    "13900000012": "AUDITING REJECTED AUDITING REJECTED AUDITING TO_BE_SIGNED SIGNING FINISHED",
}


def test_every_magic_value_has_its_path() -> None:
    """The table of the next test misses none."""
    assert PATHS.keys() == {value.phone for value in magic_values()}


@pytest.mark.parametrize("phone", PATHS)
async def test_a_magic_value_walks_its_path(provider: Provider, phone: str) -> None:
    """An owner who does what is due, and staff who resubmit what comes back, see exactly these states."""
    form = provider.form(phone=phone)
    answer = await provider.submit(form)
    if phone == "13900000009":
        assert answer.json()["code"] == "PARAM_ERROR"
        assert "(/subject_info/identity_info/id_card_info/card_period_end)" in answer.json()["message"]
        answer = await provider.submit(form)
    filing = answer.json()["applyment_id"]
    while (state := await provider.state()) not in ("FINISHED", "CANCELED"):
        if state in ("REJECTED", "EDITTING"):
            await provider.submit(form)
        elif state in ("TO_BE_CONFIRMED", "TO_BE_SIGNED"):
            await provider.order(f"owner/{filing}/sign", {"person": "owner"})
        else:
            await provider.advance(3 * DAY)
    history = (await provider.book())["history"]
    assert [line["to"].removeprefix("APPLYMENT_STATE_") for line in history] == PATHS[phone].split()


async def test_the_value_without_delays_needs_no_clock(provider: Provider) -> None:
    """Signable with the submit's own answer, opened with the signature's."""
    filing = (await provider.submit(provider.form(phone="13900000010"))).json()["applyment_id"]
    assert await provider.state() == "TO_BE_SIGNED"
    assert (await provider.order(f"owner/{filing}/sign", {}))["state"] == "APPLYMENT_STATE_FINISHED"


def test_the_values_print_as_a_table() -> None:
    """One line for each value under the heading, with the phone in front."""
    out = io.StringIO()
    print_values(out)
    lines = out.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["手机号", *PATHS]
