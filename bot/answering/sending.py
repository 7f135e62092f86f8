"""Sends a reply card by card, and what else has waited for the person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bot.answering.delivery_worker import DeliveryWorker
from bot.answering.dialogue import Decision, in_trouble
from bot.answering.effects import NOTHING_FOUND
from bot.answering.retry_policy import RetryPolicy
from bot.cards.compose import compose, compose_pause
from bot.channels.contract import Channel, MaybeSent, Rejected
from bot.content.library import Library
from bot.domain.answer import BothLanguages
from bot.domain.card import Card
from bot.domain.clock import Clock, local_day
from bot.domain.delivery import DueDelivery
from bot.domain.message import Message
from bot.domain.plan import Kind, Plan
from bot.log import describe
from bot.storage.inbox import Inbox
from bot.storage.queue import Entry

log = structlog.get_logger(__name__)

WORTH_BREAKING_SILENCE = frozenset({Kind.ANSWER, Kind.FACET, Kind.CHOICES, Kind.ACTION})


class ReplySender:
    """Says on a channel what was decided, each card once."""

    def __init__(
        self,
        inbox: Inbox,
        library: Callable[[], Library],
        delivery_worker: DeliveryWorker,
        policy: RetryPolicy,
        clock: Clock,
    ) -> None:
        self._inbox = inbox
        self._library = library
        self._delivery_worker = delivery_worker
        self._policy = policy
        self._clock = clock

    def cards(self, message: Message, channel: Channel, decision: Decision) -> tuple[Card, ...]:
        """The cards of a reply; none where a group that talks among itself is to hear nothing."""
        plans = decision.plans
        if message.is_quiet:
            plans = tuple(plan for plan in plans if _is_worth_breaking_silence(plan))
        if message.is_once:
            plans = tuple(filter(_is_worth_breaking_silence, plans))[:1] or plans[:1]
        if not plans:
            return ()
        today = local_day(self._clock())
        return compose(plans, decision.library, today, arrival=channel.arrival, is_cut=message.is_cut).cards

    async def waiting_for(self, entry: Entry) -> list[DueDelivery]:
        """What else waits for the person who wrote a message."""
        return await self._delivery_worker.waiting_for(entry)

    async def send(
        self,
        entry: Entry,
        channel: Channel,
        cards: tuple[Card, ...],
        waiting: list[DueDelivery],
        library: Library,
    ) -> None:
        """Send the cards that are not sent yet, and what has waited for the person.

        Raises:
            OnlyInReply: the platform refuses the rest until they write again.
            Unreachable, TryLater: as `Channel.send` does.
        """
        for position in range(entry.cards_sent, len(cards)):
            await self._send_card(entry, channel, position, cards[position])
            # The last thing to be sent is noted together with the answer.
            if position + 1 < len(cards) or waiting:
                await self._inbox.card_sent(entry, position + 1)
        await self._delivery_worker.add_to_reply(waiting, entry, channel, len(cards), library)

    async def say_pause(
        self, entry: Entry, channel: Channel, sentence: BothLanguages, library: Library
    ) -> None:
        """Say that the channel is switched off, and nothing else. Raises as `send` does."""
        if not entry.message.is_quiet:
            card = compose_pause(sentence, entry.message.language, library)
            await self._send_card(entry, channel, entry.cards_sent, card)

    async def say_trouble(self, entry: Entry, channel: Channel) -> None:
        """Say that there is trouble, if that can be said."""
        try:
            trouble = in_trouble(entry.message, self._library())
            for position, card in enumerate(self.cards(entry.message, channel, trouble)):
                async with asyncio.timeout(self._policy.sending):
                    await channel.send(entry.message.address, entry.id, position, card)
        except Exception as error:
            log.error("trouble_not_said", message_id=entry.id, channel=channel.name, **describe(error))

    async def _send_card(self, entry: Entry, channel: Channel, position: int, card: Card) -> None:
        """Send a card; what nobody can mend by sending it again counts as sent."""
        try:
            async with asyncio.timeout(self._policy.sending):
                await channel.send(entry.message.address, entry.id, position, card)
        except (MaybeSent, Rejected, TimeoutError) as error:
            log.warning(
                "card_not_sent",
                message_id=entry.id,
                channel=channel.name,
                position=position,
                card=card.id or card.action or card.kind,
                **describe(error),
            )


def _is_worth_breaking_silence(plan: Plan) -> bool:
    """Whether a group that talks among itself should hear it: not that there is no answer, nor
    which topic is meant by who names none."""
    return plan.reply in WORTH_BREAKING_SILENCE and plan.reason not in {*NOTHING_FOUND, "ask_topic"}
