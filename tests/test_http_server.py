"""The server under everything: slow, many and malformed clients shut nobody out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import http_server
from bot.http_server import SECURITY_HEADERS
from bot.serve import listen

HALF_A_REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\nX-Slow: "
HALF_A_BODY = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\nabc"
TWO_LENGTHS = (
    b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """A server as the service has it, with an application that reads what it gets; its port."""

    async def echo(request: Request) -> Response:
        if request.url.path == "/broken":
            raise ZeroDivisionError
        return PlainTextResponse(await request.body())

    app = Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "POST"])])
    listener = listen("127.0.0.1", 0)
    running = uvicorn.Server(http_server.config(app, finish_within=1))
    task = asyncio.create_task(running.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        running.should_exit = True
        await task


class Client:
    """A connection of bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def rest(self) -> bytes:
        """All that comes until the server closes; it has to, soon."""
        with contextlib.suppress(ConnectionResetError):
            return await asyncio.wait_for(self._reader.read(), 10)
        return b""

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


@asynccontextmanager
async def client(port: int, data: bytes = b"") -> AsyncIterator[Client]:
    """A client that has sent so much."""
    connected = Client(*await asyncio.open_connection("127.0.0.1", port))
    connected.send(data)
    try:
        yield connected
    finally:
        await connected.close()


class TestSlowClients:
    @pytest.mark.parametrize("begun", [b"", HALF_A_REQUEST, HALF_A_BODY])
    async def test_a_request_that_does_not_come_is_given_up(
        self, begun: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(http_server, "REQUEST_WITHIN", 0.1)
        async with serving() as port, client(port, begun) as slow:
            assert await slow.rest() == b""

    async def test_nor_is_a_second_one_on_the_same_connection(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http_server, "REQUEST_WITHIN", 0.1)
        first = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
        async with serving() as port, client(port, first + HALF_A_BODY) as slow:
            assert (await slow.rest()).count(b"HTTP/1.1 200") == 1

    async def test_one_that_comes_in_pieces_in_time_is_answered(self) -> None:
        async with serving() as port, client(port, HALF_A_BODY) as slow:
            slow.send(997 * b"x")
            slow.send(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            assert (await slow.rest()).count(b"HTTP/1.1 200") == 2

    @pytest.mark.parametrize("held", [b"", HALF_A_REQUEST, HALF_A_BODY])
    async def test_whoever_holds_connections_loses_them_and_whoever_asks_is_answered(
        self, held: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(http_server, "most_connections", lambda: 8)
        async with serving() as port, AsyncExitStack() as stack:
            slow = [await stack.enter_async_context(client(port, held)) for _ in range(30)]
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
                assert (await http.post("/", content=b"a question")).text == "a question"
            assert await slow[0].rest() == b""

    def test_as_many_as_the_system_allows_less_what_the_service_needs(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 4096))
        assert http_server.most_connections() == 924


class TestMalformed:
    async def test_what_is_no_http_is_refused_with_the_same_headers(self) -> None:
        async with serving() as port, client(port, b"\x16\x03\x01 nonsense\r\n\r\n") as odd:
            said = (await odd.rest()).decode()
        assert said.startswith("HTTP/1.1 400")
        assert all(f"{name}: {value}" in said for name, value in SECURITY_HEADERS.items())

    async def test_two_lengths_are_refused_and_the_connection_is_closed(self) -> None:
        smuggled = b"GET /smuggled HTTP/1.1\r\nHost: here\r\n\r\n"
        async with serving() as port, client(port, TWO_LENGTHS + smuggled) as odd:
            said = await odd.rest()
        assert said.startswith(b"HTTP/1.1 400")
        assert said.count(b"HTTP/1.1 ") == 1

    @pytest.mark.parametrize("path", ["/broken", "/%00", "/%ff"])
    async def test_also_a_mistake_of_ours_carries_the_headers(self, path: str) -> None:
        async with serving() as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            response = await http.get(path)
        assert response.status_code == (500 if path == "/broken" else 200)
        assert response.headers.items() >= {n.lower(): v for n, v in SECURITY_HEADERS.items()}.items()
