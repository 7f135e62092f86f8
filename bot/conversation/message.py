"""What crosses the border between a channel and the conversation."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.content.schema import Facet, Language, Source, Verdict
from bot.rasa.plan import Kind
from bot.text import clean, mask_personal

TEXT_LIMIT = 1000
"""Characters of a message that are read. Longer than any question that was ever put to us, and
short enough that the sentence encoder answers in a fraction of a second."""

CUT = " […] "
"""What stands in place of the middle of a longer message."""
BUTTON_LIMIT = 256
"""Characters of a button's payload that are read; ours are shorter."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing a person sent, cleaned, whatever the platform. Made by `incoming`.

    channel: name of the channel it came by ("telegram").
    address: where the reply goes on that platform; opaque to all but the channel.
    conversation: keyed hash or random id under which the context is remembered.
    key: the platform's id of this delivery within the channel; the same when it is redelivered.
    text: cleaned and masked; empty if a button was pressed or nothing could be read.
    button: the payload of the button that was pressed.
    is_cut: the person wrote more than TEXT_LIMIT; the middle is missing.
    is_quiet: in a group: if there is no answer, say nothing.
    unreadable: it was a picture, a voice message, a file: nothing that can be read.
    language: of the person's app; decides only where nothing else does.
    part_of: key of the whole that comes in several messages (an album) and is answered once.
    act: what the same act has if it is done twice at once (a button pressed twice); answered once.
    """

    channel: str
    address: str
    conversation: str
    key: str
    text: str = ""
    button: str | None = None
    is_cut: bool = False
    is_quiet: bool = False
    unreadable: bool = False
    language: Language | None = None
    part_of: str | None = None
    act: str | None = None


def incoming(
    *,
    channel: str,
    address: str,
    conversation: str,
    key: str,
    text: str = "",
    button: str | None = None,
    is_quiet: bool = False,
    unreadable: bool = False,
    language: Language | None = None,
    part_of: str | None = None,
    act: str | None = None,
) -> Message:
    """A message with its text cleaned, bounded and masked: the only place where that is done.

    The text is cut before the cleaning, generously, so that even a huge one costs little. The rest is
    what a platform or a client made, and may be forged: what no database can hold is left out of it.
    """
    cleaned = mask_personal(clean(_ends(text, 8 * TEXT_LIMIT)))
    is_cut = len(cleaned) > TEXT_LIMIT or len(text) > 8 * TEXT_LIMIT
    return Message(
        channel=channel,
        address=_storable(address),
        conversation=_storable(conversation),
        key=_storable(key),
        text=_ends(cleaned, TEXT_LIMIT),
        button=None if button is None else _storable(button)[:BUTTON_LIMIT],
        is_cut=is_cut,
        is_quiet=is_quiet,
        unreadable=unreadable,
        language=language,
        part_of=part_of,
        act=act,
    )


def _ends(text: str, most: int) -> str:
    """The text, or of a longer one its beginning and its end: people tell their story first and ask last.
    It is cut between words where there are any."""
    if len(text) <= most:
        return text
    half = (most - len(CUT)) // 2
    begin, end = text[:half], text[-half:]
    return (
        begin.rpartition(" ")[0] + CUT + end.partition(" ")[2]
        if " " in begin and " " in end
        else (begin + CUT + end)
    )


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, which PostgreSQL has not in a text, and halves of characters, which no encoding has."""


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("", text)


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press: it sends `payload` back to the bot, or opens `url`."""

    label: str
    payload: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One thing that the bot says, in one language, without any platform's markup.

    text: Markdown (paragraphs, bold, lists, links).
    facet: the one that was asked for, also where the answer has none.
    action: the small talk or action; ids: what the choices lead to.
    claim, verdict, verdict_label, clarified: of a clarification.
    alert: what everybody is told first while the city has an emergency.
    notice: what to know before relying on the text (it may be out of date, the message was cut).
    version: of content/, from which it was made.
    """

    kind: Kind
    language: Language
    text: str
    title: str | None = None
    id: str | None = None
    facet: Facet | None = None
    action: str | None = None
    ids: tuple[str, ...] = ()
    claim: str | None = None
    verdict: Verdict | None = None
    verdict_label: str | None = None
    clarified: str | None = None
    alert: str | None = None
    notice: str | None = None
    sources: tuple[Source, ...] = ()
    checked: datetime.date | None = None
    office: str | None = None
    map_url: str | None = None
    buttons: tuple[Button, ...] = ()
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """Everything said in answer to one message."""

    language: Language
    cards: tuple[Card, ...]


class Arrival(StrEnum):
    """When news reaches people on a channel; the phrase in content/messages.yml has the same name."""

    AT_ONCE = "arrives_at_once"
    ON_RETURN = "arrives_on_return"
    """When they open the place again, or write."""

    WITH_NEXT_MESSAGE = "arrives_with_next_message"
    """The platform may let nothing through before they write again."""


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
