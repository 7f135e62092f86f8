"""An editor opens and saves; what somebody wrote is saved, or shown beside what somebody else saved."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.content.fields import Value, nested
from bot.desk import drafting, publications, review
from bot.desk.drafting import Conflict, Form, Saved
from bot.desk.editing import EditingDesk, NotFound, NotYours, Refused
from bot.storage.editors.drafts import State
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.desk import CHIEF, FOOD, HOA, LAN, MINH, by_git, git, side, value_of


async def form_of(desk: EditingDesk, tab: str = "one", account: Any = LAN, name: str = FOOD) -> Form:
    opened = await drafting.open_(desk, account, name, tab)
    return Form(name, tab, opened.base_draft, opened.base_file, copy.deepcopy(opened.value))


def with_title(form: Form, title: str, language: str = "vi") -> Form:
    value: Value = copy.deepcopy(form.value)
    side(value, language)["title"] = title
    return Form(form.name, form.tab, form.base_draft, form.base_file, value)


async def save(desk: EditingDesk, form: Form, account: Any = LAN) -> Saved:
    saved = await drafting.save(desk, account, form)
    assert isinstance(saved, Saved)
    return saved


@on_both_databases
async def test_opening_makes_no_draft_and_the_first_save_does(desk: EditingDesk) -> None:
    form = await form_of(desk)
    assert form.base_draft == 0
    assert (await drafting.open_(desk, LAN, FOOD)).draft is None
    saved = await save(desk, with_title(form, "Mới"))
    opened = await drafting.open_(desk, LAN, FOOD)
    assert opened.base_draft == saved.base_draft == 1
    assert side(opened.value, "vi")["title"] == "Mới"
    assert opened.live == value_of(desk, FOOD) != opened.value
    assert opened.draft
    assert opened.draft.updated_by == LAN.full_name


@on_both_databases
async def test_who_saves_over_another_editors_save_sees_both_field_by_field(desk: EditingDesk) -> None:
    mine, theirs = await form_of(desk), await form_of(desk, "two", MINH)
    await save(desk, with_title(theirs, "Theirs", "en"), MINH)
    conflict = await drafting.save(desk, LAN, with_title(mine, "Của tôi"))
    assert isinstance(conflict, Conflict)
    assert conflict.by == MINH.full_name
    found = {one.path: (one.changed_by, one.base, one.yours, one.theirs) for one in conflict.differences}
    assert found == {
        "vi.title": ("you", "Tựa food", "Của tôi", "Tựa food"),
        "en.title": ("them", "Title of food", "Title of food", "Theirs"),
    }
    assert side(conflict.merged, "vi")["title"] == "Của tôi"
    assert side(conflict.merged, "en")["title"] == "Theirs"
    merged = Form(FOOD, "one", conflict.base_draft, conflict.base_file, conflict.merged)
    await save(desk, merged)


async def test_the_same_person_in_two_tabs_loses_neither(desk: EditingDesk) -> None:
    one, two = await form_of(desk, "one"), await form_of(desk, "two")
    await save(desk, with_title(one, "Một"))
    conflict = await drafting.save(desk, LAN, with_title(two, "Hai"))
    assert isinstance(conflict, Conflict)
    [difference] = conflict.differences
    assert (difference.changed_by, difference.yours, difference.theirs) == ("both", "Hai", "Một")
    assert difference.chosen == "yours"
    [typed] = (await drafting.open_(desk, LAN, FOOD, "two")).typed
    assert (typed.tab, typed.changed) == ("two", ("vi.title",))


async def test_a_commit_by_git_is_seen_when_saving_and_when_publishing(desk: EditingDesk) -> None:
    form = await form_of(desk)
    by_git(desk.directory, FOOD, "Title of food", "Food by git")
    conflict = await drafting.save(desk, LAN, with_title(form, "Của tôi"))
    assert isinstance(conflict, Conflict)
    assert conflict.moved == "file"
    assert [(one.path, one.changed_by) for one in conflict.differences] == [
        ("vi.title", "you"),
        ("en.title", "them"),
    ]
    form = Form(FOOD, "one", conflict.base_draft, conflict.base_file, conflict.merged)
    saved = await save(desk, form)
    by_git(desk.directory, FOOD, "Food by git", "Food by git again")
    assert (await drafting.open_(desk, LAN, FOOD)).draft.has_file_moved  # type: ignore[union-attr]
    again = await publications.publish_now(desk, LAN, FOOD, saved.base_draft, "rumour")
    assert isinstance(again, Conflict)
    assert again.moved == "file"


async def test_a_file_that_is_gone_takes_no_text_away(desk: EditingDesk) -> None:
    form = await form_of(desk)
    git(desk.directory, "rm", "-q", "culture/food.yml")
    conflict = await drafting.save(desk, LAN, with_title(form, "Của tôi"))
    assert isinstance(conflict, Conflict)
    assert conflict.base_file == ""
    assert side(conflict.merged, "vi")["title"] == "Của tôi"
    await save(desk, Form(FOOD, "one", 0, "", conflict.merged))


async def test_a_form_without_a_change_changes_nothing(desk: EditingDesk) -> None:
    form = await form_of(desk)
    assert (await save(desk, form)).base_draft == 0
    saved = await save(desk, with_title(form, "Mới"))
    form = await form_of(desk)
    assert isinstance(await review.submit(desk, LAN, FOOD, saved.base_draft), Saved)
    await save(desk, form, MINH)
    opened = await drafting.open_(desk, MINH, FOOD)
    assert opened.draft
    assert opened.draft.state is State.SUBMITTED
    assert opened.may_approve


@on_both_databases
async def test_what_was_typed_is_kept_for_its_tab_until_it_is_saved(desk: EditingDesk) -> None:
    form = with_title(await form_of(desk), "Đang gõ")
    await drafting.keep_typed(desk, LAN, form)
    await drafting.keep_typed(desk, LAN, with_title(form, "Đang gõ tiếp"))
    [typed] = (await drafting.open_(desk, LAN, FOOD)).typed
    assert side(typed.value, "vi")["title"] == "Đang gõ tiếp"
    assert not (await drafting.open_(desk, MINH, FOOD)).typed
    await save(desk, form)
    assert not (await drafting.open_(desk, LAN, FOOD)).typed


@on_both_databases
async def test_who_else_is_here_is_told_within_thirty_seconds(desk: EditingDesk, clock: Clock) -> None:
    assert await drafting.be_here(desk, LAN, FOOD, "one", is_unsaved=False) == ()
    [other] = await drafting.be_here(desk, MINH, FOOD, "m", is_unsaved=True)
    assert (other.name, other.is_you, other.is_unsaved) == (LAN.full_name, False, False)
    [here] = (await drafting.open_(desk, LAN, FOOD, "one")).here
    assert (here.name, here.is_unsaved) == (MINH.full_name, True)
    [tab] = (await drafting.be_here(desk, LAN, FOOD, "two", is_unsaved=False))[:1]
    assert tab.is_you
    clock.advance(seconds=31)
    assert (await drafting.open_(desk, LAN, FOOD, "one")).here == ()


async def test_a_draft_that_is_thrown_away_leaves_what_is_live_and_tells_the_other_tab(
    desk: EditingDesk,
) -> None:
    live = value_of(desk, FOOD)
    saved = await save(desk, with_title(await form_of(desk), "Mới"))
    other = with_title(await form_of(desk, "two"), "Khác")
    assert await drafting.discard(desk, LAN, FOOD, saved.base_draft) is None
    assert value_of(desk, FOOD) == live
    conflict = await drafting.save(desk, LAN, other)
    assert isinstance(conflict, Conflict)
    assert (conflict.base_draft, conflict.theirs) == (0, live)


async def test_a_draft_that_came_by_git_belongs_to_nobody_here(desk: EditingDesk) -> None:
    by_git(desk.directory, FOOD, "status: published", "status: in_review")
    opened = await drafting.open_(desk, MINH, FOOD)
    assert opened.draft
    assert opened.draft.state is State.SUBMITTED
    assert (opened.draft.updated_by, opened.draft.changed_by) == ("git", ())
    assert opened.may_approve


@pytest.mark.parametrize("name", ["../x", "culture.../x", "nobody.food", "culture.Food", "culture.", "", "."])
async def test_no_name_leads_out_of_the_directory(desk: EditingDesk, name: str) -> None:
    with pytest.raises(NotFound):
        await drafting.open_(desk, CHIEF, name)
    with pytest.raises(NotFound):
        await drafting.save(desk, CHIEF, Form(name, "t", 0, "", {"office": "culture"}))


@pytest.mark.parametrize(
    "change",
    [
        {"id": "culture.x"}, {"vi": "text"}, {"vi": {"questions": "a"}}, {"sources": ["a"]},
        {"sources": [{"evil": "x"}]}, {"status": {"a": "b"}}, {"vi": {"title": "x" * 200_000}},
        {"vi": {"facets": {"nothing": "x"}}},
    ],
)  # fmt: skip
async def test_what_is_no_answer_is_refused(desk: EditingDesk, change: Value) -> None:
    form = await form_of(desk)
    with pytest.raises(Refused):
        await drafting.save(desk, LAN, Form(FOOD, "t", 0, form.base_file, {**form.value, **change}))


async def test_what_no_file_can_hold_is_left_out_of_what_is_typed(desk: EditingDesk) -> None:
    form = with_title(await form_of(desk), "A\0\ud800\x07B\u0323")
    await save(desk, form)
    assert side((await form_of(desk)).value, "vi")["title"] == "AḄ"


async def test_an_answer_cannot_be_given_to_an_office_or_taken_from_one_that_is_not_theirs(
    desk: EditingDesk,
) -> None:
    form = await form_of(desk)
    with pytest.raises(NotYours):
        await drafting.save(desk, LAN, Form(FOOD, "t", 0, form.base_file, {**form.value, "office": "police"}))
    with pytest.raises(NotYours):
        await drafting.save(desk, HOA, Form(FOOD, "t", 0, form.base_file, {**form.value, "office": "police"}))
    without = nested({key: inner for key, inner in form.value.items() if key != "office"})
    with pytest.raises(NotYours):
        await drafting.save(desk, LAN, Form(FOOD, "t", 0, form.base_file, without))


async def test_a_remark_stands_until_it_is_settled(desk: EditingDesk) -> None:
    number = await drafting.remark(desk, MINH, FOOD, "vi.title", " Ngắn hơn? ")
    [remark] = (await drafting.open_(desk, LAN, FOOD)).remarks
    assert (remark.field, remark.text, remark.by) == ("vi.title", "Ngắn hơn?", MINH.full_name)
    await drafting.settle_remark(desk, LAN, FOOD, number)
    assert (await drafting.open_(desk, LAN, FOOD)).remarks == ()
    with pytest.raises(NotFound):
        await drafting.settle_remark(desk, LAN, FOOD, number)
