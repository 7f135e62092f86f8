"""The list of answers and the start page; which language is behind; what passes."""

from __future__ import annotations

import copy
import datetime
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.content.fields import Value
from bot.desk import answers, audit, drafting, housekeeping, in_step, publications, reminders, review
from bot.desk.accounts import Account
from bot.desk.answers import Filter, ListState
from bot.desk.bot_reader import BotReader
from bot.desk.drafting import Form, Saved
from bot.desk.editing import EditingDesk
from bot.desk.publications import Published
from bot.desk.reminders import DueReview, MailServer
from bot.domain.language import Language
from bot.storage.database import Database
from bot.storage.feedback import count_feedback
from bot.storage.schema import migrate
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.desk import CHIEF, CLERK, FOOD, HOA, LAN, MINH, MUSIC, STATION, by_git, side


async def names(desk: EditingDesk, wanted: Filter, account: Account = CHIEF) -> list[str]:
    return [row.name for row in (await answers.list_answers(desk, account, wanted)).rows]


async def save(desk: EditingDesk, name: str, language: str, **texts: str) -> int:
    opened = await drafting.open_(desk, CHIEF, name)
    value: Value = copy.deepcopy(opened.value)
    side(value, language).update(texts)
    saved = await drafting.save(desk, CHIEF, Form(name, "t", opened.base_draft, opened.base_file, value))
    assert isinstance(saved, Saved)
    return saved.base_draft


async def publish(desk: EditingDesk, name: str, language: str, **texts: str) -> None:
    revision = await save(desk, name, language, **texts)
    assert isinstance(await publications.publish_now(desk, CHIEF, name, revision, "gấp"), Published)


@on_both_databases
async def test_the_list_is_narrowed_by_each_of_its_filters(desk: EditingDesk, clock: Clock) -> None:
    everything = [STATION, FOOD, MUSIC]
    assert await names(desk, Filter()) == everything
    assert await names(desk, Filter(topic="culture")) == [FOOD, MUSIC]
    assert await names(desk, Filter(office="police")) == [STATION]
    assert await names(desk, Filter(state=ListState.WRITING)) == []
    await save(desk, MUSIC, "vi", title="Nhạc lễ")
    assert await names(desk, Filter(state=ListState.WRITING)) == [MUSIC]
    assert await names(desk, Filter()) == [MUSIC, STATION, FOOD]
    assert await names(desk, Filter(is_past_review=True)) == []
    clock.advance(days=60)
    assert await names(desk, Filter(is_past_review=True, sort="review_by")) == everything


@pytest.mark.parametrize(
    "text", ["tua food", "Tựa FOOD", "cau tra loi ve food", "food la gi", "what is food"]
)
async def test_the_search_passes_over_diacritics_and_finds_titles_texts_and_questions(
    desk: EditingDesk, text: str
) -> None:
    assert await names(desk, Filter(text=text)) == [FOOD]
    assert await names(desk, Filter(text=f"{text} nowhere")) == []


async def test_what_has_the_searched_phrase_in_its_title_comes_first(desk: EditingDesk) -> None:
    await publish(desk, MUSIC, "vi", title="Chợ nổi Cái Răng")
    await publish(desk, FOOD, "vi", answer="Ăn sáng ở chợ Cái Răng.")
    await publish(desk, STATION, "vi", title="Trang mạng, cái gì cũng có")
    assert await names(desk, Filter(text="cai rang")) == [MUSIC, FOOD, STATION]
    assert await names(desk, Filter(text="cai rang", sort="title")) == [MUSIC, STATION, FOOD]
    assert await names(desk, Filter(text="cai")) == [STATION, MUSIC, FOOD]


async def test_a_draft_that_was_sent_back_waits_for_who_wrote_it_until_it_is_changed(
    desk: EditingDesk,
) -> None:
    opened = await drafting.open_(desk, LAN, FOOD)
    value: Value = copy.deepcopy(opened.value)
    side(value, "vi")["title"] = "Tựa mới"
    saved = await drafting.save(desk, LAN, Form(FOOD, "t", opened.base_draft, opened.base_file, value))
    assert isinstance(saved, Saved)
    submitted = await review.submit(desk, LAN, FOOD, saved.base_draft, "Xin xem")
    assert isinstance(submitted, Saved)
    assert [row.returned_with for row in (await answers.start(desk, LAN)).mine] == [None]
    assert isinstance(await review.give_back(desk, CHIEF, FOOD, submitted.base_draft, "Thiếu giờ"), Saved)
    assert [row.returned_with for row in (await answers.start(desk, LAN)).mine] == ["Thiếu giờ"]
    opened = await drafting.open_(desk, LAN, FOOD)
    side(value, "vi")["title"] = "Tựa khác"
    assert isinstance(
        await drafting.save(desk, LAN, Form(FOOD, "t", opened.base_draft, opened.base_file, value)), Saved
    )
    assert [row.returned_with for row in (await answers.start(desk, LAN)).mine] == [None]


async def test_a_draft_that_has_no_file_yet_is_found_by_what_it_says(desk: EditingDesk) -> None:
    await save(desk, FOOD, "vi", title="Tựa")
    draft = "culture.new-one"
    value: Value = {"status": "published", "office": "culture", "vi": {"title": "Đờn ca tài tử"}}
    assert isinstance(await drafting.save(desk, LAN, Form(draft, "t", 0, "", value)), Saved)
    assert await names(desk, Filter(text="don ca")) == [draft]


@on_both_databases
async def test_english_is_behind_when_only_vietnamese_was_changed_until_it_is_changed_or_still_right(
    desk: EditingDesk, clock: Clock
) -> None:
    assert await names(desk, Filter(is_behind=True)) == []
    await publish(desk, FOOD, "vi", answer="Câu trả lời khác về thành phố này.")
    clock.advance(days=1)
    [row] = (await answers.list_answers(desk, CHIEF, Filter(is_behind=True))).rows
    assert (row.name, row.behind) == (FOOD, Language.EN)
    assert row.behind_since == clock() - datetime.timedelta(days=1)
    behind = await in_step.behind_in(desk, FOOD)
    assert behind
    assert (behind.language, behind.since) == (Language.EN, row.behind_since)
    assert [field.path for field in behind.changes.fields] == ["vi.answer"]
    await publish(desk, FOOD, "en", answer="Another answer on food in this city.")
    assert await names(desk, Filter(is_behind=True)) == []
    by_git(desk.directory, FOOD, "Title of food", "Food in town")
    [row] = (await answers.list_answers(desk, CHIEF, Filter(is_behind=True))).rows
    assert row.behind is Language.VI
    await in_step.still_right(desk, CHIEF, FOOD)
    assert await names(desk, Filter(is_behind=True)) == []
    assert await in_step.behind_in(desk, FOOD) is None
    assert await in_step.behind_in(desk, "culture.none") is None


async def test_answers_that_often_do_not_help_are_told_if_the_bots_database_can_be_read(
    desk: EditingDesk, tmp_path: Path
) -> None:
    assert not (await answers.list_answers(desk, CHIEF, Filter())).has_votes
    url = f"sqlite:///{tmp_path / 'of-the-bot.db'}"
    reader = BotReader(url)
    with_bot = EditingDesk(desk.database, desk.directory, desk.library, desk.clock, bot=reader)
    assert not (await answers.list_answers(with_bot, CHIEF, Filter())).has_votes
    assert not (tmp_path / "of-the-bot.db").exists()
    database = Database(url)
    await migrate(database)

    def vote(connection: Connection) -> None:
        for is_helpful in (True, False, False, False):
            count_feedback(connection, FOOD, desk.today, is_helpful=is_helpful)

    await database.transact(vote)
    listing = await answers.list_answers(with_bot, CHIEF, Filter(is_often_unhelpful=True))
    assert listing.has_votes
    assert [(row.name, row.votes.helpful, row.votes.unhelpful) for row in listing.rows] == [(FOOD, 1, 3)]
    await reader.close()
    await database.close()


async def test_the_start_page_says_what_there_is_to_do(desk: EditingDesk) -> None:
    revision = await save(desk, FOOD, "vi", title="Mới")
    assert [row.name for row in (await answers.start(desk, CHIEF)).mine] == [FOOD]
    from_review = await answers.start(desk, MINH)
    assert from_review.to_review == ()
    assert isinstance(await review.submit(desk, CHIEF, FOOD, revision), Saved)
    assert [row.name for row in (await answers.start(desk, MINH)).to_review] == [FOOD]
    assert (await answers.start(desk, CHIEF)).to_review == ()
    assert (await answers.start(desk, HOA)).to_review == ()


async def test_each_editor_is_reminded_once_of_each_review(
    desk: EditingDesk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    async def send(mail: Message, **_: object) -> None:
        sent.append(str(make_header(decode_header(mail["Subject"]))))

    monkeypatch.setattr("bot.desk.reminders.aiosmtplib.send", send)
    server = MailServer("mail.example.org", 587, "bot@example.org")

    def write(account: Account, due: object) -> tuple[str, str]:
        assert isinstance(due, list)
        return f"{len(due)} for {account.name}", "\n".join(
            one.name for one in due if isinstance(one, DueReview)
        )

    async def remind() -> int:
        return await reminders.mail_reminders(desk, [LAN, MINH, CLERK], server, write)

    assert await remind() == 0
    clock.advance(days=30)
    assert [one.name for one in reminders.due(desk, LAN)] == [FOOD, MUSIC]
    assert await remind() == 1  # the others have no address
    assert sent == ["2 for lan"]
    assert await remind() == 0


@on_both_databases
async def test_what_is_over_is_let_go_and_the_audit_list_after_two_years(
    desk: EditingDesk, clock: Clock
) -> None:
    await save(desk, FOOD, "vi", title="Mới")
    await drafting.keep_typed(desk, LAN, Form(MUSIC, "t", 0, "", {"office": "culture"}))
    await drafting.be_here(desk, LAN, FOOD, "t", is_unsaved=True)
    clock.advance(days=20)
    await housekeeping.purge(desk)
    assert len((await drafting.open_(desk, LAN, MUSIC)).typed) == 1
    clock.advance(days=20)
    await housekeeping.purge(desk)
    assert not (await drafting.open_(desk, LAN, MUSIC)).typed
    assert await desk.transact(audit.entries)
    clock.advance(days=731)
    await housekeeping.purge(desk)
    assert not await desk.transact(audit.entries)
    assert (await drafting.open_(desk, LAN, FOOD)).draft is not None
