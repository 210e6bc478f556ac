"""From a request to its answer: documents parsed and validated once, operations run, errors masked."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, cast

import orjson
import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationType,
    VariableDefinitionNode,
    parse,
    print_ast,
    specified_rules,
    validate,
)
from graphql.execution import (
    Executor,
    create_source_event_stream,
    execute_root_selection_set,
    map_source_to_response_event,
)

from schema.transport.documents import DocumentStore
from schema.transport.errors import ApiError, Code, ErrorMask, RequestError, entry
from schema.transport.limits import Limits
from schema.transport.request import GraphQLRequest
from schema.transport.texts import TEXTS


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends one operation, as far as the wire tells."""

    authorization: str | None = field(repr=False)
    trace_id: str
    client_host: str | None


OpenContext = Callable[[Caller], Awaitable[Any]]
"""Makes the context of one operation, fresh each time, also on a socket.

Raises `ApiError(Code.UNAUTHENTICATED)` for a credential that is present and not valid. It runs before the body is
read, so it must hold nothing that a slow client could keep. A context may have `async close()`.
"""


class Execution:
    """One schema with its documents and limits; shared by the HTTP and the socket endpoint."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        open_context: OpenContext,
        documents: DocumentStore,
        limits: Limits,
        introspection: bool,
        free_text: Callable[[Any], bool],
        mask: ErrorMask,
    ) -> None:
        """Validates the registered documents once; refuses with ValueError when one does not fit the schema.

        Schema extensions are refused too: this layer calls graphql-core itself, they would silently not run.
        """
        if schema.extensions:
            raise ValueError("schema extensions are not run by this transport")
        self.mask = mask
        self._executor_class = cast("type[Executor[Any]]", schema.execution_context_class)
        # Strawberry has no public name for the graphql-core schema that it builds.
        self._schema: GraphQLSchema = schema._schema  # noqa: SLF001
        self._open_context = open_context
        self._limits = limits
        self._hide_suggestions = not introspection
        self._rules = (*specified_rules, *(() if introspection else (NoSchemaIntrospectionCustomRule,)))
        self._free_text = free_text
        self._registered = self._parse_registered(documents)
        self._parse_cached = lru_cache(limits.cached_documents)(self._parse)

    @asynccontextmanager
    async def context(self, caller: Caller) -> AsyncIterator[Any]:
        """Opens the context of one operation and closes it in the end, whatever happened."""
        context = await self._open_context(caller)
        try:
            yield context
        finally:
            close = getattr(context, "close", None)
            if close is not None:
                await close()

    def prepare(self, request: GraphQLRequest, context: Any, trace_id: str) -> "Operation":
        """Finds the document, checks it and the variables.

        Refuses with `RequestError` (syntax, validation, operation name, variables, tokens) and `ApiError` (unknown
        document id, free text from a caller who may only use registered documents).
        """
        built = self._executor_class.build(
            self._schema,
            self._document(request, context),
            None,
            context,
            request.variables,
            request.operation_name,
            max_coercion_errors=self._limits.errors,
            hide_suggestions=self._hide_suggestions,
        )
        if isinstance(built, list):
            raise RequestError([_without_values(error) for error in built])
        return Operation(built, self.mask, trace_id, self._limits.errors)

    def _document(self, request: GraphQLRequest, context: Any) -> DocumentNode:
        if request.document_id is not None:
            document = self._registered.get(request.document_id)
            if document is None:
                raise ApiError(Code.BAD_REQUEST, TEXTS["document_unknown"])
            return document
        if not self._free_text(context):
            raise ApiError(Code.BAD_REQUEST, TEXTS["free_text"])
        return self._parse_cached(request.query or "")

    def _parse(self, text: str) -> DocumentNode:
        tokens = self._limits.document_tokens
        try:
            document = parse(text, max_lexical_tokens=tokens, max_comments=tokens)
        except GraphQLSyntaxError as error:
            # graphql-core tells its limits from other syntax errors by nothing but the sentence.
            if "contains more than" in error.message:
                raise RequestError.of(TEXTS["tokens"].format(limit=tokens), Code.LIMIT_EXCEEDED) from None
            raise RequestError([error]) from None
        errors = validate(
            self._schema, document, self._rules, self._limits.errors, hide_suggestions=self._hide_suggestions
        )
        if errors:
            raise RequestError(errors)
        return document

    def _parse_registered(self, documents: DocumentStore) -> dict[str, DocumentNode]:
        names = {document_id: name for name, document_id in documents.ids.items()}
        parsed: dict[str, DocumentNode] = {}
        for document_id, text in documents.texts.items():
            document = parse(text)
            if errors := validate(self._schema, document):
                raise ValueError(f"{names.get(document_id, document_id)} does not fit the schema: {errors[0].message}")
            parsed[document_id] = document
        return parsed


class Operation:
    """One prepared operation: a single answer, or the answers of a subscription."""

    def __init__(self, executor: Executor[Any], mask: ErrorMask, trace_id: str, max_errors: int) -> None:
        self._executor = executor
        self._mask = mask
        self._trace_id = trace_id
        self._max_errors = max_errors
        name = executor.operation.name
        self.name = name.value if name else None
        self.is_subscription = executor.operation.operation is OperationType.SUBSCRIPTION

    async def run(self) -> bytes:
        """Runs a query or mutation; gives the encoded answer, errors of fields included."""
        result = execute_root_selection_set(self._executor)
        return self._encode(result if isinstance(result, ExecutionResult) else await result)

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Runs a subscription; gives one encoded answer per event, and closes the source when it is closed.

        An exception of the source (before or between events) comes out as it was raised; errors of single fields
        are in the answers.
        """
        source = create_source_event_stream(self._executor)
        if isinstance(source, Awaitable):
            source = await source
        if isinstance(source, ExecutionResult):
            error = (source.errors or [GraphQLError(TEXTS["INTERNAL"])])[0]
            raise error.original_error or error
        async with aclosing(map_source_to_response_event(self._executor, source)) as results:
            async for result in results:
                yield self._encode(result)

    def _encode(self, result: ExecutionResult) -> bytes:
        answer: dict[str, Any] = {}
        if result.errors:
            shown = result.errors[: self._max_errors]
            answer["errors"] = [self._mask.entry(error, self._trace_id, self.name) for error in shown]
        answer["data"] = result.data
        try:
            return orjson.dumps(answer)
        except TypeError as error:
            # A scalar serialized to something that JSON cannot say, such as an integer beyond 64 bits.
            failed: Mapping[str, Any] = {"errors": [self._mask.entry(error, self._trace_id, self.name)], "data": None}
            return orjson.dumps(failed)


def encode_errors(errors: list[dict[str, Any]]) -> bytes:
    """The body of an answer without data."""
    return orjson.dumps({"errors": errors})


def request_error_entries(error: RequestError, trace_id: str) -> list[dict[str, Any]]:
    """The error entries of a request error."""
    return [entry(one, trace_id) for one in error.errors]


_INVALID_VARIABLE: Final = re.compile(r"Variable '(\$\w+)' has invalid value(?: at ([\w.\[\]]+))?:")


def _without_values(error: GraphQLError) -> GraphQLError:
    # graphql-core quotes the value itself: an ID number with a slip of the pen would travel in an error message.
    match = _INVALID_VARIABLE.match(error.message)
    if match is None:
        return error
    variable, path = match.groups()
    node = error.nodes[0] if error.nodes else None
    kind = print_ast(node.type) if isinstance(node, VariableDefinitionNode) else ""
    place = f"（位置 {path}）" if path else ""
    return GraphQLError(TEXTS["variable"].format(variable=variable, type=kind, place=place), nodes=error.nodes)
