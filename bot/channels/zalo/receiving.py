"""Takes what the Official Account's webhook delivers."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.opaque import OpaqueNames
from bot.channels.requests import BodyTooLarge, read_body
from bot.channels.zalo import signature
from bot.channels.zalo.events import (
    GREETED,
    IGNORED,
    MEDIA,
    TEXTS,
    UNFOLLOW,
    Event,
    EventReader,
    Unreadable,
    is_our_own,
    read,
)
from bot.channels.zalo.limits import EVENT_BYTES, SILENCE, WEBHOOK_SECONDS
from bot.channels.zalo.metrics import EVENTS_DROPPED
from bot.channels.zalo.store import ZaloStore
from bot.domain.clock import Clock, utc_now
from bot.log import describe
from bot.storage.errors import Unwritable
from bot.storage.inbox import Inbox

log = structlog.get_logger(__name__)

WEBHOOK_PATH = "/zalo/webhook"

NOTED_SECONDS = 60.0
"""Seconds for which it is not noted again that an event came."""


@dataclass(frozen=True, slots=True)
class OfficialAccount:
    """The Official Account and the app that serves it.

    oa_secret: signs the webhook's events; without it the channel is in set-up mode.
    """

    app_id: str
    oa_id: str
    oa_secret: str


class ZaloReceiver:
    """Receives for one Official Account.

    dropped: how many events were answered and dropped since the start, by why.
    """

    def __init__(
        self,
        inbox: Inbox,
        store: ZaloStore,
        account: OfficialAccount,
        opaque: OpaqueNames,
        clock: Clock = utc_now,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self._inbox = inbox
        self._store = store
        self._account = account
        self._clock = clock
        self._reader = EventReader(opaque)
        self._noted_at = float("-inf")
        self._forms: set[str] = set()

    def routes(self) -> list[BaseRoute]:
        """The webhook."""
        return [Route(WEBHOOK_PATH, self._webhook, methods=["GET", "POST"])]

    async def problem(self) -> str | None:
        """What is wrong with the webhook, with the way out; None if all is well."""
        if not self._account.oa_secret:
            return (
                "set-up mode: every event is dropped until ZALO_OA_SECRET is set; the console shows it "
                f"once the webhook's address (PUBLIC_URL and {WEBHOOK_PATH}) is saved there"
            )
        last = await self._store.last_event()
        if last is None:
            return f"no event came from Zalo yet: is the webhook's address {WEBHOOK_PATH} set in the console?"
        silent = self._clock() - last
        if silent > SILENCE:
            hours = int(silent.total_seconds() // 3600)
            return f"no event came from Zalo for {hours} hours: is the webhook switched on in the console?"
        return None

    async def _webhook(self, request: Request) -> Response:
        """One event, pushed.

        It is answered with 200 whatever it is, since Zalo switches a webhook off that refuses;
        except if it could not be written down: then Zalo has to deliver it again.
        """
        if request.method == "POST":
            try:
                async with asyncio.timeout(WEBHOOK_SECONDS):
                    await self._take(await _body(request), request.headers.get(signature.HEADER, ""))
            except ClientDisconnect:
                return Response(status_code=HTTPStatus.BAD_REQUEST)
            except Exception as error:  # the database, most likely: it may come back
                log.error("event_not_accepted", **describe(error))
                return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        return Response()

    async def _take(self, raw: bytes, given: str) -> None:
        """Write an event's message into the inbox, if it is Zalo's and there is one in it.

        Raises:
            Exception: it was not written down and has to come again.
        """
        if not self._account.oa_secret:
            self._drop("set_up", has_signature=bool(given))
            return
        try:
            event = read(raw)
        except Unreadable:
            self._drop("unreadable")
            return
        form = signature.matches(
            given,
            raw,
            event.timestamp,
            app_id=self._account.app_id,
            oa_id=self._account.oa_id,
            secret=self._account.oa_secret,
        )
        if form is None:
            self._drop("signature", has_signature=bool(given))
            return
        if form not in self._forms:
            self._forms.add(form)
            log.info("zalo_signature", form=form)
        await self._note_event()
        await self._handle(event)

    async def _handle(self, event: Event) -> None:
        if is_our_own(event, self._account.oa_id):
            return
        if event.account not in {"", self._account.oa_id}:
            self._drop("other_account")
        elif event.event_name == UNFOLLOW:
            await self._store.unfollowed(self._reader.conversation(event), event.time)
        elif message := self._reader.message(event):
            with suppress(Unwritable):  # it has been counted; coming again it would fare no better
                await self._inbox.accept(await self._store.with_option(message))
        elif event.event_name not in IGNORED:
            is_known = event.event_name in TEXTS | MEDIA | GREETED
            log.info("zalo_event_ignored", event_name=event.event_name[:64], is_known=is_known)

    async def _note_event(self) -> None:
        """Note that Zalo reaches us, now and then."""
        now = asyncio.get_running_loop().time()
        if now - self._noted_at >= NOTED_SECONDS:
            await self._store.event_came()
            self._noted_at = now

    def _drop(self, why: str, **facts: object) -> None:
        self.dropped[why] += 1
        EVENTS_DROPPED.labels(why).inc()
        number = self.dropped[why]
        if number & (number - 1) == 0:  # 1, 2, 4, 8: whoever sends many does not fill the log
            log.warning("zalo_event_dropped", why=why, number=number, **facts)


async def _body(request: Request) -> bytes:
    """The body as it came; nothing of one that is larger than any event."""
    try:
        return await read_body(request, EVENT_BYTES)
    except BodyTooLarge:
        return b""
