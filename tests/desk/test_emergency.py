"""In an emergency: a notice and a paused channel, at once, by those who may, seen by somebody else later."""

from __future__ import annotations

import time

import pytest

from bot.desk import audit, emergency
from bot.desk.accounts import Account
from bot.desk.editing import EditingDesk, NotFound, NotYours, Refused
from bot.desk.emergency import TypedNotice
from bot.domain.language import Language
from bot.storage.editors import publications
from tests.support.clock import Clock
from tests.support.desk import CHIEF, CLERK, LAN, MINH

SAID = {Language.VI: "Lũ đang lên.", Language.EN: "A flood is rising."}
NOTICE = TypedNotice("", "2026-11-22 20:00", SAID)  # the tests' clock shows 2026-11-22 07:00 in Việt Nam


async def file_of(desk: EditingDesk) -> str:
    return (await emergency.situation(desk, CHIEF)).base_file


async def test_a_notice_is_told_from_now_until_its_end(desk: EditingDesk, clock: Clock) -> None:
    await emergency.tell(desk, CHIEF, await file_of(desk), NOTICE)
    told = desk.library().at(clock()).notice
    assert told
    assert told[Language.VI] == "Lũ đang lên."
    found = await emergency.situation(desk, LAN)
    assert (found.is_told, found.is_over, found.may_change) == (True, False, False)
    clock.advance(hours=14)
    found = await emergency.situation(desk, LAN)
    assert (found.is_told, found.is_over) == (False, True)
    await emergency.tell_no_more(desk, CLERK, await file_of(desk))
    assert (await emergency.situation(desk, LAN)).notice is None


async def test_what_stands_in_the_file_beside_it_is_not_touched(desk: EditingDesk) -> None:
    file = desk.directory / "messages.yml"
    before = file.read_text("utf-8")
    await emergency.tell(desk, CHIEF, await file_of(desk), NOTICE)
    await emergency.pause(desk, CHIEF, await file_of(desk), "zalo", SAID)
    await emergency.resume(desk, CHIEF, await file_of(desk), "zalo")
    await emergency.tell_no_more(desk, CHIEF, await file_of(desk))
    assert file.read_text("utf-8") == before


async def test_a_channel_is_paused_and_another_one_beside_it(desk: EditingDesk) -> None:
    await emergency.pause(desk, CHIEF, await file_of(desk), "zalo", SAID)
    await emergency.pause(desk, CLERK, await file_of(desk), "web", SAID)
    paused = desk.library().messages.paused
    assert [bool(paused.on(channel)) for channel in ("web", "telegram", "zalo")] == [True, False, True]
    await emergency.resume(desk, CHIEF, await file_of(desk), "zalo")
    assert list((await emergency.situation(desk, LAN)).paused) == ["web"]
    with pytest.raises(NotFound):
        await emergency.pause(desk, CHIEF, await file_of(desk), "fax", SAID)


@pytest.mark.parametrize("account", [LAN, MINH])
async def test_who_speaks_for_one_office_does_not_speak_for_the_city(
    desk: EditingDesk, account: Account
) -> None:
    file = await file_of(desk)
    for deed in (
        emergency.tell(desk, account, file, NOTICE), emergency.tell_no_more(desk, account, file),
        emergency.pause(desk, account, file, "web", SAID), emergency.resume(desk, account, file, "web"),
    ):  # fmt: skip
        with pytest.raises(NotYours):
            await deed


@pytest.mark.parametrize(
    ("notice", "field"),
    [
        (TypedNotice("", "2026-11-22 20:00", {Language.VI: "Lũ"}), "notice.en"),
        (TypedNotice("", "", SAID), "notice.until"),
        (TypedNotice("", "2026-11-22 06:00", SAID), "notice.until"),
        (TypedNotice("2026-11-23 06:00", "2026-11-22 20:00", SAID), "notice.until"),
        (TypedNotice("2026-13-01 06:00", "2026-12-22 20:00", SAID), "notice.from"),
        (TypedNotice("", "2026-11-22 20:00", {**SAID, Language.VI: "x" * 501}), "notice.vi"),
    ],
)
async def test_what_cannot_be_told_is_said_and_nothing_is_written(
    desk: EditingDesk, notice: TypedNotice, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        await emergency.tell(desk, CHIEF, await file_of(desk), notice)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert (await emergency.situation(desk, CHIEF)).notice is None


async def test_a_page_that_shows_what_is_no_longer_so_changes_nothing(desk: EditingDesk) -> None:
    old = await file_of(desk)
    await emergency.pause(desk, CHIEF, old, "zalo", SAID)
    with pytest.raises(Refused) as refused:
        await emergency.tell(desk, CHIEF, old, NOTICE)
    assert refused.value.key == "emergency_moved"


async def test_it_is_fast_and_stands_on_the_start_page_until_somebody_else_has_looked(
    desk: EditingDesk,
) -> None:
    file, began = await file_of(desk), time.perf_counter()
    await emergency.tell(desk, CHIEF, file, NOTICE)
    assert time.perf_counter() - began < 5, "on a machine at rest a fifth of a second"
    (early,) = await desk.transact(publications.not_looked_at)
    assert (early.answer_id, early.kind, early.reason) == ("messages", "emergency", "notice")
    assert [entry[1:4] for entry in await desk.transact(audit.entries)] == [
        ("chief", "emergency", "messages")
    ]
