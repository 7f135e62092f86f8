"""Where Telegram is out of reach: what /ready says of it, and the way through a proxy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram import receiving as module
from bot.channels.telegram.settings import TelegramSettings
from bot.content.library import Library
from bot.settings import SettingsError, read_as
from bot.storage.inbox import Inbox
from stand_ins.failures import Failure
from stand_ins.proxy import black_hole
from stand_ins.telegram import TOKEN, StandIn
from tests.support.telegram import SECRET

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[int]:
    """A server on loopback; its port."""
    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield listening.sockets[0].getsockname()[1]
    listening.close()


@asynccontextmanager
async def socks_proxy(target: str, seen: list[bytes]) -> AsyncIterator[str]:
    """A SOCKS5 proxy (RFC 1928, RFC 1929) that takes everybody to one place; notes names and passwords."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x02")
        await reader.readexactly(1)
        for _ in ("user", "password"):
            [length] = await reader.readexactly(1)
            seen.append(await reader.readexactly(length))
        writer.write(b"\x01\x00")
        *_, length = await reader.readexactly(5)
        seen.append(await reader.readexactly(length))
        await reader.readexactly(2)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        url = urlsplit(target)
        there, back = await asyncio.open_connection(url.hostname, url.port)

        async def copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                while data := await source.read(65536):
                    to.write(data)
                    await to.drain()
            to.close()

        await asyncio.gather(copy(reader, back), copy(there, writer))
        writer.close()

    async with server(serve) as port:
        yield f"socks5://user:secret-of-the-proxy@127.0.0.1:{port}"


def channel_to(api_url: str, inbox: Inbox, library: Library, proxy_url: str = "") -> TelegramChannel:
    return TelegramChannel(
        inbox, lambda: library, token=TOKEN, secret=SECRET, api_url=api_url, proxy_url=proxy_url,
        answer_seconds=0.3,
    )  # fmt: skip


async def problem_of(channel: TelegramChannel) -> str:
    """What /ready says once it was tried."""
    async with channel.connected(), channel.receiving(), asyncio.timeout(10):
        with capture_logs() as logs:
            while not logs:  # noqa: ASYNC110  (a log wakes nobody)
                await asyncio.sleep(0.01)
        return channel.problem or ""


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_FIRST", 0.01)


async def test_a_network_that_swallows_everything_is_told_from_a_refusal(
    inbox: Inbox, small_library: Library, telegram: StandIn, api_url: str
) -> None:
    with black_hole() as nowhere:
        blocked = await problem_of(channel_to(nowhere, inbox, small_library))
    assert blocked == (
        "Telegram is out of reach (ConnectTimeout): where the network blocks it, set TELEGRAM_PROXY_URL"
    )
    telegram.token = "another"
    refused = await problem_of(channel_to(api_url, inbox, small_library))
    assert refused == "Telegram refuses TELEGRAM_TOKEN; get a valid one from @BotFather"


async def test_it_is_connected_as_soon_as_telegram_is_there(
    inbox: Inbox, small_library: Library, telegram: StandIn, api_url: str
) -> None:
    telegram.failures.plan("getMe", Failure(502), times=2)
    channel = channel_to(api_url, inbox, small_library)
    async with channel.connected(), channel.receiving():
        telegram.person().says("có ai không?")
        await telegram.until(lambda: telegram.called("getMe") and not telegram.unacknowledged)
        assert channel.problem is None
        assert len(telegram.called("getMe")) >= 3  # two were refused


async def test_it_works_through_a_proxy_which_is_asked_for_telegrams_name(
    inbox: Inbox, small_library: Library, telegram: StandIn, api_url: str
) -> None:
    seen: list[bytes] = []
    async with socks_proxy(api_url, seen) as proxy_url:
        channel = channel_to("http://telegram.invalid", inbox, small_library, proxy_url)
        async with channel.connected(), channel.receiving():
            telegram.person().says("qua đường vòng")
            await telegram.until(lambda: telegram.called("getMe") and not telegram.unacknowledged)
    assert seen[:3] == [b"user", b"secret-of-the-proxy", b"telegram.invalid"]


async def test_a_proxy_that_refuses_is_named(inbox: Inbox, small_library: Library) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with server(refuse) as port:
        proxy_url = f"http://127.0.0.1:{port}"
        problem = await problem_of(channel_to("https://telegram.invalid", inbox, small_library, proxy_url))
    assert problem == "the proxy of TELEGRAM_PROXY_URL does not let us through (ProxyError)"


@pytest.mark.parametrize(
    "address", ["proxy.example:3128", "ftp://proxy.example", "http://", "socks5://user:pass@word@:1080"]
)
def test_an_address_that_is_none_stops_the_start_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("TELEGRAM_PROXY_URL", address)
    with pytest.raises(
        SettingsError, match="The setting TELEGRAM_PROXY_URL is wrong: this is no address"
    ) as e:
        read_as(TelegramSettings)
    assert "pass" not in str(e.value).replace("user:password@", "")
