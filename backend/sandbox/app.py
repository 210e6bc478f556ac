"""The sandbox put together: one ASGI application over one data folder."""

import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from starlette.applications import Starlette

from .app_control import AppControl
from .apps import Apps
from .book import Book, Clocks
from .consents import Consents
from .control import Control
from .conversation import Conversations
from .faults import Faults
from .filings import Filings
from .messages import Messages
from .mini_program import MiniProgram
from .official_account import OfficialAccount
from .owner_page import OwnerPage
from .pay import PayApi
from .people import People
from .people_control import PeopleControl
from .platform_call import PlatformCalls
from .push import Pushes
from .reply_windows import ReplyWindows
from .robot import Robots
from .signature import PlatformKey
from .sms import SmsGateway
from .tokens import Tokens


def create_app(
    data: Path,
    *,
    public_url: str,
    wall: Callable[[], float] = time.time,
    push_transport: httpx2.AsyncBaseTransport | None = None,
) -> Starlette:
    """Build the sandbox over `data`, made when absent; `public_url` is its own base, `wall` the wire's clock.

    `push_transport` carries the pushes to an application in the same process; without it they go over sockets.

    Everything it acknowledges is on disk before the answer leaves, so it may be killed at any moment. One process may
    serve a data folder. Raises OSError when the folder cannot be written, BookTooNewError for a later version's book.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = PlatformKey.load_or_create(data / "wechatpay_key.pem")
    book = Book(data / "sandbox.sqlite3")
    clocks = Clocks(book, wall)
    filings = Filings(book, clocks)
    faults = Faults(book)
    page = OwnerPage(book, filings, public_url=public_url)
    pay = PayApi(book, clocks, key, filings, faults, page.sign_url)
    apps = Apps(book)
    people = People(book, clocks)
    messages = Messages(book, clocks)
    control = Control(book, clocks, key, filings, faults, apps, people, messages)
    tokens = Tokens(book, clocks, apps)
    calls = PlatformCalls(book, faults, tokens)
    consents = Consents(book, clocks)
    windows = ReplyWindows(book, clocks)
    mini_program = MiniProgram(calls, clocks, apps, people, tokens, consents, messages)
    official_account = OfficialAccount(calls, clocks, apps, people, windows, messages)
    robots = Robots(book, clocks, calls, messages)
    gateway = SmsGateway(book, calls, messages)
    pushes = Pushes(clocks, apps, push_transport or _loopback_transport())
    conversations = Conversations(book, clocks, apps, people, windows, messages, pushes)
    app_control = AppControl(apps, pushes, robots, gateway)
    people_control = PeopleControl(apps, people, consents, messages, conversations, pushes)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await pushes.aclose()
        book.close()

    parts = (pay, control, page, mini_program, official_account, robots, gateway, app_control, people_control)
    app = Starlette(routes=[route for part in parts for route in part.routes()], lifespan=lifespan)
    # A path without its trailing slash is another path, in the signature too: no redirects.
    app.router.redirect_slashes = False
    return app


def _loopback_transport() -> httpx2.AsyncHTTPTransport:
    """Give connections in clear, so no authorities are loaded; a new one each, so none is left of a stopped server."""
    nobody_trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx2.AsyncHTTPTransport(verify=nobody_trusted, limits=httpx2.Limits(max_keepalive_connections=0))
