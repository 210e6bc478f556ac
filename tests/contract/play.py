"""Every operation of the contract played once, in the order of a shop's application, against a running server."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from tests.builders.api import Client, form_input
from tests.builders.forms import a_complete_form
from tests.schema.inputs import NIGHT_NOTICE, PHOTO, START
from tests.schema.sockets import opened

Example = dict[str, Any]
# Gives a fresh code of WeChat: of a `login`, or of the button that tells the `phone` number.
Codes = Callable[[str], Awaitable[str]]


@dataclass(slots=True)
class Play:
    """The people with their tokens, and what was sent and answered so far, by operation."""

    url: str
    http: httpx2.AsyncClient
    tokens: dict[str, str | None]
    codes: Codes
    examples: dict[str, Example] = field(default_factory=dict)
    keys: int = 0

    async def ask(self, person: str, operation: str, **variables: Any) -> Any:
        """Send an operation and give the value of its root field; the first time it becomes the example."""
        answer = await Client(self.http, self.tokens[person]).call(operation, **variables)
        self.examples.setdefault(operation, {"variables": variables, "answer": answer.body})
        return answer.value

    async def change(self, person: str, operation: str, **given: Any) -> Any:
        """Send a mutation and give what it changed."""
        answer = await self.ask(person, operation, input={"idempotencyKey": self.a_key(), **given})
        assert answer["userErrors"] == [], answer
        return next(iter(answer.values()))

    async def hear(self, person: str, operation: str, **variables: Any) -> Any:
        """Subscribe, and give the first item; what is heard of an operation becomes its example, item by item."""
        async with opened(self.url, self.tokens[person]) as stream:
            await stream.subscribe(operation, **variables)
            item = await stream.next()
        example = self.examples.setdefault(operation, {"variables": variables, "answers": []})
        example["answers"].append({"data": {f"{operation[0].lower()}{operation[1:]}": item}})
        return item

    async def upload(self, person: str, operation: str, **given: Any) -> str:
        """Send a photo and give its id."""
        given = {"idempotencyKey": self.a_key(), **given}
        answer = await Client(self.http, self.tokens[person]).upload(PHOTO, operation, **given)
        self.examples.setdefault(operation, {"variables": {"input": {**given, "file": None}}, "answer": answer.body})
        image_id: str = answer.changed["id"]
        return image_id

    def a_key(self) -> str:
        """Give an idempotency key as a client would make one."""
        self.keys += 1
        return f"5f0c8a5e-0000-4000-8000-{self.keys:012}"


async def play(url: str, tokens: Mapping[str, str], codes: Codes) -> dict[str, Example]:
    """Play with the tokens of `author`, `colleague`, `partner_admin`, `reviewer` and `admin`, and one who comes new.

    Gives what was sent and answered by operation.
    """
    async with httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        game = Play(url, http, {"nobody": None, **tokens}, codes)
        await _fill(game)
        await _keep_handbook(game)
        await _let_in(game)
        await _lead(game)
        await _cut_off(game)
        return game.examples


async def _fill(game: Play) -> None:
    await game.ask("author", "Me")
    notice = await game.ask("author", "CurrentNotice")
    consent = await game.ask("author", "CurrentConsentText")
    plans = await game.ask("author", "RatePlans")
    await game.ask("reviewer", "ReturnReasons")
    start = {**START, "noticeVersion": notice["version"]}
    draft = await game.change("author", "StartApplication", **start)
    target = draft["id"]
    values = a_complete_form(consent_text_version=consent["version"], rate_plan=plans[0]["code"])
    for name, value in values.items():
        if str(value).startswith("image-"):
            values[name] = await game.upload("author", "UploadImage", applicationId=target, purpose=name)
    saved = await game.change("author", "SaveApplicationDraft", **_on(draft), form=form_input(values))
    await game.ask("author", "PreflightApplication", applicationId=target)
    await game.ask("author", "Application", id=target)
    await game.ask("author", "Applications", first=20, after=None)
    await game.ask("author", "Node", id=target)
    submitted = await game.change("author", "SubmitApplication", **_on(saved))
    await game.ask("reviewer", "ReviewQueue", first=20, after=None)
    claimed = await game.change("reviewer", "ClaimApplication", **_on(submitted))
    released = await game.change("reviewer", "ReleaseApplication", **_on(claimed))
    claimed = await game.change("reviewer", "ClaimApplication", **_on(released))
    review = (await game.ask("reviewer", "Application", id=target))["review"]
    approved = await game.change(
        "reviewer", "DecideApplication", **_on(claimed), decision="APPROVE", passedFields=review["fieldsToPass"]
    )
    await game.change("reviewer", "RecallApplication", **_on(approved), reason="还要再看一下门头照")
    await game.ask("author", "ApplicationTimeline", applicationId=target, first=50, after=None)
    other = await game.change("author", "StartApplication", **start)
    allowed = await game.change("admin", "AllowDuplicate", **_on(other), reason="同一地址的两个档口")
    await game.hear("author", "ApplicationEvents", applicationId=target, after=None)
    await game.hear("author", "ApplicationEvents", applicationId=target, after="e1.0")
    await game.hear("reviewer", "ReviewQueueChanged")
    await game.ask("admin", "AuditTrail", subjectId=target, first=5, after=0)
    await game.change(
        "reviewer", "RevealField", applicationId=target, field="mobile_phone", reason="店主电话打不通，核对号码"
    )
    await game.change("author", "WithdrawApplication", **_on(allowed), reason="店主改了主意")


async def _keep_handbook(game: Play) -> None:
    """HQ keeps a guide with a sample and a notice, which staff acknowledge."""
    image_id = await game.upload("admin", "UploadHandbookSample", code="id_card_copy")
    sample = {"imageId": image_id, "isGood": True, "caption": "四角完整，字迹清晰"}
    guide = {"photoGuide": {"steps": ["平放在深色桌面上", "四角都在画面内"], "samples": [sample]}}
    members = {"title": "身份证人像面", "position": 20, "content": guide}
    draft = await game.change("admin", "SaveHandbookDraft", code="id_card_copy", expectedVersion=0, **members)
    await game.change("admin", "PublishHandbookDraft", **_of(draft, "entry"), effectiveOn=None)
    await game.ask("admin", "HandbookVersions", kind="PHOTO_GUIDE", code="id_card_copy", first=20, after=None)
    draft = await game.change("admin", "SaveHandbookDraft", **NIGHT_NOTICE)
    notice = await game.change("admin", "PublishHandbookDraft", **_of(draft, "entry"))
    await game.change("author", "AcknowledgeHandbookEntry", entryId=notice["id"])
    await game.ask("author", "Handbook", kind="NOTICE")
    await game.change("admin", "RetireHandbookEntry", **_of(notice, "entry"), retiredOn=None)
    draft = await game.change("admin", "SaveHandbookDraft", **NIGHT_NOTICE)
    await game.change("admin", "DiscardHandbookDraft", **_of(draft, "entry"))


async def _let_in(game: Play) -> None:
    """Somebody new comes in, registers, hurries HQ, is approved and reads of it."""
    above = (await game.ask("partner_admin", "Me"))["organisationId"]
    team = await game.change(
        "admin", "CreateOrganisation", name="示例渠道二部", kind="PARTNER", parentId=above, acceptsRegistrations=False
    )
    team = await game.change("admin", "ChangeOrganisation", **_of(team, "organisation"), acceptsRegistrations=True)
    signed_in = await game.ask(
        "nobody", "SignIn", input={"code": await game.codes("login"), "ticket": None, "device": "iPhone 15"}
    )
    game.tokens["newcomer"] = signed_in["token"]
    await game.ask("newcomer", "Sessions")
    me = await game.change("newcomer", "VerifyMobile", code=await game.codes("phone"))
    templates = await game.ask("newcomer", "SubscribeTemplates", moment="REGISTRATION")
    answers = [{"templateId": template_id, "result": "ACCEPT"} for template_id in templates]
    await game.change("newcomer", "RecordSubscribeResults", moment="REGISTRATION", answers=answers)
    await game.ask("newcomer", "RegistrationOrganisations")
    me = await game.change(
        "newcomer",
        "RegisterStaff",
        expectedVersion=me["version"],
        name="林小芳",
        workKind="SALES",
        mobile=None,
        organisationId=team["id"],
        invitation=None,
    )
    await game.change("newcomer", "HurryRegistration", expectedVersion=me["version"])
    await game.ask("reviewer", "Alerts", first=20, after=None)
    waiting = (await game.ask("reviewer", "Registrations", first=20, after=None))["edges"][-1]["node"]
    await game.change("reviewer", "RevealMobile", staffId=waiting["id"], reason="打电话核实身份")
    await game.change("reviewer", "DecideRegistration", **_of(waiting, "staff"), decision="APPROVE")
    await game.hear("newcomer", "MyEvents", after=None)
    await game.hear("newcomer", "MyEvents", after="e1.0")
    message = (await game.ask("newcomer", "Inbox", first=20, after=None))["edges"][0]["node"]
    await game.ask("newcomer", "InboxUnreadCount")
    await game.change("newcomer", "MarkInboxRead", messageIds=[message["id"]])


async def _lead(game: Play) -> None:
    """A partner's admin invites, and hands over; HQ opens and closes."""
    organisation = (await game.ask("author", "Me"))["organisationId"]
    invited = await game.change(
        "partner_admin", "CreateInvitation", organisationId=organisation, role="FIELD_STAFF", note="城东的小王"
    )
    await game.ask("partner_admin", "InvitationCode", invitationId=invited["id"])
    await game.ask("partner_admin", "Invitations", first=20, after=None)
    await game.change("partner_admin", "RevokeInvitation", **_of(invited, "invitation"))
    people = {person: (await game.ask(person, "Me"))["id"] for person in ("author", "colleague")}
    await game.change(
        "partner_admin", "HandOverApplications", staffId=people["author"], successorId=people["colleague"]
    )
    empty = await game.change("admin", "CreateOrganisation", name="西部渠道", kind="PARTNER", parentId=organisation)
    closed = await game.change("admin", "CloseOrganisation", **_of(empty, "organisation"), reason="合作到期")
    await game.change("admin", "ReopenOrganisation", **_of(closed, "organisation"), reason="续签")
    await game.ask("admin", "Organisations")


async def _cut_off(game: Play) -> None:
    """The newcomer gets other rights, is reported, comes back, is suspended, leaves; a colleague signs out."""
    target = (await game.ask("newcomer", "Me"))["id"]
    person = await game.ask("admin", "Staff", id=target)
    person = await game.change("admin", "ReassignStaff", **_of(person, "staff"), roles=["PARTNER_ADMIN"])
    person = await game.change("admin", "ReassignStaff", **_of(person, "staff"), roles=["FIELD_STAFF"])
    person = await game.change("partner_admin", "ReportLeaver", **_of(person, "staff"), reason="已离职")
    person = await game.change("admin", "ReinstateStaff", **_of(person, "staff"), reason="误报")
    person = await game.change("admin", "SuspendStaff", **_of(person, "staff"), reason="核实中")
    await game.ask("admin", "StaffMembers", first=20, after=None, state="SUSPENDED")
    await game.change("admin", "OffboardStaff", **_of(person, "staff"), reason="离职", successorId=None)
    await game.ask("auditor", "LeaverProof", staffId=target)
    await game.change("colleague", "EndSession", sessionId=None)


def _on(application: Mapping[str, Any]) -> dict[str, Any]:
    return _of(application, "application")


def _of(subject: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Name a subject as its mutations take it, at the version that was seen."""
    return {f"{kind}Id": subject["id"], "expectedVersion": subject["version"]}


_ID: Final = re.compile(r"\b([a-z]{3,5})_([0-7][0-9a-hjkmnp-tv-z]{25})\b")
_GRANT: Final = re.compile(r"(https?://[^/]+)(/images/[^?]+\?grant=).*")
_TOKEN: Final = re.compile(r"\bssm_s_[\w-]{43}")
_PICTURE: Final = re.compile(r"(data:image/[a-z+]+;base64,).*")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
_CURSOR: Final = re.compile(r"WyJrMSIs[\w-]+")


def normalised(examples: Mapping[str, Example]) -> dict[str, Example]:
    """Give examples without what differs from run to run: ids, links, hashes, times and cursors of lists."""
    ids: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return ids.setdefault(match.group(), f"{match.group(1)}_{len(ids) + 1:026}")

    def plain(name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(key, member) for key, member in value.items()}
        if isinstance(value, list):
            return [plain(name, member) for member in value]
        if name in {"sha256", "hash"}:
            return "0" * 64
        if name == "scene":
            return "0" * 22
        if name == "sizeBytes":
            return 100_000
        if not isinstance(value, str):
            return value
        text = _GRANT.sub(r"https://sesame.example\2…", value)
        text = _TOKEN.sub("ssm_s_…", _PICTURE.sub(r"\1…", text))
        text = _CURSOR.sub("WyJrMSIs…", _INSTANT.sub("2026-11-22T02:00:00.000Z", text))
        return _ID.sub(number, text)

    return {operation: plain("", example) for operation, example in examples.items()}


def shape_of(value: Any) -> Any:
    """Give the shape of a value: the members of objects, and of lists the shape of all that is in them."""
    if isinstance(value, dict):
        return {name: shape_of(member) for name, member in value.items()}
    if isinstance(value, list):
        return functools.reduce(_joined, map(shape_of, value), None)
    return None if value is None else type(value).__name__


def _joined(one: Any, other: Any) -> Any:
    """Give the shape of what may look like either."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _joined(one.get(name), other.get(name)) for name in {**one, **other}}
    return other if one is None else one
