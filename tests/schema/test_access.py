"""Who may call what: every operation against everybody, as `@access` and the scope of reading declare it."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import pytest

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from schema.build import MUTATIONS
from schema.common.access import DECLARED
from tests.builders.api import Answer, Api, Client, nothing_written, pascal, the_documents, the_schema
from tests.builders.handbook_keeping import Kept, a_draft, an_editor
from tests.conftest import MakeViewer
from tests.schema import cases
from tests.schema.callers import ANSWERS, all_callers
from tests.schema.inputs import NIGHT_NOTICE, PHOTO, START


class Target(Protocol):
    """What is called on: an application, or an entry of the handbook."""

    @property
    def id(self) -> str: ...

    async def version(self) -> int: ...


Prepare = Callable[[Runtime, Viewer, Viewer], Awaitable[Target]]
Send = Callable[[str, Client, Target], Awaitable[Answer]]

_numbers = itertools.count()

CHANGES: Final = {resolver.__name__ for resolver, _ in MUTATIONS}


async def _started(runtime: Runtime, author: Viewer, _reviewer: Viewer) -> cases.Case:
    return await cases.started(runtime, author)


async def _filled(runtime: Runtime, author: Viewer, _reviewer: Viewer) -> cases.Case:
    return await cases.filled(runtime, author)


async def _submitted(runtime: Runtime, author: Viewer, _reviewer: Viewer) -> cases.Case:
    return await cases.submitted(runtime, author)


async def _handbook_draft(runtime: Runtime, _author: Viewer, _reviewer: Viewer) -> Kept:
    code = f"NIGHT_{next(_numbers)}"
    return await a_draft(runtime, await an_editor(runtime), code=code, needs_acknowledgement=True)


async def _handbook_entry(runtime: Runtime, author: Viewer, reviewer: Viewer) -> Kept:
    kept = await _handbook_draft(runtime, author, reviewer)
    await kept.publish()
    return kept


async def _plain(operation: str, client: Client, _case: Target) -> Answer:
    return await client.call(operation)


async def _page(operation: str, client: Client, _case: Target) -> Answer:
    return await client.call(operation, first=5)


async def _by_id(operation: str, client: Client, case: Target) -> Answer:
    return await client.call(operation, id=case.id)


async def _of_application(operation: str, client: Client, case: Target) -> Answer:
    more = {"first": 5} if operation == "ApplicationTimeline" else {}
    return await client.call(operation, applicationId=case.id, **more)


async def _start(operation: str, client: Client, _case: Target) -> Answer:
    return await client.change(operation, **START)


async def _upload(_operation: str, client: Client, case: Target) -> Answer:
    return await client.upload(PHOTO, applicationId=case.id, purpose="id_card_copy")


async def _change(operation: str, client: Client, case: Target) -> Answer:
    return await client.change(operation, applicationId=case.id, expectedVersion=await case.version())


async def _save(operation: str, client: Client, case: Target) -> Answer:
    return await client.change(
        operation, applicationId=case.id, expectedVersion=await case.version(), form={"microName": "大郎烧饼"}
    )


async def _with_reason(operation: str, client: Client, case: Target) -> Answer:
    return await client.change(
        operation, applicationId=case.id, expectedVersion=await case.version(), reason="店主改了主意"
    )


async def _refuse(operation: str, client: Client, case: Target) -> Answer:
    return await client.change(
        operation,
        applicationId=case.id,
        expectedVersion=await case.version(),
        decision="REFUSE",
        reason="不符合要求",
    )


async def _notices(operation: str, client: Client, _case: Target) -> Answer:
    return await client.call(operation, kind="NOTICE")


async def _versions(operation: str, client: Client, _case: Target) -> Answer:
    return await client.call(operation, kind="NOTICE", code="START", first=5)


async def _save_entry(operation: str, client: Client, _case: Target) -> Answer:
    return await client.change(operation, **NIGHT_NOTICE)


async def _change_entry(operation: str, client: Client, case: Target) -> Answer:
    return await client.change(operation, entryId=case.id, expectedVersion=await case.version())


async def _upload_sample(operation: str, client: Client, _case: Target) -> Answer:
    return await client.upload(PHOTO, operation, code="id_card_copy")


async def _acknowledge(operation: str, client: Client, case: Target) -> Answer:
    return await client.change(operation, entryId=case.id)


# How each operation is sent, and to an application in which state. `application_events` has its own test.
CALLS: Final[dict[str, tuple[Prepare, Send]]] = {
    "me": (_started, _plain),
    "node": (_started, _by_id),
    "application": (_started, _by_id),
    "applications": (_started, _page),
    "application_timeline": (_started, _of_application),
    "preflight_application": (_started, _of_application),
    "review_queue": (_started, _page),
    "return_reasons": (_started, _plain),
    "current_notice": (_started, _plain),
    "current_consent_text": (_started, _plain),
    "rate_plans": (_started, _plain),
    "handbook": (_started, _notices),
    "handbook_versions": (_started, _versions),
    "save_handbook_draft": (_started, _save_entry),
    "publish_handbook_draft": (_handbook_draft, _change_entry),
    "discard_handbook_draft": (_handbook_draft, _change_entry),
    "retire_handbook_entry": (_handbook_entry, _change_entry),
    "upload_handbook_sample": (_started, _upload_sample),
    "acknowledge_handbook_entry": (_handbook_entry, _acknowledge),
    "start_application": (_started, _start),
    "save_application_draft": (_started, _save),
    "upload_image": (_started, _upload),
    "submit_application": (_filled, _change),
    "withdraw_application": (_submitted, _with_reason),
    "allow_duplicate": (_started, _with_reason),
    "claim_application": (_submitted, _change),
    "release_application": (cases.claimed, _change),
    "decide_application": (cases.claimed, _refuse),
    "recall_application": (cases.approved, _with_reason),
}


def test_every_operation_has_its_row() -> None:
    """A new operation without a row here, a guard, a document or a file of tests is found at once."""
    schema = the_schema()._schema  # noqa: SLF001 - strawberry has no public name for it
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    names = {name for root in roots if root is not None for name in root.fields}
    operations = {pascal(name) for name in ANSWERS}
    assert {f"{name[0].upper()}{name[1:]}" for name in names} == operations
    assert set(DECLARED) == set(ANSWERS) == {*CALLS, "application_events"}
    assert set(the_documents().ids) == operations
    assert [name for name in DECLARED if not Path(__file__).with_name(f"test_{name}.py").exists()] == []


@pytest.mark.parametrize("operation", list(CALLS))
async def test_everybody_gets_the_answer_of_the_table(
    api: Api, runtime: Runtime, a_viewer: MakeViewer, operation: str
) -> None:
    """Whoever may not call is told so in the right way and has changed nothing; everybody else is served."""
    callers = await all_callers(api, a_viewer)
    prepare, send = CALLS[operation]
    make = partial(prepare, runtime, callers.people["author"], callers.people["reviewer"])
    expected, answers = ANSWERS[operation], {}
    case = await make()
    async with nothing_written():
        for name in (name for name, outcome in expected.items() if outcome != "OK"):
            answers[name] = await send(pascal(operation), callers.clients[name], case)
    for name in (name for name, outcome in expected.items() if outcome == "OK"):
        # A change needs an application of its own, which nobody before has changed.
        case = await make() if operation in CHANGES else case
        answers[name] = await send(pascal(operation), callers.clients[name], case)
    assert {name: answers[name].outcome for name in expected} == expected
    # A credential that is there and does not hold is an HTTP refusal; no credential is an anonymous caller.
    assert {answers[name].status for name in ("bad_token", "suspended", "left")} == {401}
    assert answers["anonymous"].status == 200
