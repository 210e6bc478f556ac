"""The parameters of one GraphQL request."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from schema.transport.errors import RequestError
from schema.transport.texts import TEXTS

_DOCUMENT_ID: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """Either `query` or `document_id` is there, never both; variables stay out of the repr."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any] = field(repr=False)

    @classmethod
    def from_json(cls, body: object) -> "GraphQLRequest":
        """Reads the members of a decoded body; members that are not ours are ignored, as the HTTP draft demands.

        Refuses with `RequestError`: not an object, a member of the wrong type, no document, or two.
        """
        if not isinstance(body, dict):
            raise RequestError.of(TEXTS["not_object"])
        query = _member(body, "query", str, "字符串")
        document_id = _member(body, "documentId", str, "字符串")
        operation_name = _member(body, "operationName", str, "字符串")
        variables = _member(body, "variables", dict, "对象")
        _member(body, "extensions", dict, "对象")
        if query is None and document_id is None:
            raise RequestError.of(TEXTS["document_missing"])
        if query is not None and document_id is not None:
            raise RequestError.of(TEXTS["document_twice"])
        if document_id is not None and not _DOCUMENT_ID.fullmatch(document_id):
            raise RequestError.of(TEXTS["document_id"])
        return cls(query, document_id, operation_name or None, variables or {})


def _member(body: dict[Any, Any], name: str, kind: type, expected: str) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise RequestError.of(TEXTS["member"].format(member=name, expected=expected))
    return value
