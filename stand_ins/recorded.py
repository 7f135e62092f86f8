"""The whole bot with one channel more, whose platform writes down every card that it is sent.

    RECORD=FILE python -m stand_ins.recorded

is the bot. `POST /recorded/CHAT` with {"key", "text" or "button"} is a message of a chat, answered 200 once
it is safe. Each card is a line of the file, in the order in which the platform got them from any process.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
from functools import partial
from pathlib import Path
from unittest.mock import patch

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot import app
from bot.channels.contract import Channel, ChannelType, Parts
from bot.channels.incoming import incoming
from bot.channels.opaque import OpaqueNames
from bot.channels.registry import CHANNELS, settings_of
from bot.channels.requests import read_body
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.log import set_up
from bot.serve import serve
from bot.settings import EnvironmentSettings, load_as
from bot.storage.errors import DatabaseAway
from bot.storage.inbox import Inbox
from bot.storage.queue import LEASE
from stand_ins.record import record


class RecordedSettings(EnvironmentSettings):
    """What can be set of it."""

    record: Path = Field(description="The file of the platform's record")
    recorded_lease: float = Field(LEASE.total_seconds(), description="Seconds of a chat's lease")


class RecordedChannel(Channel):
    """A channel whose platform is a file."""

    name = "recorded"
    arrival = Arrival.AT_ONCE

    def __init__(self, file: Path, inbox: Inbox, secret: str) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._inbox = inbox
        self._opaque = OpaqueNames(secret)

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        record(self._file, address, message_id, position, card)
        await asyncio.sleep(0)

    def routes(self) -> list[BaseRoute]:
        return [Route("/recorded/{chat}", self._message, methods=["POST"])]

    async def _message(self, request: Request) -> Response:
        chat, body = request.path_params["chat"], json.loads(await read_body(request, 10_000))
        conversation = self._opaque(f"{self.name}:{chat}")
        message = incoming(channel=self.name, address=chat, conversation=conversation, **body)
        try:
            await self._inbox.accept(message)
        except DatabaseAway:
            return Response(status_code=503)
        return Response()


def _create(settings: RecordedSettings, parts: Parts) -> RecordedChannel:
    return RecordedChannel(settings.record, parts.inbox, parts.secret)


def main() -> None:
    channels = (*CHANNELS, ChannelType(RecordedSettings, _create))
    settings = load_as(settings_of(channels))
    set_up(settings.log_level, settings.log_format, settings.secrets())
    lease = datetime.timedelta(seconds=RecordedSettings().recorded_lease)
    with patch.object(app, "Inbox", partial(Inbox, lease=lease)):
        made = app.create_app(settings, channels)
    asyncio.run(serve(made, settings.host, settings.port))


if __name__ == "__main__":
    main()
