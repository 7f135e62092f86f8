"""What people asked and found no answer to: who sees it, and what is done with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.desk import asked, audit
from bot.desk.accounts import Account
from bot.desk.asked import ReplyState, Show
from bot.desk.drafting import Saved, open_
from bot.desk.editing import EditingDesk, NotFound, NotYours, Refused
from bot.domain.language import Language
from bot.storage import questions, traffic
from bot.storage.models import Delivery, DeliveryStatus, KeptQuestion, QuestionState
from bot.storage.outbox import Failure, Outbox
from tests.support.bot_database import BotDatabase
from tests.support.clock import Clock
from tests.support.desk import CHIEF, FOOD, HOA, LAN, READER, STATION, side

LEFT, OPEN = QuestionState.LEFT, QuestionState.OPEN


@pytest.fixture
def staffed(desk: EditingDesk, bot: BotDatabase) -> EditingDesk:
    """The desk, which reads the bot's database."""
    return replace(desk, bot=bot.reader)


async def texts(desk: EditingDesk, account: Account, show: Show = Show.OPEN) -> list[list[str]]:
    groups = await asked.groups(desk, account, show)
    assert groups is not None
    return [[one.text for one in group.questions] for group in groups]


async def samples(desk: EditingDesk, name: str, language: str = "vi") -> list[str]:
    opened = await open_(desk, CHIEF, name)
    return [str(one) for one in side(opened.value, language).get("questions", [])]


class TestWhoSeesThem:
    async def test_editors_see_the_questions_of_their_offices(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        await bot.asked("ăn gì ngon", nearest=FOOD)
        await bot.asked("ga ở đâu", nearest=STATION)
        await bot.asked("mặt trăng bao xa")
        assert await texts(staffed, LAN) == [["ăn gì ngon"]]
        assert await texts(staffed, HOA) == [["ga ở đâu"]]
        assert len(await texts(staffed, CHIEF)) == 3

    async def test_one_that_is_given_to_another_office_is_seen_there(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        number = await bot.asked("ăn gì ngon", nearest=FOOD)
        await asked.assign(staffed, LAN, await asked.group_of(staffed, LAN, number), "police")
        assert await texts(staffed, LAN) == []
        assert await texts(staffed, HOA) == [["ăn gì ngon"]]
        with pytest.raises(NotFound):
            await asked.group_of(staffed, LAN, number)

    async def test_nobody_hands_a_question_to_an_office_that_there_is_not(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        group = await asked.group_of(staffed, CHIEF, await bot.asked("ăn gì ngon", nearest=FOOD))
        with pytest.raises(Refused):
            await asked.assign(staffed, CHIEF, group, "moon")

    async def test_who_may_not_write_looks_only(self, staffed: EditingDesk, bot: BotDatabase) -> None:
        group = await asked.group_of(staffed, READER, await bot.asked("ăn gì ngon", LEFT, nearest=FOOD))
        for deed in (
            asked.set_aside(staffed, READER, group),
            asked.add(staffed, READER, group, FOOD, [group.first.id]),
            asked.assign(staffed, READER, group, "police"),
            asked.reply(staffed, READER, group.first, "Món gì cũng ngon.", None),
            asked.begin(staffed, READER, group, "city", "police", ("Tựa", "")),
        ):
            with pytest.raises(NotYours):
                await deed

    async def test_without_the_bots_database_nothing_is_known(self, desk: EditingDesk) -> None:
        assert await asked.groups(desk, CHIEF) is None
        assert await asked.number_waiting(desk, CHIEF) is None


class TestOrder:
    async def test_who_waits_too_long_comes_first_then_what_is_asked_most_these_days(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        for _ in range(3):
            await bot.asked("mặt trăng bao xa", days=20)
        await bot.asked("ăn gì ngon", nearest=FOOD)
        await bot.asked("an gi ngon", nearest=FOOD)
        await bot.asked("ga ở đâu", LEFT, days=4)
        await bot.asked("mấy giờ tàu chạy", LEFT, days=1)
        found = await texts(staffed, CHIEF)
        assert [group[0] for group in found] == [
            "ga ở đâu", "an gi ngon", "mấy giờ tàu chạy", "mặt trăng bao xa"
        ]  # fmt: skip
        groups = await asked.groups(staffed, CHIEF) or []
        assert (groups[0].is_overdue, groups[0].waits_days) == (True, 4)
        assert (groups[2].is_overdue, groups[2].waits_days) == (False, 1)
        assert await asked.number_waiting(staffed, CHIEF) == (2, 1, 5)

    async def test_only_the_newest_are_looked_at(
        self, staffed: EditingDesk, bot: BotDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asked, "NEWEST", 2)
        for text in ("một hai ba", "bốn năm sáu", "bảy tám chín"):
            await bot.asked(text)
        assert await texts(staffed, CHIEF) == [["bảy tám chín"], ["bốn năm sáu"]]


class TestIntoAnAnswer:
    async def test_chosen_questions_go_into_the_draft_and_the_group_is_done(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        first = await bot.asked("Ăn gì ngon, gọi […] nhé", nearest=FOOD)
        await bot.asked("ăn gì ngon gọi nhé", nearest=FOOD)
        group = await asked.group_of(staffed, LAN, first)
        assert len(group.questions) == 2
        assert isinstance(await asked.add(staffed, LAN, group, FOOD, [first]), Saved)
        assert "Ăn gì ngon, gọi nhé" in await samples(staffed, FOOD)
        assert await texts(staffed, LAN) == []
        (done,) = await asked.groups(staffed, LAN, Show.DONE) or []
        assert {one.answer for one in done.questions} == {FOOD}
        deeds = [entry[2:4] for entry in await staffed.transact(audit.entries)]
        assert ("question_add", "#2, #1") in deeds

    async def test_how_long_its_first_question_went_without_an_answer_is_counted_once(
        self, staffed: EditingDesk, bot: BotDatabase, clock: Clock
    ) -> None:
        first = await bot.asked("Ăn gì ngon", nearest=FOOD)
        clock.advance(days=2)
        await bot.asked("ăn gì ngon", nearest=FOOD)
        group = await asked.group_of(staffed, LAN, first)
        await asked.add(staffed, LAN, group, FOOD, [first])
        counted = await bot.database.transact(
            lambda connection: traffic.month(connection, clock().date().replace(day=1))
        )
        assert counted.sums[traffic.Dimension.ANSWER_WAIT] == {"3d": 1}

    async def test_who_waits_for_a_reply_waits_on(self, staffed: EditingDesk, bot: BotDatabase) -> None:
        number = await bot.asked("ăn gì ngon", LEFT, nearest=FOOD)
        group = await asked.group_of(staffed, LAN, number)
        await asked.add(staffed, LAN, group, FOOD, [number])
        await asked.set_aside(staffed, LAN, group)
        (still,) = (await asked.group_of(staffed, LAN, number)).questions
        assert (still.state, still.answer, still.waits_days) == (LEFT, FOOD, 0)

    async def test_another_offices_answer_is_not_touched(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        number = await bot.asked("ăn gì ngon", nearest=FOOD)
        group = await asked.group_of(staffed, LAN, number)
        with pytest.raises(NotYours):
            await asked.add(staffed, LAN, group, STATION, [number])
        with pytest.raises(Refused, match="Choose a question"):
            await asked.add(staffed, LAN, group, FOOD, [])
        assert await texts(staffed, LAN) == [["ăn gì ngon"]]

    async def test_a_new_answer_begins_with_the_question(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        number = await bot.asked("where is the moon?", language="en", nearest=FOOD)
        group = await asked.group_of(staffed, LAN, number)
        titles = ("Mặt trăng ở đâu", asked.title_of("where is the moon?"))
        name = await asked.begin(staffed, LAN, group, "culture", "culture", titles)
        assert name == "culture.mat-trang-o-dau"
        assert await samples(staffed, name, "en") == ["where is the moon?"]
        assert titles[1] == "Where is the moon"
        assert await texts(staffed, LAN) == []

    async def test_what_was_set_aside_can_be_put_back(self, staffed: EditingDesk, bot: BotDatabase) -> None:
        number = await bot.asked("mặt trăng bao xa", nearest=FOOD)
        group = await asked.group_of(staffed, LAN, number)
        await asked.set_aside(staffed, LAN, group)
        assert await texts(staffed, LAN) == []
        await asked.reopen(staffed, LAN, await asked.group_of(staffed, LAN, number))
        assert await texts(staffed, LAN) == [["mặt trăng bao xa"]]

    async def test_answers_are_suggested_by_what_came_nearest_and_by_words(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        number = await bot.asked("station là gì vậy bạn", nearest=FOOD)
        group = await asked.group_of(staffed, LAN, number)
        found = await asked.suggestions(staffed, LAN, group)
        assert (found[0].answer, found[0].may_add) == (FOOD, True)
        assert (STATION, False) in [(one.answer, one.may_add) for one in found]


class TestReply:
    async def test_it_is_queued_once_with_an_answer_and_its_state_is_seen(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        number = await bot.asked("ăn gì ngon", LEFT, nearest=FOOD, channel="zalo")
        question = (await asked.group_of(staffed, LAN, number)).first
        await asked.reply(staffed, LAN, question, " Lẩu mắm. ", FOOD)
        (queued,) = await bot.rows(Delivery)
        assert (queued.text, queued.answer, queued.channel) == ("Lẩu mắm.", FOOD, "zalo")  # type: ignore[attr-defined]
        assert queued.address == "address 1"  # type: ignore[attr-defined]
        with pytest.raises(Refused) as refused:
            await asked.reply(staffed, LAN, question, "Bún nước lèo.", None)
        assert refused.value.key == "reply_too_late"
        outbox = Outbox(bot.database)
        for change, state in (
            (None, ReplyState.QUEUED), ("waits", ReplyState.WAITING), ("sent", ReplyState.SENT)
        ):  # fmt: skip
            if change:
                due = await outbox.claim(["zalo"]) or (await outbox.waiting_for("chat 1"))[0]
                await (outbox.sent(due) if change == "sent" else outbox.waits(due, "48 hours"))
            assert (await asked.group_of(staffed, LAN, number)).first.reply is state

    @pytest.mark.parametrize("failure", Failure)
    async def test_that_it_could_not_be_made_is_seen_with_the_reason(
        self, staffed: EditingDesk, bot: BotDatabase, failure: Failure
    ) -> None:
        number = await bot.asked("ăn gì ngon", LEFT, nearest=FOOD)
        question = (await asked.group_of(staffed, LAN, number)).first
        await asked.reply(staffed, LAN, question, "Lẩu mắm.", None)
        outbox = Outbox(bot.database)
        due = await outbox.claim(["telegram"])
        assert due
        await outbox.undeliverable(due, failure)
        assert (await asked.group_of(staffed, LAN, number)).first.reply == ReplyState(failure)
        (kept,) = await bot.rows(Delivery)
        assert kept.status == DeliveryStatus.UNDELIVERABLE  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        ("text", "answer", "key"),
        [("  ", None, "reply_empty"), ("x" * 4001, None, "reply_long"),
         ("ok", "culture.none", "answer_not_published")],
    )  # fmt: skip
    async def test_what_cannot_be_sent_is_said_and_nothing_is_queued(
        self, staffed: EditingDesk, bot: BotDatabase, text: str, answer: str | None, key: str
    ) -> None:
        question = (
            await asked.group_of(staffed, LAN, await bot.asked("ăn gì ngon", LEFT, nearest=FOOD))
        ).first
        with pytest.raises(Refused) as refused:
            await asked.reply(staffed, LAN, question, text, answer)
        assert refused.value.key == key
        assert await bot.rows(Delivery) == []

    async def test_it_is_previewed_by_the_channels_own_renderers(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        question = (
            await asked.group_of(staffed, LAN, await bot.asked("ăn <b>gì</b>", LEFT, nearest=FOOD))
        ).first
        reply, answer = asked.preview_reply(staffed, LAN, question, "Gọi *101*1#", FOOD).cards
        assert "*101*1#" in reply.zalo.messages[0]
        assert "&lt;b&gt;" in reply.telegram.messages[0]
        assert reply.language is Language.VI
        assert answer.web.id == FOOD
        assert await bot.rows(Delivery) == []


async def test_a_person_may_still_leave_what_an_editor_has_set_aside(
    staffed: EditingDesk, bot: BotDatabase
) -> None:
    number = await bot.asked("mặt trăng bao xa", nearest=FOOD, chat="a")
    await asked.set_aside(staffed, LAN, await asked.group_of(staffed, LAN, number))
    kept = await bot.database.transact(lambda connection: questions.open_question(connection, "a"))
    assert kept
    assert kept.id == number
    (row,) = await bot.rows(KeptQuestion)
    assert row.state == QuestionState.HANDLED  # type: ignore[attr-defined]
