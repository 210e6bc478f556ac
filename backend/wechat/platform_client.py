"""Calls to WeChat's own servers through wechatpy, kept off the event loop, with an end in time and without secrets."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

import requests
import urllib3.exceptions
from wechatpy.client import WeChatClient
from wechatpy.exceptions import WeChatClientException

from backend.wechat.app_credentials import AppCredentials
from backend.wechat.hosts import PLATFORM_HOST, require_live_or_loopback
from backend.wechat.platform_errors import TOKEN_REFUSED, PlatformError, PlatformFailure, refusal
from backend.wechat.platform_tokens import TokenStore

# A slow WeChat holds this many threads of ours and no others.
_THREADS: Final = 8
# The platform renews a token in its last five minutes, and the old one still holds for a while.
_RENEWAL_SECONDS: Final = 300.0

# Its warnings repeat whole addresses, and these hold secrets.
logging.getLogger("urllib3").setLevel(logging.ERROR)

Result = TypeVar("Result")


class _BoundSession(requests.Session):
    """Goes to one host, neither through a proxy of the environment nor where an answer sends it."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.trust_env = False
        # A connection that was idle may have died unnoticed, and what is sent into it has an unknown outcome.
        self.headers["Connection"] = "close"
        self._prefix = base_url + "/"

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if not (request.url or "").startswith(self._prefix):
            # wechatpy's ready-made calls partly name the live host, whatever the client was told.
            raise RuntimeError("this client goes to one host only")
        response = super().send(request, **(options | {"allow_redirects": False}))
        if response.status_code != HTTPStatus.OK:
            # WeChat refuses with 200 and an errcode: this is somebody on the way, or a WeChat that broke.
            raise requests.HTTPError(response=response)
        return response


class AppClient(WeChatClient):  # type: ignore[misc]  # untyped base
    """wechatpy's client of one app for one thread; it holds the token that it is given and never renews it itself.

    Its methods may raise what wechatpy, requests and the reading of an answer raise; `PlatformClient` translates.
    """

    def __init__(self, credentials: AppCredentials, base_url: str) -> None:
        # auto_retry has no end: a server that keeps refusing the token would be asked until the stack is full.
        super().__init__(credentials.appid, credentials.secret, auto_retry=False)
        self.API_BASE_URL = f"{base_url}/cgi-bin/"
        self._root = f"{base_url}/"
        self._http = _BoundSession(base_url)

    @property
    def access_token(self) -> str:
        """The token of this call. wechatpy's own property would ask for a new one."""
        return self._token

    def prepare(self, token: str, timeout_seconds: float) -> None:
        """Set what the next call uses."""
        self._token = token
        self.timeout = timeout_seconds

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def address(self, path: str) -> str:
        """Give the whole address of a path outside of cgi-bin."""
        return self._root + path

    def fetch_access_token(self) -> tuple[str, float]:
        """Ask for the stable token (getStableAccessToken) and its life in seconds.

        `cgi-bin/token` would throw out the token of every other process.
        """
        answer = self.post(
            "stable_token",
            # wechatpy adds the token to parameters that are a dict, and to others not.
            params=(),
            data={"grant_type": "client_credential", "appid": self.appid, "secret": self.secret},
        )
        life_seconds = answer["expires_in"]
        if type(life_seconds) is not int or life_seconds <= 0:
            raise ValueError("expires_in is not a positive whole number")
        return text_member(answer, "access_token"), float(life_seconds)


AppT = TypeVar("AppT", bound=AppClient)


def text_member(answer: Mapping[str, Any], name: str) -> str:
    """Give a member that the documents promise; `KeyError`, `TypeError` or `ValueError` when it is not there."""
    value = answer[name]
    if not isinstance(value, str) or not value:
        raise ValueError("a promised text is missing")
    return value


def optional_text_member(answer: Mapping[str, Any], name: str) -> str | None:
    """Give a member that may be absent or empty; as `text_member` when it is there."""
    return text_member(answer, name) if answer.get(name) else None


def require_done(answer: Any) -> None:
    """Return when the answer says that it was done; else `ValueError`. wechatpy has raised what it refuses."""
    if not isinstance(answer, dict) or answer.get("errcode") != 0:
        raise ValueError("the answer does not say that it was done")


class PlatformClient(Generic[AppT]):
    """One app at WeChat's servers; use it as an async context manager, or end it by `aclose()`.

    Every call raises `PlatformError` and nothing else. Nothing is repeated but a call whose token was refused, once,
    with a renewed one: whoever calls keeps the schedule.
    """

    _app_class: type[AppT]

    def __init__(
        self,
        credentials: AppCredentials,
        *,
        tokens: TokenStore,
        base_url: str = PLATFORM_HOST,
        timeout_seconds: float = 5.0,
    ) -> None:
        """Take the sandbox's address, on loopback, or leave the live one; others are refused with `ValueError`.

        `timeout_seconds` bounds a whole call, with the token that it may have to fetch.
        """
        self._credentials = credentials
        self._base_url = require_live_or_loopback(base_url, PLATFORM_HOST)
        self._tokens = tokens
        self._timeout_seconds = timeout_seconds
        self._apps: list[AppT] = []
        # A session of requests is not made for several threads: each thread has a client of its own.
        self._of_thread = threading.local()
        self._threads = ThreadPoolExecutor(_THREADS, "wechat", initializer=self._equip_thread)

    @property
    def appid(self) -> str:
        """Which app it is."""
        return self._credentials.appid

    async def __aenter__(self) -> Self:
        """Give the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Begin nothing any more and close the connections; a call under way ends by its own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for app in self._apps:
            app.close()

    async def _call(self, name: str, ask: Callable[[AppT], Result]) -> Result:
        """Perform `ask` with the app's token in a thread."""
        deadline = time.monotonic() + self._timeout_seconds
        token = await self._token(deadline)
        try:
            return await self._run(name, ask, deadline, token=token)
        except PlatformError as error:
            if error.errcode not in TOKEN_REFUSED:
                raise
        token = await self._token(deadline, refused=token)
        return await self._run(name, ask, deadline, token=token)

    async def _call_without_token(self, name: str, ask: Callable[[AppT], Result]) -> Result:
        """Perform `ask` in a thread, for a call that proves itself by the secret."""
        return await self._run(name, ask, time.monotonic() + self._timeout_seconds)

    async def _token(self, deadline: float, *, refused: str | None = None) -> str:
        """Give the stored token, or a new one when there is none but the one that WeChat has just refused."""
        appid = self._credentials.appid
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                token = await self._tokens.get(appid)
                if token is not None and token != refused:
                    return token
                async with self._tokens.single_flight(appid):
                    # Whoever was here before may have renewed it.
                    token = await self._tokens.get(appid)
                    if token is not None and token != refused:
                        return token
                    renewed, life_seconds = await self._run(
                        # Asking twice for a token does no harm, and what it was wanted for was not sent.
                        "stable_token",
                        AppClient.fetch_access_token,
                        deadline,
                        lost=PlatformFailure.UNREACHABLE,
                    )
                    ttl_seconds = life_seconds - min(_RENEWAL_SECONDS, life_seconds / 2)
                    await self._tokens.put(appid, renewed, ttl_seconds=ttl_seconds)
                    return renewed
        except TimeoutError:
            pass
        raise PlatformError("stable_token", PlatformFailure.UNREACHABLE)

    async def _run(
        self,
        name: str,
        ask: Callable[[AppT], Result],
        deadline: float,
        *,
        token: str = "",
        lost: PlatformFailure = PlatformFailure.UNKNOWN_OUTCOME,
    ) -> Result:
        job = self._threads.submit(self._perform, name, ask, deadline, token, lost)
        try:
            # The limits of the HTTP library count from byte to byte; this one bounds the whole call.
            async with asyncio.timeout(deadline - time.monotonic()):
                return await asyncio.wrap_future(job)
        except TimeoutError:
            # What can still be cancelled has not found a thread: it is not sent and never will be.
            never_begun = job.cancel()
        if never_begun:
            raise PlatformError(name, PlatformFailure.UNREACHABLE)
        if job.done():
            return job.result()
        raise PlatformError(name, lost)

    def _perform(
        self, name: str, ask: Callable[[AppT], Result], deadline: float, token: str, lost: PlatformFailure
    ) -> Result:
        """Perform `ask` in this thread; translate what it raises, without a trace of it: it holds URLs and secrets."""
        left_seconds = deadline - time.monotonic()
        if left_seconds <= 0:
            raise PlatformError(name, PlatformFailure.UNREACHABLE)
        app: AppT = self._of_thread.app
        app.prepare(token, left_seconds)
        try:
            return ask(app)
        except WeChatClientException as error:
            failure = refusal(name, error.errcode, error.errmsg)
        except requests.RequestException as error:
            failure = PlatformError(name, PlatformFailure.UNREACHABLE if _surely_not_sent(error) else lost)
        except (LookupError, TypeError, ValueError, OverflowError, RecursionError):
            # An answer that is not what the documents describe.
            failure = PlatformError(name, lost)
        # Here and not above, so that the error does not carry the other one as its context.
        raise failure

    def _equip_thread(self) -> None:
        app = self._app_class(self._credentials, self._base_url)
        self._of_thread.app = app
        self._apps.append(app)


def _surely_not_sent(error: requests.RequestException) -> bool:
    """Tell whether no connection came about; a doubtful case counts as sent."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, urllib3.exceptions.MaxRetryError) else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(
        reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    )
