"""The chat and the public pages with everything behind them but Rasa: a real server, store and worker."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from bot import http_server
from bot.answering.delivery_worker import DeliveryWorker
from bot.answering.dialogue import Dialogue
from bot.answering.worker import Worker
from bot.channels.contract import Channel
from bot.channels.web import WebChannel
from bot.content.library import Library
from bot.content.loading import load
from bot.content.paths import share_path
from bot.domain.clock import utc_now
from bot.rasa.client import Rasa
from bot.reading.reader import read
from bot.serve import listen
from bot.site.embed import embed_routes
from bot.site.pictures import Pictures
from bot.site.routes import site_routes
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.outbox import Outbox
from bot.storage.schema import migrate
from stand_ins.rasa import RasaStandIn

PLANS: dict[str, dict[str, object]] = {
    "chợ nổi": {"reply": "answer", "id": "culture.floating-market"},
    "floating market": {"reply": "answer", "id": "culture.floating-market"},
    "món ngon": {"reply": "answer", "id": "culture.food"},
    "giá": {"reply": "facet", "id": "culture.floating-market", "facet": "price"},
    "căn cước": {"reply": "answer", "id": "clarification.id-card"},
    "nhà": {"reply": "choices", "ids": ["diaspora.buy-house", "culture.food"]},
    "xóa dữ liệu": {"reply": "action", "action": "forget", "step": "ask"},
    "xóa hết": {"reply": "action", "action": "forget", "step": "do"},
    "gặp cán bộ": {"reply": "action", "action": "handoff", "step": "ask"},
    "gửi đi": {"reply": "action", "action": "handoff", "step": "do"},
    "chào": {"reply": "smalltalk", "action": "greet"},
}
"""What the stand-in answers to a text that holds these words; all else is a fallback."""


def plan(message: str) -> dict[str, object]:
    if command := re.fullmatch(r"/(\w+)(\{.*\})?", message):
        intent, entities = command[1], json.loads(command[2] or "{}")
        match intent:
            case "faq":
                return {"reply": "answer", "id": entities["answer"]}
            case "language":
                return {
                    "reply": "answer",
                    "id": "culture.floating-market",
                    "language": entities["language"],
                }
            case "topics" if "topic" in entities:
                return {"reply": "action", "action": "topics", "topic": entities["topic"]}
            case "affirm_handoff":
                return PLANS["gửi đi"]
            case "helpful" | "unhelpful":
                return {"reply": "action", "action": intent, "id": entities["about"]}
            case "handoff":
                return PLANS["gặp cán bộ"]
            case _:
                return {"reply": "action", "action": "topics"}
    for words, found in PLANS.items():
        if words in message.lower():
            return found
    return {"reply": "fallback", "reason": "no_answer"}


@dataclass
class Site:
    """A running page: its address and what stands behind it."""

    url: str
    rasa: RasaStandIn
    library: Library
    database: Database
    file: Path
    outbox: Outbox
    delivery_worker: DeliveryWorker


@asynccontextmanager
async def running_site(
    directory: Path,
    *,
    content: Path,
    rate_limit: int = 0,
    address_limit: int = 0,
    reply_within: float = 60.0,
    port: int = 0,
    origins: Sequence[str] = (),
    public_url: str = "",
) -> AsyncIterator[Site]:
    """A site on a port of the loopback, a free one if it is 0, with its store in `directory`.

    origins: of the sites that may show it in a frame.
    """
    loaded = load(content)
    library, findings = loaded.library, loaded.findings
    assert not findings
    rasa = RasaStandIn(plans=lambda text: [plan(text)])
    database = Database(f"sqlite:///{directory / 'bot.db'}")
    await migrate(database)
    inbox, outbox = Inbox(database, "secret"), Outbox(database)
    await inbox.open()
    web = WebChannel(
        database,
        inbox,
        outbox,
        lambda: library,
        rate_limit=rate_limit,
        address_limit=address_limit,
        secret="secret",
        reply_within=reply_within,
    )
    async with rasa.client() as http:
        channels: dict[str, Channel] = {web.name: web}
        delivery_worker = DeliveryWorker(outbox, lambda: library, channels)
        dialogue = Dialogue(Rasa(http), lambda: library)
        worker = Worker(inbox, dialogue, lambda: library, channels, delivery_worker, read_picture=read)
        working = asyncio.create_task(worker.run())
        # Bound here, so that a connection waits for the server rather than being refused.
        listener = listen("127.0.0.1", port)
        pictures = Pictures(lambda: library, content, "")
        routes = [*pictures.routes(), *embed_routes(lambda: library, origins), *web.routes()]
        routes += site_routes(lambda: library, dialogue, public_url, utc_now, share_path)
        server = uvicorn.Server(http_server.config(Starlette(routes=routes), finish_within=5))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield Site(
                f"http://127.0.0.1:{listener.getsockname()[1]}",
                rasa,
                library,
                database,
                directory / "bot.db",
                outbox,
                delivery_worker,
            )
        finally:
            rasa.may_answer.set()
            server.should_exit = True
            worker.stop()
            await asyncio.gather(serving, working)
    await inbox.close()
