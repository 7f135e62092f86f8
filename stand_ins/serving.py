"""Runs an ASGI application as a real HTTP server on loopback, and finds ports there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

FINISH_WITHIN = 1.0
"""Seconds that a request gets when the server ends."""

KEPT_ALIVE = 75
"""Seconds that a connection stays open between two requests, as nginx keeps it
(keepalive_timeout in its documentation). uvicorn's 5 are httpx's, too: whoever asks again just then may be
cut off."""


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class _Server(uvicorn.Server):
    """uvicorn that leaves the signals to whoever runs the tests, and stops when it is told to.

    stopping: tells it. uvicorn itself looks ten times a second, and hundreds of tests wait for that.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    async def main_loop(self) -> None:
        """Serve until it is told to stop."""
        await self.on_tick(0)  # sets the headers of every answer
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close; what is under way has a second. uvicorn itself rests for a tenth first, in any case."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if under_way := list(self.server_state.tasks):
            _, late = await asyncio.wait(under_way, timeout=FINISH_WITHIN)
            for task in late:
                task.cancel()
        await asyncio.sleep(0)  # what was closed is told so

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve an application; gives its base URL. Port 0 is any free one."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        # asyncio does so with sockets of its own making alone; else answers wait 40 ms (delayed ACK).
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", ws="none", timeout_keep_alive=KEPT_ALIVE
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.stopping.set()
            await task
