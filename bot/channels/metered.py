"""A channel whose sends are counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.routing import BaseRoute

from bot.channels.contract import Channel, Health, SendError
from bot.domain.card import Card
from bot.metrics import CARDS, REFUSED
from bot.supervision import Supervisor


class MeteredChannel(Channel):
    """Another channel, with what it sends and what its platform refuses in the metrics."""

    def __init__(self, channel: Channel) -> None:
        self.name = channel.name
        self.arrival = channel.arrival
        self._channel = channel

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        """As the channel does; raises what it raises."""
        try:
            await self._channel.send(address, message_id, position, card)
        except SendError as error:
            REFUSED.labels(self.name, reason(type(error))).inc()
            raise
        CARDS.labels(self.name).inc()

    async def show_working(self, address: str) -> None:
        """As the channel does."""
        await self._channel.show_working(address)

    async def fetch_picture(self, reference: str) -> bytes:
        """As the channel does; raises what it raises."""
        return await self._channel.fetch_picture(reference)

    @property
    def lay_down(self) -> Callable[[Card], dict[str, object]] | None:
        """As the channel does."""
        return self._channel.lay_down

    def routes(self) -> list[BaseRoute]:
        """Those of the channel."""
        return self._channel.routes()

    def connected(self, supervisor: Supervisor) -> AbstractAsyncContextManager[None]:
        """As the channel is."""
        return self._channel.connected(supervisor)

    def receiving(self, supervisor: Supervisor) -> AbstractAsyncContextManager[None]:
        """As the channel does."""
        return self._channel.receiving(supervisor)

    async def health(self) -> Health | None:
        """That of the channel."""
        return await self._channel.health()


def reason(error: type[SendError]) -> str:
    """The name of an error as the metrics have it: OnlyInReply is only_in_reply."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower()
