"""The composition root: every part is made here and handed to those that need it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from backend import opening
from backend.accounts.events import ACCESS_CHANGED, StaffEvent
from backend.applications import EXPIRE_JOB, expire_application, on_staff_left, on_staff_reassigned
from backend.applications.events import EventKind
from backend.foundation import database
from backend.foundation.bus import InProcessBus
from backend.foundation.clock import Clock, SystemClock
from backend.foundation.http import TraceIds
from backend.foundation.ids import Ids
from backend.foundation.installation import stamp
from backend.foundation.jobs import CALL_SECONDS, Handler
from backend.foundation.keyring import Keyring, KeyringExists
from backend.foundation.log_reader import LogReader
from backend.foundation.reactions import Reaction, Reactions
from backend.foundation.runtime import Runtime
from backend.foundation.snapshots import Snapshots
from backend.foundation.storage import ObjectStorage
from backend.foundation.worker import Worker, has_live_worker
from backend.handbook import HANDBOOK, ship
from backend.images.http import image_route
from backend.messaging import (
    MESSAGING_REACTIONS,
    PUSH_PATH,
    Channels,
    Door,
    OfficialAccount,
    Templates,
    begin_purging,
    messaging_handlers,
    open_channels,
    push_route,
)
from backend.review import on_access_ended
from backend.sandbox import magic_values
from backend.settings import SANDBOX_MCHID, DocumentMode, DoorReply, Settings, WeChatMode
from backend.tables import TABLES
from backend.wechat import (
    PRIMARY_HOST,
    InProcessTokens,
    PayClient,
    PayCredentials,
    PushMode,
    PushReader,
    SandboxError,
    WeChatApps,
    fetch_clock_offset,
    open_apps,
)
from schema.build import SDL_FILE, build_schema, sdl
from schema.catalogue_pages import MagicValueRow, pages, readme_with_diagram
from schema.common.access import translate
from schema.common.context import Context, caller_id_of, context_opener
from schema.transport import MANIFEST, DocumentStore, Transport, manifest_of

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

REPOSITORY: Final = Path(__file__).parent.parent
CONTRACT: Final = REPOSITORY / "miniprogram_contract"
CLOCK_FOLLOW_SECONDS: Final = 0.25
SOCKET_RECHECK_SECONDS: Final = 60.0

_EARLIER_REACTIONS: Final[Mapping[str, tuple[Reaction, ...]]] = {
    StaffEvent.STAFF_LEFT: (on_staff_left, on_access_ended),
    StaffEvent.STAFF_REASSIGNED: (on_staff_reassigned,),
    StaffEvent.STAFF_SUSPENDED: (on_access_ended,),
    StaffEvent.STAFF_REPORTED: (on_access_ended,),
    EventKind.APPROVED: (opening.on_approved,),
    EventKind.REFILED: (opening.on_refiled,),
    EventKind.ABANDONED: (opening.on_abandoned,),
}
# People are told last, of what the others made of it.
REACTIONS: Final[Mapping[str, tuple[Reaction, ...]]] = {
    **_EARLIER_REACTIONS,
    **{kind: (*_EARLIER_REACTIONS.get(kind, ()), reaction) for kind, reaction in MESSAGING_REACTIONS.items()},
}

SNAPSHOTS: Final = (HANDBOOK,)


class SchemaOutdated(Exception):
    """The database lacks migrations that this code has; only `sesame migrate` (or `up`) brings them."""


class DatabaseUnreachable(Exception):
    """The database does not answer, or does not let us in. Carries the error's type, never the address."""


@dataclass(frozen=True, slots=True)
class App:
    """The parts of one running process."""

    settings: Settings
    runtime: Runtime
    clock: SystemClock
    log_reader: LogReader
    transport: Transport
    web: Starlette
    wechat: WeChatApps
    channels: Channels


def make_keyring(settings: Settings) -> Keyring:
    """Give the keyring of this deployment; the embedded default makes its own the first time."""
    if settings.keyring_text is not None:
        return Keyring.parse(settings.keyring_text)
    if not settings.keyring_file.exists() and settings.wechat is WeChatMode.SANDBOX:
        try:
            return Keyring.generate(settings.keyring_file)
        except KeyringExists:
            log.info("keyring.made_by_another")
    return Keyring.load(settings.keyring_file)


def mchid_of(settings: Settings) -> str:
    """Give the merchant id this deployment files under."""
    if settings.wechat is WeChatMode.SANDBOX:
        return SANDBOX_MCHID
    return PayCredentials.load(settings.pay_folder).mchid


@asynccontextmanager
async def _open_database(settings: Settings) -> AsyncIterator[None]:
    """Keep the database open while the block runs. Refuses with `DatabaseUnreachable` one that does not answer."""
    try:
        try:
            await database.connect(settings.database_url, TABLES)
            await database.connection().execute_query("SELECT 1")
        except database.DATABASE_ERRORS as error:
            # Its type only: a driver's own words may repeat the address, and with it the password.
            raise DatabaseUnreachable(type(error).__name__) from None
        yield
    finally:
        await database.disconnect()


async def migrate(settings: Settings) -> list[str]:
    """Migrate the database, stamp what it belongs to and publish what the handbook begins with.

    Gives the names of the migrations that ran.
    """
    # First, so that a deployment without its keys leaves the database as it was.
    make_keyring(settings)
    mchid = mchid_of(settings)
    async with _open_database(settings):
        applied = await database.migrate(settings.database_url, TABLES)
        clock = SystemClock()
        await stamp(clock, mode=settings.wechat, mchid=mchid)
        await ship(Ids(clock), clock.now())
    return applied


async def pending_migrations(settings: Settings) -> list[str]:
    """Name the migrations that are missing in the database. Writes nothing."""
    async with _open_database(settings):
        return await database.pending_migrations(settings.database_url, TABLES)


async def require_schema(settings: Settings) -> None:
    """Refuse with `SchemaOutdated` a database that lacks migrations. Writes nothing."""
    if missing := await pending_migrations(settings):
        raise SchemaOutdated(", ".join(missing))


@asynccontextmanager
async def open_app(settings: Settings, *, public_url: str) -> AsyncIterator[App]:
    """Open every part of a process: database, log reader, clock, API. Refuses with `SchemaOutdated`; never migrates."""
    clock = SystemClock()
    mchid = mchid_of(settings)
    bus = InProcessBus()
    runtime = Runtime(
        clock=clock,
        ids=Ids(clock),
        keyring=make_keyring(settings),
        bus=bus,
        storage=ObjectStorage.from_url(settings.storage_url),
        public_url=settings.public_url or public_url,
        reactions=Reactions(REACTIONS),
        snapshots=Snapshots(SNAPSHOTS),
    )
    async with _open_database(settings):
        if missing := await database.pending_migrations(settings.database_url, TABLES):
            raise SchemaOutdated(", ".join(missing))
        await stamp(clock, mode=settings.wechat, mchid=mchid)
        log_reader = LogReader(bus, runtime.snapshots)
        await begin_purging(runtime)
        async with (
            open_apps(settings.apps_folder, InProcessTokens(), sandbox_url=_apps_url(settings)) as wechat,
            open_channels(settings.apps_folder, wechat, sandbox_url=settings.sandbox_url) as channels,
        ):
            door = _door(settings, runtime, wechat, channels)
            transport = _transport(settings, runtime, log_reader, wechat, channels.templates)
            async with (
                log_reader.running(),
                _following_sandbox_clock(settings, clock),
                _ending_sockets(log_reader, transport),
            ):
                web = _web(settings, runtime, transport, door)
                yield App(settings, runtime, clock, log_reader, transport, web, wechat, channels)


def _door(settings: Settings, runtime: Runtime, wechat: WeChatApps, channels: Channels) -> Endpoint:
    """Give the endpoint that the official account's messages are pushed to."""
    credentials = wechat.official_account_credentials
    if credentials is None or credentials.token is None:
        return push_route(runtime, None, None)
    # Without a key nothing can be encrypted; with one, nothing else is believed.
    mode = PushMode.PLAIN if credentials.encoding_aes_key is None else PushMode.SAFE
    door = Door(
        mini_appid=wechat.mini_program.appid if wechat.mini_program else "",
        fallback_url=runtime.public_url,
        keyword=settings.door_keyword,
        link_text=settings.door_text,
    )
    account = OfficialAccount(
        runtime,
        credentials.appid,
        door,
        channels.templates,
        by_customer_service=settings.door_reply is DoorReply.CUSTOMER_SERVICE,
    )
    return push_route(runtime, PushReader(credentials, required_mode=mode), account)


def _apps_url(settings: Settings) -> str | None:
    """Give where our apps are: the sandbox's address, or None for the live hosts."""
    if settings.wechat is WeChatMode.LIVE:
        return None
    # A process that never calls anybody (as `seed`) may not know the sandbox; this address answers nobody.
    return settings.sandbox_url or "http://127.0.0.1:9"


@asynccontextmanager
async def _ending_sockets(log_reader: LogReader, transport: Transport) -> AsyncIterator[None]:
    """End the sockets of whoever loses their access, also those on which nothing is going on."""

    async def follow() -> None:
        with log_reader.subscribe("staff") as subscription:
            while True:
                event = await subscription.next(SOCKET_RECHECK_SECONDS)
                if subscription.lagged:
                    subscription.clear()
                    await transport.recheck_sockets(None)
                elif event is not None and event.kind in ACCESS_CHANGED:
                    await transport.recheck_sockets(event.subject_id)

    task = asyncio.create_task(follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _transport(
    settings: Settings, runtime: Runtime, log_reader: LogReader, wechat: WeChatApps, templates: Templates
) -> Transport:
    trusted = settings.documents is DocumentMode.TRUSTED

    def may_send_text(context: Context) -> bool:
        # The document mode hangs on the credential: a partner's key may always send text, within the limits.
        return not trusted or (context.viewer is not None and context.viewer.is_key)

    return Transport(
        build_schema(),
        open_context=context_opener(runtime, log_reader, wechat.mini_program, templates),
        documents=DocumentStore.load(CONTRACT),
        introspection=settings.introspection,
        free_text=may_send_text,
        translate=translate,
        identify=caller_id_of,
    )


async def _lacks(settings: Settings, clock: Clock) -> str | None:
    """Name what this process lacks to serve; None when it is ready."""
    try:
        if await database.pending_migrations(settings.database_url, TABLES):
            return "schema"
        return None if await has_live_worker(clock) else "worker"
    except database.DATABASE_ERRORS:
        return "database"


def _web(settings: Settings, runtime: Runtime, transport: Transport, door: Endpoint) -> Starlette:
    async def alive(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_request: Request) -> Response:
        lacks = await _lacks(settings, runtime.clock)
        if lacks is not None:
            return JSONResponse({"status": "not ready", "lacks": lacks}, status_code=503)
        return JSONResponse({"status": "ready"})

    return Starlette(
        routes=[
            Route("/graphql", transport.http),
            WebSocketRoute("/graphql", transport.websocket),
            Route("/images/{id}", image_route(runtime), methods=["GET"]),
            Route(PUSH_PATH, door, methods=["GET", "POST"]),
            Route("/healthz", alive, methods=["GET"]),
            Route("/readyz", ready, methods=["GET"]),
        ],
        middleware=[Middleware(TraceIds)],
    )


def make_worker(app: App, provider: opening.Provider, name: str) -> Worker:
    """Give the worker of this process, with a handler for every kind of job."""
    runtime = app.runtime
    handlers: dict[str, Handler] = {
        EXPIRE_JOB: partial(expire_application, runtime),
        opening.FILE_JOB: partial(opening.file_application, runtime, provider),
        opening.SUBMIT_JOB: partial(opening.submit_filing, runtime, provider),
        opening.POLL_JOB: partial(opening.poll_filing, runtime, provider),
        **messaging_handlers(runtime, app.channels),
    }
    return Worker(name, clock=runtime.clock, bus=runtime.bus, handlers=handlers)


@asynccontextmanager
async def open_provider(settings: Settings) -> AsyncIterator[opening.Provider]:
    """Open the way to WeChat Pay: the sandbox's address, or the real host, which is a constant of the client."""
    credentials = PayCredentials.load(settings.pay_folder)
    base_url = PRIMARY_HOST if settings.wechat is WeChatMode.LIVE else _sandbox_url(settings)
    async with PayClient(credentials, base_url=base_url, timeout_seconds=CALL_SECONDS) as client:
        yield opening.Provider(credentials.mchid, client)


def _sandbox_url(settings: Settings) -> str:
    if settings.sandbox_url is None:
        raise SandboxError("the sandbox's address is not known: set SESAME_SANDBOX_URL or start it in this data folder")
    return settings.sandbox_url


@asynccontextmanager
async def _following_sandbox_clock(settings: Settings, clock: SystemClock) -> AsyncIterator[None]:
    """Keep our business time where the sandbox's is; the real WeChat has no clock to follow."""
    if settings.wechat is not WeChatMode.SANDBOX or settings.sandbox_url is None:
        yield
        return
    url = settings.sandbox_url
    clock.offset_seconds = await fetch_clock_offset(url)

    async def follow() -> None:
        while True:
            await asyncio.sleep(CLOCK_FOLLOW_SECONDS)
            try:
                clock.offset_seconds = await fetch_clock_offset(url)
            except SandboxError:
                log.debug("sandbox.clock_unreachable")

    task = asyncio.create_task(follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def generated_files() -> dict[Path, str]:
    """Give every file that is generated from the code and committed beside it, with its content."""
    reference = REPOSITORY / "docs" / "reference"
    readmes = [REPOSITORY / name for name in ("README.md", "README.zh-CN.md")]
    return {
        SDL_FILE: sdl(),
        CONTRACT / MANIFEST: manifest_of(CONTRACT),
        **{reference / name: text for name, text in pages(_magic_rows()).items()},
        **{readme: readme_with_diagram(readme.read_text("utf-8")) for readme in readmes},
    }


def _magic_rows() -> list[MagicValueRow]:
    return [MagicValueRow(value.phone, value.name, value.meaning) for value in magic_values()]
