"""What every channel is, how it is made, and how a card may fail to be delivered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import click
from starlette.routing import BaseRoute

from bot.content.library import Library
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.settings import EnvironmentSettings
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.outbox import Outbox
from bot.supervision import Supervisor


@dataclass(frozen=True, slots=True)
class Health:
    """How a channel is, for whoever runs the bot.

    problem: why it does not work, or soon will not, in words; None if all is well.
    details: what else /ready tells of it.
    """

    problem: str | None
    details: Mapping[str, object] = field(default_factory=dict)


class Channel(ABC):
    """A way on which people write to the bot and are answered.

    What comes in goes into the inbox; the worker takes it from there and calls `send`.

    name: stands with each message in the inbox, in the metrics and in /ready.
    arrival: what a person who subscribes is told of when news comes.
    """

    name: str
    arrival: Arrival

    # The worker's side.

    @abstractmethod
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

    async def show_working(self, address: str) -> None:  # noqa: B027  (not every platform can)
        """Let the person see that an answer is on its way. Never raises."""

    @property
    def lay_down(self) -> Callable[[Card], dict[str, object]] | None:
        """How a card is kept for a request that waits for it; None where it is sent to a platform."""
        return None

    async def fetch_picture(self, reference: str) -> bytes:
        """The bytes of a picture that came with a message, by what the channel wrote into the message.

        Raises:
            PictureGone: it is not to be had, or too large.
            TryLater: not just now.
        """
        raise PictureGone("no pictures come on this channel")

    # The service's side.

    def routes(self) -> list[BaseRoute]:
        """What it serves over HTTP: its webhook, or more."""
        return []

    def connected(self, supervisor: Supervisor) -> AbstractAsyncContextManager[None]:
        """Cards can be sent while the context is open: for as long as the worker works."""
        return nullcontext()

    def receiving(self, supervisor: Supervisor) -> AbstractAsyncContextManager[None]:
        """What is not brought to a route is fetched while the context is open, within `connected`.

        It does not wait for the platform to be reached, so that the other channels need not either.
        """
        return nullcontext()

    async def health(self) -> Health | None:
        """How it is; None if there is no platform that it could lose. Never raises."""
        return None


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service lends its channels.

    library: the version of content/ that is served.
    forget_context: lets the Rasa side forget a conversation.
    secret: keys the hashes that hide ids.
    public_url: where the internet reaches the service; empty if it does not.
    leads: whether this process, of several, is the one that does what one alone may do.
    picture: the bytes of the picture of a card, by its path; None if it is not there.
    """

    database: Database
    inbox: Inbox
    outbox: Outbox
    library: Callable[[], Library]
    forget_context: Callable[[str], Coroutine[None, None, None]]
    secret: str
    public_url: str
    leads: Callable[[], bool]
    picture: Callable[[str], Awaitable[bytes | None]]


S = TypeVar("S", bound=EnvironmentSettings)


@dataclass(frozen=True, slots=True)
class ChannelType(Generic[S]):
    """What the registry knows of a channel.

    settings: what can be set of it. create: makes it; None if it is not set up.
    commands: of `python -m bot`, if it has any.
    """

    settings: type[S]
    create: Callable[[S, Parts], Channel | None]
    commands: click.Group | None = None


class PictureGone(Exception):
    """A picture cannot be fetched, now or later."""


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
