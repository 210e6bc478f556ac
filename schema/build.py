"""The schema put together: every operation, its type, its description with who may call it."""

from __future__ import annotations

from collections.abc import Callable
from operator import getitem
from pathlib import Path
from typing import Any, Final

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

from schema import (
    accounts,
    application_events,
    applications,
    audit,
    handbook,
    handbook_entries,
    live_queue,
    messaging,
    node,
    organisations,
    people_types,
    review,
    staff,
)
from schema.application_type import Application, Node
from schema.common.access import DECLARED
from schema.common.connection import connection_type
from schema.common.scalars import SCALARS

SDL_FILE: Final = Path(__file__).parent / "schema.graphql"


def _described(resolver: Callable[..., Any]) -> str:
    """Describe an operation: the first line of its docstring, and who may call it."""
    summary = (resolver.__doc__ or "").strip().splitlines()[0]
    return f"{summary}\n\n{DECLARED[resolver.__name__].told()}"


def _query(resolver: Callable[..., Any], gives: Any) -> Any:
    return strawberry.field(
        resolver=resolver, graphql_type=gives, name=_camel(resolver), description=_described(resolver)
    )


def _mutation(resolver: Callable[..., Any], gives: Any) -> Any:
    field = strawberry.mutation(
        resolver=resolver, graphql_type=gives, name=_camel(resolver), description=_described(resolver)
    )
    for argument in field.arguments:
        argument.description = "What to do; one object for each call."
    return field


def _subscription(resolver: Callable[..., Any], gives: Any) -> Any:
    return strawberry.subscription(
        resolver=resolver, graphql_type=gives, name=_camel(resolver), description=_described(resolver)
    )


def _camel(resolver: Callable[..., Any]) -> str:
    head, *rest = resolver.__name__.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _payload_of(resolver: Callable[..., Any]) -> Any:
    """Make the payload of a change of one application, named after it."""
    return _named_payload(resolver, applications.ApplicationPayload, "application")


def _named_payload(resolver: Callable[..., Any], base: Any, what: str) -> Any:
    """Make the payload of a change, named after it; `base` has its members, `what` names what was changed."""
    operation = _camel(resolver)
    named = type(f"{operation[0].upper()}{operation[1:]}Payload", (base,), {})
    return strawberry.type(named, description=f"The {what} after `{operation}`, or why nothing was done.")


def _changes(base: Any, what: str, *resolvers: Callable[..., Any]) -> tuple[tuple[Callable[..., Any], Any], ...]:
    """List mutations that answer alike, each with a payload of its own name."""
    return tuple((resolver, _named_payload(resolver, base, what)) for resolver in resolvers)


_STAFF_CONNECTION: Final = connection_type(people_types.Staff, "Staff", "person")
_INBOX_CONNECTION: Final = connection_type(messaging.InboxMessage, "InboxMessage", "message")
_ALERT_CONNECTION: Final = connection_type(messaging.Alert, "Alert", "alert")
_INVITATION_CONNECTION: Final = connection_type(people_types.Invitation, "Invitation", "invitation")
_ENTRY_CONNECTION: Final = connection_type(handbook_entries.HandbookEntry, "HandbookEntry", "version")


# Operation and what it gives. The resolver's name is the operation's, and that of the service function behind it.
QUERIES: Final = (
    (accounts.me, accounts.Me),
    (accounts.sessions, list[people_types.Session]),
    (accounts.registration_organisations, list[people_types.OrganisationChoice]),
    (staff.staff, people_types.Staff | None),
    (staff.staff_members, _STAFF_CONNECTION),
    (staff.registrations, _STAFF_CONNECTION),
    (staff.leaver_proof, staff.LeaverProof | None),
    (organisations.organisations, list[people_types.Organisation]),
    (organisations.invitations, _INVITATION_CONNECTION),
    (organisations.invitation_code, people_types.InvitationCode | None),
    (messaging.inbox, _INBOX_CONNECTION),
    (messaging.inbox_unread_count, int),
    (messaging.subscribe_templates, list[str]),
    (messaging.alerts, _ALERT_CONNECTION),
    (audit.audit_trail, audit.AuditTrail | None),
    (node.node, Node | None),
    (applications.application, Application | None),
    (applications.applications, applications.ApplicationConnection),
    (applications.application_timeline, applications.ApplicationEventConnection),
    (applications.preflight_application, applications.PreflightResult),
    (review.review_queue, applications.ApplicationConnection),
    (review.return_reasons, list[review.ReturnReason]),
    (handbook.current_notice, handbook.VersionedText),
    (handbook.current_consent_text, handbook.VersionedText),
    (handbook.rate_plans, list[handbook.RatePlan]),
    (handbook_entries.handbook, list[handbook_entries.HandbookEntry]),
    (handbook_entries.handbook_versions, _ENTRY_CONNECTION),
)
MUTATIONS: Final[tuple[tuple[Callable[..., Any], Any], ...]] = (
    (accounts.sign_in, accounts.SignInPayload),
    (accounts.end_session, accounts.EndSessionPayload),
    *_changes(
        accounts.MePayload,
        "person that asks",
        accounts.verify_mobile,
        accounts.register_staff,
        accounts.hurry_registration,
    ),
    *_changes(
        staff.StaffPayload,
        "person",
        staff.decide_registration,
        staff.reassign_staff,
        staff.report_leaver,
        staff.suspend_staff,
        staff.reinstate_staff,
        staff.hand_over_applications,
    ),
    (staff.offboard_staff, staff.OffboardStaffPayload),
    (staff.reveal_mobile, staff.RevealMobilePayload),
    (messaging.record_subscribe_results, messaging.RecordSubscribeResultsPayload),
    (messaging.mark_inbox_read, messaging.MarkInboxReadPayload),
    (audit.reveal_field, audit.RevealFieldPayload),
    *_changes(
        organisations.OrganisationPayload,
        "organisation",
        organisations.create_organisation,
        organisations.change_organisation,
        organisations.close_organisation,
        organisations.reopen_organisation,
    ),
    *_changes(
        organisations.InvitationPayload,
        "invitation",
        organisations.create_invitation,
        organisations.revoke_invitation,
    ),
    (applications.start_application, _payload_of(applications.start_application)),
    (applications.save_application_draft, _payload_of(applications.save_application_draft)),
    (applications.upload_image, applications.UploadImagePayload),
    (applications.submit_application, _payload_of(applications.submit_application)),
    (applications.withdraw_application, _payload_of(applications.withdraw_application)),
    (applications.allow_duplicate, _payload_of(applications.allow_duplicate)),
    (review.claim_application, _payload_of(review.claim_application)),
    (review.release_application, _payload_of(review.release_application)),
    (review.decide_application, _payload_of(review.decide_application)),
    (review.recall_application, _payload_of(review.recall_application)),
    *_changes(
        handbook_entries.HandbookEntryPayload,
        "entry",
        handbook_entries.save_handbook_draft,
        handbook_entries.publish_handbook_draft,
        handbook_entries.discard_handbook_draft,
        handbook_entries.retire_handbook_entry,
        handbook_entries.acknowledge_handbook_entry,
    ),
    (handbook_entries.upload_handbook_sample, handbook_entries.UploadHandbookSamplePayload),
)
SUBSCRIPTIONS: Final = (
    (application_events.application_events, application_events.ApplicationStreamItem),
    (messaging.my_events, messaging.MyStreamItem),
    (live_queue.review_queue_changed, live_queue.ReviewQueue),
)


def build_schema() -> strawberry.Schema:
    """Build the schema. Rows are plain dicts, so a field is an item of its row."""
    return _schema(sort=False)


def _schema(*, sort: bool) -> strawberry.Schema:
    return strawberry.Schema(
        query=create_type("Query", [_query(*row) for row in QUERIES], description="Reading."),
        mutation=create_type("Mutation", [_mutation(*row) for row in MUTATIONS], description="Changing."),
        subscription=create_type(
            "Subscription", [_subscription(*row) for row in SUBSCRIPTIONS], description="Following."
        ),
        types=[
            Application,
            people_types.Staff,
            people_types.Organisation,
            people_types.Invitation,
            handbook_entries.HandbookEntry,
        ],
        config=StrawberryConfig(default_resolver=getitem, scalar_map=SCALARS, sort_schema=sort),
    )


def sdl() -> str:
    """Give the schema as it is committed: sorted, so that a change shows where it is made."""
    # Sorting makes every type anew as a plain one of graphql-core. Such a schema is good for printing only: its enums
    # hand resolvers bare strings, and cannot write the members of an `Enum`.
    return _schema(sort=True).as_str() + "\n"
