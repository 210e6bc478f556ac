"""Every refusal of the command: its exit code, and one line on stderr that says what is wrong."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.running import sesame

STEP_FAILED, USAGE, OLD_SCHEMA, BUSY_PORT, UNWRITABLE_DATA = 1, 2, 3, 4, 5


@pytest.mark.parametrize(
    ("arguments", "settings", "exit_code", "words"),
    [
        ((), {}, USAGE, "VERB"),
        (("open",), {}, USAGE, "invalid choice: 'open'"),
        (("up", "--port", "99999"), {}, USAGE, "a port is a number from 0 to 65535"),
        (("demo", "--seconds", "nan"), {}, USAGE, "a number of seconds"),
        (("demo", "--workers", "0"), {}, USAGE, "a number from 1 to 32"),
        (
            ("up", "--data", "{data}"),
            {"SESAME_SHOP": "1", "SESAME_WECHAT": "mock", "SESAME_DATABASE_URL": "mysql://root:very-secret@db/x"},
            USAGE,
            "SESAME_SHOP is not a setting of Sesame; SESAME_WECHAT must be one of sandbox, live; SESAME_DATABASE_URL",
        ),
        (("up", "--data", "{data}", "--seed"), {"SESAME_WECHAT": "live"}, USAGE, "--seed works only with the sandbox"),
        (("demo",), {"SESAME_WECHAT": "live"}, USAGE, "in the sandbox only"),
        (("up", "--data", "{data}", "--host", "192.0.2.1", "--port", "0"), {}, USAGE, "cannot listen on 192.0.2.1"),
        (("migrate", "--data", "{data}"), {"SESAME_WECHAT": "live"}, STEP_FAILED, "keyring"),
        (
            ("migrate", "--data", "{data}"),
            {"SESAME_DATABASE_URL": "postgresql://postgres:very-secret@127.0.0.1:1/x"},
            STEP_FAILED,
            "the database does not answer",
        ),
        (("serve", "--data", "{data}", "--port", "0"), {}, OLD_SCHEMA, "run `sesame migrate`"),
        (("worker", "--data", "{data}"), {}, OLD_SCHEMA, "run `sesame migrate`"),
        (("seed", "--data", "{data}"), {}, OLD_SCHEMA, "run `sesame migrate`"),
        (("migrate", "--check", "--data", "{data}"), {}, OLD_SCHEMA, "0001_initial"),
        (("up", "--data", "{data}/file/x"), {}, UNWRITABLE_DATA, "cannot be written"),
    ],
)
def test_a_refusal_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], settings: Mapping[str, str], exit_code: int, words: str
) -> None:
    """Nothing on stdout, one line on stderr, the exit code of its kind, and no password."""
    (tmp_path / "file").write_text("in the way")

    result = sesame(*(argument.format(data=tmp_path) for argument in arguments), settings=settings)

    assert (result.exit_code, result.stdout) == (exit_code, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("sesame: ")
    assert words in line
    assert "very-secret" not in line


@pytest.mark.parametrize("flag", ["--port", "--sandbox-port"])
def test_a_busy_port_is_exit_4(tmp_path: Path, flag: str) -> None:
    """A port that somebody else listens on is refused before anything is made."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        ports = {"--port": "0", "--sandbox-port": "0"} | {flag: str(taken.getsockname()[1])}
        result = sesame("up", "--data", tmp_path / "data", *(part for pair in ports.items() for part in pair))

    assert (result.exit_code, result.stdout) == (BUSY_PORT, "")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "data" / "sesame.sqlite3").exists()


def test_a_file_of_our_apps_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    """Neither a trace nor what stands in the file."""
    assert sesame("migrate", "--data", tmp_path).exit_code == 0
    folder = tmp_path / "keys" / "wechat"
    folder.mkdir(mode=0o700)
    for name in ("mini_program.json", "templates.json"):
        (folder / name).write_text('["very-secret"]')
        (folder / name).chmod(0o600)

        result = sesame("seed", "--data", tmp_path)

        assert (result.exit_code, result.stdout) == (STEP_FAILED, ""), name
        (line,) = result.stderr.splitlines()
        assert line.startswith("sesame: ")
        assert "very-secret" not in line
        (folder / name).unlink()
