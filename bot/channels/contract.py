"""What every channel is, and how a card may fail to be delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot.domain.arrival import Arrival
from bot.domain.card import Card


class Channel(Protocol):
    """What the worker needs of a channel.

    arrival: what a person who subscribes is told of when news comes.
    lay_down: how a card is kept for a request that waits for it; None where it is sent to a platform.
    """

    name: str
    arrival: Arrival

    @property
    def lay_down(self) -> Callable[[Card], dict[str, object]] | None:
        """As above."""

    async def show_working(self, address: str) -> None:
        """Let the person see that an answer is on its way. Never raises."""

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        """Send one card of the reply to a message.

        Args:
            address: the message's address.
            message_id: the inbox's id of the message that is answered; below 0, nobody asked just
                now, and it is the outbox's id of the delivery with a minus.
            position: the card's place in the reply, from 0.
            card: what to say.

        Raises:
            SendError: as its subclasses say.
        """


class SendError(Exception):
    """A card was not delivered. Who must act:

    SendError
     ├── Unreachable     nobody: the person blocked the bot or is gone; the reply is dropped
     ├── OnlyInReply     the person: it goes with the reply to their next message
     ├── TryLater        the worker: the platform asks for patience, the same card again later
     ├── MaybeSent       nobody: no answer came back; repeating could say it twice
     └── Rejected        a developer: the platform refuses this card; the next one is tried
    """


class Unreachable(SendError):
    """The person blocked the bot, left, or was deleted."""


class OnlyInReply(SendError):
    """The platform lets nothing be sent to this person before they write (again)."""


class TryLater(SendError):
    """The platform is busy or out of reach.

    seconds: how long to wait. is_chats_own: others may be written to meanwhile.
    """

    def __init__(self, reason: str, seconds: float, *, is_chats_own: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.is_chats_own = is_chats_own


class MaybeSent(SendError):
    """The request went out and no answer came back."""


class Rejected(SendError):
    """The platform will not take this card, now or later."""
