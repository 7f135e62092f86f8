"""Answers one message: asks what to say, saves it with what it brings about, and sends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from sqlalchemy import Connection

from bot.answering.counting import count
from bot.answering.dialogue import Decision, Dialogue
from bot.answering.effects import carry_out, forgets
from bot.answering.pictures import PictureDialogue
from bot.answering.retry_policy import RetryPolicy
from bot.answering.sending import ReplySender
from bot.answering.slots import Slot
from bot.backoff import pause_after
from bot.channels.contract import Channel, OnlyInReply, TryLater, Unreachable
from bot.content.library import Library
from bot.domain.card import Card
from bot.domain.clock import Clock
from bot.domain.delivery import DueDelivery
from bot.domain.plan import Plan, Plans
from bot.log import describe
from bot.metrics import REPLIES, REPLY_SECONDS
from bot.rasa.client import RasaUnavailable
from bot.storage.inbox import Inbox, SavedPlans
from bot.storage.models import JsonObject
from bot.storage.outbox import waiting
from bot.storage.queue import Entry, LeaseLost

log = structlog.get_logger(__name__)


class Answerer:
    """Answers messages, each once, or sees to it that they are answered later."""

    def __init__(
        self,
        inbox: Inbox,
        dialogue: Dialogue,
        pictures: PictureDialogue,
        sender: ReplySender,
        library: Callable[[], Library],
        channels: Mapping[str, Channel],
        policy: RetryPolicy,
        clock: Clock,
    ) -> None:
        self._inbox = inbox
        self._dialogue = dialogue
        self._pictures = pictures
        self._sender = sender
        self._library = library
        self._channels = channels
        self._policy = policy
        self._clock = clock

    async def answer(self, entry: Entry, slot: Slot) -> None:
        """Answer a message, or postpone it.

        Raises:
            LeaseLost: another worker has it.
        """
        channel = self._channels[entry.message.channel]
        try:
            await self._answer(entry, channel, slot)
        except LeaseLost:
            raise
        except Unreachable:
            log.info("unreachable", message_id=entry.id, channel=channel.name)
            await self._inbox.answered(entry)
            self._held_back(entry, "unreachable")
        except TryLater as error:
            await self._send_later(entry, error)
        except Exception as error:
            await self._failed(entry, channel, error)

    async def _answer(self, entry: Entry, channel: Channel, slot: Slot) -> None:
        library = self._library()
        if pause := library.messages.paused.on(channel.name):
            slot.stop_asking()
            await self._sender.say_pause(entry, channel, pause, library)
            await self._inbox.answered(entry)
            self._held_back(entry, "paused")
            return
        if entry.plans is not None:
            decision, model = Decision(Plans.validate_python(entry.plans), library), None
            waiting = await self._sender.waiting_for(entry)
        else:
            found = await self._pictures.decide(entry, channel, slot)
            if found is None:
                await self._inbox.postpone(entry, 0, is_failure=False)
                return
            model = self._dialogue.model
            entry, decided = found
            saved = _SavedReply(self._sender, entry, channel, decided, self._clock)
            outcome = await self._inbox.save_plans(entry, [], saved.carry_out)
            decision, waiting = saved.decision, saved.waiting
            if outcome.replies is not None:
                self._note(entry, channel, decision, saved.cards, model)
                return
        slot.stop_asking()
        await self._send(entry, channel, decision, waiting, model)

    async def _send(
        self,
        entry: Entry,
        channel: Channel,
        decision: Decision,
        waiting: list[DueDelivery],
        model: str | None,
    ) -> None:
        """Send what the saved plans say, and take the message for answered."""
        is_forgetting = forgets(decision.plans)
        if is_forgetting:
            await self._forget_traces(entry)
        cards = self._sender.cards(entry.message, channel, decision)
        try:
            await self._sender.send(entry, channel, cards, waiting, decision.library)
        except OnlyInReply as error:
            log.warning("reply_held", message_id=entry.id, channel=channel.name, reason=str(error))
            if not is_forgetting:
                await self._inbox.hold(entry, decision.plans[0].language, str(error))
                REPLIES.labels(channel.name, "held").inc()
                count(self._inbox.tally, entry, decision.plans)
                return
        await self._inbox.answered(entry, leaves_no_trace=is_forgetting)
        self._note(entry, channel, decision, cards, model)

    async def _forget_traces(self, entry: Entry) -> None:
        """Let the Rasa side and SQLite's log forget, before the person is told that all is forgotten."""
        try:
            await self._dialogue.forget(entry.message)
        except RasaUnavailable as error:
            raise TryLater("Rasa is away", self._policy.rasa_most) from error
        if not await self._inbox.empty_log():
            raise TryLater("somebody reads the database", self._policy.rasa_most)

    def _note(
        self, entry: Entry, channel: Channel, decision: Decision, cards: tuple[Card, ...], model: str | None
    ) -> None:
        """Count and log an answer."""
        REPLIES.labels(channel.name, _kind(decision.plans) if cards else "silent").inc()
        REPLY_SECONDS.labels(channel.name).observe(self._inbox.age(entry))
        if cards:
            count(self._inbox.tally, entry, decision.plans)
        version = cards[0].version if cards else None
        log.info("answered", message_id=entry.id, channel=channel.name, version=version, model=model)

    async def _send_later(self, entry: Entry, error: TryLater) -> None:
        policy = self._policy
        if entry.attempts + 1 >= policy.deliveries:
            log.error("reply_dropped", message_id=entry.id, channel=entry.message.channel)
            await self._inbox.answered(entry)
            self._held_back(entry, "dropped")
            return
        ours = pause_after(entry.attempts, first=policy.delivery_first, longest=policy.delivery_most)
        await self._inbox.postpone(entry, max(error.seconds, ours))

    async def _failed(self, entry: Entry, channel: Channel, error: Exception) -> None:
        """Try again after a mistake of ours, or say that there is trouble."""
        attempts = entry.attempts + 1
        log.error(
            "message_failed", message_id=entry.id, channel=channel.name, attempts=attempts, **describe(error)
        )
        if attempts < self._policy.failures:
            await self._inbox.postpone(entry, self._policy.rasa_first * attempts)
            return
        await self._sender.say_trouble(entry, channel)
        await self._inbox.answered(entry)
        self._held_back(entry, "trouble")

    def _held_back(self, entry: Entry, kind: str) -> None:
        """Count a message that got no reply."""
        REPLIES.labels(entry.message.channel, kind).inc()
        count(self._inbox.tally, entry)


class _SavedReply:
    """What becomes of a decision in the transaction that saves it.

    decision: with the plans as they were carried out; waiting: what else waits for the person; cards: those
    laid down.
    """

    def __init__(
        self, sender: ReplySender, entry: Entry, channel: Channel, decision: Decision, clock: Clock
    ) -> None:
        self._sender = sender
        self._entry = entry
        self._channel = channel
        self._clock = clock
        self._decided = decision
        self.decision = decision
        self.waiting: list[DueDelivery] = []
        self.cards: tuple[Card, ...] = ()

    def carry_out(self, connection: Connection) -> SavedPlans:
        """Do what the plans bring about. Where a reply is only laid down, that is done with it."""
        entry, library = self._entry, self._decided.library
        plans = carry_out(connection, entry, self._decided.plans, library, self._clock())
        self.decision = Decision(plans, library)
        self.waiting = waiting(connection, entry.message.conversation)
        if self._channel.lay_down is None or self.waiting or forgets(plans):
            return SavedPlans(_as_json(plans))
        self.cards = self._sender.cards(entry.message, self._channel, self.decision)
        return SavedPlans(_as_json(plans), [self._channel.lay_down(card) for card in self.cards])


def _kind(plans: tuple[Plan, ...]) -> str:
    return "trouble" if plans[-1].reason == "trouble" else plans[-1].reply


def _as_json(plans: tuple[Plan, ...]) -> list[JsonObject]:
    as_json: list[JsonObject] = Plans.dump_python(plans, mode="json", exclude_defaults=True)
    return as_json
