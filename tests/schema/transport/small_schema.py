"""A schema of a few lines with every way to end that the transport must tell apart."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import NewType

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.transport import ApiError, Caller, Code, Upload, UploadedFile

SECRET = "110101199003070134"
Info = strawberry.Info["Context", None]
Huge = NewType("Huge", int)


class BackendNotFoundError(Exception):
    """An error of the backend, which knows no codes."""


@dataclass
class Context:
    """What one operation sees."""

    caller: Caller
    contexts: "Contexts"
    closed: bool = False

    async def close(self) -> None:
        """Marks this context as closed."""
        self.closed = True


@dataclass
class Contexts:
    """Opens contexts, remembers them, and holds what tests steer streams with."""

    opened: list[Context] = field(default_factory=list)
    valid: bool = True
    stream_closed: asyncio.Event = field(default_factory=asyncio.Event)
    stream_running: asyncio.Event = field(default_factory=asyncio.Event)
    events_made: int = 0

    async def open(self, caller: Caller) -> Context:
        """Opens a context; only `Bearer good` is a valid credential, `Bearer broken` breaks the lookup itself."""
        if caller.authorization == "Bearer broken":
            raise RuntimeError(SECRET)
        if caller.authorization == "Bearer busy":
            raise ApiError(Code.RATE_LIMITED, retry_after_seconds=7)
        if caller.authorization == "Bearer wordy":
            raise ApiError(Code.FORBIDDEN, "很" * 100)
        if caller.authorization not in {None, "Bearer good"} or not self.valid:
            raise ApiError(Code.UNAUTHENTICATED)
        context = Context(caller, self)
        self.opened.append(context)
        return context


@strawberry.input
class Owner:
    """An input with a field whose value must never be quoted."""

    name: str
    age: int


@strawberry.input
class Photo:
    """An input with files at different depths."""

    file: UploadedFile | None = None
    files: list[UploadedFile | None] | None = None


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    def hello(self) -> str:
        """Always works."""
        return "你好"

    @strawberry.field
    def context_number(self, info: Info) -> int:
        """Which of the opened contexts this operation has."""
        return info.context.contexts.opened.index(info.context)

    @strawberry.field
    def owner(self, owner: Owner) -> str:
        """Takes an input."""
        return owner.name

    @strawberry.field
    def page(self, first: int = 20) -> int:
        """An argument that may be left out but not be null."""
        return first

    @strawberry.field
    def crash(self) -> str | None:
        """Fails in a way nobody expected."""
        raise ValueError(SECRET)

    @strawberry.field
    def hidden(self) -> str | None:
        """Fails with a known error."""
        raise ApiError(Code.FORBIDDEN)

    @strawberry.field
    def gone(self) -> str | None:
        """Fails with an error of the backend."""
        raise BackendNotFoundError(SECRET)

    @strawberry.field
    def huge(self) -> Huge:
        """Gives a value that JSON cannot say."""
        return Huge(2**70)


@strawberry.type
class Mutation:
    """Writes."""

    @strawberry.mutation
    def save(self, name: str) -> str:
        """Gives back what it got."""
        return name

    @strawberry.mutation
    def upload(self, input: Photo) -> list[str]:  # noqa: A002 - the name of the argument in the schema.
        """Tells the name and size of each file."""
        files = [input.file, *(input.files or [])]
        return [f"{file.filename}:{len(file.content)}" for file in files if file]


@strawberry.type
class Subscription:
    """Streams."""

    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int, None]:
        """Counts and ends."""
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def endless(self, info: Info) -> AsyncGenerator[int, None]:
        """One event, then silence until it is closed."""
        contexts = info.context.contexts
        try:
            yield 1
            contexts.stream_running.set()
            await asyncio.Event().wait()
        finally:
            contexts.stream_closed.set()

    @strawberry.subscription
    async def flood(self, info: Info) -> AsyncGenerator[str, None]:
        """As many large events as the reader takes."""
        contexts = info.context.contexts
        try:
            while True:
                contexts.events_made += 1
                yield "x" * 30_000
        finally:
            contexts.stream_closed.set()

    @strawberry.subscription
    async def ends_with(self, error: str, first: bool = True) -> AsyncGenerator[int, None]:
        """One event (or none), then the error of that code, or an unexpected one."""
        if first:
            yield 1
        if error == "CRASH":
            raise ValueError(SECRET)
        raise ApiError(Code(error))


def translate(error: Exception) -> ApiError | None:
    """Maps the one error of the backend."""
    return ApiError(Code.NOT_FOUND) if isinstance(error, BackendNotFoundError) else None


SCHEMA = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    config=StrawberryConfig(scalar_map={UploadedFile: Upload, Huge: strawberry.scalar(name="Huge", serialize=int)}),
)
