"""Uploads: the GraphQL multipart request specification, with exactly one file."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import strawberry
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from strawberry.types.scalar import ScalarDefinition

from schema.transport.errors import Code, HttpError
from schema.transport.limits import Limits
from schema.transport.request import GraphQLRequest
from schema.transport.texts import TEXTS

_MAX_FIELDS: Final = 8


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as the client sent it: neither its name nor its content has been checked."""

    filename: str = field(repr=False)
    content: bytes = field(repr=False)


def _parse_upload(value: Any) -> UploadedFile:
    if not isinstance(value, UploadedFile):
        raise ValueError(TEXTS["upload"])  # noqa: TRY004 - graphql-core turns only ValueError into a request error.
    return value


Upload: Final[ScalarDefinition] = strawberry.scalar(
    name="Upload",
    description="A file of a multipart request (GraphQL multipart request specification); null in `operations`.",
    specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
    parse_value=_parse_upload,
)
"""The scalar for `UploadedFile`: `StrawberryConfig(scalar_map={UploadedFile: Upload})`."""


async def read_multipart(content_type: str, chunks: AsyncIterator[bytes], limits: Limits) -> GraphQLRequest:
    """Reads an upload into memory and puts its file into the variables.

    Everything stays in memory, bounded part by part: ID photos must not lie in temporary files of the system.
    Refuses with `HttpError`: 400 for a malformed body, `operations` or `map`, 413 for a part over its limit; and with
    `RequestError` as any request does.
    """
    form = _Form(limits)
    _, options = parse_options_header(content_type)
    if b"boundary" not in options:
        raise _malformed("multipart_boundary")
    try:
        parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": form.begin_part,
                "on_header_field": form.header_name,
                "on_header_value": form.header_value,
                "on_header_end": form.end_header,
                "on_headers_finished": form.end_headers,
                "on_part_data": form.part_data,
                "on_end": form.end,
            },
        )
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise _malformed("multipart") from None
    if not form.complete:
        raise _malformed("multipart")
    return _request(form)


def _malformed(key: str, **values: str) -> HttpError:
    return HttpError(400, Code.BAD_REQUEST, TEXTS[key].format(**values))


@dataclass(slots=True)
class _Part:
    name: str
    filename: str | None
    limit_bytes: int
    content: bytearray = field(default_factory=bytearray)


class _Form:
    """The parts of one body, collected by the parser's callbacks."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._disposition: str | None = None
        self._current: _Part | None = None
        self.parts: dict[str, _Part] = {}
        self.complete = False

    def begin_part(self) -> None:
        self._disposition = None
        self._current = None

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            # Phones send Chinese file names as bare UTF-8.
            self._disposition = self._header_value.decode("latin-1")
        self._header_name.clear()
        self._header_value.clear()

    def end_headers(self) -> None:
        disposition, options = parse_options_header(self._disposition)
        if disposition != b"form-data" or b"name" not in options:
            raise _malformed("multipart")
        name = options[b"name"].decode(errors="replace")
        filename = options[b"filename"].decode(errors="replace") if b"filename" in options else None
        if name in self.parts:
            raise _malformed("multipart_twice", field=name[:64])
        if filename is not None and any(part.filename is not None for part in self.parts.values()):
            raise _malformed("multipart_files")
        if len(self.parts) == _MAX_FIELDS:
            raise _malformed("multipart_fields")
        self._current = self.parts[name] = _Part(name, filename, self._limit_bytes(name, filename))

    def part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._current
        if part is None:
            raise _malformed("multipart")
        if len(part.content) + end - start > part.limit_bytes:
            raise HttpError(413, Code.LIMIT_EXCEEDED, TEXTS["body_too_large"].format(limit_bytes=part.limit_bytes))
        part.content += data[start:end]

    def end(self) -> None:
        self.complete = True

    def _limit_bytes(self, name: str, filename: str | None) -> int:
        if filename is not None:
            return self._limits.upload_file_bytes
        return self._limits.json_body_bytes if name == "operations" else self._limits.upload_overhead_bytes


def _request(form: _Form) -> GraphQLRequest:
    operations = _json_field(form, "operations")
    mapping = _json_field(form, "map")
    request = GraphQLRequest.from_json(operations)
    if not isinstance(mapping, dict) or len(mapping) != 1:
        raise _malformed("multipart_map")
    [(key, paths)] = mapping.items()
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
        raise _malformed("multipart_map")
    part = form.parts.get(key)
    if part is None or part.filename is None:
        raise _malformed("multipart_file_missing")
    uploaded = UploadedFile(part.filename, bytes(part.content))
    part.content.clear()
    for path in paths:
        _put(request.variables, path, uploaded)
    return request


def _json_field(form: _Form, name: str) -> Any:
    part = form.parts.get(name)
    if part is None:
        raise _malformed("multipart_missing", field=name)
    if part.filename is not None:
        raise _malformed("multipart_field_is_file", field=name)
    try:
        return orjson.loads(part.content)
    except orjson.JSONDecodeError:
        raise _malformed("multipart_field_json", field=name) from None


_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,4}")


def _put(variables: dict[str, Any], path: str, uploaded: UploadedFile) -> None:
    """Replaces the null at `variables.a.0.b`; anything but a null there is refused."""
    root, *steps = path.split(".")
    if root != "variables" or not steps:
        raise _malformed("multipart_path")
    holder: Any = variables
    for step in steps[:-1]:
        holder = holder[_key(holder, step)]
    last = _key(holder, steps[-1])
    if holder[last] is not None:
        raise _malformed("multipart_path")
    holder[last] = uploaded


def _key(holder: Any, step: str) -> str | int:
    if isinstance(holder, dict) and step in holder:
        return step
    if isinstance(holder, list) and _INDEX.fullmatch(step) and int(step) < len(holder):
        return int(step)
    raise _malformed("multipart_path")
