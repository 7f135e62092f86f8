"""Bulletins go to subscribers: by hand, or each Monday if there is something new."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable

import structlog

from bot.content.bulletins import Bulletin
from bot.content.library import Library
from bot.content.loading import load
from bot.desk.questions import outbox_of
from bot.domain.answer import ALL_NEWS
from bot.domain.bulletin import announcement_of
from bot.domain.clock import VIETNAM, Clock, local_day
from bot.domain.errors import NotPossible
from bot.settings import Settings
from bot.storage.outbox import Outbox

log = structlog.get_logger(__name__)

MONDAY, MORNING = 0, 8
"""When weekly bulletins go out: on this day of the week, from this hour on, in Vietnam."""

LOOK_SECONDS = 300.0


def topics_of(bulletin: Bulletin) -> frozenset[str]:
    """The topics whose subscribers get a bulletin: those of its answers, and all news."""
    return frozenset({ALL_NEWS, *(answer.partition(".")[0] for answer in bulletin.answers)})


async def send(settings: Settings, bulletin_id: str) -> int:
    """Queue a published bulletin for its subscribers who have not got this issue; for how many.

    Raises:
        NotPossible, ContentError, DatabaseUnusable: why not.
    """
    library = load(settings.content_dir).library
    bulletin = library.bulletins.get(bulletin_id)
    if bulletin is None:
        raise NotPossible(f"There is no bulletin {bulletin_id}.")
    if bulletin not in library.published_bulletins():
        raise NotPossible(f"The bulletin {bulletin_id} is not published, or its date has not come.")
    async with outbox_of(settings) as outbox:
        return await queue(outbox, bulletin)


async def queue(outbox: Outbox, bulletin: Bulletin) -> int:
    """Queue a bulletin for its subscribers, each once for each date; for how many. Raises DatabaseAway."""
    return await outbox.announce(announcement_of(bulletin.id, bulletin.date), topics_of(bulletin))


class WeeklyBulletins:
    """Sends those that go out each week. Of several processes, one does."""

    def __init__(
        self, outbox: Outbox, library: Callable[[], Library], leads: Callable[[], bool], clock: Clock
    ) -> None:
        self._outbox = outbox
        self._library = library
        self._leads = leads
        self._clock = clock

    async def run(self) -> None:
        """Look for what is due, for ever."""
        while True:
            if self._leads():
                await self.send_due()
            await asyncio.sleep(LOOK_SECONDS)

    async def send_due(self) -> None:
        """Queue what is due now. One of which an issue of the same date went out before has nothing new."""
        here = self._clock().astimezone(VIETNAM)
        if here.weekday() != MONDAY or here.hour < MORNING:
            return
        for bulletin in self._library().published_bulletins():
            if bulletin.every != "week" or bulletin.date < _week_before(self._clock()):
                continue
            if await self._outbox.was_announced(announcement_of(bulletin.id, bulletin.date)):
                continue
            number = await queue(self._outbox, bulletin)
            log.info("bulletin_queued", bulletin=bulletin.id, subscribers=number)


def _week_before(now: datetime.datetime) -> datetime.date:
    """What is older was due on an earlier Monday, when nobody may have wanted it."""
    return local_day(now) - datetime.timedelta(days=7)
