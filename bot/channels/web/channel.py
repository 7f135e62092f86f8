"""The channel of the page, and of the public interface behind it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from starlette.routing import BaseRoute

from bot.cards.deliveries import compose_delivery
from bot.channels.contract import Channel, OnlyInReply, Parts, PictureGone
from bot.channels.web.api import WebApi
from bot.channels.web.page import page_routes
from bot.channels.web.schema import CardBody, DeliveryBody
from bot.channels.web.settings import WebSettings
from bot.content.library import Library
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.clock import local_day, utc_now
from bot.storage import pictures
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.outbox import Outbox

REPLY_WITHIN = 60.0
"""Seconds that a request waits for its reply, before the client is asked to come again."""


def create(settings: WebSettings, parts: Parts) -> WebChannel:
    """The channel, which is always there."""
    return WebChannel(
        parts.database,
        parts.inbox,
        parts.outbox,
        parts.library,
        rate_limit=settings.web_rate_limit,
        address_limit=settings.web_address_limit,
        secret=parts.secret,
    )


class WebChannel(Channel):
    """The channel of the page: a card is sent by laying it down for the request that waits.

    That request may be in another process than the worker, or be a later one that repeats the
    first after a lost connection.
    """

    name = "web"
    arrival = Arrival.ON_RETURN

    def __init__(
        self,
        database: Database,
        inbox: Inbox,
        outbox: Outbox,
        library: Callable[[], Library],
        *,
        rate_limit: int,
        address_limit: int = 0,
        secret: str,
        reply_within: float = REPLY_WITHIN,
    ) -> None:
        """A channel that takes so many messages a minute of a conversation and from an address.

        address_limit 0: any number from an address; rate_limit 0: no limit at all.
        """
        self._database = database
        self._inbox = inbox
        self._library = library
        self._outbox = outbox
        self._api = WebApi(
            self.name,
            inbox,
            database,
            self._deliveries,
            rate_limit=rate_limit,
            address_limit=address_limit,
            secret=secret,
            reply_within=reply_within,
        )

    def routes(self) -> list[BaseRoute]:
        """The page, its files, and the interface."""
        return [*page_routes(self._library), self._api.route()]

    async def _deliveries(self, conversation: str, received: Collection[int]) -> list[DeliveryBody]:
        """What waits for a conversation, once it is noted what its page has received before."""
        if received:
            await self._outbox.received(conversation, received)
        today, library = local_day(utc_now()), self._library()
        waiting = await self._outbox.waiting_for(conversation)
        composed = ((due.id, compose_delivery(due, library, today)) for due in waiting)
        return [
            DeliveryBody(id=id_, replies=tuple(map(CardBody.of, cards))) for id_, cards in composed if cards
        ]

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        """Lay a card of the reply down for the request that waits; without one, OnlyInReply."""
        if message_id < 0:
            raise OnlyInReply("a page is only ever answered")
        await self._inbox.replies.save(message_id, position, _laid_down(card))

    async def fetch_picture(self, reference: str) -> bytes:
        """A picture that was uploaded. Raises PictureGone."""
        data = await self._database.transact(lambda connection: pictures.uploaded(connection, reference))
        if data is None:
            raise PictureGone("it was not read in time")
        return data

    @property
    def lay_down(self) -> Callable[[Card], dict[str, object]]:
        """Makes a card into what the request that waits for it gets."""
        return _laid_down


def _laid_down(card: Card) -> dict[str, object]:
    return CardBody.of(card).model_dump(mode="json")
