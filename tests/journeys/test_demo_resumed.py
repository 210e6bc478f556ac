"""The play of the demo goes on from wherever it stopped: the answer to each of its steps is lost once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2

from backend.app import CONTRACT
from backend.commands.api_client import ApiClient
from backend.commands.demo_play import Play
from tests.commands.running import Running, running

CLAIM_SECONDS = 15 * 60


class AnswerLost(Exception):
    """A step was done, and its answer never came."""


class ForgetfulClient(ApiClient):
    """A client that loses the answer to each kind of step the first time; `lost` names those steps."""

    lost: set[tuple[str, str]]

    async def change(self, operation: str, **given: Any) -> Any:
        """Send a mutation."""
        return self._once(operation, given, await super().change(operation, **given))

    async def upload(self, operation: str, content: bytes, **given: Any) -> Any:
        """Send a photo."""
        return self._once(operation, given, await super().upload(operation, content, **given))

    def _once(self, operation: str, given: dict[str, Any], changed: Any) -> Any:
        step = (operation, given.get("purpose", ""))
        if step not in self.lost:
            self.lost.add(step)
            raise AnswerLost(operation)
        return changed


async def _play(up: Running, lost: set[tuple[str, str]]) -> dict[str, Any]:
    url = str(up.said["graphql"]).removesuffix("/graphql")
    async with (
        ForgetfulClient(url, up.said["tokens"]["staff"], CONTRACT) as staff,
        ForgetfulClient(url, up.said["tokens"]["reviewer"], CONTRACT) as reviewer,
    ):
        staff.lost = reviewer.lost = lost
        play = Play(
            staff=staff,
            reviewer=reviewer,
            sandbox=up.said["sandbox"],
            run_id="0123456789abcdef",
            tell=lambda _state, _shop: None,
        )
        return await play.run()


async def test_each_step_is_done_once_though_its_answer_is_lost(tmp_path: Path) -> None:
    """Started again after every lost answer, even when a claim has run out meanwhile, it opens one shop once."""
    lost: set[tuple[str, str]] = set()
    flags = ("--data", tmp_path / "data", "--port", "0", "--sandbox-port", "0", "--seed")
    with running("up", *flags, log=tmp_path / "log") as up, httpx2.Client(trust_env=False) as control:
        application: dict[str, Any] | None = None
        while application is None:
            try:
                application = await _play(up, lost)
            except AnswerLost as step:
                if str(step) == "ClaimApplication":
                    body = {"advance_seconds": CLAIM_SECONDS + 60}
                    control.post(f"{up.said['sandbox_control']}/clock", json=body).raise_for_status()

        assert application["state"] == "OPENED"
        kinds = [event["kind"] for event in application["events"]]
        assert kinds.count("IMAGE_UPLOADED") == 5
        for once in ("STARTED", "SUBMITTED", "APPROVED", "FILING_STARTED", "PROVIDER_ACCEPTED"):
            assert kinds.count(once) == 1
        assert kinds.count("CLAIMED") == 2
        assert {operation for operation, _purpose in lost} == {
            *("StartApplication", "UploadImage", "SaveApplicationDraft", "SubmitApplication"),
            *("ClaimApplication", "DecideApplication"),
        }
