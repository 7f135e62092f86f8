"""No input costs another person's message, whatever else befalls the inbox at the same time.

A machine does to the real inbox what platforms, people, operators and broken machines do, several things
at once, and keeps a record of what it was told. Whatever happened: nothing that was accepted is lost,
each message is answered once, in order within its chat and by one worker at a time, only the card in hand
may be sent twice, and nobody's message is refused but the culprit's.
"""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import Connection, Engine, delete, event, func, select

from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage.aggregator import AT_ONCE
from bot.storage.backend import R, Work
from bot.storage.chat_move import ChatMove, ChatPlace
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway, Unwritable
from bot.storage.inbox import Inbox, SavedPlans
from bot.storage.models import Base, ChatLease, Delivery, InboxMessage
from bot.storage.queue import LEASE, POSTPONED_MOST, Entry, LeaseLost
from bot.storage.retention import HELD_REPLY, REDELIVERY, forget
from bot.storage.schema import migrate
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.soak import rounds

HERE = ("test",)
PLANS: list[dict[str, object]] = [{"reply": "answer", "language": "vi", "id": "culture.food"}]
CARDS = 3
CLOCKS_DIFFER = datetime.timedelta(seconds=2)
"""By how much the processes' clocks may differ, with room."""

MACHINE_STALLS = 2.5
"""Seconds after which it is the machine of the tests, and not the inbox, that keeps the database busy."""

HOSTILE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "half a character": {"text": "\ud800"},
    "NUL in the text": {"text": "a\0b"},
    "NUL in the button": {"button": "\0"},
    "NUL in the chat": {"conversation": "c\0"},
    "NUL in the address": {"address": "\0"},
    "half in the chat": {"conversation": "c\udfff"},
    "half in the key": {"key": "k\udfff"},
    "a chat's name without end": {"conversation": "c" * 100_000},
    "an address without end": {"address": "a" * 1_000_000},
    "a text without end": {"text": "ạ" * 1_000_000},
    "a language that is none": {"language": "x" * 10_000},
    "a number that is none": {"is_cut": 10**40},
    "half an album": {"part_of": "\ud800"},
    "half an act": {"act": "\udfff"},
}


@dataclass
class Record:
    """What is known of a message that was accepted.

    texts: of all its parts. saved: whether its plans are; None if nobody knows. cards: how many may be noted
    as sent. answered: how often. in_doubt: it may have been answered, or forgotten.
    loose: its chat moved, or nobody knows when it was written: its neighbours need not wait for it.
    """

    id: int
    chat: str
    texts: list[str]
    keys: set[str]
    saved: bool | None = False
    cards: set[int] = field(default_factory=lambda: {0})
    answered: int = 0
    answered_at: datetime.datetime | None = None
    in_doubt: bool = False
    loose: bool = False


@dataclass
class Hold:
    """A message in hand; until when it surely is."""

    entry: Entry
    until: datetime.datetime
    cards_sent: int
    has_plans: bool


@dataclass
class Process:
    """A bot's process: its inbox, and what it has in hand."""

    inbox: Inbox
    database: Database
    clock: Callable[[], datetime.datetime]
    holds: list[Hold] = field(default_factory=list)
    is_alive: bool = True


class Fault:
    """Makes the next transactions fail, in every database of this process."""

    left = 0

    @classmethod
    def strike(cls, _connection: object) -> None:
        if cls.left > 0:
            cls.left -= 1
            raise OSError("gone")


chats = st.sampled_from(["a", "b", "c", "d"])
which = st.integers(0, 7)
turns = st.one_of(st.none(), st.none(), st.integers(0, 30))
"""After how many turns of the loop somebody gives up."""

acts = st.one_of(
    st.tuples(st.just("send"), chats, st.just("nothing"), turns),
    st.tuples(st.just("send"), chats, st.sampled_from(sorted(HOSTILE)), turns),
    st.tuples(st.just("send again"), which, turns),
    st.tuples(st.just("send a part"), chats, turns),
    st.tuples(st.just("press"), chats, turns),
    st.tuples(st.just("claim")),
    st.tuples(st.just("claim")),
    st.tuples(st.sampled_from(["save", "send a card", "answer", "lay down"]), which, turns),
    st.tuples(st.sampled_from(["save", "send a card", "answer", "hold", "forget", "drop"]), which, turns),
    st.tuples(st.just("postpone"), which, st.sampled_from([0, 1, 20, 3600, 10**7])),
    st.tuples(st.sampled_from(["renew", "tidy", "look"])),
    st.tuples(st.just("move"), chats, chats),
    st.tuples(st.just("die"), turns),
    st.tuples(st.just("database fails"), st.integers(1, 4)),
)


class Neighbours(RuleBasedStateMachine):
    """The inbox, and what befalls it. One process on SQLite, two on PostgreSQL."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    url: ClassVar[str]
    steps: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.now = Clock()
        self.number = 0
        self.messages: dict[str, Message] = {}
        self.by_key: dict[str, Record] = {}
        self.by_id: dict[int, Record] = {}
        self.unsure: set[str] = set()
        self.refused: set[str] = set()
        self.pressed: dict[str, datetime.datetime] = {}
        self.held: dict[int, tuple[str, datetime.datetime]] = {}
        self.moving: set[str] = set()
        self.moved: set[str] = set()
        self.may_be_away = False
        Fault.left = 0
        self.run(self.begin())

    def run(self, work: Awaitable[None]) -> None:
        self.loop.run_until_complete(work)

    async def surely(self, process: Process, work: Work[R]) -> R:
        """Do something in the database, however long the machine stalls."""
        return await process.database.transact(work, within=60)

    async def begin(self) -> None:
        self.processes = [await self.start(0)]
        if not self.processes[0].database.is_sqlite:
            self.processes.append(await self.start(1))
        await self.surely(self.processes[0], self.empty)

    @staticmethod
    def empty(connection: Connection) -> None:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))

    async def start(self, number: int) -> Process:
        database = Database(self.url)

        def clock() -> datetime.datetime:
            return self.now() + datetime.timedelta(seconds=number)

        process = Process(Inbox(database, "secret", clock), database, clock)
        await process.inbox.open()
        if self.number % 3:  # some take messages as they arrive, some do not
            process.inbox.consumer_for = lambda _channel: lambda entry: self.takes(process, entry)
        return process

    def takes(self, process: Process, entry: Entry | None) -> None:
        if entry and process.is_alive:
            until = process.clock() + LEASE
            process.holds.append(Hold(entry, until, entry.cards_sent, entry.plans is not None))

    # -- what happens

    @rule(together=st.lists(st.tuples(st.integers(0, 1), acts), min_size=1, max_size=10))
    def several_things_happen_at_once(self, together: list[tuple[int, tuple[Any, ...]]]) -> None:
        self.may_be_away = any(act[0] in {"database fails", "die"} for _, act in together)
        self.moving = {chat for _, act in together if act[0] == "move" for chat in act[1:]}
        self.moved |= self.moving
        self.run(self.all_of(together))
        Fault.left = 0

    async def all_of(self, together: list[tuple[int, tuple[Any, ...]]]) -> None:
        await asyncio.gather(*(self.one(number, *act) for number, act in together))
        for process in self.processes:
            await process.inbox.settle()  # what somebody left ends before the next begins

    async def one(self, number: int, name: str, *arguments: Any) -> None:
        self.steps[name] += 1
        process = self.processes[number % len(self.processes)]
        if process.is_alive:
            await getattr(self, name.replace(" ", "_"))(process, *arguments)

    @rule(seconds=st.sampled_from([0.5, 2, 10, 31, 3700, 86_400, 8 * 86_400]))
    def time_passes(self, seconds: float) -> None:
        self.now.advance(seconds=seconds)

    @rule(step=st.sampled_from([-86_400, -25_200, -31, 31, 25_200]))
    def it_starts_again_with_another_clock(self, step: float) -> None:
        """Where there is one process it begins with the machine's clock; several, with the database's."""
        if self.processes[0].database.is_sqlite:
            self.steps["clock"] += 1
            self.processes[0].is_alive = False
            self.now.advance(seconds=step)
            self.pressed.clear()
            self.run(self.bury())

    async def bury(self) -> None:
        for number, process in enumerate(self.processes):
            if not process.is_alive:
                await process.inbox.close()
                self.processes[number] = await self.start(number)

    @rule()
    def the_dead_are_replaced(self) -> None:
        self.run(self.bury())

    async def patiently(
        self, process: Process, work: Awaitable[Any], gives_up: int | None = None
    ) -> tuple[bool, Any]:
        """Whether it is known how a call ended, and how. It is not where somebody left, or had to."""
        began = self.loop.time()
        task = asyncio.ensure_future(work)
        if gives_up is not None:
            for _ in range(gives_up):
                await asyncio.sleep(0)  # one turn further
            task.cancel()
        try:
            result = await task
        except asyncio.CancelledError:
            return False, None
        except DatabaseAway:
            assert self.may_be_away or self.loop.time() - began > MACHINE_STALLS, "the database is well"
            return False, None
        except (LeaseLost, Unwritable) as error:
            result = error
        return process.is_alive, result

    # -- what people and platforms do

    async def send(self, process: Process, chat: str, how: str, gives_up: int | None) -> None:
        message = self.new(chat)
        await self.accept(process, replace(message, **HOSTILE[how]), gives_up, is_innocent=how == "nothing")

    async def send_a_part(self, process: Process, chat: str, gives_up: int | None) -> None:
        await self.accept(process, replace(self.new(chat), part_of=f"album in {chat}"), gives_up)

    async def press(self, process: Process, chat: str, gives_up: int | None) -> None:
        await self.accept(process, replace(self.new(chat), act=f"press in {chat}"), gives_up)

    async def send_again(self, process: Process, number: int, gives_up: int | None) -> None:
        keys = [key for key in self.messages if key not in self.refused]
        if keys:
            await self.accept(process, self.messages[keys[-1 - number % len(keys)]], gives_up)

    def new(self, chat: str) -> Message:
        self.number += 1
        key = f"{self.number}"
        return Message(
            channel="test", address=f"to {chat}", conversation=chat, key=key, text=f"text {self.number}."
        )

    async def accept(
        self, process: Process, message: Message, gives_up: int | None, *, is_innocent: bool = True
    ) -> None:
        key = message.key
        if is_innocent:
            self.messages[key] = message
        was_unsure, self.unsure = key in self.unsure, self.unsure | {key}
        is_sure, said = await self.patiently(process, process.inbox.accept(message), gives_up)
        note(f"accept {key} in {message.conversation[:9]!r}: {said if is_sure else 'nobody knows'!r}")
        if not is_sure:
            return
        if isinstance(said, Exception):
            assert isinstance(said, Unwritable), said
            assert not is_innocent, f"an innocent was refused: {message}"
            self.refused.add(key)
            return
        if not is_innocent:
            self.messages[key] = message
        if said is None:
            await self.is_a_redelivery(process, message, was_unsure=was_unsure)
        else:
            self.is_written(message, said)

    def is_written(self, message: Message, message_id: int, *, was_unsure: bool = False) -> None:
        key = message.key
        known = self.by_key.get(key)
        assert known is None or known.id == message_id, f"{key} is there twice"
        record = self.by_id.get(message_id)
        if record is None:
            chat = message.conversation
            # An album that was begun before its chat moved is elsewhere, too.
            loose = was_unsure or chat in (self.moved if message.part_of else self.moving)
            record = self.by_id[message_id] = Record(message_id, chat, [message.text], {key}, loose=loose)
        else:
            assert not record.keys or key in record.keys or message.part_of, (
                f"{message_id} is of two messages"
            )
            if record.keys and key not in record.keys:
                record.texts.append(message.text)
        record.keys.add(key)
        self.by_key[key] = record
        if message.act:
            last = self.pressed.get(message.act)
            now = self.now()
            assert last is None or now - last >= AT_ONCE - CLOCKS_DIFFER, "one act, written twice"
            self.pressed[message.act] = now

    async def is_a_redelivery(self, process: Process, message: Message, *, was_unsure: bool) -> None:
        if message.act or message.part_of:
            return  # it may be known through others
        if message.key not in self.by_key:
            found = await process.inbox.find("test", message.key)
            assert found is not None, f"{message.key} is taken for known, and is not there"
            self.is_written(message, found, was_unsure=True)
            self.by_id[found].in_doubt |= was_unsure and self.by_id[found].answered == 0

    async def move(self, process: Process, before: str, after: str) -> None:
        if before == after:
            return
        moved = ChatMove("test", ChatPlace(f"to {before}", before), ChatPlace(f"to {after}", after))
        for record in self.by_id.values():
            record.loose |= record.chat in {before, after}
        await self.patiently(process, process.inbox.move(moved))

    # -- what workers do

    async def claim(self, process: Process) -> None:
        waiting = {id_ for id_, record in self.by_id.items() if not self.may_be_done(record)}
        is_sure, entry = await self.patiently(process, process.inbox.claim(HERE))
        note(f"claim: {(entry.id, entry.message.conversation) if entry else None} {is_sure}")
        if not is_sure or entry is None:
            return
        self.is_right(entry, waiting)
        self.takes(process, entry)

    def may_be_done(self, record: Record) -> bool:
        return bool(record.answered or record.in_doubt)

    def is_right(self, entry: Entry, waiting: set[int]) -> None:
        """It is not answered, in nobody's hand, and nothing earlier of its chat waits."""
        record = self.by_id.get(entry.id)
        if record is None:
            return  # whoever sent it has not been told yet, or left
        assert record.answered == 0, f"{entry.id} is answered, and given out again"
        for text in record.texts:
            assert text in entry.message.text, f"{text!r} is lost"
        assert record.saved is None or record.saved == (entry.plans is not None), "the plans are lost"
        assert entry.cards_sent in record.cards, f"cards {entry.cards_sent} of {record.cards}"
        for hold in [hold for process in self.processes if process.is_alive for hold in process.holds]:
            other = self.by_id.get(hold.entry.id)
            if other and self.now() + CLOCKS_DIFFER < hold.until and not other.loose:
                assert other is not record, f"{record.id} is in two hands"
                assert record.loose or other.chat != record.chat, f"{record.chat} is in two hands"
        for id_ in waiting:
            other = self.by_id[id_]
            if (
                other.chat == record.chat
                and not self.may_be_done(other)
                and not (other.loose or record.loose)
            ):
                assert id_ >= entry.id, f"{entry.id} overtakes {id_} in {record.chat}"

    @contextmanager
    def in_hand(self, process: Process, number: int) -> Iterator[Hold | None]:
        """One of the messages in hand; nobody else of the process works on it meanwhile."""
        if not process.holds:
            yield None
            return
        hold = process.holds.pop(number % len(process.holds))
        yield hold
        record = self.by_id.get(hold.entry.id)
        if record is None or not self.may_be_done(record):
            process.holds.append(hold)

    async def does(
        self, process: Process, hold: Hold, work: Awaitable[Any], gives_up: int | None = None
    ) -> bool | None:
        """Whether it was done; None if nobody knows. A lease that was kept up is not lost."""
        is_surely_mine = self.now() + CLOCKS_DIFFER < hold.until
        is_sure, said = await self.patiently(process, work, gives_up)
        note(f"{getattr(work, '__name__', work)} {hold.entry.id}: {said if is_sure else 'nobody knows'!r}")
        if not is_sure:
            return None
        if isinstance(said, LeaseLost):
            record = self.record(hold)
            assert not is_surely_mine or self.may_be_done(record) or record.loose, "a lease was lost"
            return False
        return True

    def record(self, hold: Hold) -> Record:
        """Of a message whose sender has not heard of it yet, too."""
        message = hold.entry.message
        fresh = Record(hold.entry.id, message.conversation, [message.text], set(), loose=True)
        return self.by_id.setdefault(hold.entry.id, fresh)

    async def save(self, process: Process, number: int, gives_up: int | None) -> None:
        with self.in_hand(process, number) as hold:
            if hold is None or hold.has_plans:
                return
            record = self.record(hold)
            done = await self.does(process, hold, process.inbox.save_plans(hold.entry, PLANS), gives_up)
            if done is not False:
                record.saved = done or (record.saved or None)
                hold.has_plans = bool(done)
                if done is None:
                    process.holds[:] = [one for one in process.holds if one is not hold]

    async def lay_down(self, process: Process, number: int, gives_up: int | None) -> None:
        with self.in_hand(process, number) as hold:
            if hold is None or hold.has_plans:
                return

            def effects(_connection: Connection) -> SavedPlans:
                return SavedPlans(PLANS, [{"card": 0}, {"card": 1}])

            await self.finish(process, hold, process.inbox.save_plans(hold.entry, [], effects), gives_up)

    async def send_a_card(self, process: Process, number: int, gives_up: int | None) -> None:
        with self.in_hand(process, number) as hold:
            if hold is None or not hold.has_plans or hold.cards_sent >= CARDS:
                return
            record = self.record(hold)
            record.cards.add(hold.cards_sent + 1)
            noted = process.inbox.card_sent(hold.entry, hold.cards_sent + 1)
            done = await self.does(process, hold, noted, gives_up)
            if done:
                hold.cards_sent += 1
                record.cards = {hold.cards_sent}
            elif done is False:
                record.cards.discard(hold.cards_sent + 1) if len(record.cards) > 1 else None

    async def answer(self, process: Process, number: int, gives_up: int | None) -> None:
        with self.in_hand(process, number) as hold:
            if hold is not None:
                leaves = bool(number % 2)
                work = process.inbox.answered(hold.entry, leaves_no_trace=leaves)
                await self.finish(process, hold, work, gives_up)

    async def hold(self, process: Process, number: int, gives_up: int | None) -> None:
        with self.in_hand(process, number) as hold:
            if hold is None or not hold.has_plans:
                return
            work = process.inbox.hold(hold.entry, Language.VI, "not now")
            if await self.finish(process, hold, work, gives_up):
                self.held[hold.entry.id] = hold.entry.message.conversation, self.now()

    async def forget(self, process: Process, number: int, gives_up: int | None) -> None:
        with self.in_hand(process, number) as hold:
            if hold is None or hold.has_plans:
                return
            entry = hold.entry
            record = self.record(hold)

            def effects(connection: Connection) -> SavedPlans:
                forget(connection, entry.message.conversation, entry.id)
                return SavedPlans(PLANS)

            done = await self.does(process, hold, process.inbox.save_plans(entry, [], effects), gives_up)
            if done is not False:
                record.saved = done or (record.saved or None)
                hold.has_plans = bool(done)
                # What came before it in a chat that has since gone on under another name goes, too.
                for other in self.by_id.values():
                    if other.id < entry.id and (other.loose or other.chat == record.chat):
                        other.in_doubt |= other.loose
                self.held.clear()

    async def finish(
        self, process: Process, hold: Hold, work: Awaitable[Any], gives_up: int | None
    ) -> bool | None:
        record = self.record(hold)
        done = await self.does(process, hold, work, gives_up)
        if done:
            assert record.answered == 0, f"{record.id} is answered twice"
            record.answered += 1
            record.answered_at = process.clock()
        elif done is None:
            record.in_doubt = True
        return done

    async def postpone(self, process: Process, number: int, seconds: float) -> None:
        with self.in_hand(process, number) as hold:
            if hold is None:
                return
            done = await self.does(process, hold, process.inbox.postpone(hold.entry, seconds))
        if done is not False and hold in process.holds:
            process.holds.remove(hold)

    async def drop(self, process: Process, number: int, _gives_up: int | None) -> None:
        if process.holds:
            process.holds.pop(number % len(process.holds))

    async def renew(self, process: Process) -> None:
        mine = [hold for hold in process.holds if process.clock() < hold.until - CLOCKS_DIFFER]
        is_sure, _ = await self.patiently(process, process.inbox.renew({hold.entry.lease for hold in mine}))
        if is_sure:
            for hold in mine:
                hold.until = process.clock() + LEASE

    async def tidy(self, process: Process) -> None:
        now = self.now() + CLOCKS_DIFFER
        for record in self.by_id.values():
            if record.answered_at is None and record.in_doubt:
                record.answered_at = now - REDELIVERY  # perhaps
            if record.answered_at and record.answered_at <= now - REDELIVERY:
                for key in record.keys:
                    self.by_key.pop(key, None)
                    self.messages.pop(key, None)
        self.held = {id_: (chat, at) for id_, (chat, at) in self.held.items() if at > now - HELD_REPLY}
        await self.patiently(process, process.inbox.tidy())

    async def look(self, process: Process) -> None:
        began = self.loop.time()
        is_sure, is_well = await self.patiently(process, process.inbox.is_reachable())
        assert not is_sure or is_well or self.may_be_away or self.loop.time() - began > MACHINE_STALLS
        await self.patiently(process, process.inbox.backlog())

    async def die(self, process: Process, gives_up: int | None) -> None:
        for _ in range(gives_up or 0):
            await asyncio.sleep(0)  # one turn later
        process.is_alive = False
        process.holds.clear()

    async def database_fails(self, _process: Process, times: int) -> None:
        Fault.left = times

    # -- what always holds in the end

    def teardown(self) -> None:
        try:
            self.run(self.all_is_answered())
        finally:
            self.run(self.close())

    async def close(self) -> None:
        for process in self.processes:
            with suppress(DatabaseAway):
                await process.inbox.close()

    async def all_is_answered(self) -> None:
        """However it went: what was not acknowledged comes again, and a new process answers all."""
        Fault.left, self.may_be_away = 0, False
        for process in self.processes:
            process.is_alive = False
        await self.bury()
        process = self.processes[0]
        process.inbox.consumer_for = lambda _channel: None
        for key in sorted(self.unsure & self.messages.keys() - self.by_key.keys()):
            await self.accept(process, self.messages[key], None)
        for seconds in (31, POSTPONED_MOST.total_seconds() + 31):
            self.now.advance(seconds=seconds)
            while True:
                before = len(process.holds)
                await self.claim(process)
                if len(process.holds) == before:
                    break
                hold = process.holds.pop()
                await self.finish(process, hold, process.inbox.answered(hold.entry), None)
        lost = [record for record in self.by_id.values() if not self.may_be_done(record)]
        assert not lost, f"never answered: {lost}"
        held = select(func.count()).where(Delivery.plans.is_not(None))
        kept = await self.surely(process, lambda connection: connection.scalar(held))
        assert kept is not None
        assert kept >= len(self.held), "a reply that was held is lost"
        await process.inbox.tidy()  # the leases of those that died
        assert await self.surely(process, self.left) == (0, 0)

    @staticmethod
    def left(connection: Connection) -> tuple[int | None, int | None]:
        messages = select(func.count()).where(InboxMessage.answered_at.is_(None))
        return connection.scalar(messages), connection.scalar(select(func.count()).select_from(ChatLease))


@pytest.mark.soak
@on_both_databases
def test_no_input_costs_another_persons_message(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with asyncio.Runner() as runner:
        database = Database(database_url)
        runner.run(migrate(database))
        runner.run(database.close())
        steps: Counter[str] = Counter()
        machine = type(
            "Machine", (Neighbours,), {"loop": runner.get_loop(), "url": database_url, "steps": steps}
        )
        event.listen(Engine, "begin", Fault.strike)
        try:
            for number in rounds(4):
                run_state_machine_as_test(
                    machine,
                    settings=settings(
                        max_examples=10,
                        stateful_step_count=30,
                        deadline=None,
                        phases=[Phase.generate],
                        database=None,
                        suppress_health_check=list(HealthCheck),
                    ),
                )
                if number % 50 == 49:
                    with capsys.disabled():
                        print(f"\n{number + 1} rounds of ten: {steps.total()} steps", dict(steps))
        finally:
            event.remove(Engine, "begin", Fault.strike)
