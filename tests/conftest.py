"""The ground all tests stand on: a fresh database of either engine, a runtime, and people."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from backend.accounts import (
    OrganisationKind,
    Role,
    StaffState,
    Viewer,
    authenticate,
    ensure_organisation,
    ensure_staff,
    open_session,
)
from backend.foundation.database import connect, disconnect, migrate
from backend.foundation.ids import Ids
from backend.foundation.runtime import Runtime
from backend.handbook import ship
from backend.tables import TABLES
from tests import servers
from tests.builders.clock import FixedClock
from tests.builders.runtime import a_runtime, counted_bytes


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated database that is this test's own, and its engine: sqlite or postgresql."""

    engine: str
    url: str


def _in_a_loop_of_its_own(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run what a fixture of the whole session needs, apart from the loops of the tests."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, coroutine).result()


async def _migrate(url: str) -> None:
    await connect(url, TABLES)
    try:
        await migrate(url, TABLES)
    finally:
        await disconnect()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _in_a_loop_of_its_own(_migrate(f"sqlite://{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the PostgreSQL server where tests make their databases."""
    with servers.postgres_url(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a migrated PostgreSQL database, to be copied."""
    name = f"sesame_test_{uuid4().hex[:12]}_template"

    async def make() -> None:
        await _migrate(await servers.create_database(postgres_server, name))

    try:
        _in_a_loop_of_its_own(make())
        yield name
    finally:
        _in_a_loop_of_its_own(servers.drop_database(postgres_server, name))


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The URL of the one PostgreSQL database that tests take turns with; making one for each takes a second."""
    name = f"sesame_test_{uuid4().hex[:12]}"
    urls: list[str] = []

    async def make() -> None:
        urls.append(await servers.create_database(postgres_server, name, postgres_template))
        # Tests kill our processes and never the server, so nobody here loses by not waiting for its disk.
        await servers.execute(postgres_server, f'ALTER DATABASE "{name}" SET synchronous_commit = off')

    try:
        _in_a_loop_of_its_own(make())
        yield urls[0]
    finally:
        _in_a_loop_of_its_own(servers.drop_database(postgres_server, name))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn: what asks for a database runs on both."""
    name: str = request.param
    return name


@pytest.fixture
async def empty_database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without any table."""
    if engine == "sqlite":
        yield f"sqlite://{tmp_path / 'empty.db'}"
        return
    server, name = request.getfixturevalue("postgres_server"), f"sesame_test_{uuid4().hex[:12]}"
    url = await servers.create_database(server, name)
    yield url
    await servers.drop_database(server, name)


@pytest.fixture
async def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a fresh migrated database, which nobody is connected to yet."""
    if engine == "sqlite":
        path = tmp_path / "sesame.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite://{path}"
        return
    url = request.getfixturevalue("postgres_database")
    server, template = (request.getfixturevalue(name) for name in ("postgres_server", "postgres_template"))
    await servers.empty_database(url, server, template)
    yield url


@pytest.fixture
async def database(engine: str, database_url: str) -> AsyncIterator[Database]:
    """A fresh migrated database that this process is connected to, with what the handbook begins with."""
    await connect(database_url, TABLES)
    try:
        shipping = FixedClock()
        await ship(Ids(shipping, counted_bytes("shipped")), shipping.now())
        yield Database(engine, database_url)
    finally:
        await disconnect()


@pytest.fixture
def clock() -> FixedClock:
    """The clock of `runtime`, which stands still until a test moves it."""
    return FixedClock()


@pytest.fixture
def runtime(clock: FixedClock) -> Runtime:
    """The parts every use case stands on; the database is apart from it (`database`)."""
    return a_runtime(clock=clock)


MakeViewer = Callable[..., Awaitable[Viewer]]

# The organisation tree of the tests: code, name, kind; HQ is the parent of all.
_ORGANISATIONS = {
    "hq": ("总部", OrganisationKind.HQ),
    "hq_field": ("总部系统优化部", OrganisationKind.HQ_FIELD),
    "hq_review": ("总部前审组", OrganisationKind.HQ_REVIEW),
    "partner": ("示例渠道", OrganisationKind.PARTNER),
    "other_partner": ("另一渠道", OrganisationKind.PARTNER),
}


@pytest.fixture
async def organisations(database: Database, runtime: Runtime) -> dict[str, str]:
    """The ids of the organisations, by code; from here on the runtime knows the handbook, too."""
    assert database.url
    ids: dict[str, str] = {}
    for code, (name, kind) in _ORGANISATIONS.items():
        ids[code] = await ensure_organisation(runtime, code=code, name=name, kind=kind, parent_id=ids.get("hq"))
    await runtime.snapshots.refresh()
    return ids


@pytest.fixture
def a_viewer(organisations: dict[str, str], runtime: Runtime) -> MakeViewer:
    """Make a person and sign them in: `await a_viewer(code, role, organisation_code)`."""

    async def make(code: str, role: Role, organisation: str, state: StaffState = StaffState.APPROVED) -> Viewer:
        staff_id = await ensure_staff(
            runtime,
            code=code,
            name=f"测试{code}",
            roles=frozenset({role}),
            organisation_id=organisations[organisation],
            state=state,
        )
        return await authenticate(runtime, await open_session(runtime, staff_id))

    return make


@pytest.fixture
async def clerk(a_viewer: MakeViewer) -> Viewer:
    """Field staff of HQ's own field team, the usual author."""
    return await a_viewer("clerk", Role.FIELD_STAFF, "hq_field")


@pytest.fixture
async def other_clerk(a_viewer: MakeViewer) -> Viewer:
    """A colleague of `clerk`."""
    return await a_viewer("other_clerk", Role.FIELD_STAFF, "hq_field")


@pytest.fixture
async def partner_clerk(a_viewer: MakeViewer) -> Viewer:
    """Field staff of a partner."""
    return await a_viewer("partner_clerk", Role.FIELD_STAFF, "partner")


@pytest.fixture
async def partner_admin(a_viewer: MakeViewer) -> Viewer:
    """The admin of `partner_clerk`'s organisation."""
    return await a_viewer("partner_admin", Role.PARTNER_ADMIN, "partner")


@pytest.fixture
async def partner_key(a_viewer: MakeViewer) -> Viewer:
    """The key of a system of `partner_clerk`'s organisation."""
    return await a_viewer("partner_key", Role.PARTNER_KEY, "partner")


@pytest.fixture
async def reviewer(a_viewer: MakeViewer) -> Viewer:
    """An HQ reviewer (前审)."""
    return await a_viewer("reviewer", Role.REVIEWER, "hq_review")


@pytest.fixture
async def other_reviewer(a_viewer: MakeViewer) -> Viewer:
    """A colleague of `reviewer`."""
    return await a_viewer("other_reviewer", Role.REVIEWER, "hq_review")


@pytest.fixture
async def admin(a_viewer: MakeViewer) -> Viewer:
    """An HQ admin."""
    return await a_viewer("admin", Role.ADMIN, "hq")


@pytest.fixture
async def auditor(a_viewer: MakeViewer) -> Viewer:
    """An HQ auditor, who reads everything masked and changes nothing."""
    return await a_viewer("auditor", Role.AUDITOR, "hq")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how large the role matrix is, where it was asked; here, because one process gathers what several report."""
    # Its data stands on the people above.
    from tests.schema.callers import ANSWERS, CALLERS, SEEN  # noqa: PLC0415

    passed = {report.nodeid.rpartition("/")[2].partition("::")[0] for report in terminalreporter.getreports("passed")}
    if {"test_access.py", "test_objects.py"} <= passed:
        objects, answers = len({name for name, _ in SEEN}), (len(ANSWERS) + len(SEEN)) * len(CALLERS)
        terminalreporter.write_line(
            f"role matrix: {len(ANSWERS)} operations and {objects} objects in {len(SEEN)} situations"
            f" x {len(CALLERS)} callers = {answers:,} answers"
        )
