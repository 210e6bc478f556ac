"""Running servers: bound sockets, uvicorn without its own signals, a stop that drains."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from backend.commands.data_folder import store_port, stored_port
from backend.commands.refusals import BUSY_PORT, USAGE, CommandRefused

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Closing the sockets takes up to five seconds before it; a stop may take ten in all.
DRAIN_SECONDS: Final = 3
MOST_SOCKET_BYTES: Final = 65_536
_LASTING_PORTS: Final = range(20_000, 32_000)


def bind(host: str, port: int, *, folder: Path, name: str) -> socket.socket:
    """Bind a listening socket. Port 0 takes the port `name` had here before, or a free one, and remembers it.

    Refuses with exit 4 a port that is taken, and with exit 2 a host that is none of this machine's.
    """
    wanted = port or stored_port(folder, name)
    bound = _bound(host, wanted) if wanted else bind_free(host)
    store_port(folder, name, bound.getsockname()[1])
    return bound


def bind_free(host: str) -> socket.socket:
    """Bind a listening socket to a free port that is likely to be free again after a restart.

    The kernel gives outgoing connections ports from its own range (`ip_local_port_range`, 32768 and up); a port below
    it is not lost to one of them while we are away.
    """
    for port in random.sample(_LASTING_PORTS, 50):
        try:
            return _bound(host, port)
        except CommandRefused as refused:
            if refused.exit_code != BUSY_PORT:
                raise
    return _bound(host, 0)


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # Listening at once is what makes a second process on this port fail here and not later.
        bound.listen(2048)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise CommandRefused(f"port {port} on {host} is taken", BUSY_PORT) from error
        raise CommandRefused(f"cannot listen on {host}, port {port}: {error.strerror or error}", USAGE) from error
    return bound


def url_of(bound: socket.socket) -> str:
    """Give the address at which a bound socket is reached from this machine."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


class _QuietServer(uvicorn.Server):
    """A server that leaves signals alone: two of them share a process here, and each would end both."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, bound: socket.socket, *, drain_seconds: int = DRAIN_SECONDS) -> AsyncIterator[None]:
    """Serve `app` on a bound socket while the block runs; after it, requests in hand get `drain_seconds` to end."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=MOST_SOCKET_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=drain_seconds,
        server_header=False,
    )
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        while not server.started:
            if task.done():
                await task
                raise RuntimeError("the server ended before it started")
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.InvalidStateError):
            await task
        bound.close()


@contextlib.asynccontextmanager
async def stop_signal(*, with_parent: bool = False) -> AsyncIterator[asyncio.Event]:
    """Give an event that SIGTERM and SIGINT set; a second signal ends the process at once.

    `with_parent` sets it as well when standard input ends, as it does when the process at its other end is gone.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def handle(number: signal.Signals) -> None:
        if stop.is_set():
            raise SystemExit(128 + number)
        stop.set()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin)
            stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, handle, number)
    if with_parent:
        loop.add_reader(sys.stdin, read)
    try:
        yield stop
    finally:
        if with_parent:
            loop.remove_reader(sys.stdin)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
