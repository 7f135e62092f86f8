"""The pieces of a kill test: a bot in a process of its own, and what must be true of its sends.

    python -m tests.support.kill DATABASE_URL RASA_URL CONTENT_DIR SENT_FILE [LEASE_SECONDS]

is the bot. It accepts messages from stdin (a JSON object of `incoming`'s arguments a line), tells
on stdout of each that is safe ("accepted KEY") and of each card ("sent"), and appends every card
to SENT_FILE, as a platform would keep it.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bot.answering.delivery_worker import DeliveryWorker
from bot.answering.dialogue import Dialogue
from bot.answering.worker import Worker
from bot.channels.contract import Channel
from bot.channels.incoming import incoming
from bot.content.loading import load
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.rasa.client import Rasa
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.outbox import Outbox
from bot.storage.schema import migrate
from stand_ins.record import Sent, read_record, record, replies
from tests.support import ROOT, forked
from tests.support.forked import Forked

AT_A_TIME = 8


@dataclass(frozen=True)
class Question:
    """A message of the test, and the id of the answer it must get (None: not looked at)."""

    key: str
    chat: str
    text: str
    answer: str | None = None


class FileChannel(Channel):
    """A channel whose platform is a file."""

    name = "file"
    arrival = Arrival.AT_ONCE

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        record(self._file, address, message_id, position, card)
        print("sent", flush=True)
        await asyncio.sleep(0)


async def bot(database_url: str, rasa_url: str, content: str, sent_file: str, lease: str = "30") -> None:
    """Accept what comes on stdin and answer it, until SIGTERM."""
    library = load(Path(content)).library
    database = Database(database_url)
    await migrate(database)
    inbox = Inbox(database, "secret", lease=datetime.timedelta(seconds=float(lease)))
    outbox = Outbox(database)
    await inbox.open()
    await outbox.open()
    channel = FileChannel(Path(sent_file))
    async with httpx.AsyncClient(base_url=rasa_url, timeout=20) as http:
        dialogue = Dialogue(Rasa(http), lambda: library)
        channels: dict[str, Channel] = {"file": channel}
        delivery_worker = DeliveryWorker(outbox, lambda: library, channels, look_seconds=0.02)
        worker = Worker(inbox, dialogue, lambda: library, channels, delivery_worker, at_a_time=AT_A_TIME)
        loop = asyncio.get_running_loop()

        def stop() -> None:
            worker.stop()
            delivery_worker.stop()

        loop.add_signal_handler(signal.SIGTERM, stop)
        accepting = asyncio.create_task(_accept(inbox))
        await asyncio.gather(worker.run(), delivery_worker.run())
        accepting.cancel()  # wherever it is
    await inbox.close()


async def _accept(inbox: Inbox) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        arguments = json.loads(line)
        await inbox.accept(incoming(channel="file", **arguments))
        print("accepted", arguments["key"], flush=True)


@dataclass
class KillableBot:
    """A bot that can be killed and started again over the same database.

    As a context it leaves no process behind, however the test ends.

    news: of something on `accepted` or `cards`; several processes may share it.
    """

    arguments: Sequence[str]
    accepted: set[str] = field(default_factory=set)
    cards: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _process: Forked | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> KillableBot:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.end(signal.SIGKILL)

    async def start(self, questions: Sequence[Question]) -> None:
        """Start it, and deliver the questions, as a platform does again after a crash."""
        self._process = await forked.start(
            "tests.support.kill", *self.arguments, cwd=ROOT, env=os.environ, stdin=PIPE, stdout=PIPE
        )
        self._tasks = [
            asyncio.create_task(self._listen(self._process)),
            asyncio.create_task(_deliver(self._process, questions)),
        ]

    async def until(self, is_so: Callable[[KillableBot], bool]) -> None:
        """Wait for a condition on `accepted` or `cards`, or on what follows from them."""
        async with asyncio.timeout(60), self.news:
            await self.news.wait_for(lambda: is_so(self))

    async def end(self, number: signal.Signals) -> int:
        """Send it a signal and see it end; gives its exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        async with asyncio.timeout(30):
            await asyncio.gather(*self._tasks)
            return await self._process.wait()

    async def _listen(self, process: Forked) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            event, _, key = line.decode().strip().partition(" ")
            async with self.news:
                if event == "accepted":
                    self.accepted.add(key)
                elif event == "sent":  # and not a line of the log
                    self.cards += 1
                self.news.notify_all()


async def _deliver(process: Forked, questions: Sequence[Question]) -> None:
    assert process.stdin is not None
    try:
        for question in questions:
            arguments = {
                "address": question.chat,
                "conversation": f"hash of {question.chat}",
                "key": question.key,
                "text": question.text,
            }
            process.stdin.write(f"{json.dumps(arguments)}\n".encode())
            await process.stdin.drain()
    except ConnectionError:  # it was killed
        pass


def check(sent: Sequence[Sent], questions: Sequence[Question], kills: int) -> None:
    """Every question has its answer, in order in its chat, and only cards in hand came twice."""
    repeats = _repeats(sent)
    assert max(repeats.values(), default=1) <= 1 + kills
    chats = {question.chat for question in questions}
    assert sum(times - 1 for times in repeats.values()) <= len(chats) * kills
    came = replies(sent)
    for chat in chats:
        asked = [question for question in questions if question.chat == chat]
        ids = [reply[0].message_id for reply in came[chat]]
        assert ids == sorted(set(ids)), f"{chat}: replies out of order, or two to one message"
        assert len(ids) == len(asked), f"{chat}: {len(ids)} replies to {len(asked)} messages"
        for question, reply in zip(asked, came[chat], strict=True):
            assert [card.position for card in reply] == list(range(len(reply))), question
            if question.answer:
                assert reply[-1].id == question.answer, question


def _repeats(sent: Sequence[Sent]) -> Mapping[tuple[int, int], int]:
    times: dict[tuple[int, int], int] = {}
    for card in sent:
        place = card.message_id, card.position
        times[place] = times.get(place, 0) + 1
    return times


ANSWERS = ("food", "music")

QUESTIONS = [
    Question(f"key-{n}", f"chat {n % 10}", f"{ANSWERS[n // 10 % 2]} {n}", f"culture.{ANSWERS[n // 10 % 2]}")
    for n in range(100)
]

CARDS = 2 * len(QUESTIONS)


def is_all_sent(file: Path, questions: Sequence[Question] = QUESTIONS) -> bool:
    """Whether each card of the replies to so many questions was sent; each reply has two."""
    return len({(card.message_id, card.position) for card in read_record(file)}) >= 2 * len(questions)


if __name__ == "__main__":
    asyncio.run(bot(*sys.argv[1:]))
