"""Who may call what: every operation against everybody, as `@access` and the scope of reading declare it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from backend.accounts import Viewer, reauthenticate
from schema.build import MUTATIONS, SUBSCRIPTIONS
from schema.common.access import DECLARED
from schema.transport import ApiError
from tests.builders.api import Answer, Api, nothing_written, pascal, the_documents, the_schema
from tests.conftest import MakeViewer
from tests.schema.callers import ANSWERS, APPROVED, CALLERS, NEWCOMERS, all_callers
from tests.schema.calls import CALLS, Scene, send
from tests.schema.sockets import Ended, Server

CHANGES: Final = {resolver.__name__ for resolver, _ in MUTATIONS}
STREAMS: Final = {resolver.__name__ for resolver, _ in SUBSCRIPTIONS}
APPLICATION_CHANGES: Final = {name for name in CHANGES if name.endswith(("_application", "_application_draft"))}
# What callers do to themselves is not done beside anything else; the rest shares its callers, to be quick.
ALONE: Final = {"verify_mobile", "register_staff", "hurry_registration", "end_session"}
GROUPS: Final = {
    "queries": [name for name in CALLS if name not in CHANGES],
    "changes of applications": [name for name in CALLS if name in APPLICATION_CHANGES],
    "other changes": [name for name in CALLS if name in CHANGES - APPLICATION_CHANGES - ALONE],
    **{name: [name] for name in sorted(ALONE)},
}
KEPT_OUT: Final = {"UNAUTHENTICATED", "FORBIDDEN"}


def test_every_operation_has_its_row() -> None:
    """A new operation without a row here, a guard, a document or a file of tests is found at once."""
    schema = the_schema()._schema  # noqa: SLF001 - strawberry has no public name for it
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    names = {name for root in roots if root is not None for name in root.fields}
    operations = {pascal(name) for name in ANSWERS}
    assert {f"{name[0].upper()}{name[1:]}" for name in names} == operations
    assert set(DECLARED) == set(ANSWERS) == {*CALLS, *STREAMS}
    assert set(the_documents().ids) == operations
    assert [name for name in DECLARED if not Path(__file__).with_name(f"test_{name}.py").exists()] == []
    assert {row.keys() == set(CALLERS) for row in ANSWERS.values()} == {True}


@pytest.mark.parametrize("group", list(GROUPS))
async def test_everybody_gets_the_answer_of_the_table(api: Api, a_viewer: MakeViewer, group: str) -> None:
    """Whoever may not call is told so in the right way and has changed nothing; everybody else is served."""
    scene = Scene(api, await all_callers(api, a_viewer))
    told = {}
    for operation in GROUPS[group]:
        answers = await _answers(scene, operation)
        told[operation] = {name: answers[name].outcome for name in CALLERS}
        # A credential that is there and does not hold is an HTTP refusal; no credential is an anonymous caller.
        assert {answers[name].status for name in ("bad_token", "suspended", "left")} == {401}, operation
        assert answers["anonymous"].status == 200, operation
    assert told == {operation: ANSWERS[operation] for operation in GROUPS[group]}


async def _answers(scene: Scene, operation: str) -> dict[str, Answer]:
    expected, answers = ANSWERS[operation], {}
    is_change, clients = operation in CHANGES, scene.callers.clients
    given = await CALLS[operation](scene)
    async with nothing_written():
        for name in (name for name, outcome in expected.items() if outcome != "OK"):
            answers[name] = await send(clients[name], pascal(operation), given, change=is_change)
    for name in (name for name, outcome in expected.items() if outcome == "OK"):
        # A change needs a subject of its own, which nobody before has changed.
        given = await CALLS[operation](scene) if is_change else given
        answers[name] = await send(clients[name], pascal(operation), given, change=is_change)
    return answers


@pytest.mark.parametrize("operation", sorted(STREAMS))
async def test_everybody_who_follows_gets_the_answer_of_the_table(
    server: Server, a_viewer: MakeViewer, operation: str
) -> None:
    """Whoever may not follow is told so: by an error of this stream, or by the end of the socket."""
    scene = Scene(server.api, await all_callers(server.api, a_viewer))
    given = {"applicationId": (await scene.draft()).id} if operation == "application_events" else {}
    told = {}
    for name, client in scene.callers.clients.items():
        try:
            async with server.open(client.token) as stream:
                await stream.subscribe(pascal(operation), **given)
                told[name] = "OK" if await stream.next() else "NULL"
        except Ended as ended:
            told[name] = "UNAUTHENTICATED" if ended.how == "4403" else ended.how
    assert told == ANSWERS[operation]


async def test_the_table_refuses_whom_the_declaration_refuses(api: Api, a_viewer: MakeViewer) -> None:
    """`@access`, which is also what the SDL says, keeps out exactly those whom the table has as forbidden."""
    callers = await all_callers(api, a_viewer)
    people: dict[str, Viewer | None] = {"anonymous": None}
    for name in (*NEWCOMERS, *APPROVED):
        people[name] = await reauthenticate(api.runtime, callers.people[name])
    for operation, access in DECLARED.items():
        declared = {}
        for name, viewer in people.items():
            try:
                access.check(viewer)
            except ApiError as error:
                declared[name] = str(error.code)
        refusals = {name: answer for name, answer in ANSWERS[operation].items() if answer in KEPT_OUT}
        assert declared == {name: answer for name, answer in refusals.items() if name in people}, operation
