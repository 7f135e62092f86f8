"""The worker with everything around it but the platform and the model."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx

from bot.answering.delivery_worker import DeliveryWorker
from bot.answering.dialogue import Dialogue
from bot.answering.pictures import ReadPicture
from bot.answering.retry_policy import RetryPolicy
from bot.answering.worker import Worker
from bot.channels.contract import Channel, PictureGone
from bot.channels.incoming import incoming
from bot.content.library import Library
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.clock import Clock, utc_now
from bot.rasa.client import Rasa
from bot.storage.inbox import Inbox
from bot.storage.outbox import Outbox
from stand_ins.rasa import RasaStandIn

QUICK = RetryPolicy(rasa_first=0.01, rasa_most=0.02, rasa_total=120, delivery_first=0.01, delivery_most=0.02)

_numbers = count()


@dataclass(frozen=True)
class Sent:
    """A card as the channel got it."""

    address: str
    message_id: int
    position: int
    card: Card

    @property
    def what(self) -> str:
        return self.card.id or self.card.action or self.card.kind.value


@dataclass
class RecordingChannel(Channel):
    """Keeps what it is asked to send. mishaps: for an address, what to raise, once each."""

    name: str = "test"
    arrival: Arrival = Arrival.AT_ONCE
    sent: list[Sent] = field(default_factory=list)
    tries: int = 0
    events: list[str] = field(default_factory=list)
    mishaps: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    always: dict[str, Exception] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    pictures: dict[str, bytes | Exception] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def show_working(self, address: str) -> None:
        self.events.append(f"working {address}")

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        async with self.changed:
            self.tries += 1
            self.events.append(f"send {address}")
            self.changed.notify_all()
        if address in self.always:
            raise self.always[address]
        if self.mishaps[address]:
            raise self.mishaps[address].pop(0)
        if gate := self.gates.get(address):
            await gate.wait()
        self.sent.append(Sent(address, message_id, position, card))

    async def fetch_picture(self, reference: str) -> bytes:
        found = self.pictures.get(reference, PictureGone("there is none"))
        if isinstance(found, Exception):
            raise found
        return found

    async def was_tried(self, times: int) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: self.tries >= times)

    def to(self, address: str) -> list[str]:
        return [sent.what for sent in self.sent if sent.address == address]


@dataclass
class Bot:
    """Everything but the platform and the model is the real thing."""

    inbox: Inbox
    outbox: Outbox
    rasa: RasaStandIn
    channel: RecordingChannel
    library: Library
    worker: Worker
    delivery_worker: DeliveryWorker
    task: asyncio.Task[None]

    async def receive(self, text: str = "", chat: str = "a", channel: str = "test", **details: object) -> int:
        message = incoming(
            channel=channel,
            address=chat,
            conversation=f"hash of {chat}",
            key=f"{chat} {text} {next(_numbers)}",
            text=text,
            **details,  # type: ignore[arg-type]
        )
        message_id = await self.inbox.accept(message)
        assert message_id is not None
        return message_id

    async def answered(self, *message_ids: int) -> None:
        """Wait until these are answered; what is postponed is looked for often."""
        for message_id in message_ids:
            async with asyncio.timeout(20):
                while not await self.inbox.replies.wait_answered(message_id, 0.05):
                    self.inbox.arrived.set()

    async def stop(self) -> None:
        self.worker.stop()
        await self.task


@asynccontextmanager
async def running(
    inbox: Inbox,
    library: Library,
    policy: RetryPolicy = QUICK,
    clock: Clock = utc_now,
    others: Sequence[Channel] = (),
    served: Callable[[], Library] | None = None,
    read_picture: ReadPicture | None = None,
) -> AsyncIterator[Bot]:
    rasa, channel = RasaStandIn(), RecordingChannel()
    channels: dict[str, Channel] = {"test": channel, **{other.name: other for other in others}}
    serve = served or (lambda: library)
    async with rasa.serving() as url, httpx.AsyncClient(base_url=url, timeout=5) as http:
        dialogue = Dialogue(Rasa(http), serve)
        outbox = Outbox(inbox._database, clock)
        delivery_worker = DeliveryWorker(outbox, serve, channels, clock=clock)
        worker = Worker(
            inbox,
            dialogue,
            serve,
            channels,
            delivery_worker,
            policy=policy,
            clock=clock,
            read_picture=read_picture,
        )
        working = asyncio.create_task(worker.run())
        bot = Bot(inbox, outbox, rasa, channel, library, worker, delivery_worker, working)
        try:
            yield bot
        finally:
            for gate in (*rasa.gates.values(), *channel.gates.values()):
                gate.set()
            await bot.stop()
