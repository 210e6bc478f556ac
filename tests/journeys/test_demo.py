"""`sesame demo`: a shop opens in one command, and whatever ends it early leaves no process behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.running import environment, processes_of, sesame

EVENTS = [
    "STARTED",
    *["IMAGE_UPLOADED"] * 5,
    *("DRAFT_SAVED", "SUBMITTED", "CLAIMED", "APPROVED", "FILING_STARTED", "PROVIDER_ACCEPTED"),
    *["PROVIDER_MOVED"] * 3,
]
# What a drain may take, and a bit.
GONE_SECONDS = 12.0


@contextmanager
def _a_demo(
    folder: Path | None, *flags: str, settings: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start a demo whose words can be followed line by line on stderr."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "backend", "demo", *(("--data", str(folder)) if folder else ()), "--json", *flags],
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        try:
            yield demo
        finally:
            if demo.poll() is None:
                demo.kill()


def _read_until(demo: subprocess.Popen[str], words: str) -> None:
    assert demo.stderr is not None
    said = []
    for line in demo.stderr:
        said.append(line)
        if line.strip() == words:
            return
    raise AssertionError(f"the demo ended before {words}: {''.join(said)}")


def _left_after(seconds: float, folder: Path, most: int) -> set[int]:
    """Give who still lives when at most `most` do, or when the time is up."""
    deadline = time.monotonic() + seconds
    while len(left := processes_of(folder)) > most and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_a_shop_opens_and_stays_open(tmp_path: Path) -> None:
    """The last line tells the whole way; played again on the same folder it tells the same, without a step more."""
    first = sesame("demo", "--data", tmp_path / "demo", "--json")
    assert first.exit_code == 0, first.stderr
    told = first.json
    assert {*told} == {"state", "sub_mchid", "seconds", "stages", "events", "business_codes"}
    assert (told["state"], told["events"], len(told["business_codes"])) == ("OPENED", EVENTS, 1)
    assert told["sub_mchid"].isdecimal()
    assert [*told["stages"]] == [
        *("DRAFT", "IN_REVIEW", "APPROVED", "FILING", "PROVIDER_REVIEW", "AWAITING_SIGNATURE", "OPENING"),
    ]
    assert processes_of(tmp_path / "demo") == set()

    again = sesame("demo", "--data", tmp_path / "demo", "--json")
    assert again.exit_code == 0, again.stderr
    assert again.json | {"seconds": 0} == told | {"seconds": 0}
    assert processes_of(tmp_path / "demo") == set()


# Several processes on SQLite are held by the tests of `serve` and `worker`, which take less.
@pytest.mark.parametrize("engine", ["postgresql"])
def test_several_processes_end_with_the_demo(tmp_path: Path, database_url: str, engine: str) -> None:
    """Killed with -9, it takes its APIs and workers with it, but not the sandbox; started again it opens the shop."""
    assert database_url.startswith(engine)
    folder, settings = tmp_path / "demo", {"SESAME_DATABASE_URL": database_url}
    with _a_demo(folder, "--api", "2", "--workers", "2", settings=settings) as demo:
        _read_until(demo, "PROVIDER_REVIEW")
        assert len(processes_of(folder)) == 6
        demo.kill()
        demo.wait()
    (sandbox,) = _left_after(GONE_SECONDS, folder, most=1)
    assert b"sandbox" in Path(f"/proc/{sandbox}/cmdline").read_bytes()

    opened = sesame("demo", "--data", folder, "--api", "2", "--workers", "2", "--json", settings=settings)
    assert opened.exit_code == 0, opened.stderr
    assert (opened.json["state"], opened.json["events"]) == ("OPENED", EVENTS)
    assert processes_of(folder) == set()


def test_without_a_folder_nothing_outlives_it(tmp_path: Path) -> None:
    """Nobody can go on from a temporary folder, so its sandbox ends with the demo even when that is killed."""
    with _a_demo(None, settings={"TMPDIR": str(tmp_path)}) as demo:
        _read_until(demo, "DRAFT")
        assert len(processes_of(tmp_path)) == 1
        demo.kill()
        demo.wait()
    assert _left_after(GONE_SECONDS, tmp_path, most=0) == set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C ends the sandbox too; the exit code says that no shop was opened, and one line says why."""
    with _a_demo(tmp_path / "demo") as demo:
        _read_until(demo, "APPROVED")
        demo.send_signal(number)
        assert demo.stderr is not None
        lines = [line for line in demo.stderr if line.startswith("sesame: ")]
        assert (demo.wait(), lines) == (1, ["sesame: stopped\n"])
    assert processes_of(tmp_path / "demo") == set()


def test_its_time_is_limited(tmp_path: Path) -> None:
    """`--seconds` is a limit: past it the demo ends with exit 1 and leaves nothing behind."""
    result = sesame("demo", "--data", tmp_path / "demo", "--seconds", "1.5", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1] == "sesame: not opened within 1.5 seconds"
    assert processes_of(tmp_path / "demo") == set()


def test_two_demos_never_share_a_folder(tmp_path: Path) -> None:
    """The second is refused and disturbs nothing."""
    with _a_demo(tmp_path / "demo") as demo:
        _read_until(demo, "DRAFT")
        result = sesame("demo", "--data", tmp_path / "demo")
        assert (result.exit_code, len(result.stderr.splitlines())) == (5, 1)
        demo.send_signal(signal.SIGINT)
        assert demo.wait() == 1
