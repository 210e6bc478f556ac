"""The context of one operation: who asks, and what it is answered with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import strawberry

from backend.accounts import MiniProgram, SessionInvalid, Viewer, authenticate
from backend.foundation.log_reader import LogReader
from backend.foundation.runtime import Runtime
from backend.foundation.views import Reading
from backend.messaging import Templates
from schema.transport import ApiError, Caller, Code, OpenContext


@dataclass(frozen=True, slots=True)
class Context:
    """One operation's context, made afresh for each, also on a socket. `viewer` is None for an anonymous caller."""

    runtime: Runtime
    log_reader: LogReader
    mini_program: MiniProgram | None
    templates: Templates
    viewer: Viewer | None

    @property
    def reading(self) -> Reading:
        """Who reads, for the views."""
        return Reading(self.viewer, self.runtime)


def caller_id_of(context: Context) -> str | None:
    """Name who a context's caller is, for the sockets."""
    return context.viewer.id if context.viewer else None


Info: TypeAlias = strawberry.Info[Context, None]


def context_opener(
    runtime: Runtime, log_reader: LogReader, mini_program: MiniProgram | None, templates: Templates
) -> OpenContext:
    """Give the function that opens a context: no credential is anonymous, one that does not hold is refused."""

    async def open_context(caller: Caller) -> Context:
        return Context(runtime, log_reader, mini_program, templates, await _viewer(runtime, caller.authorization))

    return open_context


async def _viewer(runtime: Runtime, authorization: str | None) -> Viewer | None:
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ApiError(Code.UNAUTHENTICATED)
    try:
        return await authenticate(runtime, token.strip())
    except SessionInvalid as error:
        raise ApiError(Code.UNAUTHENTICATED) from error
