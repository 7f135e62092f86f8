"""A second person looks; what goes out is a file, a commit and a row; nobody approves their own work."""

from __future__ import annotations

import copy
from functools import partial

import pytest

from bot.content.fields import Value
from bot.desk import answers, audit, beginning, drafting, history, publications, review
from bot.desk.accounts import Account
from bot.desk.answers import Filter, ListState
from bot.desk.drafting import Conflict, Form, Saved
from bot.desk.editing import EditingDesk, NotYours, Refused
from bot.desk.publications import Meaning, Published, Withdrawal
from bot.storage.editors.drafts import State
from bot.storage.errors import DatabaseAway
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.desk import CHIEF, CLERK, FOOD, HOA, LAN, MINH, MUSIC, READER, by_git, git, side, value_of


async def changed(desk: EditingDesk, title: str, account: Account = LAN, name: str = FOOD) -> int:
    """The revision of a draft with another title."""
    opened = await drafting.open_(desk, account, name)
    value = copy.deepcopy(opened.value)
    side(value, "vi")["title"] = title
    saved = await drafting.save(desk, account, Form(name, "t", opened.base_draft, opened.base_file, value))
    assert isinstance(saved, Saved)
    return saved.base_draft


async def approved(desk: EditingDesk, title: str = "Mới") -> int:
    revision = await changed(desk, title)
    assert isinstance(await review.submit(desk, LAN, FOOD, revision, "Xin xem"), Saved)
    assert isinstance(await review.approve(desk, MINH, FOOD, revision), Saved)
    return revision


@on_both_databases
async def test_an_approved_draft_becomes_a_commit_under_the_editors_name(desk: EditingDesk) -> None:
    revision = await approved(desk)
    published = await publications.publish(desk, LAN, FOOD, revision, "Tựa mới")
    assert isinstance(published, Published)
    assert side(value_of(desk, FOOD), "vi")["title"] == "Mới"
    shown = git(desk.directory, "log", "-1", "--format=%an|%s|%b").strip()
    assert shown == f"{LAN.full_name}|{FOOD}: Tựa mới|Approved by {MINH.full_name}."
    assert "# Written by hand." in (desk.directory / "culture" / "food.yml").read_text(encoding="utf-8")
    opened = await drafting.open_(desk, LAN, FOOD)
    assert (opened.draft, opened.base_draft) == (None, 0)
    assert git(desk.directory, "status", "--porcelain", ".") == ""


@on_both_databases
async def test_nobody_approves_what_they_had_a_hand_in(desk: EditingDesk) -> None:
    await changed(desk, "Một")
    revision = await changed(desk, "Hai", MINH)
    await review.submit(desk, LAN, FOOD, revision)
    with pytest.raises(Refused) as refused:
        await review.approve(desk, MINH, FOOD, revision)
    assert refused.value.key == "own_work"
    assert isinstance(await review.approve(desk, READER, FOOD, revision), Saved)


async def test_who_only_submitted_what_another_wrote_does_not_approve_it(desk: EditingDesk) -> None:
    revision = await changed(desk, "Một")
    await review.submit(desk, MINH, FOOD, revision)
    with pytest.raises(Refused, match="own work"):
        await review.approve(desk, MINH, FOOD, revision)


async def test_a_change_after_the_approval_needs_another_one(desk: EditingDesk) -> None:
    revision = await approved(desk)
    later = await changed(desk, "Khác")
    with pytest.raises(Refused) as refused:
        await publications.publish(desk, LAN, FOOD, later)
    assert refused.value.key == "not_approved"
    assert isinstance(await publications.publish(desk, LAN, FOOD, revision), Conflict)
    assert isinstance(await review.approve(desk, MINH, FOOD, revision), Conflict)


async def test_what_is_missing_is_told_by_field_when_it_is_submitted_and_not_when_it_is_saved(
    desk: EditingDesk,
) -> None:
    name = await beginning.begin(desk, LAN, "culture", "culture", "Chợ đêm Ninh Kiều")
    assert name == "culture.cho-dem-ninh-kieu"
    with pytest.raises(Refused) as refused:
        await review.submit(desk, LAN, name, 1)
    missing = {problem.field for problem in refused.value.problems}
    assert missing == {
        "sources", "vi.answer", "vi.questions", "en.title", "en.answer", "en.questions",
    }  # fmt: skip
    assert {problem.key for problem in refused.value.problems} == {"problem_missing"}


async def test_a_new_answer_goes_out_under_the_id_of_its_first_title(desk: EditingDesk) -> None:
    name = await beginning.begin(desk, LAN, "culture", "culture", "Tựa food", "Food")
    again = await beginning.begin(desk, LAN, "culture", "culture", "Tựa food", "Food")
    assert (name, again) == ("culture.tua-food", "culture.tua-food-2")
    opened = await drafting.open_(desk, LAN, name)
    value: Value = copy.deepcopy(value_of(desk, FOOD))
    for language in ("vi", "en"):
        side(value, language)["title"] = f"Another title {language}"
        side(value, language)["questions"] = ["Xyzzy plugh?"]
    saved = await drafting.save(desk, LAN, Form(name, "t", opened.base_draft, "", value))
    assert isinstance(saved, Saved)
    published = await publications.publish_now(desk, LAN, name, saved.base_draft, "Tin đồn")
    assert isinstance(published, Published)
    assert value_of(desk, name)["status"] == "published"
    with pytest.raises(Refused):
        await beginning.begin(desk, LAN, "nothing", "culture", "A")
    with pytest.raises(NotYours):
        await beginning.begin(desk, LAN, "culture", "police", "A")


async def test_a_question_of_another_answer_stops_it_with_the_answers_name(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, LAN, FOOD)
    value = copy.deepcopy(opened.value)
    side(value, "vi")["questions"] = ["music là gì"]
    found = await review.problems(desk, LAN, FOOD, value)
    same = next(problem for problem in found if problem.key == "finding_same")
    assert (same.field, dict(same.values)["answer"], same.is_error) == ("vi.questions", MUSIC, True)
    assert {problem.key for problem in found if not problem.is_error} == {
        "finding_questions_few", "finding_related_few", "finding_words",
    }  # fmt: skip


@on_both_databases
async def test_published_at_once_it_stands_on_the_start_page_until_somebody_else_looks(
    desk: EditingDesk,
) -> None:
    revision = await changed(desk, "Đính chính", MINH)
    with pytest.raises(Refused) as refused:
        await publications.publish_now(desk, MINH, FOOD, revision, "  ")
    assert refused.value.key == "reason_missing"
    published = await publications.publish_now(desk, MINH, FOOD, revision, "Tin đồn lan nhanh")
    assert isinstance(published, Published)
    start = await answers.start(desk, CHIEF)
    [unseen] = start.unseen
    assert (unseen.name, unseen.reason, unseen.may_look) == (FOOD, "Tin đồn lan nhanh", True)
    assert (start.share.all, start.share.early) == (1, 1)
    assert not (await answers.start(desk, MINH)).unseen[0].may_look
    with pytest.raises(Refused, match="own work"):
        await publications.look(desk, MINH, published.publication_id)
    with pytest.raises(NotYours):
        await publications.look(desk, HOA, published.publication_id)
    await publications.look(desk, READER, published.publication_id)
    assert (await answers.start(desk, CHIEF)).unseen == ()
    [entry, first] = await history.history(desk, LAN, FOOD)
    assert (entry.kind, entry.looked_by, entry.is_live) == ("publish", READER.full_name, True)
    assert (first.kind, first.who) == ("commit", "git: Git")


async def test_given_back_it_is_written_again_with_remarks(desk: EditingDesk) -> None:
    revision = await changed(desk, "Một")
    await review.submit(desk, LAN, FOOD, revision)
    with pytest.raises(NotYours):
        await review.give_back(desk, HOA, FOOD, revision, "")
    saved = await review.give_back(
        desk, READER, FOOD, revision, "Sửa giúp", {"vi.title": "Ngắn hơn", "vi.answer": " "}
    )
    assert isinstance(saved, Saved)
    opened = await drafting.open_(desk, LAN, FOOD)
    assert opened.draft
    assert (opened.draft.state, opened.draft.note) == (State.WRITING, "Sửa giúp")
    assert [(one.field, one.text) for one in opened.remarks] == [("vi.title", "Ngắn hơn")]


async def test_a_new_answer_can_be_scheduled_and_a_live_one_not(desk: EditingDesk, clock: Clock) -> None:
    revision = await approved(desk)
    with pytest.raises(Refused) as refused:
        await publications.schedule(desk, LAN, FOOD, revision, "2026-12-01 08:00")
    assert refused.value.key == "live_already"
    for moment, key in (("2026-11-01 08:00", "moment_passed"), ("soon", "moment_wrong")):
        with pytest.raises(Refused) as refused:
            await publications.schedule(desk, LAN, FOOD, revision, moment)
        assert refused.value.key == key
    by_git(desk.directory, MUSIC, "status: published", "status: in_review")
    opened = await drafting.open_(desk, MINH, MUSIC)
    assert isinstance(await review.approve(desk, MINH, MUSIC, opened.base_draft), Saved)
    scheduled = await publications.schedule(desk, LAN, MUSIC, opened.base_draft, "2026-12-01 08:00")
    assert isinstance(scheduled, Published)
    assert (value_of(desk, MUSIC)["status"], value_of(desk, MUSIC)["publish_at"]) == (
        "published", "2026-12-01 08:00",
    )  # fmt: skip
    listing = await answers.list_answers(desk, LAN, Filter(state=ListState.SCHEDULED))
    assert [row.name for row in listing.rows] == [MUSIC]
    clock.advance(days=20)
    listing = await answers.list_answers(desk, LAN, Filter(state=ListState.SCHEDULED))
    assert not listing.rows


async def test_withdrawn_in_error_people_are_not_told_why(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, LAN, FOOD)
    gone = await publications.withdraw(desk, LAN, FOOD, opened.base_file, Withdrawal(Meaning.ERROR))
    assert isinstance(gone, Published)
    assert value_of(desk, FOOD)["withdrawn"] == {"date": "2026-11-22"}
    assert desk.library().published(FOOD) is None


async def test_withdrawn_for_a_reason_it_stands_in_both_languages(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, LAN, FOOD)
    with pytest.raises(Refused) as refused:
        await publications.withdraw(
            desk, LAN, FOOD, opened.base_file, Withdrawal(Meaning.REASON, "Đã đóng cửa")
        )
    assert [problem.field for problem in refused.value.problems] == ["withdrawn.reason.en"]
    withdrawal = Withdrawal(Meaning.REASON, "Đã đóng cửa", "It has closed")
    assert isinstance(await publications.withdraw(desk, LAN, FOOD, opened.base_file, withdrawal), Published)
    withdrawn = desk.library().withdrawn(FOOD)
    assert withdrawn
    assert withdrawn.withdrawn
    assert withdrawn.withdrawn.reason
    assert withdrawn.withdrawn.reason.en == "It has closed"
    assert isinstance(await publications.withdraw(desk, LAN, FOOD, opened.base_file, withdrawal), Conflict)


async def test_replaced_old_links_show_the_other_answer(desk: EditingDesk) -> None:
    opened = await drafting.open_(desk, LAN, FOOD)
    for wrong in ("", FOOD, "culture.nothing", "city.station"):
        with pytest.raises(Refused) as refused:
            await publications.withdraw(
                desk, LAN, FOOD, opened.base_file, Withdrawal(Meaning.REPLACED, successor=wrong)
            )
        assert refused.value.key == "successor_missing"
    withdrawal = Withdrawal(Meaning.REPLACED, successor=MUSIC)
    assert isinstance(await publications.withdraw(desk, LAN, FOOD, opened.base_file, withdrawal), Published)
    shown = desk.library().published(FOOD)
    assert shown
    assert shown.id == MUSIC


async def test_a_mistake_in_the_file_does_not_hold_up_a_withdrawal(desk: EditingDesk) -> None:
    by_git(desk.directory, FOOD, "office: culture", "office: culture\nmistake: yes")
    opened = await drafting.open_(desk, LAN, FOOD)
    assert isinstance(
        await publications.withdraw(desk, LAN, FOOD, opened.base_file, Withdrawal(Meaning.ERROR)), Published
    )
    assert value_of(desk, FOOD)["status"] == "withdrawn"


async def test_a_published_draft_that_could_not_be_noted_is_noted_when_it_is_published_again(
    desk: EditingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = await approved(desk)

    async def away(*_: object) -> None:
        raise DatabaseAway("gone")

    with monkeypatch.context() as patch:
        patch.setattr(publications, "_note", away)
        with pytest.raises(DatabaseAway):
            await publications.publish(desk, LAN, FOOD, revision)
    assert side(value_of(desk, FOOD), "vi")["title"] == "Mới"
    assert isinstance(await publications.publish(desk, LAN, FOOD, revision), Published)
    assert (await drafting.open_(desk, LAN, FOOD)).draft is None


async def test_an_older_version_becomes_the_draft_and_goes_the_way_of_every_change(desk: EditingDesk) -> None:
    assert isinstance(await publications.publish(desk, LAN, FOOD, await approved(desk)), Published)
    versions = await history.history(desk, LAN, FOOD)
    assert [entry.who for entry in versions] == [LAN.full_name, "git: Git"]
    opened = await drafting.open_(desk, LAN, FOOD)
    restored = await history.restore(desk, LAN, FOOD, versions[1].version, 0, opened.base_file)
    assert isinstance(restored, Saved)
    comparison = await history.compare(desk, LAN, FOOD)
    [title] = comparison.fields
    assert [(run.kind, run.text) for run in title.runs] == [("removed", "Mới"), ("added", "Tựa food")]
    again = await history.restore(desk, LAN, FOOD, versions[1].version, 0, opened.base_file)
    assert again == restored, "a button that was pressed twice"
    stale = await history.restore(desk, LAN, FOOD, versions[0].version, 0, opened.base_file)
    assert isinstance(stale, Conflict)
    two = await history.compare(desk, LAN, FOOD, versions[1].version, versions[0].version)
    assert [field.path for field in two.fields] == ["vi.title"]


@pytest.mark.parametrize(
    "version", ["", "c--help", "c../../x", "p1 or 1=1", "HEAD", "chead", "draft-", "p999"]
)
async def test_a_version_is_a_name_and_nothing_else(desk: EditingDesk, version: str) -> None:
    with pytest.raises(Refused):
        await history.compare(desk, LAN, FOOD, version, "live")


async def test_every_deed_stands_in_the_audit_list(desk: EditingDesk) -> None:
    await publications.publish(desk, LAN, FOOD, await approved(desk))
    rows = await desk.transact(audit.entries)
    everything = await desk.transact(partial(audit.since, moment=desk.clock()))
    revisions = [(deed.action, deed.detail.get("revision")) for deed in everything]
    assert revisions[:2] == [("save", 1), ("submit", 1)]
    assert [(who, deed, what) for _, who, deed, what, *_ in reversed(rows)] == [
        ("lan", "save", FOOD), ("lan", "submit", FOOD), ("minh", "approve", FOOD), ("lan", "publish", FOOD),
    ]  # fmt: skip


async def test_who_only_administers_or_is_closed_reads_no_draft(desk: EditingDesk) -> None:
    closed = Account(1, "lan", "Lan", is_disabled=True)
    for account in (CLERK, closed, HOA):
        with pytest.raises(NotYours):
            await drafting.open_(desk, account, FOOD)
