"""`registrationOrganisations`: what a newcomer may choose."""

from __future__ import annotations

from backend.accounts import OrganisationKind, Viewer, ensure_organisation
from backend.accounts.models import Organisation
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.people import a_code, a_wechat_person


async def test_only_what_is_open_to_newcomers_is_there(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """Open, accepting, and of a kind that has field staff; a guest sees it, by name."""
    for code, kind, accepts in (
        ("b", OrganisationKind.PARTNER, True),
        ("a", OrganisationKind.HQ_FIELD, True),
        ("closed", OrganisationKind.PARTNER, True),
        ("shy", OrganisationKind.PARTNER, False),
        ("reviewers", OrganisationKind.HQ_REVIEW, True),
    ):
        await ensure_organisation(
            runtime, code=code, name=code, kind=kind, parent_id=admin.organisation_id, accepts_registrations=accepts
        )
    await Organisation.filter(code="closed").update(state="CLOSED")
    code = a_code(api.mini_program, a_wechat_person())
    opened = (await api.with_token(None).call("SignIn", input={"code": code})).value
    shown = (await api.with_token(opened["token"]).call("RegistrationOrganisations")).value
    assert [(item["name"], item["kind"]) for item in shown] == [("a", "HQ_FIELD"), ("b", "PARTNER")]
