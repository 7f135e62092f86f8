"""A channel whose sends are counted."""

from __future__ import annotations

import re

from bot.channels.contract import Channel, SendError
from bot.domain.card import Card
from bot.metrics import CARDS, REFUSED


class Counted:
    """Another channel, with what it sends and what its platform refuses in the metrics."""

    def __init__(self, channel: Channel) -> None:
        self.name = channel.name
        self.arrival = channel.arrival
        self.lay_down = channel.lay_down
        self._channel = channel

    async def show_working(self, address: str) -> None:
        """As the channel does."""
        await self._channel.show_working(address)

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        """As the channel does; raises what it raises."""
        try:
            await self._channel.send(address, message_id, position, card)
        except SendError as error:
            REFUSED.labels(self.name, reason(type(error))).inc()
            raise
        CARDS.labels(self.name).inc()


def reason(error: type[SendError]) -> str:
    """The name of an error as the metrics have it: OnlyInReply is only_in_reply."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower()
