"""From "publish" to understood: when the model that answers had learned what an editor published."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from bot.desk.editing import EditingDesk
from bot.desk.publications import HANDED_OVER
from bot.domain.clock import VIETNAM
from bot.rasa.client import Rasa, RasaUnavailable
from bot.storage import traffic
from bot.storage.editors import publications

WAITED_FOR = datetime.timedelta(days=7)
"""For how long a publication is looked after: one whose model was refused is not understood as it is."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A publication of a month. seconds: until it was understood; None: not yet, or never."""

    name: str
    at: datetime.datetime
    seconds: float | None


async def note(desk: EditingDesk) -> None:
    """Write down of each publication since when the model that answers knows it. To be called every few
    seconds.

    Raises:
        DatabaseAway.
    """
    now = desk.clock()
    waiting = await desk.transact(
        lambda connection: publications.not_understood(connection, now - WAITED_FOR)
    )
    waiting = {number: at for number, at in waiting.items() if now - at > HANDED_OVER}
    if not waiting or desk.rasa is None:
        return
    try:
        status = await Rasa(desk.rasa).status()
    except RasaUnavailable:
        return
    if status.model is None or status.model != status.wanted or status.since is None:
        return
    # Where no question changed, the model of before knows it all: it was understood at once.
    since = status.since
    moments = {number: max(at, since) for number, at in waiting.items()}
    await desk.transact(lambda connection: publications.understood(connection, moments))


async def of_month(desk: EditingDesk, first: datetime.date) -> list[Learned]:
    """The answers that went out in the month of this first day, the oldest first. Raises DatabaseAway."""
    begin, end = (
        datetime.datetime.combine(day, datetime.time(), VIETNAM) for day in (first, traffic.next_month(first))
    )
    found = await desk.transact(lambda connection: publications.learned(connection, begin, end))
    return [
        Learned(name, at, (known - at).total_seconds() if known else None)
        for name, at, known in found
        if "." in name  # offices and sentences have no questions
    ]
