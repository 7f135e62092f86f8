"""Fetches Telegram's updates by polling, or has them brought to a webhook."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import cast
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot.backoff import pause_after
from bot.channels.opaque import OpaqueNames
from bot.channels.requests import pushed
from bot.channels.telegram.background import BackgroundTasks
from bot.channels.telegram.errors import seconds_of, why_out_of_reach
from bot.channels.telegram.handler import Raw, UpdateHandler
from bot.channels.telegram.limits import ANSWER_SECONDS, POLL_SECONDS, UPDATE_BYTES, UPDATES
from bot.channels.telegram.set_up import SetUp
from bot.channels.telegram.updates import Identity, UpdateReader
from bot.content.library import Library
from bot.log import describe

log = structlog.get_logger(__name__)

WEBHOOK_PATH = "/telegram"

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (a header's name)

PAUSE_FIRST, PAUSE_MOST = 1.0, 30.0
"""Seconds between two tries while Telegram cannot be reached; they grow from one to the other."""


LOOK_SECONDS = 1.0
"""Seconds between two looks whether it is this process that polls."""


class TelegramReceiver:
    """Receives for one bot.

    problem: why it does not receive anything, in words for whoever runs it, or None.
    set_up: how the bot is set up on Telegram.
    """

    def __init__(
        self,
        bot: ExtBot[None],
        http: HTTPXRequest,
        handler: UpdateHandler,
        background: BackgroundTasks,
        library: Callable[[], Library],
        opaque: OpaqueNames,
        public_url: str,
        leads: Callable[[], bool],
    ) -> None:
        """`public_url`: of this service, to be called by Telegram; empty: the bot polls, if it `leads`."""
        self.problem: str | None = "not connected to Telegram yet"
        self.set_up = SetUp(bot)
        self._bot = bot
        self._http = http
        self._handler = handler
        self._background = background
        self._library = library
        self._opaque = opaque
        self._leads = leads
        self._public_url = public_url.rstrip("/")
        # Telegram allows 64 characters of these; nothing to configure or to leak.
        self._webhook_secret = opaque("telegram-webhook")
        self._reader: UpdateReader | None = None

    @property
    def username(self) -> str | None:
        """The bot's name on Telegram, once that is known."""
        return self._reader.me.username if self._reader else None

    def routes(self) -> list[BaseRoute]:
        """The webhook, if there is an address at which Telegram can reach it."""
        return [Route(WEBHOOK_PATH, self._webhook, methods=["POST"])] if self._public_url else []

    async def run(self) -> None:
        """Set the bot up, and poll for ever if it is not called. It ends if Telegram refuses that."""
        try:
            await _patiently(self._bot.initialize, self._is_away)
            self._reader = UpdateReader(
                Identity(self._bot.id, self._bot.username), self._library, self._opaque
            )
            self._background.begin(_patiently(lambda: self.set_up.run(self._library().messages.telegram)))
            if self._public_url:
                await _patiently(self._set_webhook, self._is_away)
                self.problem = None
            else:
                await _patiently(self._bot.delete_webhook, self._is_away)
                self.problem = None
                await self._poll(self._reader)
        except InvalidToken:  # its message shows the token
            self.problem = "Telegram refuses TELEGRAM_TOKEN; get a valid one from @BotFather"
            log.error("telegram_stopped", reason=self.problem)
        except TelegramError as error:
            self.problem = f"Telegram refuses the setup: {error.message}"
            log.error("telegram_stopped", reason=self.problem)

    def _is_away(self, error: NetworkError) -> None:
        self.problem = why_out_of_reach(error)

    async def _set_webhook(self) -> None:
        await self._bot.set_webhook(
            f"{self._public_url}{WEBHOOK_PATH}", secret_token=self._webhook_secret, allowed_updates=UPDATES
        )

    async def _webhook(self, request: Request) -> Response:
        """One update, pushed. Any answer but 2xx makes Telegram deliver it again, for 24 hours."""
        reader = self._reader
        take = (lambda update: self._handler.handle(update, reader)) if reader else None
        return await pushed(request, SECRET_HEADER, self._webhook_secret, UPDATE_BYTES, take)

    async def _poll(self, reader: UpdateReader) -> None:
        """Fetch updates for ever.

        The offset, which tells Telegram what not to send again, moves past an update only when
        the inbox has committed it. The library's own Updater moves it as soon as the update is in
        memory, and loses what is there in a crash.
        """
        offset, failures = 0, 0
        while True:
            if not self._leads():  # another process polls
                self.problem, offset = None, 0
                await asyncio.sleep(LOOK_SECONDS)
                continue
            try:
                for raw in await self._get_updates(offset):
                    await self._handler.handle(raw, reader)
                    offset = max(offset, _number(raw) + 1)
                self.problem = None
                failures = 0
            except InvalidToken:
                raise
            except RetryAfter as error:
                await asyncio.sleep(seconds_of(error))
            except Exception as error:  # the network, or the database: either may come back
                self.problem = "cannot fetch updates: " + _reason(error)
                log.warning("poll_failed", reason=self.problem, **describe(error))
                await asyncio.sleep(pause_after(failures, first=PAUSE_FIRST, longest=PAUSE_MOST))
                failures += 1

    async def _get_updates(self, offset: int) -> list[Raw]:
        """The next updates, as they came.

        Not by `Bot.get_updates`: that fails for the whole batch if it cannot read one update, again
        and again, until that one is 24 hours old.
        """
        asked = {"offset": offset, "timeout": POLL_SECONDS, "allowed_updates": json.dumps(UPDATES)}
        async with asyncio.timeout(POLL_SECONDS + 2 * ANSWER_SECONDS):
            updates = await self._http.post(
                f"{self._bot.base_url}/getUpdates?{urlencode(asked)}",
                read_timeout=POLL_SECONDS + ANSWER_SECONDS,
            )
        return cast(list[Raw], updates)


def _number(raw: Raw) -> int:
    """The number of an update; 0 if it has none, as none from Telegram."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if isinstance(number, int) else 0


def _reason(error: Exception) -> str:
    if isinstance(error, Conflict):
        return "another process polls with the same TELEGRAM_TOKEN"
    return why_out_of_reach(error) if isinstance(error, NetworkError) else type(error).__name__


async def _patiently(
    call: Callable[[], Awaitable[object]], note: Callable[[NetworkError], None] = lambda _: None
) -> None:
    """Call until it works; `note` is told when no answer came. Raises what waiting does not mend."""
    failures = 0
    while True:
        try:
            await call()
        except RetryAfter as error:
            await asyncio.sleep(seconds_of(error))
        except (InvalidToken, BadRequest, Forbidden, ChatMigrated):
            raise
        except NetworkError as error:  # also its subclass TimedOut: these calls may be repeated
            note(error)
            log.warning("telegram_unreachable", **describe(error))
            await asyncio.sleep(pause_after(failures, first=PAUSE_FIRST, longest=PAUSE_MOST))
            failures += 1
        else:
            return
