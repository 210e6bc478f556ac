"""The page of rights: what a role may do, who gives it to whom, who may call which operation and see what. Pure."""

from __future__ import annotations

from strawberry.utils.str_converters import to_camel_case

from backend.accounts.change_organisation import PARENTS
from backend.accounts.rules import GRANTABLE, PERMISSIONS, ROLES_IN, OrganisationKind, Permission, Role
from schema.build import MUTATIONS, QUERIES, SUBSCRIPTIONS
from schema.catalogue_pages.markdown import NONE, codes, page, table
from schema.common.access import DECLARED, OBJECTS, ObjectAccess


def access_page() -> str:
    """Give the page of rights."""
    operations = [
        (f"`{to_camel_case(resolver.__name__)}`", kind, _access_of(resolver.__name__), _roles_of(resolver.__name__))
        for kind, resolvers in (("query", QUERIES), ("mutation", MUTATIONS), ("subscription", SUBSCRIPTIONS))
        for resolver, _gives in resolvers
    ]
    return page(
        "Who may do what",
        "The tables are in `backend/accounts/rules.py`. Only somebody APPROVED holds any permission.",
        "## Permissions by role",
        "A permission to read also says how far it reaches. `organisation` is the own organisation and all below it.",
        table(("Permission", *(f"`{role}`" for role in Role)), [_held(permission) for permission in Permission]),
        "## Who may give which role",
        "By inviting, by approving a registration, by changing somebody's roles later. Whoever could not give all the "
        "roles that a person has does not change them either. `PARTNER_KEY` is given to no person: it is the role of "
        "a program.",
        table(
            ("Role", "May give"), [(f"`{role}`", codes(_in_order(GRANTABLE.get(role, ()))) or NONE) for role in Role]
        ),
        "## Which role fits where",
        "A person can only have roles of the kind of organisation they belong to. What may stand above an "
        "organisation is in `backend/accounts/change_organisation.py`.",
        table(
            ("Kind of organisation", "Roles", "Stands below"),
            [
                (f"`{kind}`", codes(_in_order(ROLES_IN[kind])), codes(sorted(PARENTS.get(kind, ()))) or NONE)
                for kind in OrganisationKind
            ],
        ),
        "## Operations by access",
        "Each operation declares its access with `@access(...)` in `schema/`. One of the permissions is enough. What "
        "is read reaches as far as the permission says: own, organisation or all. What may be done to one subject is "
        "in the [life cycles](life-cycle.md).",
        table(("Operation", "Kind", "Access", "Roles"), operations),
        "## Objects by access",
        "What an operation gives is not for everybody who may call it. Here stands who sees what, and what stands in "
        "its place for everybody else.",
        table(
            ("Object or field", "Seen with", "As far as", "Else"), [_seen(*each) for each in sorted(OBJECTS.items())]
        ),
    )


def _held(permission: Permission) -> tuple[str, ...]:
    return f"`{permission}`", *("yes" if permission in PERMISSIONS[role] else NONE for role in Role)


def _access_of(resolver_name: str) -> str:
    return DECLARED[resolver_name].told().removeprefix("Access: ").removesuffix(".")


def _roles_of(resolver_name: str) -> str:
    """Name the roles behind the permissions of an operation; none where no permission is asked for."""
    asked = DECLARED[resolver_name].permissions
    holders = [role for role in Role if PERMISSIONS[role] & asked]
    return "every role" if len(holders) == len(Role) else codes(holders) or NONE


def _seen(name: str, access: ObjectAccess) -> tuple[str, ...]:
    return f"`{name}`", codes(sorted(access.permissions)) or NONE, access.reach or NONE, access.otherwise


def _in_order(roles: frozenset[Role] | tuple[Role, ...]) -> list[Role]:
    return [role for role in Role if role in roles]
