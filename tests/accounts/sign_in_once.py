"""A process that signs in with a code that is always good at WeChat: URL, keyring file, code. Says what came of it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from backend.accounts import SignIn, sign_in
from backend.foundation.clock import SystemClock
from backend.foundation.database import connect, disconnect
from backend.foundation.keyring import Keyring
from backend.foundation.refusal import Refused
from backend.tables import TABLES
from tests.builders.mini_program import PlayedMiniProgram
from tests.builders.people import a_wechat_person
from tests.builders.runtime import a_runtime


async def main(url: str, keyring: Path, code: str, seed: str) -> str:
    """Sign in once."""
    await connect(url, TABLES)
    try:
        runtime = a_runtime(clock=SystemClock(), keyring=Keyring.load(keyring), seed=seed)
        await sign_in(runtime, PlayedMiniProgram(logins={code: a_wechat_person("same")}), SignIn(code))
    except Refused as error:
        return str(error)
    else:
        return "signed in"
    finally:
        await disconnect()


if __name__ == "__main__":
    print(asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])))  # noqa: T201 - its answer
