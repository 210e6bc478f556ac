"""`@access`: the one declaration of who may call an operation. It guards the call and is printed into the SDL."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, ParamSpec, TypeVar

from backend.accounts import Permission, PermissionMissing, SessionInvalid, StaffState, Viewer
from backend.foundation.pages import CursorMalformed
from backend.foundation.refusal import NotFound
from schema.common.context import Context
from schema.transport import ApiError, Code

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call: anybody, anybody signed in, or who holds one of `permissions`."""

    permissions: frozenset[Permission] = frozenset()
    anonymous: bool = False
    pending: bool = False

    def told(self) -> str:
        """Say it in the words of the SDL."""
        if self.anonymous:
            return "Access: everybody."
        if self.pending:
            return "Access: everybody who is signed in."
        if not self.permissions:
            return "Access: approved staff and keys."
        return f"Access: {', '.join(sorted(self.permissions))}."

    def check(self, viewer: Viewer | None) -> None:
        """Refuse with UNAUTHENTICATED or FORBIDDEN."""
        if self.anonymous:
            return
        if viewer is None:
            raise ApiError(Code.UNAUTHENTICATED)
        if self.pending:
            return
        if viewer.state is not StaffState.APPROVED:
            raise ApiError(Code.FORBIDDEN)
        if self.permissions and not any(viewer.may(permission) for permission in self.permissions):
            raise ApiError(Code.FORBIDDEN)


ANYBODY: Final = Access(anonymous=True)
SIGNED_IN: Final = Access(pending=True)
APPROVED: Final = Access()


def needs(*permissions: Permission) -> Access:
    """Give the access of whoever holds one of `permissions`."""
    return Access(frozenset(permissions))


# Every operation of the schema with its access, as it was declared; the role matrix is tested over it.
DECLARED: Final[dict[str, Access]] = {}


def access(rule: Access) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Guard a resolver with `rule`, before anything else of it runs; works for queries, mutations, subscriptions."""

    def guard(resolver: Callable[P, T]) -> Callable[P, T]:
        DECLARED[resolver.__name__] = rule

        @functools.wraps(resolver)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            info: Any = kwargs["info"]
            context: Context = info.context
            rule.check(context.viewer)
            return resolver(*args, **kwargs)

        return guarded

    return guard


class Otherwise(StrEnum):
    """What stands in place of a gated object for whoever may not see it."""

    NULL = "null"
    EMPTY = "empty"
    MASKED = "masked"
    ABSENT = "not there"


@dataclass(frozen=True, slots=True)
class ObjectAccess:
    """Who sees an object: who holds one of `permissions`, as far as `reach` says; and what everybody else gets."""

    permissions: frozenset[Permission]
    reach: str
    otherwise: Otherwise

    def told(self) -> str:
        """Say it in the words of the SDL."""
        who = ", ".join(sorted(self.permissions))
        return f"Access: {'; '.join(part for part in (who, self.reach) if part)}; {self.otherwise} for everybody else."


# Every gated object of the schema with its access; the views of the backend enforce it, the matrix holds them to it.
OBJECTS: Final[dict[str, ObjectAccess]] = {}


def gated(name: str, summary: str, *permissions: Permission, reach: str = "", otherwise: Otherwise) -> str:
    """Declare who sees a type, or a field as `Type.field`; gives its description: what it is, and that.

    `permissions` left out means that none is needed beside what `reach` says.
    """
    OBJECTS[name] = ObjectAccess(frozenset(permissions), reach, otherwise)
    return f"{summary}\n\n{OBJECTS[name].told()}"


def viewer_of(context: Context) -> Viewer:
    """Give the viewer of an operation whose access is not ANYBODY."""
    if context.viewer is None:
        raise ApiError(Code.UNAUTHENTICATED)
    return context.viewer


def translate(error: Exception) -> ApiError | None:
    """Turn a refusal of the backend that no payload can carry into a top-level error; None for a bug."""
    for kind, code in _TOP_LEVEL.items():
        if isinstance(error, kind):
            return ApiError(code)
    return None


_TOP_LEVEL: Final[dict[type[Exception], Code]] = {
    PermissionMissing: Code.FORBIDDEN,
    NotFound: Code.NOT_FOUND,
    SessionInvalid: Code.UNAUTHENTICATED,
    CursorMalformed: Code.BAD_REQUEST,
}
