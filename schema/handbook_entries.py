"""The entries of the handbook in the API: read in force by staff, kept in versions by HQ."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Any, Final, TypeVar

import strawberry

import backend.handbook as service
from backend.accounts import Permission, Viewer
from backend.foundation.pages import fetch_page
from backend.foundation.runtime import Runtime
from backend.foundation.views import TYPE, Row, fetch_by_id
from backend.handbook.content import (
    Contact,
    ContactChannel,
    Content,
    Kind,
    Notice,
    PhotoGuide,
    RateTerms,
    ReturnReason,
    Sample,
)
from backend.handbook.queries import ENTRY, NEWEST_FIRST, entries_in_force, versions_of
from backend.handbook.rules import Action, Stage, State
from backend.images.queries import IMAGE
from schema.application_type import Image, Node
from schema.common.access import Otherwise, access, gated, needs, viewer_of
from schema.common.connection import DEFAULT_FIRST, After, First, checked_first, connection_of
from schema.common.context import Info
from schema.common.selection import selection_of
from schema.common.user_errors import UserError, checked_key, payload
from schema.handbook import READS_HANDBOOK
from schema.transport import ApiError, Code, UploadedFile

EDITS: Final = needs(Permission.EDIT_HANDBOOK)


class _TypedRow:
    """What is read as a row that says which type it is."""

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        """Tell a row of this type from others."""
        return isinstance(value, dict) and value.get(TYPE) == cls.__name__


@strawberry.type(description="What a notice says.")
class NoticeContent(_TypedRow):
    """Of kind NOTICE."""

    paragraphs: list[str] = strawberry.field(description="Its body.")


@strawberry.type(description="One sample photo.")
class PhotoSample:
    """Good or bad, and why."""

    image_id: strawberry.ID = strawberry.field(description="What a draft holds.")
    url: str = strawberry.field(description="A link that holds for ten minutes and for this viewer alone.")
    is_good: bool = strawberry.field(description="Whether photos should look like it, or must not.")
    caption: str = strawberry.field(description="What is right or wrong with it.")


@strawberry.type(description="How the photo of one form field is taken.")
class PhotoGuideContent(_TypedRow):
    """Of kind PHOTO_GUIDE; the entry's code is the name of the form field."""

    steps: list[str] = strawberry.field(description="What to do, in order.")
    samples: list[PhotoSample] = strawberry.field(description="Good and bad samples.")


@strawberry.type(description="Why a field is sent back. Staff read the entry's title.")
class ReturnReasonContent(_TypedRow):
    """Of kind RETURN_REASON."""

    form_fields: list[str] = strawberry.field(description="The form fields it fits; empty when it fits any.")


@strawberry.type(description="How to reach HQ. The entry's title says whom.")
class ContactContent(_TypedRow):
    """Of kind CONTACT."""

    channel: ContactChannel = strawberry.field(description="PHONE is tapped to call, the others to copy.")
    value: str = strawberry.field(description="The number, name or address.")


@strawberry.type(description="What a rate plan offers, and what a filing sends for it. Rates are percent.")
class RateTermsContent(_TypedRow):
    """Of kind RATE_PLAN."""

    valid_from: date = strawberry.field(description="From when it may be filed.")
    valid_through: date | None = strawberry.field(description="Until when; null while no end is set.")
    base_rate_percent: str = strawberry.field(description="The rate without an activity.")
    settlement_id: str | None = strawberry.field(description="WeChat Pay's settlement rule; null for one never filed.")
    qualification_type: str = strawberry.field(description="The trade that is filed when staff name no other.")
    activities_id: str | None = strawberry.field(description="WeChat Pay's activity, which comes with both rates.")
    debit_rate_percent: str | None = strawberry.field(description="The activity's rate for other than credit cards.")
    credit_rate_percent: str | None = strawberry.field(description="The activity's rate for credit cards.")


HandbookContent = Annotated[
    NoticeContent | PhotoGuideContent | ReturnReasonContent | ContactContent | RateTermsContent,
    strawberry.union("HandbookContent", description="What an entry says, by its kind."),
]


@strawberry.type(description="One thing the viewer could do to an entry, and why not where it is blocked.")
class HandbookAvailableAction:
    """One row of the handbook's table."""

    action: Action = strawberry.field(description="The action.")
    allowed: bool = strawberry.field(description="Whether it can be done now.")
    blocked_reason: str | None = strawberry.field(description="The code of what must be true first.")


@strawberry.type(
    description=gated(
        "HandbookAcknowledgement",
        "That somebody has read a version.",
        reach="the person themselves",
        otherwise=Otherwise.NULL,
    )
)
class HandbookAcknowledgement:
    """One's own."""

    acknowledged_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="One member that differs from the version published before.")
class HandbookDifference:
    """An item put into a list, or taken out of one, is one difference."""

    path: str = strawberry.field(description="Where, as `paragraphs.2`.")
    old: str | None = strawberry.field(description="What stood there; null where nothing did.")
    new: str | None = strawberry.field(description="What stands there; null where nothing does.")


@strawberry.type(
    description=gated(
        "HandbookEditing", "What editors know of a version.", Permission.EDIT_HANDBOOK, otherwise=Otherwise.NULL
    )
)
class HandbookEditing:
    """Who and when, and what changed."""

    author_id: strawberry.ID | None = strawberry.field(description="Who began it; null for what came with the system.")
    publisher_id: strawberry.ID | None = strawberry.field(description="Who published it.")
    created_at: datetime = strawberry.field(description="When it was begun.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    published_at: datetime | None = strawberry.field(description="When it was published.")
    changes: list[HandbookDifference] = strawberry.field(description="Against the version published before.")


@strawberry.type(
    description=gated(
        "HandbookEntry",
        "One version of an entry of the handbook.",
        Permission.READ_HANDBOOK,
        Permission.EDIT_HANDBOOK,
        reach="what has been in force; handbook.edit drafts and what is to come, too",
        otherwise=Otherwise.ABSENT,
    )
)
class HandbookEntry(_TypedRow, Node):
    """A notice, photo guide, return reason, contact or rate plan; the id is that of the version."""

    version: int = strawberry.field(description="Send it back as `expectedVersion`; grows with each change.")
    state: State = strawberry.field(description="Where it stands.")
    stage: Stage = strawberry.field(description="Where it stands as of today, for display.")
    available_actions: list[HandbookAvailableAction] = strawberry.field(description="What the viewer can do to it.")
    kind: Kind = strawberry.field(description="What it is.")
    code: str = strawberry.field(description="Stable over all its versions; of a photo guide, the form field.")
    number: int = strawberry.field(description="Which version of its kind and code, from 1.")
    version_name: str | None = strawberry.field(description="What people call the version; null until published.")
    position: int = strawberry.field(description="Its place among its kind; smaller comes first.")
    title: str = strawberry.field(description="Its heading: what staff read of a reason, whom a contact reaches.")
    content: HandbookContent = strawberry.field(description="What it says.")
    needs_acknowledgement: bool = strawberry.field(description="Whether everybody is to acknowledge it.")
    acknowledgement: HandbookAcknowledgement | None = strawberry.field(description="The viewer's own; null before.")
    effective_on: date | None = strawberry.field(description="Its first day in force; null until published.")
    retired_on: date | None = strawberry.field(description="The first day on which it is in force no more.")
    editing: HandbookEditing | None = strawberry.field(description="Null for whoever does not edit the handbook.")


@strawberry.input(description="What a notice says.")
class NoticeInput:
    """Of kind NOTICE."""

    paragraphs: list[str] = strawberry.field(description="At most 30, each of at most 1000 characters.")

    def content(self) -> Content:
        """Give it as the backend has it."""
        return Notice(tuple(self.paragraphs))


@strawberry.input(description="One sample photo of a guide.")
class PhotoSampleInput:
    """Good or bad, and why."""

    image_id: strawberry.ID = strawberry.field(description="From `uploadHandbookSample`, for this form field.")
    is_good: bool = strawberry.field(description="Whether photos should look like it, or must not.")
    caption: str = strawberry.field(description="What is right or wrong with it, in at most 100 characters.")


@strawberry.input(description="How the photo of one form field is taken.")
class PhotoGuideInput:
    """Of kind PHOTO_GUIDE."""

    steps: list[str] = strawberry.field(description="At most 12, each of at most 100 characters.")
    samples: list[PhotoSampleInput] = strawberry.field(description="At most 12.")

    def content(self) -> Content:
        """Give it as the backend has it."""
        samples = (Sample(sample.image_id, sample.is_good, sample.caption) for sample in self.samples)
        return PhotoGuide(tuple(self.steps), tuple(samples))


@strawberry.input(description="Why a field is sent back; the title is what staff read.")
class ReturnReasonInput:
    """Of kind RETURN_REASON."""

    form_fields: list[str] = strawberry.field(description="The form fields it fits; empty when it fits any.")

    def content(self) -> Content:
        """Give it as the backend has it."""
        return ReturnReason(tuple(self.form_fields))


@strawberry.input(description="How to reach HQ; the title says whom.")
class ContactInput:
    """Of kind CONTACT."""

    channel: ContactChannel = strawberry.field(description="How.")
    value: str = strawberry.field(description="The number, name or address, in at most 64 characters.")

    def content(self) -> Content:
        """Give it as the backend has it."""
        return Contact(self.channel, self.value)


@strawberry.input(description="What a rate plan offers, and what a filing sends for it. Rates are percent, as `0.6`.")
class RateTermsInput:
    """Of kind RATE_PLAN."""

    valid_from: date = strawberry.field(description="From when it may be filed.")
    valid_through: date | None = strawberry.field(description="Until when.", default=None)
    base_rate_percent: str = strawberry.field(description="The rate without an activity.")
    settlement_id: str | None = strawberry.field(description="WeChat Pay's settlement rule.", default=None)
    qualification_type: str = strawberry.field(description="The trade that is filed when staff name no other.")
    activities_id: str | None = strawberry.field(description="WeChat Pay's activity; wants both rates.", default=None)
    debit_rate_percent: str | None = strawberry.field(description="The activity's first rate.", default=None)
    credit_rate_percent: str | None = strawberry.field(
        description="The activity's rate for credit cards.", default=None
    )

    def content(self) -> Content:
        """Give it as the backend has it."""
        return RateTerms(
            valid_from=self.valid_from,
            valid_through=self.valid_through,
            base_rate_percent=self.base_rate_percent,
            settlement_id=self.settlement_id or None,
            qualification_type=self.qualification_type,
            activities_id=self.activities_id or None,
            debit_rate_percent=self.debit_rate_percent or None,
            credit_rate_percent=self.credit_rate_percent or None,
        )


@strawberry.input(description="What an entry says: one member, which decides the entry's kind.", one_of=True)
class HandbookContentInput:
    """Exactly one of them."""

    notice: strawberry.Maybe[NoticeInput] = strawberry.field(description="A notice.", default=None)
    photo_guide: strawberry.Maybe[PhotoGuideInput] = strawberry.field(description="A photo guide.", default=None)
    return_reason: strawberry.Maybe[ReturnReasonInput] = strawberry.field(description="A return reason.", default=None)
    contact: strawberry.Maybe[ContactInput] = strawberry.field(description="A contact.", default=None)
    rate_plan: strawberry.Maybe[RateTermsInput] = strawberry.field(description="A rate plan.", default=None)

    def content(self) -> Content:
        """Give the one member as the backend has it."""
        members = (self.notice, self.photo_guide, self.return_reason, self.contact, self.rate_plan)
        (given,) = (member for member in members if member is not None)
        return given.value.content()


@strawberry.input(description="Input of `saveHandbookDraft`: the whole draft.")
class SaveHandbookDraftInput:
    """Save."""

    idempotency_key: str = strawberry.field(description="16 to 64 characters; the same call has the same key.")
    code: str = strawberry.field(description="Capitals and digits; for a photo guide, the name of the form field.")
    expected_version: int = strawberry.field(description="Of the draft the caller saw; 0 where there is none yet.")
    title: str = strawberry.field(description="Its heading, in at most 60 characters.")
    position: int = strawberry.field(description="Its place among its kind; smaller comes first.")
    needs_acknowledgement: bool = strawberry.field(description="Whether everybody is to acknowledge it.", default=False)
    content: HandbookContentInput = strawberry.field(description="What it says.")


@strawberry.input
class HandbookEntryInput:
    """What every change of one version takes; each operation has an input of its own name that can grow alone."""

    idempotency_key: str = strawberry.field(description="16 to 64 characters; the same call has the same key.")
    entry_id: strawberry.ID = strawberry.field(description="The version.")
    expected_version: int = strawberry.field(description="The version number the caller saw.")


@strawberry.input(description="Input of `publishHandbookDraft`.")
class PublishHandbookDraftInput(HandbookEntryInput):
    """Publish."""

    effective_on: date | None = strawberry.field(description="Its first day in force; absent: today.", default=None)


@strawberry.input(description="Input of `discardHandbookDraft`.")
class DiscardHandbookDraftInput(HandbookEntryInput):
    """Discard."""


@strawberry.input(description="Input of `retireHandbookEntry`.")
class RetireHandbookEntryInput(HandbookEntryInput):
    """Retire."""

    retired_on: date | None = strawberry.field(
        description="The first day on which it is in force no more; absent: today.", default=None
    )


@strawberry.input(description="Input of `acknowledgeHandbookEntry`.")
class AcknowledgeHandbookEntryInput:
    """Acknowledge."""

    idempotency_key: str = strawberry.field(description="16 to 64 characters; the same call has the same key.")
    entry_id: strawberry.ID = strawberry.field(description="The very version that was read.")


@strawberry.input(description="Input of `uploadHandbookSample`.")
class UploadHandbookSampleInput:
    """Upload."""

    idempotency_key: str = strawberry.field(description="16 to 64 characters; the same call has the same key.")
    code: str = strawberry.field(description="The form field whose guide it is for, as `id_card_copy`.")
    file: UploadedFile = strawberry.field(description="JPEG, PNG or BMP, at most 10 MB.")


@strawberry.type
class HandbookEntryPayload:
    """What every change of one version gives; each operation has a payload of its own name that can grow alone."""

    entry: HandbookEntry | None = strawberry.field(description="As it is now; null when nothing was done.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")


@strawberry.type(description="The kept sample, or why it was not kept.")
class UploadHandbookSamplePayload:
    """Payload of `uploadHandbookSample`."""

    image: Image | None = strawberry.field(description="The sample; put its id into a draft of the guide.")
    user_errors: list[UserError] = strawberry.field(description="Why it was not kept.")


KindArgument = Annotated[Kind, strawberry.argument(description="Which part of the handbook.")]


@access(READS_HANDBOOK)
async def handbook(info: Info, kind: KindArgument) -> list[Row]:
    """List what is in force today of one kind, in the order it is shown."""
    return await entries_in_force(info.context.reading, kind, selection_of(info))


@access(EDITS)
async def handbook_versions(
    info: Info,
    kind: KindArgument,
    code: Annotated[str, strawberry.argument(description="Which entry.")],
    first: First = DEFAULT_FIRST,
    after: After = None,
) -> Row:
    """List the versions of one entry, drafts included, newest first."""
    page = await fetch_page(
        ENTRY,
        selection_of(info, "edges", "node"),
        info.context.reading,
        order=NEWEST_FIRST,
        first=checked_first(first),
        after=after,
        where=versions_of(kind, code),
    )
    return connection_of(page)


Command = TypeVar("Command")


async def _entry_payload(
    info: Info, use_case: Callable[[Runtime, Viewer, Command], Awaitable[str]], command: Callable[[], Command]
) -> Row:
    """Run a use case that changes one version, and give the payload of its mutation."""

    async def change() -> Row:
        changed = await use_case(info.context.runtime, viewer_of(info.context), command())
        row = await fetch_by_id(ENTRY, selection_of(info, "entry"), info.context.reading, changed)
        if row is None:
            raise ApiError(Code.NOT_FOUND)
        return row

    return await payload("entry", change)


@access(EDITS)
async def save_handbook_draft(info: Info, input: SaveHandbookDraftInput) -> Row:  # noqa: A002 - every mutation's argument
    """Begin the draft of an entry's next version, or change it."""
    return await _entry_payload(
        info,
        service.save_handbook_draft,
        lambda: service.SaveHandbookDraft(
            idempotency_key=checked_key(input.idempotency_key),
            code=input.code,
            expected_version=input.expected_version,
            title=input.title,
            position=input.position,
            needs_acknowledgement=input.needs_acknowledgement,
            content=input.content.content(),
        ),
    )


@access(EDITS)
async def publish_handbook_draft(info: Info, input: PublishHandbookDraftInput) -> Row:  # noqa: A002 - as above
    """Let a draft take effect on a day; from here on it never changes."""
    return await _entry_payload(
        info,
        service.publish_handbook_draft,
        lambda: service.PublishHandbookDraft(
            checked_key(input.idempotency_key), input.entry_id, input.expected_version, input.effective_on
        ),
    )


@access(EDITS)
async def discard_handbook_draft(info: Info, input: DiscardHandbookDraftInput) -> Row:  # noqa: A002 - as above
    """Put a draft away, so that another may be begun."""
    return await _entry_payload(
        info,
        service.discard_handbook_draft,
        lambda: service.DiscardHandbookDraft(
            checked_key(input.idempotency_key), input.entry_id, input.expected_version
        ),
    )


@access(EDITS)
async def retire_handbook_entry(info: Info, input: RetireHandbookEntryInput) -> Row:  # noqa: A002 - as above
    """Let a published version, and with it its entry, be in force no more from a day on."""
    return await _entry_payload(
        info,
        service.retire_handbook_entry,
        lambda: service.RetireHandbookEntry(
            checked_key(input.idempotency_key), input.entry_id, input.expected_version, input.retired_on
        ),
    )


@access(EDITS)
async def upload_handbook_sample(info: Info, input: UploadHandbookSampleInput) -> Row:  # noqa: A002 - as above
    """Keep one sample photo for the guide of one form field."""

    async def change() -> Row | None:
        command = service.UploadHandbookSample(checked_key(input.idempotency_key), input.code, input.file.content)
        kept = await service.upload_handbook_sample(info.context.runtime, viewer_of(info.context), command)
        return await fetch_by_id(IMAGE, selection_of(info, "image"), info.context.reading, kept)

    return await payload("image", change)


@access(READS_HANDBOOK)
async def acknowledge_handbook_entry(info: Info, input: AcknowledgeHandbookEntryInput) -> Row:  # noqa: A002 - as above
    """Write down that the viewer has read a version that wants it."""
    return await _entry_payload(
        info,
        service.acknowledge_handbook_entry,
        lambda: service.AcknowledgeHandbookEntry(checked_key(input.idempotency_key), input.entry_id),
    )
