"""The whole transport of one schema: what the composition root mounts and drains."""

from collections.abc import Callable
from typing import Any

import strawberry
from starlette.types import ASGIApp

from schema.transport.documents import DocumentStore
from schema.transport.errors import ApiError, ErrorMask, Translate
from schema.transport.execution import Execution, OpenContext
from schema.transport.http import HttpEndpoint
from schema.transport.limits import Limits
from schema.transport.websocket import WebSocketEndpoint


def _always(_context: Any) -> bool:
    return True


def _nothing(_error: Exception) -> ApiError | None:
    return None


def _nobody(_context: Any) -> str | None:
    return None


class Transport:
    """`http` and `websocket` over one schema, one set of documents and one set of limits."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        open_context: OpenContext,
        documents: DocumentStore | None = None,
        limits: Limits | None = None,
        introspection: bool = True,
        free_text: Callable[[Any], bool] = _always,
        translate: Translate = _nothing,
        identify: Callable[[Any], str | None] = _nobody,
    ) -> None:
        """Takes the schema and what the deployment decides.

        `free_text` is asked with the context of each operation whether its caller may send document text, or only ids
        of registered documents. Without `introspection`, errors hold no suggestions either. `translate` maps
        exceptions of the backend to errors that a caller may see. `identify` tells who a context's caller is, for
        `recheck_sockets`. Refuses with ValueError when a registered document
        does not fit the schema.
        """
        limits = limits or Limits()
        execution = Execution(
            schema,
            open_context=open_context,
            documents=documents or DocumentStore(),
            limits=limits,
            introspection=introspection,
            free_text=free_text,
            mask=ErrorMask(translate),
        )
        self.http: ASGIApp = HttpEndpoint(execution, limits)
        self._sockets = WebSocketEndpoint(execution, limits, identify)
        self.websocket: ASGIApp = self._sockets

    async def drain(self) -> None:
        """Closes all sockets with 1012; call it before the server ends its connections (requests end by themselves)."""
        await self._sockets.drain()

    async def recheck_sockets(self, caller_id: str | None) -> None:
        """Close with 4403 the sockets of one caller (of everybody, for None) whose credential does not hold any more.

        For whoever learns that it may have ended: a socket without operations would not notice by itself.
        """
        await self._sockets.recheck(caller_id)
