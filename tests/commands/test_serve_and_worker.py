"""API, worker and sandbox as processes of their own, over one database."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from backend.commands.readiness import until_ready
from backend.commands.serving import bind_free
from backend.foundation.database import connect, connection, disconnect
from backend.tables import TABLES
from tests.commands.running import Running, processes_of, running, sesame
from tests.servers import drop_database


@dataclass(frozen=True, slots=True)
class Deployment:
    """What runs: a sandbox, over a migrated and seeded database; the test starts the rest."""

    data: Path
    database_url: str
    tokens: dict[str, str]
    stack: ExitStack

    def start(self, *arguments: str) -> Running:
        """Start one more process."""
        log = self.data.parent / f"log-{len(list(self.data.parent.iterdir()))}"
        settings = {"SESAME_DATABASE_URL": self.database_url}
        return self.stack.enter_context(running(*arguments, "--data", self.data, log=log, settings=settings))


@pytest.fixture
def deployment(tmp_path: Path, empty_database_url: str) -> Iterator[Deployment]:
    """A sandbox, over a database that the command itself has migrated and seeded."""
    data, settings = tmp_path / "data", {"SESAME_DATABASE_URL": empty_database_url}
    assert sesame("migrate", "--data", data, "--json", settings=settings).json["applied"] != []
    with ExitStack() as stack:
        stack.enter_context(running("sandbox", "--port", "0", "--data", data, log=tmp_path / "sandbox.log"))
        seeded = sesame("seed", "--data", data, "--json", settings=settings)
        assert "ssm_" not in seeded.stderr
        yield Deployment(data, empty_database_url, seeded.json["tokens"], stack)


def _asked(api: Running, token: str) -> Any:
    answer = httpx2.post(
        api.said["graphql"], json={"query": "{ me { name } }"}, headers={"Authorization": f"Bearer {token}"}
    )
    return answer.json()


async def test_api_and_worker_are_ready_together(deployment: Deployment) -> None:
    """`/readyz` says that the worker is missing until there is one; each ends with exit 0 when told to."""
    api = deployment.start("serve", "--port", "0")
    url = str(api.said["graphql"]).removesuffix("/graphql")
    unready = httpx2.get(f"{url}/readyz")
    assert (unready.status_code, unready.json()) == (503, {"status": "not ready", "lacks": "worker"})
    assert _asked(api, deployment.tokens["staff"]) == {"data": {"me": {"name": "林小芳"}}}

    worker = deployment.start("worker", "--name", "one")
    assert str(worker.said["worker"]).startswith("one:")
    await until_ready(url, limit_seconds=5)

    assert (worker.stop(signal.SIGTERM).exit_code, api.stop(signal.SIGINT).exit_code) == (0, 0)


async def test_an_api_without_its_tables_is_not_ready(deployment: Deployment) -> None:
    """`/readyz` looks at the schema each time and not only at the start; `/healthz` only says that it lives."""
    api = deployment.start("serve", "--port", "0")
    deployment.start("worker")
    url = str(api.said["graphql"]).removesuffix("/graphql")
    await until_ready(url, limit_seconds=5)

    await connect(deployment.database_url, TABLES)
    try:
        await connection().execute_query("DELETE FROM tortoise_migrations")
    finally:
        await disconnect()

    unready = httpx2.get(f"{url}/readyz")
    assert (unready.status_code, unready.json()) == (503, {"status": "not ready", "lacks": "schema"})
    assert httpx2.get(f"{url}/healthz").status_code == 200


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_an_api_without_its_database_is_not_ready(deployment: Deployment, postgres_server: str) -> None:
    """With the database gone it says so, and goes on living."""
    api = deployment.start("serve", "--port", "0")
    url = str(api.said["graphql"]).removesuffix("/graphql")
    await drop_database(postgres_server, deployment.database_url.rpartition("/")[2])

    unready = httpx2.get(f"{url}/readyz", timeout=30)
    assert (unready.status_code, unready.json()) == (503, {"status": "not ready", "lacks": "database"})
    assert api.stop().exit_code == 0


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("worker",)])
def test_a_child_ends_with_its_parent(deployment: Deployment, command: tuple[str, ...]) -> None:
    """With `--with-parent` the end of standard input is a stop, so that no killed parent leaves anybody behind."""
    child = deployment.start(*command, "--with-parent")
    result = child.wait()  # It closes the pipe that we hold.
    assert result.exit_code == 0
    assert child.process.pid not in processes_of(deployment.data)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_two_sandboxes_never_share_a_folder(deployment: Deployment) -> None:
    """The sandbox's book has one writer, on whatever port another may want to run."""
    with closing(bind_free("127.0.0.1")) as bound:
        port = str(bound.getsockname()[1])
    result = sesame("sandbox", "--port", port, "--data", deployment.data)
    assert (result.exit_code, len(result.stderr.splitlines())) == (5, 1)
    assert "another Sesame already runs" in result.stderr
