"""`sesame up`: one command, everything running, and a stop that leaves nothing behind."""

from __future__ import annotations

import signal
import stat
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from backend.app import CONTRACT
from backend.commands.api_client import ApiClient
from tests.builders.pictures import an_id_card_portrait
from tests.commands.running import Running, processes_of, running, sesame

PRE_CHECK = {
    "ownerHasOwnPhone": True,
    "wechatRealNameWithBankCard": True,
    "idCardPresent": True,
    "bankCardPresent": True,
    "settlementHolder": "OPERATOR",
    "licenceHeld": False,
    "groupMembership": "STANDALONE",
}
PEOPLE = {
    *("staff", "staff2", "pending", "optimiser", "partner_admin", "partner2_staff", "reviewer", "reviewer2"),
    *("business", "business2", "admin", "auditor", "partner_key"),
}


def _up(folder: Path, *flags: str) -> tuple[str | Path, ...]:
    return ("up", "--data", folder, "--port", "0", "--sandbox-port", "0", *flags)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A seeded Sesame, listening on every address."""
    folder = tmp_path_factory.mktemp("up")
    with running(*_up(folder / "data", "--seed", "--host", "0.0.0.0"), log=folder / "log") as started:  # noqa: S104
        yield started
        assert started.stop().exit_code == 0


def _url(up: Running) -> str:
    return str(up.said["graphql"]).removesuffix("/graphql")


def _asked(up: Running, person: str, query: str) -> Any:
    token = up.said["tokens"][person]
    return httpx2.post(up.said["graphql"], json={"query": query}, headers={"Authorization": f"Bearer {token}"}).json()


async def _drained(items: AsyncIterator[Any]) -> None:
    async for _item in items:
        pass


async def _started(staff: ApiClient, key: str) -> Any:
    notice = await staff.call("CurrentNotice")
    return await staff.change(
        "StartApplication",
        idempotencyKey=key,
        kind="NEW",
        noticeVersion=notice["version"],
        preCheck=PRE_CHECK,
    )


def test_the_line_says_where_everything_is(up: Running) -> None:
    """The one line on stdout has every member that programs rely on."""
    said = up.said
    assert {*said} == {
        *("version", "data", "pid", "graphql", "subscriptions", "push", "console", "sandbox", "sandbox_control"),
        *("organisations", "tokens"),
    }
    assert said["pid"] == up.process.pid
    assert {*said["tokens"]} == PEOPLE
    base = said["graphql"].removesuffix("/graphql")
    assert (said["push"], said["console"]) == (f"{base}/wechat/official-account", None)


def test_it_is_ready_when_it_says_so(up: Running) -> None:
    """The line is printed once `/readyz` has answered 200."""
    assert httpx2.get(f"{_url(up)}/readyz").json() == {"status": "ready"}
    assert httpx2.get(f"{_url(up)}/healthz").json() == {"status": "alive"}


@pytest.mark.parametrize("person", sorted(PEOPLE))
def test_each_token_signs_somebody_in(up: Running, person: str) -> None:
    """The printed tokens are good for a query at once."""
    answer = _asked(up, person, "{ me { name state } }")
    assert "errors" not in answer
    assert answer["data"]["me"]["state"] == ("PENDING" if person == "pending" else "APPROVED")


def test_tokens_are_in_no_log(up: Running) -> None:
    """stderr is what deployments keep: no token is written there."""
    assert "ssm_" not in up.stderr
    assert not any(token in up.stderr for token in up.said["tokens"].values())


def test_the_sandbox_is_on_loopback_only(up: Running) -> None:
    """Whatever the API listens on, whoever reaches the sandbox may play the owner."""
    listening = {
        int(port, 16): address
        for address, port in (
            line.split()[1].split(":")
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
            if line.split()[3] == "0A"
        )
    }
    assert listening[httpx2.URL(up.said["graphql"]).port or 0] == "00000000"
    assert listening[httpx2.URL(up.said["sandbox"]).port or 0] == "0100007F"


def test_what_it_writes_is_for_its_owner_alone(up: Running) -> None:
    """No folder and no file under the data folder can be opened by anybody else."""
    data = Path(up.said["data"])
    open_to_others = [
        path for path in (data, *data.rglob("*")) if stat.S_IMODE(path.lstat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    assert open_to_others == []
    assert stat.S_IMODE((data / "keys" / "keyring.json").stat().st_mode) == 0o600


async def test_a_photo_is_served_by_its_grant(up: Running) -> None:
    """A photo goes in over HTTP and comes out under the link of whoever may see it, and under no other."""
    async with (
        ApiClient(_url(up), up.said["tokens"]["staff"], CONTRACT) as staff,
        httpx2.AsyncClient(trust_env=False) as web,
    ):
        application = await _started(staff, "photo-0000000000000")
        await staff.upload(
            "UploadImage",
            an_id_card_portrait(),
            idempotencyKey="photo-0000000000001",
            applicationId=application["id"],
            purpose="id_card_copy",
        )
        shown = await staff.call("Application", id=application["id"])
        (image,) = shown["images"]

        served = await web.get(image["url"])
        assert (served.status_code, served.headers["content-type"]) == (200, "image/jpeg")
        assert served.content.startswith(b"\xff\xd8")
        assert (await web.get(image["url"][:-4] + "AAAA")).status_code == 404
        assert (await web.get(image["url"].split("?")[0])).status_code == 404


def test_a_second_one_on_the_same_folder_is_refused(up: Running) -> None:
    """Two processes never share a data folder, whatever their ports."""
    result = sesame(*_up(Path(up.said["data"])))
    assert (result.exit_code, len(result.stderr.splitlines())) == (5, 1)
    assert "another Sesame already runs" in result.stderr


def test_hardened_takes_registered_documents_only(tmp_path: Path) -> None:
    """`--hardened` beats the environment: no text of a session's own, and no introspection for a key's."""
    settings = {"SESAME_DOCUMENTS": "open", "SESAME_INTROSPECTION": "on"}
    with running(*_up(tmp_path / "data", "--seed", "--hardened"), log=tmp_path / "log", settings=settings) as up:
        refused = _asked(up, "staff", "{ me { name } }")
        assert [error["extensions"]["code"] for error in refused["errors"]] == ["BAD_REQUEST"]
        assert "data" in _asked(up, "partner_key", "{ me { name } }")
        assert "errors" in _asked(up, "partner_key", "{ __schema { queryType { name } } }")

        manifest = orjson.loads((CONTRACT / "manifest.json").read_bytes())
        registered = {"documentId": f"sha256:{manifest['Me']['sha256']}"}
        headers = {"Authorization": f"Bearer {up.said['tokens']['staff']}"}
        assert "errors" not in httpx2.post(up.said["graphql"], json=registered, headers=headers).json()


def test_a_restart_keeps_data_and_addresses(tmp_path: Path, database_url: str) -> None:
    """The second start has the same ports and people, and new tokens; the old tokens stay good."""
    settings = {"SESAME_DATABASE_URL": database_url}
    with running(*_up(tmp_path / "data", "--seed"), log=tmp_path / "log", settings=settings) as first:
        assert first.stop(signal.SIGINT).exit_code == 0
    with running(*_up(tmp_path / "data", "--seed"), log=tmp_path / "log2", settings=settings) as second:
        for kept in ("graphql", "subscriptions", "sandbox", "organisations"):
            assert second.said[kept] == first.said[kept]
        assert not {*second.said["tokens"].values()} & {*first.said["tokens"].values()}
        assert _asked(first, "staff", "{ me { id } }") == _asked(second, "staff", "{ me { id } }")
        assert (second.stop().exit_code, processes_of(tmp_path / "data")) == (0, set())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_drains(tmp_path: Path, number: signal.Signals) -> None:
    """An open subscription is told to come again (1012); the exit code is 0, within ten seconds, with nothing left."""
    with running(*_up(tmp_path / "data", "--seed"), log=tmp_path / "log") as up:
        async with ApiClient(_url(up), up.said["tokens"]["staff"], CONTRACT) as staff:
            application = await _started(staff, "drain-0000000000000")
            async with staff.subscribe("ApplicationEvents", applicationId=application["id"]) as items:
                await anext(items)
                started = time.monotonic()
                up.process.send_signal(number)
                with pytest.raises(ConnectionClosed) as closed:
                    await _drained(items)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        result = up.wait()
        assert (result.exit_code, result.stdout) == (0, "")
        assert time.monotonic() - started < 10
        assert "Traceback" not in result.stderr
        assert processes_of(tmp_path / "data") == set()
