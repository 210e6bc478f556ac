"""The sandbox put together: one ASGI application over one data folder."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from .book import Book, Clocks
from .control import Control
from .faults import Faults
from .filings import Filings
from .owner_page import OwnerPage
from .pay import PayApi
from .signature import PlatformKey


def create_app(data: Path, *, public_url: str, wall: Callable[[], float] = time.time) -> Starlette:
    """Build the sandbox over `data`, made when absent; `public_url` is its own base, `wall` the wire's clock.

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
    control = Control(book, clocks, key, filings, faults)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        book.close()

    app = Starlette(routes=[*pay.routes(), *control.routes(), *page.routes()], lifespan=lifespan)
    # A path without its trailing slash is another path, in the signature too: no redirects.
    app.router.redirect_slashes = False
    return app
