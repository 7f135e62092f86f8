"""The channel for Zalo's Bot Platform: no buttons and no ids of updates; numbers pick the options."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.backoff import pause_after
from bot.channels.contract import (
    Channel,
    Health,
    MaybeSent,
    OnlyInReply,
    Parts,
    Rejected,
    SendError,
    TryLater,
    Unreachable,
)
from bot.channels.numbered import NumberedOptions
from bot.channels.opaque import OpaqueNames
from bot.channels.reachability import Reachability
from bot.channels.requests import pushed
from bot.channels.zalo_bot.api import ZaloBotApi
from bot.channels.zalo_bot.events import CHANNEL, Event, EventReader, event_in
from bot.channels.zalo_bot.limits import (
    BUSY_SECONDS,
    EVENT_BYTES,
    POLL_FLOOR,
    QUOTA_SECONDS,
    SECONDS_FIRST,
    SECONDS_MOST,
    SEEN,
)
from bot.channels.zalo_bot.settings import ZaloBotSettings
from bot.channels.zalo_calls import NoAnswer, ZaloError
from bot.channels.zalo_pictures import download
from bot.channels.zalo_text import render
from bot.content.library import Library
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.log import describe
from bot.storage.errors import Unwritable
from bot.storage.inbox import Inbox
from bot.supervision import Supervisor

log = structlog.get_logger(__name__)

WEBHOOK_PATH = "/zalo-bot"

SECRET_HEADER = "X-Bot-Api-Secret-Token"  # noqa: S105  (a header's name)

PARTS_KEPT = 1000
"""Cards of which it is remembered how many parts are sent: those that are tried again, and far more."""


def create(settings: ZaloBotSettings, parts: Parts) -> ZaloBotChannel | None:
    """The channel; None without a token."""
    token = settings.zalo_bot_token.get_secret_value()
    if not token:
        return None
    return ZaloBotChannel(
        parts.inbox,
        NumberedOptions(parts.database),
        ZaloBotApi(settings.zalo_bot_api_url, token),
        parts.library,
        secret=parts.secret,
        public_url=parts.public_url,
        leads=parts.leads,
    )


class ZaloBotChannel(Channel):
    """The bot on Zalo's Bot Platform."""

    name = CHANNEL
    arrival = Arrival.AT_ONCE

    def __init__(
        self,
        inbox: Inbox,
        options: NumberedOptions,
        api: ZaloBotApi,
        library: Callable[[], Library],
        *,
        secret: str,
        public_url: str = "",
        leads: Callable[[], bool] = lambda: True,
        poll_floor: float = POLL_FLOOR,
    ) -> None:
        """Set up the channel.

        Args:
            inbox: where messages go.
            options: what numbers stand for.
            api: of the platform.
            library: the version of content/ that is served.
            secret: keys the hashes of chats' ids and the webhook's secret token.
            public_url: of this service, to be called; empty: the bot polls.
            leads: whether this process, of several, is the one that polls.
            poll_floor: seconds from the beginning of a poll to that of the next.
        """
        self._inbox, self._options, self._api, self._library = inbox, options, api, library
        self._public_url = public_url
        self._leads = leads
        self._poll_floor = poll_floor
        self._opaque = OpaqueNames(secret)
        self._webhook_secret = self._opaque("zalo-bot-webhook")
        self._problem: str | None = "not connected to Zalo's Bot Platform yet"
        self._reader: EventReader | None = None
        self._reachability = Reachability()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._parts_sent: OrderedDict[tuple[int, int], int] = OrderedDict()

    # The worker's side.

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        """Send one card; arguments and errors as in `Channel.send`."""
        messages = render(card, self._library().messages, self._public_url)
        shape = messages.plain
        # The words of a picture and the link to its page: the platform takes pictures by address alone.
        texts = [*([messages.picture[1]] if messages.picture else []), *shape.texts]
        if shape.numbered:
            await self._options.offer(self._opaque(f"{CHANNEL}:{address}"), shape.numbered)
        place = (message_id, position)
        for number in range(self._parts_sent.get(place, 0), len(texts)):
            await self._said("sendMessage", {"chat_id": address, "text": texts[number]})
            self._parts_sent[place] = number + 1
            if len(self._parts_sent) > PARTS_KEPT:
                self._parts_sent.popitem(last=False)

    async def fetch_picture(self, reference: str) -> bytes:
        """Fetch a picture by its address; errors as in `Channel.fetch_picture`."""
        return await download(reference, self._api.url)

    async def show_working(self, address: str) -> None:
        """Show "typing". Never raises."""
        with suppress(SendError):
            await self._said("sendChatAction", {"chat_id": address, "action": "typing"})

    async def _said(self, method: str, parameters: dict[str, str]) -> None:
        try:
            await self._api.call(method, parameters)
        except NoAnswer as error:
            self._reachability.note(is_answered=False)
            if error.is_unsent:
                raise TryLater(str(error), BUSY_SECONDS) from error
            raise MaybeSent(str(error)) from error
        except ZaloError as error:
            self._reachability.note(is_answered=True)
            raise _as_send_error(error) from error
        self._reachability.note(is_answered=True)

    # The service's side.

    def routes(self) -> list[BaseRoute]:
        """The webhook, if there is an address at which the platform can reach it."""
        return [Route(WEBHOOK_PATH, self._webhook, methods=["POST"])] if self._public_url else []

    @asynccontextmanager
    async def connected(self, supervisor: Supervisor | None = None) -> AsyncIterator[None]:
        """Cards can be sent while the context is open."""
        try:
            yield
        finally:
            await self._api.close()

    def receiving(self, supervisor: Supervisor | None = None) -> AbstractAsyncContextManager[None]:
        """Messages come in while the context is open."""
        return (supervisor or Supervisor()).keep(self.name, self._run, may_end=True)

    async def health(self) -> Health:
        """Whether it receives, and the platform answers what is sent."""
        return Health(self._problem or self._reachability.problem("Zalo's Bot Platform"))

    async def _run(self) -> None:
        """Set the bot up, and poll for ever if it is not called. It ends if the token is refused."""
        failures = 0
        while True:
            try:
                if self._reader is None:
                    me = await self._api.call("getMe")
                    own_id = me.get("id") if isinstance(me, dict) else None
                    self._reader = EventReader(str(own_id or ""), self._opaque)
                    await self._say_where_to_call()
                if self._public_url:
                    self._problem = None
                    return
                await self._poll(self._reader)
                failures = 0
            except ZaloError as error:
                if error.code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND} and self._reader is None:
                    self._problem = "Zalo refuses ZALO_BOT_TOKEN; get a valid one from Zalo Bot Manager"
                    log.error("zalo_bot_stopped", reason=self._problem)
                    return
                self._problem = f"Zalo's Bot Platform refuses: {error}"
            except NoAnswer as error:
                self._problem = f"Zalo's Bot Platform is out of reach ({error})"
            except Exception as error:  # the database, most likely: it may come back
                self._problem = f"cannot write down what comes ({type(error).__name__})"
                log.warning("zalo_bot_poll_failed", **describe(error))
            else:
                continue
            log.warning("zalo_bot_problem", problem=self._problem)
            await asyncio.sleep(pause_after(failures, first=SECONDS_FIRST, longest=SECONDS_MOST))
            failures += 1

    async def _say_where_to_call(self) -> None:
        if self._public_url:
            url = f"{self._public_url}{WEBHOOK_PATH}"
            await self._api.call("setWebhook", {"url": url, "secret_token": self._webhook_secret})
        else:
            await self._api.call("deleteWebhook")

    async def _poll(self, reader: EventReader) -> None:
        began = time.monotonic()
        if self._leads():
            for given in await self._api.updates():
                await self._take(event_in(given), reader)
        self._problem = None
        await asyncio.sleep(max(self._poll_floor - (time.monotonic() - began), 0))

    async def _take(self, event: Event | None, reader: EventReader) -> None:
        message = reader.message(event) if event else None
        if message is None or message.key in self._seen:
            return
        with suppress(Unwritable):  # it has been counted; coming again it would fare no better
            await self._inbox.accept(await self._options.with_option(message))
        self._seen[message.key] = None
        if len(self._seen) > SEEN:
            self._seen.popitem(last=False)

    async def _webhook(self, request: Request) -> Response:
        """One event, pushed."""
        reader = self._reader
        take = (lambda given: self._take(event_in(given), reader)) if reader else None
        return await pushed(request, SECRET_HEADER, self._webhook_secret, EVENT_BYTES, take)


def _as_send_error(error: ZaloError) -> SendError:
    """What a refusal means to the worker (https://docs.zaloplatforms.com/docs/BOT/error_code)."""
    reason = str(error)
    match error.code:
        case HTTPStatus.TOO_MANY_REQUESTS:
            # Of a minute, or of the month: the reply waits for the person, and is not tried for hours.
            return OnlyInReply(f"{reason}: too many messages, or those of the month are used up")
        case HTTPStatus.NOT_FOUND:
            return Unreachable(reason)
        case HTTPStatus.FORBIDDEN:  # documented as "internal server error", despite its number
            return TryLater(reason, BUSY_SECONDS)
        case HTTPStatus.UNAUTHORIZED:
            return TryLater(reason, QUOTA_SECONDS)
        case code if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return TryLater(reason, BUSY_SECONDS)
        case _:
            return Rejected(reason)
