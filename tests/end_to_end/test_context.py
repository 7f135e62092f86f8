"""The topic in hand: it outlives restarts for a day, and nothing outlives being forgotten."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.content.library import Library
from stand_ins.serving import free_port
from tests.support import ROOT
from tests.support.bot_process import BotProcess
from tests.support.city_rasa import city_rasa

pytestmark = pytest.mark.rasa

MARKET = "culture.cai-rang-floating-market"
AIRPORT = "city.airport"
QUAY = "culture.ninh-kieu-quay"
DAY = 24 * 3600


class Service:
    """The bot and its Rasa side, each of which can be started again, with files of their own."""

    def __init__(self, directory: Path, library: Library) -> None:
        self.directory = directory
        self.conversations = directory / "conversations.sqlite3"
        self._library = library
        self._port = free_port()
        self._rasa = AsyncExitStack()
        self.bot = BotProcess(
            directory,
            {
                "RASA_URL": f"http://127.0.0.1:{self._port}",
                "CONTENT_DIR": str(ROOT / "content"),
                "WEB_RATE_LIMIT": "0",
            },
        )

    async def start_rasa(self) -> None:
        side = city_rasa(self._library, self._port, RASA_CONVERSATIONS=str(self.conversations))
        await self._rasa.enter_async_context(side)

    async def stop_rasa(self) -> None:
        await self._rasa.aclose()

    async def say(self, conversation: str, text: str) -> dict[str, Any]:
        """The first card of the reply."""
        async with httpx.AsyncClient(base_url=self.bot.url, timeout=60, trust_env=False) as http:
            answer = await http.post("/api/messages", json={"conversation": conversation, "text": text})
        card: dict[str, Any] = answer.raise_for_status().json()["replies"][0]
        return card

    def let_pass(self, seconds: float) -> None:
        """Move what Rasa remembers into the past by so much, as if the clock had gone on."""
        with closing(sqlite3.connect(self.conversations)) as database, database:
            for number, data in database.execute("SELECT id, data FROM events").fetchall():
                event = json.loads(data)
                event["timestamp"] -= seconds
                database.execute(
                    "UPDATE events SET timestamp = timestamp - ?, data = ? WHERE id = ?",
                    (seconds, json.dumps(event), number),
                )

    def remembered(self) -> bytes:
        """Every byte of the Rasa side's database, with its log."""
        return b"".join(file.read_bytes() for file in self.directory.glob("conversations.sqlite3*"))

    def written(self) -> bytes:
        """Every byte of both databases, with their logs."""
        files = self.directory.rglob("bot.db*")
        return b"".join(file.read_bytes() for file in files) + self.remembered()


@pytest.fixture(scope="module")
async def service(
    tmp_path_factory: pytest.TempPathFactory, city_library: Library, rasa_server: str
) -> AsyncIterator[Service]:
    """With the model of content/ as it is, which `rasa_server` has seen to. It takes seconds to start: each
    test has people of its own, and an answer that it looks for in what is remembered."""
    service = Service(tmp_path_factory.mktemp("service"), city_library)
    await service.start_rasa()
    try:
        await service.bot.start()
        yield service
    finally:
        await service.bot.ensure_ended()
        await service.stop_rasa()


async def test_the_topic_in_hand_outlives_restarts_of_both_sides_within_a_day_and_is_gone_after(
    service: Service,
) -> None:
    asked = {person: f"{person:0>32}" for person in ("a", "b")}
    for conversation in asked.values():
        assert (await service.say(conversation, "chợ nổi Cái Răng có gì hay"))["id"] == MARKET

    await service.bot.kill()
    await service.stop_rasa()
    service.let_pass(DAY - 600)
    await service.start_rasa()
    await service.bot.start()
    price = await service.say(asked["a"], "giá bao nhiêu")
    assert (price["id"], price["facet"], price["language"]) == (MARKET, "price", "vi")

    service.let_pass(600)
    price = await service.say(asked["b"], "giá bao nhiêu")
    assert (price["kind"], price["id"], price["facet"]) == ("fallback", None, "price")


async def test_what_is_a_day_old_is_deleted_although_nobody_writes(service: Service) -> None:
    assert (await service.say("c" * 32, "bến Ninh Kiều có gì hay"))["id"] == QUAY
    assert QUAY.encode() in service.remembered()
    await service.stop_rasa()
    service.let_pass(DAY + 120)
    await service.start_rasa()
    async with asyncio.timeout(30):
        is_there = True
        while is_there:
            await asyncio.sleep(0.05)  # between two looks at a condition
            is_there = QUAY.encode() in service.remembered()


async def test_after_forget_neither_database_knows_anything_of_the_person(service: Service) -> None:
    me, other = "d" * 32, "e" * 32
    for person, word in ((me, "zzqmine"), (other, "zzqtheirs")):
        await service.say(person, "sân bay Cần Thơ ở đâu" if person == me else "chùa Ông thờ ai")
        assert (await service.say(person, f"tiệm {word} sửa máy giặt có tốt không"))["kind"] == "fallback"
        for text in ("gửi cho cán bộ giúp tôi", "đồng ý", "đăng ký nhận tin", "đồng ý"):
            await service.say(person, text)
    with closing(sqlite3.connect(service.conversations)) as database:
        senders = {row[0] for row in database.execute("SELECT DISTINCT sender_id FROM events")}
    assert b"zzqmine" in service.written()
    assert AIRPORT.encode() in service.remembered()

    assert (await service.say(me, "/forget"))["action"] == "forget"
    assert (await service.say(me, "ok"))["action"] == "forget"

    written = service.written()
    with closing(sqlite3.connect(service.conversations)) as database:
        (gone,) = senders - {row[0] for row in database.execute("SELECT DISTINCT sender_id FROM events")}
    assert b"zzqmine" not in written
    assert gone.encode() not in written
    assert me.encode() not in written
    assert AIRPORT.encode() not in service.remembered()  # the bot counts answers, nobody's, every ten seconds
    assert b"zzqtheirs" in written

    assert (await service.say(me, "giá bao nhiêu"))["kind"] == "fallback"
