"""A TCP proxy that can stall: in front of a database, a platform or the Rasa side.

A stalled connection is what a broken network leaves behind: it stays open, takes what is sent for a
while, and nothing comes back.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

Target = tuple[str, int] | Path
"""Host and port, or a Unix socket."""


class Proxy:
    """Between somebody and a server.

    port: of the loopback, where it listens. connections: how many it has been asked for.
    """

    def __init__(self, target: Target) -> None:
        self.port = 0
        self.connections = 0
        self._target = target
        self._takes = asyncio.Event()
        self._takes.set()
        self._gates: set[asyncio.Event] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def stall(self, *, new_ones_too: bool = True) -> None:
        """From now on nothing passes through the connections that there are; nor through new ones."""
        for gate in self._gates:
            gate.clear()
        self._gates.clear()
        if new_ones_too:
            self._takes.clear()

    def thaw(self) -> None:
        """New connections work again; those that stalled are dead."""
        self._takes.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        """Listen on the loopback."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        with suppress(ConnectionError, asyncio.CancelledError, OSError):
            await self._takes.wait()
            gate = asyncio.Event()
            gate.set()
            self._gates.add(gate)
            if isinstance(self._target, Path):
                there = await asyncio.open_unix_connection(self._target)
            else:
                there = await asyncio.open_connection(*self._target)
            try:
                await asyncio.gather(_pass(reader, there[1], gate), _pass(there[0], writer, gate))
            finally:
                there[1].close()
        writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event) -> None:
    while data := await reader.read(65536):
        await gate.wait()
        writer.write(data)
        await writer.drain()
    writer.close()


@contextmanager
def black_hole() -> Iterator[str]:
    """An address of the loopback that swallows what is sent to it, as a network does that blocks: whoever
    connects hears nothing, not even no.

    The queue of those who wait to be accepted is full, so the kernel drops the next one's first packet.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
