"""Listens, and serves an application until the process is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.applications import Starlette

from bot import http_server
from bot.domain.errors import UserError

log = structlog.get_logger(__name__)

REQUESTS_FINISH = 12
"""Seconds that requests may take once the service is told to stop. With what supervision.FINISHES allows
after that it is less than the half minute or more that containers and systemd are set to wait."""


class NoListener(UserError):
    """Nothing can be served at the address; says why in one sentence."""


async def serve(app: Starlette, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; what is in hand is finished first.

    Args:
        app: its lifespan is entered, and left at the end.
        host, port: where; port 0: one that is free.

    Raises:
        NoListener: why not.
        Exception: what keeps the lifespan from being entered, as it is.
    """
    with listen(host, port) as listener:
        host, port = listener.getsockname()[:2]
        # The lifespan is entered here, so that what it raises comes out as it is.
        server = _Server(http_server.config(app, finish_within=REQUESTS_FINISH))
        with _stopped_by_signals(server):
            async with app.router.lifespan_context(app):
                url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
                log.info("serving", url=url)
                await server.serve(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises NoListener: why not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or error
        raise NoListener(f"Nothing can be served at HOST {host}, PORT {port}: {reason}.") from error
    # asyncio does so with sockets of its own making alone; without it each answer on a connection that is
    # kept waits 40 ms for an acknowledgement (Nagle's algorithm and delayed ACK).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which ends the process before our parts are stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, server.handle_exit, number, None)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
