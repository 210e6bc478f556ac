"""The `sesame` command: `python -m backend` is the same."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
from collections.abc import Awaitable
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import structlog
import uvloop

from backend.app import DatabaseUnreachable, SchemaOutdated
from backend.commands import demo, export_schema, migrate, sandbox, seed, serve, up, worker
from backend.commands.output import Output
from backend.commands.refusals import OLD_SCHEMA, STEP_FAILED, USAGE, CommandRefused
from backend.foundation.database import UnsupportedDatabase
from backend.foundation.installation import ForeignDatabase
from backend.foundation.keyring import KeyringError
from backend.foundation.logging import configure
from backend.foundation.storage import StorageUnavailable, StorageUrlMalformed
from backend.messaging import TemplateIdsInvalid
from backend.settings import Settings, SettingsInvalid, read_settings
from backend.wechat import AppCredentialsError, CredentialsError, SandboxError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# What lies in the data folder or answers at the other end is not as it must be; each error says what to do.
_UNUSABLE = (
    AppCredentialsError,
    CredentialsError,
    ForeignDatabase,
    SandboxError,
    StorageUnavailable,
    TemplateIdsInvalid,
)


class _Parser(argparse.ArgumentParser):
    """A parser whose refusals are one line, as all of ours are; `--help` shows the rest."""

    def error(self, message: str) -> NoReturn:
        """Refuse with exit 2."""
        _refuse(f"{message} ({self.prog} --help)", USAGE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="sesame", description="Opens WeChat Pay accounts for micro-merchants.")
    parser.add_argument("--version", action="version", version=version("sesame"))
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, words: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=words, description=words)
        added.add_argument("--json", action="store_true", help="one line of JSON on stdout, words on stderr")
        return added

    def with_folders(added: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added.add_argument("--data", type=Path, help="the data folder (default ./.sesame)")
        added.add_argument("--keys", type=Path, help="the folder of keys (default DATA/keys)")
        return added

    everything = with_folders(verb("up", "migrate, API, worker and sandbox in one process"))
    everything.add_argument("--host", default="127.0.0.1", help="where the API listens")
    everything.add_argument("--port", type=_port, default=8000, help="0 picks a free one and keeps it")
    everything.add_argument("--sandbox-port", type=_port, default=8001, help="0 picks a free one and keeps it")
    everything.add_argument("--seed", action="store_true", help="make demo people and print a token for each")
    everything.add_argument("--hardened", action="store_true", help="registered documents only, no introspection")

    played = verb("demo", "play the main line through the public interfaces")
    played.add_argument("--data", type=Path, help="keep everything here and resume from it (default: a new one)")
    played.add_argument("--api", type=_count, default=1, metavar="N", help="API processes")
    played.add_argument("--workers", type=_count, default=1, metavar="N", help="worker processes")
    played.add_argument("--seconds", type=_seconds, default=120.0, metavar="LIMIT", help="give up after this long")

    served = with_folders(verb("serve", "the API alone; never migrates"))
    served.add_argument("--host", default="127.0.0.1", help="where it listens")
    served.add_argument("--port", type=_port, default=8000, help="0 picks a free one and keeps it")

    worked = with_folders(verb("worker", "the jobs alone; never migrates"))
    worked.add_argument("--name", help="shown with the leases it holds")

    boxed = verb("sandbox", "the WeChat we run ourselves, on loopback")
    boxed.add_argument("--data", type=Path, help="the data folder (default ./.sesame)")
    boxed.add_argument("--port", type=_port, default=8001, help="0 picks a free one and keeps it")
    boxed.add_argument("--values", action="store_true", help="print the table of magic values and end")

    for child in (served, worked, boxed):
        child.add_argument("--with-parent", action="store_true", help="stop as well when standard input ends")

    migrated = with_folders(verb("migrate", "bring the database to this code's schema"))
    migrated.add_argument("--check", action="store_true", help="write nothing; exit 3 when something is missing")

    with_folders(verb("seed", "make demo people in the sandbox's database and print a token for each"))

    exported = verb("export-schema", "write what is generated from the code and committed beside it")
    exported.add_argument("--check", action="store_true", help="write nothing; exit 1 when something differs")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 32):
        raise argparse.ArgumentTypeError("a number from 1 to 32 is needed")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError("a number of seconds up to a day is needed")
    return seconds


def _command(flags: argparse.Namespace, settings: Settings, output: Output) -> Awaitable[None] | None:
    """Start the verb; None when it was done at once."""
    match flags.verb:
        case "up":
            return up.run(settings, up.Up(flags.host, flags.port, flags.sandbox_port, flags.seed), output)
        case "demo":
            return demo.run(settings, demo.Demo(flags.data, flags.api, flags.workers, flags.seconds), output)
        case "serve":
            return serve.run(settings, flags.host, flags.port, output, with_parent=flags.with_parent)
        case "worker":
            return worker.run(settings, flags.name, output, with_parent=flags.with_parent)
        case "sandbox":
            if flags.values:
                sandbox.show_values(output)
                return None
            return sandbox.run(settings.data, flags.port, output, with_parent=flags.with_parent)
        case "migrate":
            return migrate.run(settings, output, check=flags.check)
        case "seed":
            return seed.run(settings, output)
        case _:
            export_schema.run(output, check=flags.check)
            return None


def main() -> None:
    """Run the command line. Each refusal is one line on stderr; the exit code says which kind it is."""
    # What it writes holds people's data and keys: files are for their owner alone, in whatever folder.
    os.umask(0o077)
    flags = _parser().parse_args()
    output = Output(json=flags.json)
    try:
        settings = read_settings(
            os.environ,
            data=getattr(flags, "data", None),
            keys=getattr(flags, "keys", None),
            hardened=getattr(flags, "hardened", False),
        )
        configure(json=settings.json_logs)
        started = _command(flags, settings, output)
        if started is not None:
            uvloop.run(_run(started))
    except KeyboardInterrupt:
        sys.exit(130)
    except CommandRefused as refused:
        _refuse(str(refused), refused.exit_code)
    except SchemaOutdated as error:
        _refuse(f"the database lacks {error}; run `sesame migrate`", OLD_SCHEMA)
    except (SettingsInvalid, UnsupportedDatabase, StorageUrlMalformed) as error:
        _refuse(str(error), USAGE)
    except DatabaseUnreachable as error:
        _refuse(f"the database does not answer ({error})", STEP_FAILED)
    except KeyringError as error:
        _refuse(f"the keyring: {error}", STEP_FAILED)
    except _UNUSABLE as error:
        _refuse(str(error) or type(error).__name__, STEP_FAILED)
    except Exception:
        # Through the log, so that what is sensitive in a traceback is taken out of it.
        log.exception("command.failed", verb=flags.verb)
        _refuse("an unexpected error; see the log above", STEP_FAILED)


async def _run(started: Awaitable[None]) -> None:
    await asyncio.ensure_future(started)


def _refuse(message: str, exit_code: int) -> NoReturn:
    sys.stderr.write(f"sesame: {' '.join(message.split())}\n")
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
