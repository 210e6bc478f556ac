"""Enums of the backend under the names and descriptions they have in the API."""

from __future__ import annotations

import strawberry

from backend.accounts import OrganisationKind, RegistrationDecision, Role, StaffState, WorkKind
from backend.accounts.invitation_rules import InvitationAction, InvitationState
from backend.accounts.organisation_rules import OrganisationAction, OrganisationState
from backend.accounts.rules import StaffAction, StaffStage
from backend.accounts.sessions import SessionKind
from backend.applications import ApplicationKind
from backend.applications.completeness import SectionState
from backend.applications.events import EventKind
from backend.applications.fields import GroupMembership, Section, SettlementHolder
from backend.applications.policies import Channel
from backend.applications.problems import ProblemCode
from backend.applications.rules import Action, Stage, State
from backend.handbook.content import ContactChannel
from backend.handbook.content import Kind as HandbookKind
from backend.handbook.rules import Action as HandbookAction
from backend.handbook.rules import Stage as HandbookStage
from backend.handbook.rules import State as HandbookState
from backend.messaging import AlertKind, ConsentResult, MessageKind, Moment
from backend.review import Decision

strawberry.enum(StaffState, description="Where a person stands with us.")
strawberry.enum(StaffStage, description="The coarse state of a person, for display.")
strawberry.enum(StaffAction, description="What can be done about a person.")
strawberry.enum(WorkKind, description="What kind of work a person registers for.")
strawberry.enum(RegistrationDecision, description="What HQ decides about a registration.")
strawberry.enum(SessionKind, description="Whose way in it is.")
strawberry.enum(InvitationState, description="Whether an invitation was used.")
strawberry.enum(InvitationAction, description="What can be done with an invitation.")
strawberry.enum(OrganisationState, description="Whether an organisation works with us.")
strawberry.enum(OrganisationAction, description="What can be done to an organisation.")
strawberry.enum(MessageKind, description="What a message to a person tells of.")
strawberry.enum(ConsentResult, description="What a person answered when asked for a subscribe message.")
strawberry.enum(Moment, name="SubscribeMoment", description="What a person is asked for consent at.")
strawberry.enum(AlertKind, description="What HQ must look at.")
strawberry.enum(Role, description="What a person or key is.")
strawberry.enum(OrganisationKind, description="What an organisation is to us.")
strawberry.enum(State, name="ApplicationState", description="Where an application stands; see the life cycle.")
strawberry.enum(Stage, name="ApplicationStage", description="The coarse state for display: whose turn it is.")
strawberry.enum(Action, name="ApplicationAction", description="What can be done to an application.")
strawberry.enum(EventKind, name="ApplicationEventKind", description="What happened to an application.")
strawberry.enum(ApplicationKind, description="What the shop has today.")
strawberry.enum(Channel, description="Where an application is filed.")
strawberry.enum(GroupMembership, description="Whether the shop stands alone or is a branch of a group.")
strawberry.enum(SettlementHolder, description="Whose bank card receives the money.")
strawberry.enum(Section, name="FormSection", description="A part of the form.")
strawberry.enum(SectionState, name="FormSectionState", description="How far a part of the form is.")
strawberry.enum(ProblemCode, name="FormProblemCode", description="What is wrong with a value of the form.")
strawberry.enum(HandbookKind, name="HandbookKind", description="What HQ keeps in the handbook.")
strawberry.enum(HandbookState, name="HandbookState", description="Where one version of an entry stands.")
strawberry.enum(HandbookStage, name="HandbookStage", description="The coarse state for display, as of today.")
strawberry.enum(HandbookAction, name="HandbookAction", description="What can be done to an entry of the handbook.")
strawberry.enum(ContactChannel, description="How somebody at HQ is reached.")
strawberry.enum(Decision, description="What HQ decides.")
