"""No step of the machine's clock loses, doubles or delays anything.

The real parts of the service run while the clock jumps to and fro, also by a day or a year, and people write
all the time. Each message is answered once and soon, a redelivery stays one, news comes once, the throttle
holds, and what is published or withdrawn at a moment is so by the clock of that moment.
"""

from __future__ import annotations

import asyncio
import datetime
import random
import shutil
from collections import Counter
from pathlib import Path

import httpx
import pytest
import time_machine
from sqlalchemy import Connection, delete

from bot.answering.delivery_worker import DeliveryWorker
from bot.answering.dialogue import Dialogue
from bot.answering.worker import Worker
from bot.channels.throttle import Throttle
from bot.content.watcher import ContentWatcher
from bot.domain.clock import SteadyClock, utc_now
from bot.domain.language import Language
from bot.domain.message import Message
from bot.rasa.client import Rasa
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway
from bot.storage.inbox import Inbox
from bot.storage.models import Delivery, DeliveryStatus
from bot.storage.outbox import Outbox
from bot.storage.subscriptions import subscribe
from stand_ins.rasa import RasaStandIn
from tests.support.content import ANSWER
from tests.support.databases import on_both_databases
from tests.support.soak import rounds
from tests.support.worker import RecordingChannel

NOW = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC)
MOMENT = NOW + datetime.timedelta(hours=3)
"""When an answer is published and another withdrawn."""

STEPS = [
    datetime.timedelta(seconds=31),
    datetime.timedelta(seconds=-31),
    datetime.timedelta(seconds=1),  # a leap second
    datetime.timedelta(hours=7),
    datetime.timedelta(hours=-7),
    datetime.timedelta(days=1),
    datetime.timedelta(days=-1),
    datetime.timedelta(days=400),
    -(NOW - datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC)),  # a machine without a battery
]
SOON = 20.0
"""Seconds for an answer on a slow machine; what a step of the clock could delay would take longer."""

CHATS = ["a", "b", "c"]
LOCAL = datetime.timezone(datetime.timedelta(hours=7))


@pytest.mark.soak
@on_both_databases
async def test_no_step_of_the_clock_loses_doubles_or_delays(
    small_content: Path, tmp_path: Path, database: Database
) -> None:
    with time_machine.travel(NOW, tick=True) as wall:
        database.clock = SteadyClock()
        inbox, outbox, channel, rasa = (
            Inbox(database, "secret"),
            Outbox(database),
            RecordingChannel(),
            RasaStandIn(),
        )
        rasa.plans = lambda _text: [{"reply": "answer", "id": "culture.food"}]
        await inbox.open()
        await outbox.open()
        watcher = ContentWatcher(
            scheduled(small_content, tmp_path / "content"), last_good=tmp_path / "last_good"
        )
        channels = {channel.name: channel}
        await database.transact(everybody_subscribes)
        async with rasa.serving() as url, httpx.AsyncClient(base_url=url, timeout=5) as http:
            dialogue = Dialogue(Rasa(http), watcher.library)
            delivery_worker = DeliveryWorker(outbox, watcher.library, channels, look_seconds=0.05)
            worker = Worker(inbox, dialogue, watcher.library, channels, delivery_worker)
            tasks = [asyncio.create_task(worker.run()), asyncio.create_task(delivery_worker.run())]
            throttle = Throttle(2)
            asked = 0
            while throttle.take("somebody") == 0:
                pass
            for _ in rounds(4):
                if wall_is_ahead := random.random() < 0.7:
                    wall.move_to(NOW + random.choice(STEPS))
                else:
                    wall.move_to(NOW)
                waits = throttle.take("somebody")
                assert 0 < waits <= 60, f"the throttle has {waits} s ({wall_is_ahead})"
                is_past = utc_now() >= MOMENT
                library = watcher.library()
                assert bool(library.published("culture.soon")) == is_past, "published by another clock"
                assert bool(library.withdrawn("culture.over")) == is_past, "withdrawn by another clock"
                asked = await a_round(inbox, outbox, channel, asked)
                await inbox.tidy()  # as every minute
                throttle = Throttle(2)
                while throttle.take("somebody") == 0:
                    pass
            worker.stop()
            delivery_worker.stop()
            await asyncio.gather(*tasks)
    replies = Counter(sent.message_id for sent in channel.sent if sent.message_id > 0)
    assert set(replies.values()) == {1}, "answered twice"
    assert len(replies) == asked, "not all are answered"


async def a_round(inbox: Inbox, outbox: Outbox, channel: RecordingChannel, asked: int) -> int:
    """Everybody writes, some of it comes again, and there is news; how many have been asked by now."""
    keys = [f"{asked + number}" for number in range(2 * len(CHATS))]
    ids = [await accepted(inbox, message(key, CHATS[number % 3])) for number, key in enumerate(keys)]
    again = [random.randrange(asked + len(keys)) for _ in range(3)]
    assert [await inbox.accept(message(str(key), CHATS[key % 3])) for key in again] == [None] * 3
    before = len(news(channel))
    assert await outbox.announce("culture.food", {"culture"}) == len(CHATS)
    for id_ in ids:
        assert await inbox.replies.wait_answered(id_, SOON), f"{id_} is delayed"
    async with asyncio.timeout(SOON):
        while len(news(channel)) < before + len(CHATS):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # between two looks at a condition
    assert len(news(channel)) == before + len(CHATS), "news came twice"
    told = 0
    async with asyncio.timeout(SOON):
        while told < len(CHATS):
            told += await outbox._database.transact(forget_that_it_was_told)
    return asked + len(keys)


async def accepted(inbox: Inbox, message: Message) -> int:
    """The id of a message that nobody has sent before, which comes again where the database is busy."""
    was_away = False
    while True:
        try:
            written = await inbox.accept(message)
        except DatabaseAway:
            was_away = True
            continue
        found = written or (await inbox.find(message.channel, message.key) if was_away else None)
        assert found, "it is taken for a redelivery"
        return found


def forget_that_it_was_told(connection: Connection) -> int:
    """The same news would go to nobody again."""
    return connection.execute(delete(Delivery).where(Delivery.status == DeliveryStatus.SENT)).rowcount


def news(channel: RecordingChannel) -> list[int]:
    return [sent.message_id for sent in channel.sent if sent.message_id < 0]


def message(key: str, chat: str) -> Message:
    return Message(channel="test", address=chat, conversation=f"hash of {chat}", key=key, text=f"food {key}")


def everybody_subscribes(connection: Connection) -> None:
    for chat in CHATS:
        subscribe(connection, message("0", chat), Language.VI, "culture", utc_now())


def scheduled(content: Path, to: Path) -> Path:
    """The content, with an answer that is published at MOMENT and one that is withdrawn then."""
    shutil.copytree(content, to)
    local = f"{MOMENT.astimezone(LOCAL):%Y-%m-%d %H:%M}"
    for name, field in (("soon", "publish_at"), ("over", "withdraw_at")):
        text = f"{ANSWER.format(name=name).strip()}\n{field}: {local}\n"
        (to / "culture" / f"{name}.yml").write_text(text, encoding="utf-8")
    return to
