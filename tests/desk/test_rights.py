"""Who may do what: by right and by office, for each thing that is read and each that is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.desk import (
    answers,
    beginning,
    consequences,
    drafting,
    findability,
    history,
    in_step,
    previews,
    publications,
    review,
)
from bot.desk.accounts import Account
from bot.desk.answers import Filter
from bot.desk.drafting import Form, Saved
from bot.desk.editing import MESSAGES, OFFICES, EditingDesk, NotYours, Refused
from bot.desk.offices import OF_CITY, with_office
from bot.desk.publications import Meaning, Published, Withdrawal
from bot.domain.language import Language
from tests.support.desk import CHIEF, CLERK, FOOD, HOA, LAN, MINH, READER, STATION, by_git, side, value_of

Deed = Callable[[EditingDesk, Account], Awaitable[Any]]

REVISION = 1


def value(desk: EditingDesk) -> dict[str, object]:
    return value_of(desk, FOOD)


SEEING: dict[str, Deed] = {
    "open": lambda desk, who: drafting.open_(desk, who, FOOD),
    "history": lambda desk, who: history.history(desk, who, FOOD),
    "compare": lambda desk, who: history.compare(desk, who, FOOD),
    "compare a revision": lambda desk, who: history.compare(desk, who, FOOD, "live", "draft-1"),
    "compare what is typed": lambda desk, who: history.compare_value(desk, who, FOOD, value(desk)),
    "preview": lambda desk, who: previews.preview(desk, who, FOOD, value(desk)),
    "problems": lambda desk, who: review.problems(desk, who, FOOD, value(desk)),
    "findability": lambda desk, who: findability.ask(desk, who, FOOD, value(desk)),
    "consequences": lambda desk, who: consequences.consequences(desk, who, FOOD, value(desk)),
    "presence": lambda desk, who: drafting.be_here(desk, who, FOOD, "t", is_unsaved=False),
    "remark": lambda desk, who: drafting.remark(desk, who, FOOD, "", "Hm"),
    "keep typed": lambda desk, who: drafting.keep_typed(desk, who, Form(FOOD, "t", 1, "", value(desk))),
    "withdraw": lambda desk, who: publications.withdraw(desk, who, FOOD, "", Withdrawal(Meaning.ERROR)),
    "publish": lambda desk, who: publications.publish(desk, who, FOOD, REVISION),
    "schedule": lambda desk, who: publications.schedule(desk, who, FOOD, REVISION, "2027-01-01 08:00"),
}
WRITING: dict[str, Deed] = {
    "save": lambda desk, who: drafting.save(desk, who, Form(FOOD, "t", 1, "", value(desk))),
    "submit": lambda desk, who: review.submit(desk, who, FOOD, REVISION),
    "publish now": lambda desk, who: publications.publish_now(desk, who, FOOD, REVISION, "gấp"),
    "discard": lambda desk, who: drafting.discard(desk, who, FOOD, REVISION),
    "restore": lambda desk, who: history.restore(desk, who, FOOD, "live", REVISION, ""),
    "still right": lambda desk, who: in_step.still_right(desk, who, FOOD),
    "move a question": lambda desk, who: findability.move_question(desk, who, FOOD, Language.VI, "à?"),
    "begin": lambda desk, who: beginning.begin(desk, who, "culture", "culture", "Mới"),
}
APPROVING: dict[str, Deed] = {
    "approve": lambda desk, who: review.approve(desk, who, FOOD, REVISION),
    "give back": lambda desk, who: review.give_back(desk, who, FOOD, REVISION, "Sửa"),
}
MAY = {
    "see": (SEEING, {LAN, MINH, CHIEF, READER}),
    "write": (WRITING, {LAN, MINH, CHIEF}),
    "approve": (APPROVING, {MINH, CHIEF, READER}),
}
ACCOUNTS = (LAN, MINH, HOA, CHIEF, READER, CLERK)
CASES = [
    pytest.param(deed, who, who in allowed, id=f"{name}-{who.name}")
    for deeds, allowed in MAY.values()
    for name, deed in deeds.items()
    for who in ACCOUNTS
]


@pytest.fixture
async def drafted(desk: EditingDesk) -> EditingDesk:
    """A draft that somebody who is no longer there wrote and submitted."""
    opened = await drafting.open_(desk, LAN, FOOD)
    changed = value(desk)
    side(changed, "vi")["title"] = "Bí mật"
    saved = await drafting.save(desk, LAN, Form(FOOD, "a", 0, opened.base_file, changed))
    assert saved == Saved(REVISION, opened.base_file)
    return desk


@pytest.mark.parametrize(("deed", "who", "is_allowed"), CASES)
async def test_each_deed_asks_for_its_right_for_the_answers_office(
    drafted: EditingDesk, deed: Deed, who: Account, is_allowed: bool
) -> None:
    if not is_allowed:
        with pytest.raises(NotYours):
            await deed(drafted, who)
        return
    try:
        await deed(drafted, who)
    except NotYours:
        pytest.fail("they may")
    except Refused:  # it is not yet approved, and the like
        pass


async def test_of_others_drafts_the_list_tells_nothing(drafted: EditingDesk) -> None:
    name = await beginning.begin(drafted, LAN, "culture", "culture", "Chuyện kín")
    for wanted in (Filter(), Filter(text="bi mat"), Filter(text="chuyen kin")):
        rows = (await answers.list_answers(drafted, HOA, wanted)).rows
        assert name not in {row.name for row in rows}
        assert "Bí mật" not in repr(rows)
        assert "Chuyện kín" not in repr(rows)
    [food] = [row for row in (await answers.list_answers(drafted, HOA, Filter())).rows if row.name == FOOD]
    assert (food.is_yours, food.updated_by, [state.value for state in food.states]) == (False, None, ["live"])
    assert not (await answers.start(drafted, HOA)).to_review


async def test_a_draft_that_came_by_git_is_not_told_to_other_offices(desk: EditingDesk) -> None:
    by_git(desk.directory, FOOD, "status: published", "status: draft")
    rows = (await answers.list_answers(desk, HOA, Filter())).rows
    assert {row.name for row in rows} == {"culture.music", STATION}
    rows = (await answers.list_answers(desk, LAN, Filter())).rows
    assert FOOD in {row.name for row in rows}


async def test_an_earlier_revision_of_another_office_stays_that_offices(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, CHIEF, STATION)
    changed = {**opened.value, "office": "culture"}
    await drafting.save(desk, CHIEF, Form(STATION, "t", 0, opened.base_file, changed))
    for who in (LAN, HOA):  # it is between two offices, and neither's alone
        with pytest.raises(NotYours):
            await drafting.open_(desk, who, STATION)


async def test_an_office_changes_its_own_entry_only(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, LAN, OFFICES)
    for key, is_allowed in (("culture", True), ("police", False)):
        entry = {**side(opened.value, key), "phone": "0292 3 000 000"}
        form = Form(OFFICES, "t", 0, opened.base_file, {**opened.value, key: entry})
        if is_allowed:
            assert isinstance(await drafting.save(desk, LAN, form), Saved)
            assert await drafting.discard(desk, LAN, OFFICES, 1) is None
        else:
            with pytest.raises(NotYours):
                await drafting.save(desk, LAN, form)


async def test_two_offices_may_change_their_entries_at_the_same_time(desk: EditingDesk) -> None:
    for who, key in ((HOA, "police"), (LAN, "culture")):
        opened = await drafting.open_(desk, who, OFFICES)
        assert opened.may_write
        value = with_office(OF_CITY, opened.value, key, {"phone": f"0292 3 {who.id}", "source.title": "Cổng"})
        saved = await drafting.save(desk, who, Form(OFFICES, "t", opened.base_draft, opened.base_file, value))
        assert isinstance(saved, Saved)
    assert isinstance(await review.submit(desk, LAN, OFFICES, 2), Saved)
    with pytest.raises(NotYours):  # a part of it is of another office
        await review.approve(desk, MINH, OFFICES, 2)
    with pytest.raises(NotYours):
        await drafting.discard(desk, LAN, OFFICES, 2)
    assert isinstance(await review.approve(desk, READER, OFFICES, 2), Saved)
    published = await publications.publish(desk, HOA, OFFICES, 2)
    assert isinstance(published, Published)
    assert {office.phone for office in desk.library().offices.values()} == {"0292 3 3", "0292 3 1"}


async def test_the_bots_own_sentences_are_the_whole_citys(desk: EditingDesk) -> None:
    for who in (LAN, HOA, CLERK):
        with pytest.raises(NotYours):
            await drafting.open_(desk, who, MESSAGES)
    assert (await drafting.open_(desk, CHIEF, MESSAGES)).may_write
