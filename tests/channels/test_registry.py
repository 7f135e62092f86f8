"""A channel is added by its own folder and one line: here one is added that nothing else knows of."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from pydantic import Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.app import create_app
from bot.channels.contract import Channel, ChannelType, Health, Parts
from bot.channels.incoming import incoming
from bot.channels.opaque import OpaqueNames
from bot.channels.registry import CHANNELS, commands, settings_of
from bot.channels.requests import is_secret, read_body
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.settings import EnvironmentSettings, Secret, SettingsError, load_as
from bot.storage.inbox import Inbox
from bot.supervision import Supervisor
from stand_ins.rasa import RasaStandIn
from stand_ins.serving import serving
from tests.support import ROOT
from tests.support.syntax import tree_of

CHANNELS_ROOM = ROOT / "bot" / "channels"
METRICS_TOKEN = "a-token-of-the-operators"
KEY = "key-of-the-gateway"


class SmsSettings(EnvironmentSettings):
    """What can be set of it."""

    sms_key: Secret = Field(SecretStr(""), description="Key of the gateway; empty: no SMS")


@dataclass
class Gateway:
    """Brings short messages, and takes them: number and text."""

    taken: list[tuple[str, str]] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, number: str, text: str) -> None:
        async with self.changed:
            self.taken.append((number, text))
            self.changed.notify_all()

    async def took(self, times: int) -> None:
        """Wait until so many messages have been taken."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: len(self.taken) >= times)


class SmsChannel(Channel):
    """The bot on short messages."""

    name = "sms"
    arrival = Arrival.AT_ONCE

    def __init__(self, gateway: Gateway, inbox: Inbox, *, key: str, secret: str) -> None:
        self._gateway = gateway
        self._inbox = inbox
        self._key = key
        self._opaque = OpaqueNames(secret)
        self._is_connected = False

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        await self._gateway.take(address, card.text)

    def routes(self) -> list[BaseRoute]:
        return [Route("/sms/{number}", self._webhook, methods=["POST"])]

    @asynccontextmanager
    async def connected(self, supervisor: Supervisor) -> AsyncIterator[None]:
        self._is_connected = True
        yield
        self._is_connected = False

    async def health(self) -> Health:
        return Health(None if self._is_connected else "the gateway is away", {"paid": 7})

    async def _webhook(self, request: Request) -> Response:
        if not is_secret(request.headers.get("key", ""), self._key):
            return Response(status_code=403)
        number, body = request.path_params["number"], await read_body(request, 1000)
        message = incoming(
            channel=self.name,
            address=number,
            conversation=self._opaque(f"{self.name}:{number}"),
            key=body.hex(),
            text=body.decode(),
        )
        await self._inbox.accept(message)
        return Response()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def sms(gateway: Gateway) -> ChannelType[SmsSettings]:
    """The channel's one line in the registry."""

    def create(settings: SmsSettings, parts: Parts) -> SmsChannel | None:
        key = settings.sms_key.get_secret_value()
        return SmsChannel(gateway, parts.inbox, key=key, secret=parts.secret) if key else None

    return ChannelType(SmsSettings, create)


@pytest.fixture
async def url(
    sms: ChannelType[SmsSettings], tmp_path: Path, small_content: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The whole service with the channel."""
    monkeypatch.chdir(tmp_path)
    async with RasaStandIn().serving() as rasa_url:
        environment = {"SMS_KEY": KEY, "RASA_URL": rasa_url, "CONTENT_DIR": str(small_content)}
        for name, value in {**environment, "METRICS_TOKEN": METRICS_TOKEN}.items():
            monkeypatch.setenv(name, value)
        channels = (*CHANNELS, sms)
        app = create_app(load_as(settings_of(channels)), channels)
        async with serving(app) as url, app.router.lifespan_context(app):
            yield url


@pytest.fixture
async def http(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=20) as http:
        yield http


async def test_what_comes_by_its_route_is_answered(gateway: Gateway, http: httpx.AsyncClient) -> None:
    came = await http.post("/sms/0912", content="what is food", headers={"key": KEY})
    assert came.status_code == 200
    await gateway.took(2)
    numbers, texts = zip(*gateway.taken, strict=True)
    assert set(numbers) == {"0912"}
    assert "Câu trả lời về food." in texts[1]


async def test_its_state_and_its_numbers_are_told(gateway: Gateway, http: httpx.AsyncClient) -> None:
    ready = (await http.get("/ready")).json()
    ready.pop("pictures", None)  # it is there where Tesseract is not
    assert ready == {"ready": True, "wrong": [], "sms": {"state": "connected", "paid": 7}}
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    told = (await http.get("/metrics", headers=headers)).text
    assert 'bot_channel_connected{channel="sms"} 1.0' in told
    assert 'bot_cards_total{channel="sms"}' in told
    assert 'bot_messages_total{channel="sms",kind="text"}' in told


def test_it_has_a_setting_of_its_own(
    sms: ChannelType[SmsSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "content").mkdir()
    (tmp_path / ".env").write_text(f"SMS_KEY={KEY}\n")
    kind = settings_of((*CHANNELS, sms))
    assert KEY in load_as(kind).secrets()
    monkeypatch.setenv("SMS_KEY", " ")
    monkeypatch.setenv("TELEGRAM_TOKEN", " ")
    with pytest.raises(SettingsError) as error:
        load_as(kind)
    assert [line.partition(" is wrong")[0] for line in str(error.value).splitlines()] == [
        "The setting TELEGRAM_TOKEN",
        "The setting SMS_KEY",
    ]


def test_one_that_is_not_set_up_is_not_there(
    sms: ChannelType[SmsSettings], tmp_path: Path, small_content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTENT_DIR", str(small_content))
    channels = (*CHANNELS, sms)
    app = create_app(load_as(settings_of(channels)), channels)
    assert not [route for route in app.routes if getattr(route, "path", "").startswith("/sms")]


def test_every_setting_of_a_channel_bears_its_name() -> None:
    for channel in CHANNELS:
        folder = channel.settings.__module__.split(".")[-2]
        assert [name for name in channel.settings.model_fields if not name.startswith(f"{folder}_")] == []


def test_the_commands_of_channels_stand_beside_the_services() -> None:
    assert {name: sorted(group.commands) for name, group in commands().items()} == {"zalo": ["key", "login"]}
    from bot.cli import main

    printed = CliRunner().invoke(main, ["zalo", "key"])
    Fernet(printed.output.strip())
    assert "zalo" in CliRunner().invoke(main, ["--help"]).output


def imports(file: Path) -> set[str]:
    """The modules of ours that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return {name for name in found if name.startswith("bot.")}


PREVIEWS = ROOT / "bot" / "desk" / "previews.py"
"""Shows an editor what each channel would send, by the very code that sends it."""


def test_nothing_outside_knows_of_any_channel() -> None:
    folders = [channel.settings.__module__.rpartition(".")[0] for channel in CHANNELS]
    known = {
        name
        for file in (ROOT / "bot").rglob("*.py")
        if CHANNELS_ROOM not in file.parents and file != PREVIEWS
        for name in imports(file)
        if any(name.startswith(f"{folder}.") for folder in folders)
    }
    # Zalo's tokens are in no backup, of which the command `restore` reminds whoever has set Zalo up; the
    # public pages lead to the page with the chat, and show it in frames.
    chat = {"bot.channels.web.page", "bot.channels.web.page.page_response"}
    assert known <= {"bot.channels.zalo.settings.ZaloSettings", *chat}


def test_channels_know_of_nothing_above_them() -> None:
    above = ("answering", "desk", "rasa", "app", "cli", "monitoring", "serve", "server")
    known = {name for file in CHANNELS_ROOM.rglob("*.py") for name in imports(file)}
    assert [name for name in known if name.split(".")[1] in above] == []
