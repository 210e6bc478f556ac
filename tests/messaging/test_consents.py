"""The ledger of consents: one answer, one message, however many send at once."""

from __future__ import annotations

import asyncio

import pytest

from backend.accounts import StaffState, Viewer
from backend.accounts.service import authenticate
from backend.accounts.sessions import open_session
from backend.foundation.database import transaction
from backend.foundation.refusal import Refused
from backend.foundation.runtime import Runtime
from backend.messaging import (
    ConsentResult,
    MessageKind,
    Moment,
    RecordSubscribeResults,
    SubscribeAnswer,
    record_subscribe_results,
    templates_to_ask,
)
from backend.messaging.consents import ASKED_AT, MOST_ASKED, give_consent_back, spend_consent
from backend.messaging.messages import TemplateName
from backend.messaging.models import SubscribeConsent
from tests.builders.applications import a_key
from tests.builders.everything import everything_in_database
from tests.messaging.ground import TEMPLATES, a_message, give_consents, set_staff

AT_ONCE = 200
_T = TemplateName


def answers(*given: tuple[TemplateName, ConsentResult]) -> tuple[SubscribeAnswer, ...]:
    """Give answers as a phone sends them."""
    return tuple(SubscribeAnswer(TEMPLATES.subscribe[name], result) for name, result in given)


async def test_many_who_send_at_once_spend_each_consent_once(runtime: Runtime, clerk: Viewer) -> None:
    """Two hundred sends over one hundred and fifty consents: each is spent, none twice."""
    await give_consents(runtime, clerk.id, _T.APPLICATION_RESULT, 150)
    await give_consents(runtime, clerk.id, _T.OWNER_ACTION, 1)
    messages = [await a_message(runtime, clerk.id, MessageKind.APPLICATION_OPENED) for _ in range(AT_ONCE)]

    async def send(message_id: str) -> bool:
        async with transaction():
            taken = await spend_consent(runtime, clerk.id, _T.APPLICATION_RESULT, message_id)
            # The others get their chance to take the same.
            await asyncio.sleep(0)
            return taken

    taken = await asyncio.gather(*(send(message.id) for message in messages))
    spent = await SubscribeConsent.filter(spent_at__not_isnull=True)
    assert len(spent) == len({consent.message_id for consent in spent}) == taken.count(True)
    assert {consent.template for consent in spent} == {_T.APPLICATION_RESULT}
    assert len(spent) == 150


async def test_a_message_takes_one_consent_and_may_give_it_back(runtime: Runtime, clerk: Viewer) -> None:
    """Tried again it finds the one it has; what was given back is there for another message."""
    await give_consents(runtime, clerk.id, _T.APPLICATION_RESULT, 1)
    first, second = [await a_message(runtime, clerk.id, MessageKind.APPLICATION_OPENED) for _ in range(2)]

    async def spend(message_id: str) -> bool:
        async with transaction():
            return await spend_consent(runtime, clerk.id, _T.APPLICATION_RESULT, message_id)

    assert [await spend(first.id), await spend(first.id), await spend(second.id)] == [True, True, False]
    await give_consent_back(first.id)
    assert [await spend(second.id), await spend(first.id)] == [True, False]


@pytest.mark.parametrize("result", [ConsentResult.REJECT, ConsentResult.BAN, ConsentResult.FILTER])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_only_an_accept_is_good_for_a_message(runtime: Runtime, clerk: Viewer, result: ConsentResult) -> None:
    """The other answers are kept, and send nothing."""
    command = RecordSubscribeResults(a_key(), Moment.SUBMISSION, answers((_T.APPLICATION_RESULT, result)))
    await record_subscribe_results(runtime, TEMPLATES, clerk, command)
    message = await a_message(runtime, clerk.id, MessageKind.APPLICATION_OPENED)
    async with transaction():
        assert not await spend_consent(runtime, clerk.id, _T.APPLICATION_RESULT, message.id)
    assert (await SubscribeConsent.get()).result == result


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_what_is_asked_for(runtime: Runtime, clerk: Viewer, other_clerk: Viewer) -> None:
    """At most three, and only those of which nothing is left; another's consents count for nothing."""
    for moment, names in ASKED_AT.items():
        assert len(names) <= MOST_ASKED
        assert await templates_to_ask(TEMPLATES, clerk, moment) == [TEMPLATES.subscribe[name] for name in names]
    given = answers((_T.APPLICATION_RESULT, ConsentResult.ACCEPT), (_T.OWNER_ACTION, ConsentResult.REJECT))
    command = RecordSubscribeResults(a_key(), Moment.LIST, given)
    for _ in range(2):
        await record_subscribe_results(runtime, TEMPLATES, clerk, command)
    assert await SubscribeConsent.all().count() == 2
    assert await templates_to_ask(TEMPLATES, clerk, Moment.SUBMISSION) == [TEMPLATES.subscribe[_T.OWNER_ACTION]]
    assert len(await templates_to_ask(TEMPLATES, other_clerk, Moment.SUBMISSION)) == 2
    await SubscribeConsent.filter(result="ACCEPT").update(spent_at=runtime.clock.now())
    assert len(await templates_to_ask(TEMPLATES, clerk, Moment.SUBMISSION)) == 2


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "given",
    [
        (SubscribeAnswer("not-ours", ConsentResult.ACCEPT),),
        answers((_T.OWNER_ACTION, ConsentResult.ACCEPT), (_T.OWNER_ACTION, ConsentResult.REJECT)),
        answers(*((name, ConsentResult.ACCEPT) for name in TemplateName)),
    ],
)
async def test_answers_that_cannot_be_are_refused(
    runtime: Runtime, clerk: Viewer, given: tuple[SubscribeAnswer, ...]
) -> None:
    """A template of somebody else, one twice, more than can be asked: nothing of it is kept."""
    before = await everything_in_database()
    with pytest.raises(Refused, match="CONSENT_RESULT_INVALID"):
        await record_subscribe_results(runtime, TEMPLATES, clerk, RecordSubscribeResults(a_key(), Moment.LIST, given))
    assert await everything_in_database() == before


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_somebody_who_registers_may_answer(runtime: Runtime, clerk: Viewer) -> None:
    """The question is asked before HQ has let anybody in."""
    await set_staff(clerk.id, StaffState.GUEST)
    guest = await authenticate(runtime, await open_session(runtime, clerk.id))
    given = answers((_T.REGISTRATION_RESULT, ConsentResult.ACCEPT))
    command = RecordSubscribeResults(a_key(), Moment.REGISTRATION, given)
    await record_subscribe_results(runtime, TEMPLATES, guest, command)
    assert await templates_to_ask(TEMPLATES, guest, Moment.REGISTRATION) == []
