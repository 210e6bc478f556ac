"""Who sees what: every gated object against everybody, as its `Access:` sentence says and its view enforces."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from backend.accounts import Viewer, reauthenticate
from backend.accounts.register_staff import VerifyMobile, verify_mobile
from backend.applications import HandOverApplications, hand_over_applications
from backend.foundation.views import View
from backend.handbook import AcknowledgeHandbookEntry, acknowledge_handbook_entry
from schema.common.access import OBJECTS
from tests.builders.api import Answer, Api, a_key, the_schema
from tests.builders.clock import FixedClock
from tests.builders.forms import OWNER_ID_NUMBER
from tests.conftest import MakeViewer
from tests.schema import cases
from tests.schema.callers import APPROVED, CALLERS, NEWCOMERS, SEEN, all_callers
from tests.schema.calls import Scene

# Told only as a part of an object that is gated itself, or to everybody who is signed in.
_NOT_GATED: Final = {"PossibleDuplicate", "OrganisationChoice"}
_SEES_NOTHING: Final = {"NULL", "EMPTY", "NOT_FOUND", "FORBIDDEN", "UNAUTHENTICATED"}


@dataclass(frozen=True, slots=True)
class Look:
    """How an object is asked for, and what an answer without errors shows of it."""

    operation: str
    given: dict[str, Any]
    seen: Callable[[Any], str]


def test_every_gated_object_is_declared_told_and_asked() -> None:
    """Whatever a view reads has its access in the SDL, as its last line, and a row in the table."""
    views = {
        value.type_name
        for name, module in sys.modules.items()
        if name.startswith(("backend.", "schema."))
        for value in vars(module).values()
        if isinstance(value, View)
    }
    assert views <= OBJECTS.keys() | _NOT_GATED
    assert {name for name, _ in SEEN} == set(OBJECTS)
    types = the_schema()._schema.type_map  # noqa: SLF001 - strawberry has no public name for it
    for name, access in OBJECTS.items():
        type_name, _, field = name.partition(".")
        described: Any = types[type_name]
        described = described.fields[field] if field else described
        assert (described.description or "").splitlines()[-1] == access.told(), name


def test_the_table_shows_nothing_to_whom_the_declaration_shows_nothing() -> None:
    """What stands in place of an object is what its declaration says; the rest is hidden before it is asked for."""
    instead = {"NULL": "null", "EMPTY": "empty", "MASKED": "masked"}
    for (name, situation), row in SEEN.items():
        told = {instead[seen] for seen in row.values() if seen in instead}
        # A list of one's own is there for everybody, and empty of what is another's.
        expected = {str(OBJECTS[name].otherwise)} if OBJECTS[name].otherwise != "not there" else {"empty"}
        assert told <= expected, (name, situation)


async def test_everybody_sees_what_the_table_shows(api: Api, clock: FixedClock, a_viewer: MakeViewer) -> None:
    """In clear, masked, or what stands in its place; who lacks every permission of the declaration sees none of it."""
    scene = Scene(api, await all_callers(api, a_viewer))
    looks = await _looks(scene, clock)
    assert looks.keys() == SEEN.keys()
    told: dict[tuple[str, str], dict[str, str]] = {}
    for key, look in looks.items():
        clients = scene.callers.clients
        told[key] = {name: _seen(await clients[name].call(look.operation, **look.given), look) for name in CALLERS}
    assert told == SEEN
    for code in (*NEWCOMERS, *APPROVED):
        viewer = await reauthenticate(api.runtime, scene.callers.people[code])
        for (name, situation), row in told.items():
            if not _is_let_near(viewer, name):
                assert row[code] in _SEES_NOTHING, (name, situation, code)


def _is_let_near(viewer: Viewer, name: str) -> bool:
    permissions = OBJECTS[name].permissions
    return not permissions or any(viewer.may(permission) for permission in permissions)


def _seen(answer: Answer, look: Look) -> str:
    if answer.codes:
        return answer.codes[0]
    return "NOT_FOUND" if answer.value is None else look.seen(answer.value)


async def _looks(scene: Scene, clock: FixedClock) -> dict[tuple[str, str], Look]:
    """Bring everything there is to look at to where the table has it."""
    runtime, people = scene.runtime, scene.callers.people
    author, reviewer = people["author"], people["reviewer"]
    handed_over = await cases.filled(runtime, author)
    command = HandOverApplications(a_key(), author.id, people["colleague"].id)
    await hand_over_applications(runtime, people["partner_admin"], command)
    signing = await cases.filed(runtime, clock, author, reviewer)
    await signing.observe("APPLYMENT_STATE_TO_BE_SIGNED")
    draft = await cases.filled(runtime, author)
    claimed = await cases.claimed(runtime, author, reviewer)
    scene.api.mini_program.phones["phone-code-of-the-author"] = "13800138000"
    verified = VerifyMobile(a_key(), "phone-code-of-the-author")
    await verify_mobile(runtime, scene.api.mini_program, author, verified)
    entry, published = await scene.entry(), await scene.published_entry()
    await acknowledge_handbook_entry(runtime, author, AcknowledgeHandbookEntry(a_key(), published.id))
    invitation = await scene.invitation()
    await _tell(scene, author)
    return {
        ("Application", "draft"): Look("Application", {"id": draft.id}, lambda _row: "CLEAR"),
        **_of_form("draft", draft),
        **_of_form("claimed by the reviewer", claimed),
        **_of_form("handed over to the colleague", handed_over),
        ("ApplicationReview", "claimed by the reviewer"): Look(
            "Application", {"id": claimed.id}, lambda row: _or_null(row["review"])
        ),
        ("ApplicationEvent", "HQ's own"): Look(
            "ApplicationTimeline",
            {"applicationId": claimed.id, "first": 50},
            lambda page: _has(page, kind="CLAIMED"),
        ),
        ("FilingAttempt", "awaiting the owner"): Look(
            "Application", {"id": signing.id}, lambda row: _or_empty(row["provider"])
        ),
        ("OwnerSigning", "awaiting the owner"): Look(
            "Application", {"id": signing.id}, lambda row: _or_null(row["signing"])
        ),
        ("Staff", "the author"): Look("Node", {"id": author.id}, lambda _row: "CLEAR"),
        ("Staff.mobile", "the author's"): Look(
            "Staff", {"id": author.id}, lambda row: {"138****8000": "MASKED"}.get(row["mobile"], "CLEAR")
        ),
        ("Organisation", "the author's"): Look("Node", {"id": author.organisation_id}, lambda _row: "CLEAR"),
        ("Invitation", "the partner admin's"): Look("Node", {"id": invitation}, lambda _row: "CLEAR"),
        ("InvitationCode", "the partner admin's"): Look(
            "InvitationCode", {"invitationId": invitation}, lambda row: "CLEAR" if row["scene"] else "EMPTY"
        ),
        ("Session", "the author's"): Look(
            "Sessions", {}, lambda rows: _or_empty([row for row in rows if row["id"] == author.session_id])
        ),
        ("InboxMessage", "the author's"): Look(
            "Inbox", {"first": 50}, lambda page: _has(page, kind="APPLICATION_RETURNED")
        ),
        ("Alert", "about a person"): Look("Alerts", {"first": 50}, lambda page: _has(page, kind="LEAVER_REPORTED")),
        ("Alert", "about an application"): Look(
            "Alerts", {"first": 50}, lambda page: _has(page, kind="APPLICATION_WAITING")
        ),
        ("HandbookEntry", "draft"): Look("Node", {"id": entry.id}, lambda _row: "CLEAR"),
        ("HandbookEditing", "published"): Look(
            "Handbook", {"kind": "NOTICE"}, lambda rows: _or_null(_one(rows, published.id)["editing"])
        ),
        ("HandbookAcknowledgement", "the author's"): Look(
            "Handbook", {"kind": "NOTICE"}, lambda rows: _or_null(_one(rows, published.id)["acknowledgement"])
        ),
        ("AuditTrail", "of the application"): Look(
            "AuditTrail", {"subjectId": draft.id, "first": 5, "after": 0}, lambda row: _or_empty(row["events"])
        ),
        ("LeaverProof", "of a colleague"): Look(
            "LeaverProof", {"staffId": await scene.leaver()}, lambda row: "CLEAR" if row["isClean"] else "?"
        ),
    }


async def _tell(scene: Scene, author: Viewer) -> None:
    """Let the author be told of a return, and HQ of a leaver; of what waits for review it has been told."""
    await cases.returned(scene.runtime, author, scene.callers.people["reviewer"], "micro_name")
    given = {"staffId": await scene.member(), "expectedVersion": 1, "reason": "离职"}
    assert (await scene.callers.clients["partner_admin"].change("ReportLeaver", **given)).changed


def _of_form(situation: str, case: cases.Case) -> dict[tuple[str, str], Look]:
    in_clear = {OWNER_ID_NUMBER: "CLEAR"}
    return {
        ("ApplicationForm", situation): Look(
            "Application", {"id": case.id}, lambda row: in_clear.get(row["form"]["idCardNumber"], "MASKED")
        ),
        ("Image", situation): Look("Application", {"id": case.id}, lambda row: _or_empty(row["images"])),
    }


def _or_null(value: Any) -> str:
    return "NULL" if value is None else "CLEAR"


def _or_empty(values: list[Any]) -> str:
    return "CLEAR" if values else "EMPTY"


def _has(page: dict[str, Any], *, kind: str) -> str:
    return _or_empty([edge for edge in page["edges"] if edge["node"]["kind"] == kind])


def _one(rows: list[dict[str, Any]], row_id: str) -> dict[str, Any]:
    (row,) = (row for row in rows if row["id"] == row_id)
    return row
