"""The mini program's server side for tests: codes that were handed out stand for people, each once."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.wechat import PlatformError, PlatformFailure, WeChatPerson

PICTURE = b"\x89PNG a picture of a code"


@dataclass(slots=True)
class PlayedMiniProgram:
    """Answers for the codes it was given and fails as it is told."""

    appid: str = "wx00000000000000aa"
    logins: dict[str, WeChatPerson] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    failure: PlatformFailure | None = None
    calls: list[str] = field(default_factory=list)

    def _fail(self, call: str) -> None:
        self.calls.append(call)
        if self.failure is not None:
            raise PlatformError(call, self.failure)

    async def code_to_session(self, code: str) -> WeChatPerson:
        """Tell who a code stands for; none twice."""
        self._fail("code_to_session")
        if code not in self.logins:
            raise PlatformError("code_to_session", PlatformFailure.CODE_SPENT)
        return self.logins.pop(code)

    async def phone_number(self, code: str) -> str:
        """Tell the number that a code stands for; none twice."""
        self._fail("phone_number")
        if code not in self.phones:
            raise PlatformError("phone_number", PlatformFailure.CODE_SPENT)
        return self.phones.pop(code)

    async def draw_code(self, scene: str, page: str) -> bytes:
        """Give a picture."""
        assert scene
        assert page
        self._fail("draw_code")
        return PICTURE
