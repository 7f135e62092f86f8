"""What is wrong with the bot, in phrases that the pages can say: channels, deliveries, what it learns."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx

from bot.desk import asked, publications
from bot.desk.accounts import Account
from bot.desk.editing import EditingDesk
from bot.desk.emergency import CHANNELS
from bot.storage.outbox import late_since

LATE = datetime.timedelta(minutes=15)
"""A delivery that could go out and did not for so long is late."""

WITHIN = 3.0
"""Seconds in which the bot says how it is."""

SAID_MOST = 300
"""Characters of what the bot says of itself that are shown."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong: the key of a phrase and what is filled in there. Of `wrong_channel` that is
    the `channel`'s name and the `reason`, in the bot's own words, beside which the pages say nothing."""

    key: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """How the bot is. learning: the share of a training in hand, 0 to 1; None if there is none. waiting,
    overdue, unanswered: questions of the account's offices; None if the bot's database cannot be read."""

    troubles: tuple[Trouble, ...]
    learning: float | None
    waiting: int | None
    overdue: int
    unanswered: int


async def condition(desk: EditingDesk, account: Account) -> Condition:
    """How the bot is now, as far as it can be told within seconds. Raises nothing but DatabaseAway."""
    ready, progress, numbers, late = await asyncio.gather(
        _ready(desk), publications.progress(desk), asked.number_waiting(desk, account), _late(desk)
    )
    troubles = [*_of_ready(ready)] if desk.bot_http else []
    if numbers is None:
        troubles.append(Trouble("wrong_data"))
    if late:
        troubles.append(Trouble("wrong_late", (("number", str(late)),)))
    if desk.rasa and not progress.is_reachable:
        troubles.append(Trouble("wrong_rasa"))
    if progress.refused:
        troubles.append(Trouble("wrong_refused", (("reason", progress.refused[0]),)))
    if progress.failed:
        troubles.append(Trouble("wrong_failed", (("reason", progress.failed[:SAID_MOST]),)))
    waiting, overdue, unanswered = numbers or (None, 0, 0)
    share = progress.training.share if progress.training else None
    return Condition(tuple(troubles), share, waiting, overdue, unanswered)


async def _ready(desk: EditingDesk) -> Mapping[str, object] | None:
    """What the bot's /ready says; None if it does not answer."""
    if desk.bot_http is None:
        return None
    try:
        body = (await desk.bot_http.get("/ready", timeout=WITHIN)).json()
    except (httpx.HTTPError, ValueError):
        return None
    return body if isinstance(body, dict) and "ready" in body else None


def _of_ready(ready: Mapping[str, object] | None) -> Iterator[Trouble]:
    if ready is None:
        yield Trouble("wrong_bot")
        return
    wrong = ready.get("wrong")
    for name in wrong if isinstance(wrong, list) else []:
        if name in {"database", "content", "answering"}:
            yield Trouble(f"wrong_{name}")
    for name in CHANNELS:
        told = ready.get(name)
        state = told.get("state") if isinstance(told, dict) else told
        if isinstance(state, str) and state != "connected":
            yield Trouble("wrong_channel", (("channel", name), ("reason", state[:SAID_MOST])))
    tasks = ready.get("tasks")
    if isinstance(tasks, dict | list) and tasks:
        yield Trouble("wrong_tasks", (("tasks", ", ".join(map(str, tasks))[:SAID_MOST]),))


async def _late(desk: EditingDesk) -> int:
    if desk.bot is None:
        return 0
    since = desk.clock() - LATE
    return await desk.bot.read(lambda connection: late_since(connection, since)) or 0
