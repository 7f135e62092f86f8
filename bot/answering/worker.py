"""The worker: takes chats from the inbox, asks for plans, sends the cards, one by one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from bot.answering.delivery_worker import Postman
from bot.answering.dialogue import Conversation, Decision, in_trouble
from bot.answering.effects import NOTHING_FOUND, carry_out, forgets
from bot.answering.waiting import wait_for_event
from bot.cards.compose import compose, compose_pause
from bot.channels.contract import Channel, MaybeSent, OnlyInReply, Rejected, TryLater, Unreachable
from bot.content.library import Library
from bot.domain.answer import BothLanguages
from bot.domain.card import Card
from bot.domain.clock import Clock, local_day, utc_now
from bot.domain.delivery import DueDelivery
from bot.domain.message import Message
from bot.domain.plan import Kind, Plan, Plans
from bot.log import describe
from bot.metrics import REPLIES, REPLY_SECONDS
from bot.rasa.client import RasaFailed, RasaUnavailable
from bot.storage.inbox import Inbox, SavedPlans
from bot.storage.models import JsonObject
from bot.storage.outbox import waiting
from bot.storage.queue import Consumer, Entry, LeaseLost
from bot.storage.replies import POLL

log = structlog.get_logger(__name__)

WORTH_BREAKING_SILENCE = frozenset({Kind.ANSWER, Kind.FACET, Kind.CHOICES, Kind.ACTION})

BUSY_MOST = 100
"""Chats of a channel in hand at a time, those included to which a platform keeps us waiting to send."""

TIDY_SECONDS = 60.0
"""Seconds between two rounds of forgetting what has been kept long enough."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the worker puts up with what; times in seconds.

    rasa_first, rasa_most: the pauses between two tries while Rasa is away grow from one to the
    other; rasa_total: after that long without Rasa the person is told.
    failures: tries of a message that Rasa or our own code fails at.
    deliveries: tries of a reply for which the platform asks for patience; unless it asks for
    longer, the pauses grow from delivery_first to delivery_most.
    working: how long showing "typing" may hold up the answer.
    sending: how long one card may take; what a platform has said nothing to by then may have arrived.
    """

    rasa_first: float = 0.5
    rasa_most: float = 5.0
    rasa_total: float = 120.0
    failures: int = 3
    deliveries: int = 10
    delivery_first: float = 1.0
    delivery_most: float = 300.0
    working: float = 2.0
    sending: float = 90.0


class _Slot:
    """A chat's place among those of its channel: for asking Rasa, then for sending."""

    def __init__(self, worker: Worker, channel: str) -> None:
        self._worker = worker
        self._channel = channel
        self._is_asking = True
        worker._asking[channel] += 1
        worker._busy[channel] += 1

    def stop_asking(self) -> None:
        """What is left is to send."""
        if self._is_asking:
            self._is_asking = False
            self._worker._asking[self._channel] -= 1
            self._tell()

    def leave(self) -> None:
        """Make room."""
        self.stop_asking()
        self._worker._busy[self._channel] -= 1
        self._tell()

    def _tell(self) -> None:
        """Somebody may wait for the room that was made."""
        if self._channel in self._worker._behind:
            self._worker._inbox.arrived.set()


class _Turn:
    """What is decided about one message in the transaction that saves it.

    plans: as they were carried out; waiting: what else waits for the person; cards: those laid down.
    """

    def __init__(self, worker: Worker, entry: Entry, channel: Channel, decision: Decision) -> None:
        self._worker = worker
        self._entry = entry
        self._channel = channel
        self._decision = decision
        self.plans = decision.plans
        self.waiting: list[DueDelivery] = []
        self.cards: tuple[Card, ...] = ()

    def carry_out(self, connection: Connection) -> SavedPlans:
        """Do what the plans bring about. Where a reply is only laid down, that is done with it."""
        entry, library = self._entry, self._decision.library
        plans = carry_out(connection, entry, self._decision.plans, library, self._worker._clock())
        self.plans = plans
        self.waiting = waiting(connection, entry.message.conversation)
        if self._channel.lay_down is None or self.waiting or forgets(plans):
            return SavedPlans(_as_json(plans))
        self.cards = self._worker._cards(entry.message, Decision(plans, library))
        return SavedPlans(_as_json(plans), [self._channel.lay_down(card) for card in self.cards])


class Worker:
    """Answers what is in the inbox, several chats at a time.

    Each channel has slots of its own: so many chats for which Rasa is asked, and many more to which
    cards are being sent, since a platform may keep a card waiting. So no channel holds another up, and
    no chat but its own.
    """

    def __init__(
        self,
        inbox: Inbox,
        conversation: Conversation,
        library: Callable[[], Library],
        channels: Mapping[str, Channel],
        postman: Postman,
        *,
        at_a_time: int = 8,
        patience: Patience = Patience(),
        clock: Clock = utc_now,
    ) -> None:
        """`channels`: by name; what came by another is left for a process that has it.
        `postman`: brings what waits for people when they write.
        `at_a_time`: of each channel, chats for which Rasa is asked."""
        self._inbox = inbox
        self._conversation = conversation
        self._library = library
        self._channels = channels
        self._postman = postman
        self._at_a_time = at_a_time
        self._patience = patience
        self._clock = clock
        self._stopping = asyncio.Event()
        self._finished = asyncio.Event()
        self._asking: Counter[str] = Counter()
        self._busy: Counter[str] = Counter()
        self._behind: set[str] = set()
        self._in_hand: set[str] = set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is in hand is finished."""
        self._stopping.set()
        self._inbox.arrived.set()

    async def run(self) -> None:
        """Answer messages until `stop` is called. After a failure it may be called again."""
        self._finished.clear()
        chores = [
            asyncio.create_task(self._every(self._inbox.lease.total_seconds() / 3, self._renew)),
            asyncio.create_task(self._every(TIDY_SECONDS, self._inbox.tidy)),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                self._inbox.consumer_for = lambda channel: self._hand_for(channel, group)
                try:
                    while not self._stopping.is_set():
                        await self._start_next(group)
                finally:
                    self._inbox.consumer_for = lambda _channel: None
                    await self._inbox.settle()  # what is being written down may be ours already
        finally:
            self._finished.set()
            await asyncio.gather(*chores)

    async def _start_next(self, group: asyncio.TaskGroup) -> None:
        self._inbox.arrived.clear()
        free = [name for name in self._channels if self._has_room(name)]
        self._behind |= self._channels.keys() - free
        entry = await self._claim(free) if free else None
        if entry is None:
            self._behind -= set(free)
            await wait_for_event(self._inbox.arrived, POLL)
            return
        slot = _Slot(self, entry.message.channel)
        group.create_task(self._handle(entry, slot))

    def _has_room(self, channel: str) -> bool:
        return self._asking[channel] < self._at_a_time and self._busy[channel] < BUSY_MOST

    def _hand_for(self, channel: str, group: asyncio.TaskGroup) -> Consumer | None:
        """Who takes a message of a channel as it arrives: nobody while others have waited longer."""
        if channel not in self._channels or channel in self._behind or self._stopping.is_set():
            return None
        if not self._has_room(channel):
            self._behind.add(channel)
            return None
        slot = _Slot(self, channel)

        def hand(entry: Entry | None) -> None:
            if entry and not self._finished.is_set():
                group.create_task(self._handle(entry, slot))
            else:
                slot.leave()

        return hand

    async def _claim(self, channels: Collection[str]) -> Entry | None:
        try:
            return await self._inbox.claim(channels)
        except Exception as error:  # the database may come back
            log.error("claim_failed", **describe(error))
            return None

    async def _renew(self) -> None:
        await self._inbox.renew(self._in_hand)

    async def _every(self, seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
        while not await wait_for_event(self._finished, seconds):
            try:
                await chore()
            except Exception as error:  # next time, perhaps
                log.error("chore_failed", **describe(error))

    async def _handle(self, entry: Entry, slot: _Slot) -> None:
        """Answer one message, come what may."""
        self._in_hand.add(entry.lease)
        try:
            await self._answer_or_postpone(entry, slot)
        except LeaseLost:
            log.warning("lease_lost", message_id=entry.id)
        except Exception as error:  # not even postponing it worked; its lease runs out
            log.error("message_left", message_id=entry.id, **describe(error))
        finally:
            self._in_hand.discard(entry.lease)
            slot.leave()

    async def _answer_or_postpone(self, entry: Entry, slot: _Slot) -> None:
        channel = self._channels[entry.message.channel]
        try:
            await self._answer(entry, channel, slot)
        except LeaseLost:
            raise
        except Unreachable:
            log.info("unreachable", message_id=entry.id, channel=channel.name)
            await self._inbox.answered(entry)
            REPLIES.labels(channel.name, "unreachable").inc()
        except TryLater as error:
            await self._send_later(entry, error)
        except Exception as error:
            await self._failed(entry, channel, error)

    async def _answer(self, entry: Entry, channel: Channel, slot: _Slot) -> None:
        library = self._library()
        if pause := library.messages.paused.on(channel.name):
            slot.stop_asking()
            await self._say_pause(entry, channel, pause, library)
            return
        if entry.plans is not None:
            decision, model = Decision(Plans.validate_python(entry.plans), library), None
            waiting = await self._postman.waiting_for(entry)
        else:
            found = await self._plans(entry, channel)
            if found is None:
                await self._inbox.postpone(entry, 0, is_failure=False)
                return
            model = self._conversation.model
            turn = _Turn(self, entry, channel, found)
            outcome = await self._inbox.save_plans(entry, [], turn.carry_out)
            decision, waiting = Decision(turn.plans, found.library), turn.waiting
            if outcome.replies is not None:
                self._note(entry, channel, decision, turn.cards, model)
                return
        slot.stop_asking()
        await self._send_reply(entry, channel, decision, waiting, model)

    async def _send_reply(
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
        cards = self._cards(entry.message, decision)
        try:
            await self._reply(entry, channel, cards, waiting, decision.library)
        except OnlyInReply as error:
            log.warning("reply_held", message_id=entry.id, channel=channel.name, reason=str(error))
            if not is_forgetting:
                await self._inbox.hold(entry, decision.plans[0].language, str(error))
                REPLIES.labels(channel.name, "held").inc()
                return
        await self._inbox.answered(entry, leaves_no_trace=is_forgetting)
        self._note(entry, channel, decision, cards, model)

    def _note(
        self, entry: Entry, channel: Channel, decision: Decision, cards: tuple[Card, ...], model: str | None
    ) -> None:
        """Count and log an answer."""
        REPLIES.labels(channel.name, _kind(decision.plans) if cards else "silent").inc()
        REPLY_SECONDS.labels(channel.name).observe(self._inbox.age(entry))
        version = cards[0].version if cards else None
        log.info("answered", message_id=entry.id, channel=channel.name, version=version, model=model)

    async def _say_pause(
        self, entry: Entry, channel: Channel, sentence: BothLanguages, library: Library
    ) -> None:
        """Say that the channel is switched off, and nothing else."""
        if not entry.message.is_quiet:
            card = compose_pause(sentence, entry.message.language, library)
            await self._send(entry, channel, entry.cards_sent, card)
        await self._inbox.answered(entry)
        REPLIES.labels(channel.name, "paused").inc()

    async def _reply(
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
        """
        for position in range(entry.cards_sent, len(cards)):
            await self._send(entry, channel, position, cards[position])
            # The last thing to be sent is noted together with the answer.
            if position + 1 < len(cards) or waiting:
                await self._inbox.card_sent(entry, position + 1)
        await self._postman.add_to_reply(waiting, entry, channel, len(cards), library)

    async def _forget_traces(self, entry: Entry) -> None:
        """Let the Rasa side and SQLite's log forget, before the person is told that all is forgotten."""
        try:
            await self._conversation.forget(entry.message)
        except RasaUnavailable as error:
            raise TryLater("Rasa is away", self._patience.rasa_most) from error
        if not await self._inbox.empty_log():
            raise TryLater("somebody reads the database", self._patience.rasa_most)

    async def _plans(self, entry: Entry, channel: Channel) -> Decision | None:
        """What to say, or None if the worker is to stop before that is known."""
        failures, pause = 0, self._patience.rasa_first
        while True:
            try:
                return await self._ask(entry.message, channel)
            except RasaUnavailable:
                # However long the queue, nobody waits longer than if they were its first.
                is_enough = (
                    min(self._inbox.age(entry), self._conversation.rasa_away) >= self._patience.rasa_total
                )
            except RasaFailed:
                failures += 1
                is_enough = failures >= self._patience.failures
            if is_enough:
                log.error("no_plan", message_id=entry.id, channel=channel.name)
                return Decision(in_trouble(entry.message), self._library())
            if await wait_for_event(self._stopping, pause):
                return None
            pause = min(2 * pause, self._patience.rasa_most)

    async def _ask(self, message: Message, channel: Channel) -> Decision:
        """Ask Rasa, while the person sees that somebody is at work.

        That is on its way before Rasa is asked and over before a card is sent: shown after the
        answer, it would promise more.
        """
        working = asyncio.create_task(self._show_working(message, channel))
        await asyncio.sleep(0)
        try:
            return await self._conversation.plans_for(message)
        finally:
            await working

    async def _show_working(self, message: Message, channel: Channel) -> None:
        if not message.is_quiet:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience.working):
                    await channel.show_working(message.address)

    def _cards(self, message: Message, decision: Decision) -> tuple[Card, ...]:
        plans = decision.plans
        if message.is_quiet:
            plans = tuple(plan for plan in plans if _is_worth_breaking_silence(plan))
        if not plans:
            return ()
        today, arrival = local_day(self._clock()), self._channels[message.channel].arrival
        return compose(plans, decision.library, today, arrival=arrival, is_cut=message.is_cut).cards

    async def _send(self, entry: Entry, channel: Channel, position: int, card: Card) -> None:
        """Send a card; what nobody can mend by sending it again counts as sent."""
        try:
            async with asyncio.timeout(self._patience.sending):
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

    async def _send_later(self, entry: Entry, error: TryLater) -> None:
        if entry.attempts + 1 >= self._patience.deliveries:
            log.error("reply_dropped", message_id=entry.id, channel=entry.message.channel)
            await self._inbox.answered(entry)
            REPLIES.labels(entry.message.channel, "dropped").inc()
            return
        ours = min(self._patience.delivery_first * 2**entry.attempts, self._patience.delivery_most)
        await self._inbox.postpone(entry, max(error.seconds, ours))

    async def _failed(self, entry: Entry, channel: Channel, error: Exception) -> None:
        """Try again after a mistake of ours, or say that there is trouble."""
        attempts = entry.attempts + 1
        log.error(
            "message_failed", message_id=entry.id, channel=channel.name, attempts=attempts, **describe(error)
        )
        if attempts < self._patience.failures:
            await self._inbox.postpone(entry, self._patience.rasa_first * attempts)
            return
        try:
            trouble = Decision(in_trouble(entry.message), self._library())
            for position, card in enumerate(self._cards(entry.message, trouble)):
                async with asyncio.timeout(self._patience.sending):
                    await channel.send(entry.message.address, entry.id, position, card)
        except Exception as last:
            log.error("trouble_not_said", message_id=entry.id, channel=channel.name, **describe(last))
        await self._inbox.answered(entry)
        REPLIES.labels(channel.name, "trouble").inc()


def _kind(plans: tuple[Plan, ...]) -> str:
    return "trouble" if plans[-1].reason == "trouble" else plans[-1].reply


def _is_worth_breaking_silence(plan: Plan) -> bool:
    """Whether a group that talks among itself should hear it: not that there is no answer."""
    return plan.reply in WORTH_BREAKING_SILENCE and plan.reason not in NOTHING_FOUND


def _as_json(plans: tuple[Plan, ...]) -> list[JsonObject]:
    as_json: list[JsonObject] = Plans.dump_python(plans, mode="json", exclude_defaults=True)
    return as_json
