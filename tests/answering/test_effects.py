"""What people leave behind on purpose: each thing once, and gone when they say so."""

from __future__ import annotations

import asyncio
import datetime
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from functools import partial

import pytest
from sqlalchemy import Connection, insert, make_url, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answering.effects import carry_out
from bot.channels.contract import OnlyInReply, TryLater, Unreachable
from bot.content.library import Library
from bot.domain.arrival import Arrival
from bot.domain.clock import utc_now
from bot.domain.errors import NotPossible
from bot.domain.language import Language
from bot.domain.message import Message
from bot.domain.plan import Plan, Plans
from bot.storage import watches
from bot.storage.database import Database, is_sqlite
from bot.storage.inbox import Inbox, SavedPlans
from bot.storage.models import (
    DeliveryStatus,
    Feedback,
    InboxMessage,
    KeptQuestion,
    QuestionState,
    Subscription,
    Watch,
    WebReply,
)
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.worker import Bot, running

pytestmark = on_both_databases

PLANS: dict[str, dict[str, object]] = {
    "staff": {"reply": "action", "action": "handoff", "step": "ask"},
    "yes, leave it": {"reply": "action", "action": "handoff", "step": "do"},
    "no": {"reply": "action", "action": "handoff", "step": "cancel"},
    "news": {"reply": "action", "action": "subscribe", "step": "ask"},
    "yes, news": {"reply": "action", "action": "subscribe", "step": "do"},
    "no news": {"reply": "action", "action": "unsubscribe", "step": "ask"},
    "yes, no news": {"reply": "action", "action": "unsubscribe", "step": "do"},
    "yes, forget": {"reply": "action", "action": "forget", "step": "do"},
    "which one": {"reply": "choices", "ids": ["culture.food", "culture.music"]},
    "how much": {"reply": "choices", "reason": "ask_topic", "facet": "price", "ids": ["culture.food"]},
    "in English": {"reply": "choices", "ids": ["culture.food", "culture.music"], "action": "language"},
    "none": {"reply": "action", "action": "none_of_these"},
    "is it true": {"reply": "action", "action": "no_clarification"},
    "food": {"reply": "answer", "id": "culture.food"},
    "third in a row": {"reply": "action", "action": "handoff", "step": "ask", "reason": "no_answer"},
    "food, for the staff": {"reply": "answer", "id": "culture.food", "reason": "for_staff"},
    '/news{"topic": "city"}': {"reply": "action", "action": "subscribe", "step": "do", "topic": "city"},
    '/news{"topic": "culture"}': {"reply": "action", "action": "subscribe", "step": "do", "topic": "culture"},
    "first": {"reply": "pick", "id": "culture.food", "action": "back"},
    '/faq{"answer": "culture.food"}': {"reply": "answer", "id": "culture.food"},
    **{
        f'/{vote}{{"about": "culture.food", "language": "{code}"}}': {
            "reply": "action",
            "action": vote,
            "id": "culture.food",
            "ids": ["culture.music"],
            "language": code,
        }
        for vote in ("helpful", "unhelpful")
        for code in Language
    },
}
"""What Rasa says to a text; all else finds no answer."""

NOTHING: dict[str, object] = {"reply": "fallback", "reason": "no_answer"}


@pytest.fixture
async def bot(inbox: Inbox, small_library: Library, clock: Clock) -> AsyncIterator[Bot]:
    async with running(inbox, small_library, clock=clock) as bot:
        bot.rasa.plans = lambda text: [PLANS.get(text, NOTHING)]
        yield bot


async def says(bot: Bot, *texts: str, chat: str = "a") -> str:
    """The text of the last card that the person got."""
    for text in texts:
        await bot.answered(await bot.receive(text, chat, language=Language.EN))
    return bot.channel.sent[-1].card.text


async def presses(bot: Bot, button: str, chat: str = "a") -> str:
    await bot.answered(await bot.receive(chat=chat, button=button, language=Language.EN))
    return bot.channel.sent[-1].card.text


async def deliver(bot: Bot) -> None:
    """Deliver all that is due."""
    while await bot.delivery_worker.deliver_next():
        pass


async def rows(engine: AsyncEngine, table: type) -> list[object]:
    async with engine.begin() as connection:
        return list((await connection.execute(select(table.__table__))).all())  # type: ignore[attr-defined]


def payloads(bot: Bot) -> list[str | None]:
    return [button.payload for button in bot.channel.sent[-1].card.buttons]


class TestWatching:
    """Somebody asks, with one tap, to be told when an answer changes."""

    async def test_one_tap_under_the_answer_is_enough_and_rasa_is_not_asked(
        self, bot: Bot, engine: AsyncEngine, clock: Clock
    ) -> None:
        await says(bot, "food")
        assert "watch:culture.food:en" in payloads(bot)
        asked = len(bot.rasa.asked)
        assert "for the next 180 days" in await presses(bot, "watch:culture.food:en")
        assert len(bot.rasa.asked) == asked
        assert payloads(bot) == ["unwatch:culture.food:en"]
        (kept,) = await rows(engine, Watch)
        assert (kept.answer, kept.language, kept.until) == (  # type: ignore[attr-defined]
            "culture.food", "en", clock() + watches.WATCH
        )  # fmt: skip

    async def test_pressed_again_it_lasts_anew_and_is_one_wish(
        self, bot: Bot, engine: AsyncEngine, clock: Clock
    ) -> None:
        await presses(bot, "watch:culture.food:en")
        clock.advance(days=10)
        await presses(bot, "watch:culture.food:vi")
        (kept,) = await rows(engine, Watch)
        assert (kept.language, kept.until) == ("vi", clock() + watches.WATCH)  # type: ignore[attr-defined]

    async def test_a_correction_comes_once_for_each_version_with_a_way_to_end_it(
        self, bot: Bot, database: Database, clock: Clock
    ) -> None:
        await presses(bot, "watch:culture.food:en")
        before = len(bot.channel.sent)
        for change, number in (("one", 1), ("one", 0), ("two", 1)):
            queue = partial(
                watches.queue_corrections,
                answer="culture.food", change=change, seen_since=None, now=clock(),
            )  # fmt: skip
            queued = await database.transact(queue)
            assert queued == number
            await deliver(bot)
        assert len(bot.channel.sent) == before + 2
        card = bot.channel.sent[-1].card
        assert (card.id, card.action) == ("culture.food", "correction")
        assert bot.library.messages.phrases.correction[Language.EN] in (card.notice or "")
        assert payloads(bot)[-1] == "unwatch:culture.food:en"
        assert "watch:culture.food:en" not in payloads(bot)

    async def test_who_asked_after_it_was_live_has_seen_it(
        self, bot: Bot, database: Database, clock: Clock
    ) -> None:
        live_since = clock()
        clock.advance(minutes=1)
        await presses(bot, "watch:culture.food:en")
        queued = await database.transact(
            lambda connection: watches.queue_corrections(
                connection, "culture.food", "one", live_since, clock()
            )
        )
        assert queued == 0

    @pytest.mark.parametrize("end", ["unwatch:culture.food:en", "yes, no news", "yes, forget"])
    async def test_it_ends_with_what_is_on_its_way(
        self, bot: Bot, database: Database, engine: AsyncEngine, clock: Clock, end: str
    ) -> None:
        await presses(bot, "watch:culture.food:en")
        await database.transact(
            lambda connection: watches.queue_corrections(connection, "culture.food", "one", None, clock())
        )
        await (presses(bot, end) if end.startswith("unwatch") else says(bot, end))
        assert await rows(engine, Watch) == []
        before = len(bot.channel.sent)
        await deliver(bot)
        assert len(bot.channel.sent) == before

    async def test_it_is_over_after_half_a_year(
        self, bot: Bot, inbox: Inbox, engine: AsyncEngine, clock: Clock
    ) -> None:
        await presses(bot, "watch:culture.food:en")
        clock.advance(days=180, seconds=-1)
        await inbox.tidy()
        assert len(await rows(engine, Watch)) == 1
        clock.advance(seconds=1)
        await inbox.tidy()
        assert await rows(engine, Watch) == []

    @pytest.mark.parametrize("forged", ["watch:culture.none:en", "watch:culture.food:fr", "watch::en"])
    async def test_a_forged_button_writes_nothing_down(
        self, bot: Bot, engine: AsyncEngine, forged: str
    ) -> None:
        await presses(bot, forged)
        assert await rows(engine, Watch) == []


class TestPicking:
    async def test_a_choice_in_words_presses_its_button_and_keeps_the_action(self, bot: Bot) -> None:
        await says(bot, "first")
        assert bot.rasa.texts == ["first", '/faq{"answer": "culture.food"}']
        card = bot.channel.sent[-1].card
        assert (card.id, card.action) == ("culture.food", "back")

    async def test_what_was_asked_for_and_then_not_wanted_is_left_alone(
        self, bot: Bot, engine: AsyncEngine
    ) -> None:
        text = await says(bot, "a question", "staff", "no")
        assert text == bot.library.messages.phrases.cancelled[Language.EN]
        (kept,) = await bot.outbox.questions()
        assert kept.state is QuestionState.OPEN


class TestKeeping:
    @pytest.mark.parametrize("text", ["where is the moon", "is it true"])
    async def test_a_question_without_an_answer_is_kept_masked_and_can_be_left(
        self, bot: Bot, text: str
    ) -> None:
        PLANS[f"{text} 0912 345 678"] = PLANS.get(text, NOTHING)
        await says(bot, f"{text} 0912 345 678")
        (kept,) = await bot.outbox.questions()
        assert (kept.text, kept.state, kept.language) == (f"{text} […]", QuestionState.OPEN, Language.EN)
        assert "say:handoff" in payloads(bot)

    @pytest.mark.parametrize("text", ["food", "staff", "news"])
    async def test_what_has_an_answer_is_not_kept(self, bot: Bot, engine: AsyncEngine, text: str) -> None:
        await says(bot, text)
        assert await rows(engine, KeptQuestion) == []

    async def test_none_of_the_choices_keeps_what_was_asked_before_them(self, bot: Bot) -> None:
        await says(bot, "which one", "in English")
        assert await bot.outbox.questions() == [], "editors see no question that may have its answer"
        await says(bot, "none")
        (kept,) = await bot.outbox.questions()
        assert (kept.text, kept.nearest) == ("which one", "culture.food")

    async def test_a_side_of_nothing_yet_is_no_question_that_is_kept(
        self, bot: Bot, engine: AsyncEngine
    ) -> None:
        await says(bot, "how much")
        assert await rows(engine, KeptQuestion) == []

    async def test_a_choice_that_was_meant_deletes_the_question(self, bot: Bot, engine: AsyncEngine) -> None:
        await says(bot, "which one", "food")
        assert await rows(engine, KeptQuestion) == []

    @pytest.mark.parametrize("text", ["who is hungry", "third in a row", "how much"])
    async def test_a_group_in_which_nothing_is_said_leaves_nothing(
        self, bot: Bot, engine: AsyncEngine, text: str
    ) -> None:
        await bot.answered(await bot.receive(text, is_quiet=True))
        assert bot.channel.sent == []
        assert await rows(engine, KeptQuestion) == []

    async def test_a_button_that_leads_nowhere_leaves_nothing(self, bot: Bot, engine: AsyncEngine) -> None:
        await presses(bot, "answer:gone.gone")
        assert await rows(engine, KeptQuestion) == []


class TestLeaving:
    async def test_it_says_what_is_kept_and_acts_on_yes(self, bot: Bot, engine: AsyncEngine) -> None:
        asked = await says(bot, "where is *the* moon", "staff")
        assert r"where is \*the\* moon" in asked
        assert payloads(bot) == ["yes:handoff", "no:handoff"]
        assert [kept.state for kept in await bot.outbox.questions()] == [QuestionState.OPEN]
        await says(bot, "yes, leave it")
        (row,) = await rows(engine, KeptQuestion)
        assert (row.state, row.address) == (QuestionState.LEFT, "a")  # type: ignore[attr-defined]

    async def test_with_nothing_to_leave_it_asks_for_the_question(self, bot: Bot) -> None:
        nothing = bot.library.messages.phrases.handoff_nothing[Language.EN]
        assert (await says(bot, "staff")).startswith(nothing)
        assert (await says(bot, "yes, leave it")).startswith(nothing)

    async def test_what_was_typed_for_the_staff_can_be_left_although_it_has_an_answer(self, bot: Bot) -> None:
        await says(bot, "staff", "food, for the staff")
        assert "say:handoff" in payloads(bot)
        assert await bot.outbox.questions() == [], "editors see no question that may have its answer"
        assert "food, for the staff" in await says(bot, "staff")
        await says(bot, "yes, leave it")
        (kept,) = await bot.outbox.questions()
        assert (kept.text, kept.state) == ("food, for the staff", QuestionState.LEFT)

    async def test_the_third_question_in_a_row_without_an_answer_is_offered_to_be_left(
        self, bot: Bot
    ) -> None:
        assert "third in a row" in await says(bot, "first one", "second one", "third in a row")
        await says(bot, "yes, leave it")
        left = [kept.text for kept in await bot.outbox.questions() if kept.state is QuestionState.LEFT]
        assert left == ["third in a row"]

    async def test_it_is_the_last_question_of_ones_own(self, bot: Bot) -> None:
        await says(bot, "mine, first", "mine, last")
        await says(bot, "somebody else's", chat="b")
        await says(bot, "staff", "yes, leave it")
        left = [kept.text for kept in await bot.outbox.questions() if kept.state is QuestionState.LEFT]
        assert left == ["mine, last"]

    async def test_yes_twice_leaves_one_question_not_an_older_one(self, bot: Bot, inbox: Inbox) -> None:
        await says(bot, "the only question", "staff", "yes, leave it", "yes, leave it")
        assert [kept.state for kept in await bot.outbox.questions()] == [QuestionState.LEFT]

    async def test_after_a_day_nobody_knows_whose_question_it_was(
        self, bot: Bot, engine: AsyncEngine, clock: Clock
    ) -> None:
        await says(bot, "an open question", "which one")
        clock.advance(hours=24)
        await bot.inbox.tidy()
        (row,) = await rows(engine, KeptQuestion)
        assert (row.text, row.conversation) == ("an open question", None)  # type: ignore[attr-defined]
        await says(bot, "staff", "yes, leave it")
        assert [kept.state for kept in await bot.outbox.questions()] == [QuestionState.OPEN]

    async def test_after_ninety_days_it_is_gone(self, bot: Bot, engine: AsyncEngine, clock: Clock) -> None:
        await says(bot, "left", "staff", "yes, leave it", "open")
        clock.advance(days=90, seconds=-1)
        await bot.inbox.tidy()
        assert len(await rows(engine, KeptQuestion)) == 2
        clock.advance(seconds=1)
        await bot.inbox.tidy()
        assert await rows(engine, KeptQuestion) == []


async def left(bot: Bot, chat: str = "a") -> int:
    """The number of a question that was left for the staff."""
    await says(bot, f"question of {chat}", "staff", "yes, leave it", chat=chat)
    bot.channel.sent.clear()
    return (await bot.outbox.questions())[-1].id


class TestReplying:
    async def test_a_reply_is_sent_once_to_where_it_was_asked_with_an_answer(
        self, bot: Bot, stored: Callable[[], bytes]
    ) -> None:
        number = await left(bot)
        await bot.outbox.reply(number, "The moon is up.", "culture.food")
        await deliver(bot)
        await deliver(bot)
        words, answer = bot.channel.sent
        assert (words.address, words.what, answer.what) == ("a", "reply", "culture.food")
        assert "question of a" in words.card.text
        assert "The moon is up." in words.card.text
        (kept,) = await bot.outbox.questions(everything=True)
        assert kept.status is DeliveryStatus.SENT
        assert await bot.outbox.questions() == []
        await bot.inbox.tidy()
        assert b"hash of a" not in stored()

    async def test_what_cannot_be_replied_to_says_why(self, bot: Bot) -> None:
        number = await left(bot)
        await says(bot, "nobody waits")
        await bot.outbox.reply(number, "first")
        for question, why in ((number, "has been"), (number + 1, "Nobody waits"), (99, "There is no")):
            with pytest.raises(NotPossible, match=why):
                await bot.outbox.reply(question, "again")

    async def test_one_that_cannot_be_delivered_shows_as_such(self, bot: Bot) -> None:
        await bot.outbox.reply(await left(bot), "hello")
        bot.channel.mishaps["a"] = [Unreachable("blocked")]
        await deliver(bot)
        (kept,) = await bot.outbox.questions(everything=True)
        assert kept.status is DeliveryStatus.UNDELIVERABLE

    async def test_where_the_person_has_to_write_first_it_comes_with_the_next_reply(self, bot: Bot) -> None:
        number = await left(bot)
        await bot.outbox.reply(number, "hello", "culture.music")
        bot.channel.mishaps["a"] = [OnlyInReply("closed")]
        await deliver(bot)
        (kept,) = await bot.outbox.questions(everything=True)
        assert kept.status is DeliveryStatus.WAITING
        await says(bot, "food", chat="b")
        await says(bot, "food", "food")
        assert bot.channel.to("b") == ["culture.food"]
        assert bot.channel.to("a") == ["culture.food", "reply", "culture.music", "culture.food"]
        (kept,) = await bot.outbox.questions(everything=True)
        assert kept.status is DeliveryStatus.SENT

    async def test_a_platform_that_asks_for_patience_gets_what_is_missing_later(
        self, bot: Bot, clock: Clock
    ) -> None:
        await bot.outbox.reply(await left(bot), "hello", "culture.music")
        bot.channel.gates["a"] = asyncio.Event()
        delivering = asyncio.create_task(deliver(bot))
        await bot.channel.was_tried(4)
        bot.channel.mishaps["a"] = [TryLater("busy", 0)]
        bot.channel.gates["a"].set()
        await delivering
        assert bot.channel.to("a") == ["reply"]
        clock.advance(seconds=5)
        await deliver(bot)
        assert bot.channel.to("a") == ["reply", "culture.music"]


class TestNews:
    async def test_subscribers_get_it_once_in_their_language(
        self, bot: Bot, small_library: Library, engine: AsyncEngine
    ) -> None:
        await says(bot, "yes, news")
        await bot.answered(await bot.receive("yes, news", "b", language=Language.VI))
        await says(bot, "news", chat="c")
        bot.channel.sent.clear()
        for expected in (2, 0):
            assert await bot.outbox.announce("culture.food", {"clarification"}) == expected
            await deliver(bot)
        assert [(sent.address, sent.card.language) for sent in bot.channel.sent] == [
            ("a", Language.EN),
            ("b", Language.VI),
        ]
        assert "say:unsubscribe" in payloads(bot)
        assert {sent.what for sent in bot.channel.sent} == {"culture.food"}

    async def test_whoever_chose_topics_gets_news_of_those_alone(self, bot: Bot) -> None:
        await says(bot, "yes, news", chat="all")
        await says(bot, "news", chat="some")
        assert {"yes:subscribe", "news:city", "news:culture", "language:vi", "no:subscribe"} <= set(
            payloads(bot)
        )
        topics = bot.library.messages.topics
        assert topics.city[Language.EN] in await presses(bot, "news:city", chat="some")
        assert "news:city" not in payloads(bot)
        both = await presses(bot, "news:culture", chat="some")
        assert f"{topics.city[Language.EN]}, {topics.culture[Language.EN]}" in both
        bot.channel.sent.clear()
        for about, expected in (({"clarification", "investment"}, 1), ({"clarification", "city"}, 2)):
            assert (
                await bot.outbox.announce(f"culture.{'food' if expected == 1 else 'music'}", about)
                == expected
            )
            await deliver(bot)
        assert [(sent.address, sent.card.id) for sent in bot.channel.sent] == [
            ("all", "culture.food"),
            ("all", "culture.music"),
            ("some", "culture.music"),
        ]

    @pytest.mark.parametrize("arrival", Arrival)
    async def test_a_subscriber_is_told_when_news_comes(self, bot: Bot, arrival: Arrival) -> None:
        bot.channel.arrival = arrival
        expected = getattr(bot.library.messages.phrases, arrival)[Language.EN]
        for text in ("news", "yes, news"):
            await says(bot, text)
            assert bot.channel.sent[-1].card.notice == expected
        await says(bot, "no news")
        assert bot.channel.sent[-1].card.notice is None

    async def test_subscribing_again_changes_the_language_and_sends_nothing_twice(self, bot: Bot) -> None:
        await says(bot, "yes, news")
        await bot.answered(await bot.receive("yes, news", language=Language.VI))
        bot.channel.sent.clear()
        assert await bot.outbox.announce("culture.food", {"clarification"}) == 1
        await deliver(bot)
        assert [sent.card.language for sent in bot.channel.sent] == [Language.VI]

    async def test_who_unsubscribes_gets_nothing_more_not_even_what_is_queued(
        self, bot: Bot, engine: AsyncEngine
    ) -> None:
        phrases = bot.library.messages.phrases
        await says(bot, "yes, news")
        await bot.outbox.announce("culture.food", {"clarification"})
        assert await says(bot, "no news") == phrases.unsubscribe_ask[Language.EN]
        assert await says(bot, "yes, no news") == phrases.unsubscribe_done[Language.EN]
        assert await says(bot, "no news") == phrases.unsubscribe[Language.EN]
        bot.channel.sent.clear()
        await deliver(bot)
        assert bot.channel.sent == []

    @pytest.mark.parametrize("error", [Unreachable("blocked"), TryLater("busy", 0), ValueError("a slip")])
    async def test_only_blocked_unsubscribes(
        self, bot: Bot, engine: AsyncEngine, clock: Clock, error: Exception
    ) -> None:
        await says(bot, "yes, news")
        bot.channel.sent.clear()
        await bot.outbox.announce("culture.food", {"clarification"})
        bot.channel.mishaps["a"] = [error]
        await deliver(bot)
        is_blocked = isinstance(error, Unreachable)
        assert len(await rows(engine, Subscription)) == (0 if is_blocked else 1)
        clock.advance(minutes=1)
        await deliver(bot)
        assert len(bot.channel.sent) == (0 if is_blocked else 1)

    async def test_news_that_was_withdrawn_meanwhile_is_not_sent(self, bot: Bot) -> None:
        await says(bot, "yes, news")
        bot.channel.sent.clear()
        await bot.outbox.announce("clarification.gone", {"clarification"})
        await deliver(bot)
        assert bot.channel.sent == []

    async def test_replies_go_before_news(self, bot: Bot) -> None:
        await says(bot, "yes, news", chat="b")
        number = await left(bot)
        await bot.outbox.announce("culture.food", {"clarification"})
        await bot.outbox.reply(number, "hello")
        await deliver(bot)
        assert [sent.what for sent in bot.channel.sent] == ["reply", "culture.food"]


class TestFeedback:
    async def test_it_is_counted_for_the_answer_and_the_day_alone(
        self, bot: Bot, engine: AsyncEngine, clock: Clock
    ) -> None:
        phrases = bot.library.messages.phrases
        assert await presses(bot, "helpful:culture.food:en") == phrases.helpful[Language.EN]
        assert await presses(bot, "helpful:culture.food:vi", "b") == phrases.helpful[Language.VI]
        assert await presses(bot, "unhelpful:culture.food:en") == phrases.unhelpful[Language.EN]
        assert {"answer:culture.music", "say:handoff"} <= set(payloads(bot)), "what came next is offered"
        day = datetime.date(2026, 11, 22)
        assert [tuple(row) for row in await rows(engine, Feedback)] == [("culture.food", day, 2, 1)]  # type: ignore[arg-type]

    async def test_a_day_is_one_in_can_tho(self, bot: Bot, engine: AsyncEngine, clock: Clock) -> None:
        clock.advance(hours=17)
        await presses(bot, "helpful:culture.food:en")
        (vote,) = await rows(engine, Feedback)
        assert tuple(vote)[:2] == ("culture.food", datetime.date(2026, 11, 23))  # type: ignore[arg-type]

    @pytest.mark.parametrize("button", ["helpful:culture.gone:en", "helpful:culture.food:fr", "helpful:"])
    async def test_a_vote_on_nothing_counts_nothing(self, bot: Bot, engine: AsyncEngine, button: str) -> None:
        await presses(bot, button)
        assert await rows(engine, Feedback) == []

    async def test_every_answer_card_asks(self, bot: Bot) -> None:
        await says(bot, "food")
        assert {"helpful:culture.food:en", "unhelpful:culture.food:en"} <= set(payloads(bot))


class TestForgetting:
    async def test_nothing_is_left_in_the_files_and_others_keep_what_is_theirs(
        self, bot: Bot, engine: AsyncEngine, stored: Callable[[], bytes]
    ) -> None:
        for chat in ("zq-me", "zq-other"):
            number = await left(bot, chat)
            await says(bot, "yes, news", f"open question of {chat}", "which one", chat=chat)
            bot.channel.mishaps[chat] = [OnlyInReply("closed"), OnlyInReply("closed")]
            await bot.outbox.reply(number, f"reply to {chat}")
            await bot.outbox.announce("culture.food", {"clarification"})
            await deliver(bot)
        bot.rasa.gates["yes, forget"] = asyncio.Event()
        forgetting, asked = await bot.receive("yes, forget", "zq-me"), len(bot.rasa.asked)
        await bot.rasa.was_asked(asked + 1)
        # As the page's: a reply that was laid down.
        page = insert(WebReply).values(
            message_id=10**6, position=0, card={"text": "card of zq-me"}, conversation="hash of zq-me",
            saved_at=bot.inbox._clock(),
        )  # fmt: skip
        await bot.inbox._database.transact(lambda connection: connection.execute(page))
        bot.rasa.gates["yes, forget"].set()
        await bot.answered(forgetting)
        assert bot.rasa.forgotten == ["hash of zq-me"]
        async with asyncio.timeout(10):  # the log is emptied once the message counts as answered
            while b"zq-me" in (files := stored()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert b"open question of zq-other" in files
        assert b"reply to zq-other" in files
        assert len(await rows(engine, Subscription)) == 1

    @pytest.mark.slow
    async def test_the_person_is_told_only_when_nothing_of_them_can_be_read_any_more(
        self, bot: Bot, clock: Clock, database_url: str
    ) -> None:
        url = make_url(database_url)
        if not is_sqlite(url):
            pytest.skip("it is SQLite that has such a log")
        await says(bot, "open question of mine")
        with closing(sqlite3.connect(str(url.database), isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM question").fetchall()
            before = len(bot.channel.sent)
            message_id = await bot.receive("yes, forget")
            async with asyncio.timeout(10):
                while not await is_postponed(bot, message_id):
                    await bot.inbox.replies.wait_answered(message_id, 0.02)
            assert len(bot.channel.sent) == before
            reader.execute("COMMIT")
        clock.advance(seconds=10)
        await bot.answered(message_id)
        assert bot.channel.sent[-1].what == "forget"

    async def test_what_they_write_after_it_is_answered(self, bot: Bot) -> None:
        bot.rasa.gates["yes, forget"] = asyncio.Event()
        forgetting = await bot.receive("yes, forget")
        await bot.rasa.was_asked(1)
        later = await bot.receive("food")
        bot.rasa.gates["yes, forget"].set()
        await bot.answered(forgetting, later)
        assert bot.channel.to("a") == ["forget", "culture.food"]

    async def test_the_person_is_told_only_when_rasa_has_forgotten_too(self, bot: Bot, clock: Clock) -> None:
        bot.rasa.gates["yes, forget"] = asyncio.Event()
        message_id = await bot.receive("yes, forget")
        await bot.rasa.was_asked(1)
        bot.rasa.is_away = True
        bot.rasa.gates["yes, forget"].set()
        async with asyncio.timeout(10):
            while not await is_postponed(bot, message_id):
                await bot.inbox.replies.wait_answered(message_id, 0.02)
        assert bot.channel.sent == []
        bot.rasa.is_away = False
        clock.advance(seconds=10)
        await bot.answered(message_id)
        assert bot.rasa.forgotten == ["hash of a"]
        assert [sent.what for sent in bot.channel.sent] == ["forget"]


async def is_postponed(bot: Bot, message_id: int) -> bool:
    query = select(InboxMessage.attempts).where(InboxMessage.id == message_id)
    return bool(await bot.inbox._database.transact(lambda connection: connection.scalar(query)))


class TestOnce:
    async def test_a_crash_before_the_plans_are_saved_undoes_what_they_bring_about(
        self, database: Database, engine: AsyncEngine, clock: Clock, small_library: Library
    ) -> None:
        inbox = Inbox(database, "secret", clock)
        await inbox.open()
        vote: Sequence[Plan] = Plans.validate_python(
            [{"reply": "action", "language": "vi", "action": "helpful", "id": "culture.food"}]
        )
        await inbox.accept(Message(channel="test", address="a", conversation="c", key="1", button="x"))
        entry = await inbox.claim({"test"})
        assert entry is not None

        def effects(connection: Connection) -> SavedPlans:
            carry_out(connection, entry, tuple(vote), small_library, utc_now())
            raise LookupError

        with pytest.raises(LookupError):
            await inbox.save_plans(entry, [], effects)
        assert await rows(engine, Feedback) == []
