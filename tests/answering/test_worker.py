"""The worker answers every message once, in order, whatever goes wrong around it."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import cycle

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bot.answering.retry_policy import RetryPolicy
from bot.channels.contract import MaybeSent, Rejected, TryLater, Unreachable
from bot.content.library import Library
from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.domain.message import Message
from bot.domain.plan import Kind
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import Delivery, DeliveryStatus
from bot.storage.queue import Entry
from tests.support.worker import QUICK, Bot, RecordingChannel, running

FOOD = Message(channel="test", address="a", conversation="c", key="1", text="food")


@pytest.fixture
async def inbox(database: Database) -> Inbox:
    """An inbox whose time is real."""
    inbox = Inbox(database, "secret")
    await inbox.open()
    return inbox


@pytest.fixture
async def bot(inbox: Inbox, small_library: Library) -> AsyncIterator[Bot]:
    async with running(inbox, small_library) as bot:
        yield bot


async def in_hand(inbox: Inbox) -> tuple[int, Entry]:
    """The id of a question, and the question in the hands of a worker that is gone."""
    message_id = await inbox.accept(FOOD)
    entry = await inbox.claim({"test"})
    assert message_id is not None
    assert entry is not None
    return message_id, entry


class TestAnswering:
    async def test_a_question_gets_its_cards_from_content(self, bot: Bot) -> None:
        message_id = await bot.receive("food, please", chat="a", language=Language.EN)
        await bot.answered(message_id)
        assert bot.rasa.asked == [("hash of a", "food, please")]
        thanks, answer = bot.channel.sent
        assert (thanks.message_id, thanks.position, thanks.what) == (message_id, 0, "thanks")
        assert (answer.message_id, answer.position, answer.what) == (message_id, 1, "culture.food")
        assert answer.card.text == "The answer on food."

    async def test_the_person_sees_that_somebody_is_at_work_before_the_answer(self, bot: Bot) -> None:
        bot.rasa.gates["food"] = asyncio.Event()
        message_id = await bot.receive("food")
        await bot.rasa.was_asked(1)
        assert bot.channel.events == ["working a"]
        bot.rasa.gates["food"].set()
        await bot.answered(message_id)
        assert bot.channel.events == ["working a", "send a", "send a"]

    async def test_a_message_that_was_cut_says_so(self, bot: Bot) -> None:
        await bot.answered(await bot.receive("food " * 1000))
        assert bot.channel.sent[0].card.notice
        assert bot.channel.sent[1].card.notice is None

    async def test_what_waited_before_the_start_is_answered(
        self, inbox: Inbox, small_library: Library
    ) -> None:
        message_id = await inbox.accept(FOOD)
        assert message_id is not None
        async with running(inbox, small_library) as bot:
            await bot.answered(message_id)
            assert bot.channel.to("a") == ["thanks", "culture.food"]


class TestOrder:
    async def test_a_chat_is_answered_in_order(self, bot: Bot) -> None:
        ids = [await bot.receive(f"{('food', 'music')[n % 2]} {n}") for n in range(10)]
        await bot.answered(*ids)
        assert [(sent.message_id, sent.position) for sent in bot.channel.sent] == [
            (message_id, position) for message_id in ids for position in (0, 1)
        ]

    async def test_a_slow_chat_holds_up_no_other(self, bot: Bot) -> None:
        bot.rasa.gates["slow food"] = asyncio.Event()
        slow, behind = await bot.receive("slow food", chat="a"), await bot.receive("music", chat="a")
        await bot.rasa.was_asked(1)
        await bot.answered(await bot.receive("music", chat="b"))
        assert bot.channel.to("a") == []
        bot.rasa.gates["slow food"].set()
        await bot.answered(slow, behind)
        assert bot.channel.to("a") == ["thanks", "culture.food", "thanks", "culture.music"]

    async def test_only_so_many_chats_are_in_hand_at_a_time(self, bot: Bot) -> None:
        bot.rasa.gates["food"] = asyncio.Event()
        ids = [await bot.receive("food", chat=f"chat {n}") for n in range(12)]
        await bot.rasa.was_asked(8)
        assert len(bot.rasa.asked) == 8
        bot.rasa.gates["food"].set()
        await bot.answered(*ids)


class TestBulkheads:
    """What holds one channel or chat up holds up no other."""

    async def test_a_channel_that_takes_nothing_holds_up_no_other(
        self, inbox: Inbox, small_library: Library
    ) -> None:
        stuck = RecordingChannel(name="stuck")
        async with running(inbox, small_library, others=[stuck]) as bot:
            for n in range(60):
                stuck.gates[f"chat {n}"] = asyncio.Event()
                await bot.receive("food", f"chat {n}", channel="stuck")
            await stuck.was_tried(30)
            await bot.answered(await bot.receive("music", "b"))
            assert bot.channel.to("b") == ["thanks", "culture.music"]
            for gate in stuck.gates.values():
                gate.set()

    async def test_nor_does_one_whose_messages_rasa_takes_long_for(
        self, inbox: Inbox, small_library: Library
    ) -> None:
        slow = RecordingChannel(name="slow")
        async with running(inbox, small_library, others=[slow]) as bot:
            bot.rasa.gates["slow food"] = asyncio.Event()
            for n in range(30):
                await bot.receive("slow food", f"chat {n}", channel="slow")
            await bot.rasa.was_asked(8)
            await bot.answered(await bot.receive("music", "b"))
            assert bot.channel.to("b") == ["thanks", "culture.music"]

    async def test_chats_that_a_platform_keeps_waiting_hold_up_no_other_of_the_same_channel(
        self, bot: Bot
    ) -> None:
        for n in range(30):
            bot.channel.gates[f"group {n}"] = asyncio.Event()
            await bot.receive("food", f"group {n}")
        await bot.channel.was_tried(30)
        await bot.answered(await bot.receive("music", "b"))
        assert bot.channel.to("b") == ["thanks", "culture.music"]

    async def test_somebody_new_is_answered_before_the_rest_of_what_a_few_groups_ask(self, bot: Bot) -> None:
        bot.rasa.gates["slow food"] = asyncio.Event()
        ids = [await bot.receive("slow food", f"group {n % 9}") for n in range(9 * 20)]
        await bot.rasa.was_asked(8)
        new = await bot.receive("music", "b")
        bot.rasa.gates["slow food"].set()
        await bot.answered(new)
        before = len({sent.message_id for sent in bot.channel.sent} - {new})
        assert before < 60
        await bot.answered(*ids)

    async def test_a_send_that_never_ends_is_given_up(self, inbox: Inbox, small_library: Library) -> None:
        policy = RetryPolicy(sending=0.05)
        async with running(inbox, small_library, policy) as bot:
            bot.channel.gates["a"] = asyncio.Event()
            await bot.answered(await bot.receive("food"))
            assert bot.channel.tries == 2


class TestDeliveries:
    async def test_a_platform_that_hangs_holds_up_no_others_news(
        self, inbox: Inbox, small_library: Library
    ) -> None:
        stuck = RecordingChannel(name="stuck")
        stuck.gates["a"] = asyncio.Event()
        async with running(inbox, small_library, others=[stuck]) as bot:
            for channel in ("stuck", "test"):
                await queue_news(bot, channel)
            delivering = asyncio.create_task(bot.delivery_worker.run())
            await stuck.was_tried(1)
            await bot.channel.was_tried(1)
            async with asyncio.timeout(10):
                while not bot.channel.sent:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            bot.delivery_worker.stop()
            stuck.gates["a"].set()
            await delivering


async def queue_news(bot: Bot, channel: str) -> None:
    row = insert(Delivery).values(
        status=DeliveryStatus.QUEUED, channel=channel, language="vi", address="a", conversation="c",
        announcement="culture.food", not_before=utc_now(), queued_at=utc_now(),
    )  # fmt: skip
    await bot.inbox._database.transact(lambda connection: connection.execute(row))


class TestOneVersion:
    async def test_a_reply_is_said_from_one_version_of_content(
        self, inbox: Inbox, small_library: Library
    ) -> None:
        without = {id_: answer for id_, answer in small_library.answers.items() if id_ != "culture.food"}
        versions = cycle([small_library, replace(small_library, answers=without)])
        async with running(inbox, small_library, served=lambda: next(versions)) as bot:
            for n in range(8):  # at each look another version, from another one on
                next(versions)
                await bot.answered(await bot.receive("food", f"chat {n}"))
            gone = small_library.messages.phrases.gone[Language.VI]
            texts = [sent.card.text for sent in bot.channel.sent]
            assert len(texts) >= 8
            assert gone not in texts, "an answer that was found in one version and looked up in another"


class TestRasaTrouble:
    async def test_what_comes_while_rasa_is_away_is_answered_when_it_is_back(self, bot: Bot) -> None:
        bot.rasa.is_away = True
        ids = [await bot.receive("food", chat=chat) for chat in "ab"]
        await bot.rasa.was_asked(6)
        assert bot.channel.sent == []
        bot.rasa.is_away = False
        await bot.answered(*ids)
        assert bot.channel.to("a") == bot.channel.to("b") == ["thanks", "culture.food"]

    async def test_a_rasa_that_stays_away_is_owned_up_to(self, inbox: Inbox, small_library: Library) -> None:
        policy = RetryPolicy(rasa_first=0.01, rasa_most=0.02, rasa_total=0.2)
        async with running(inbox, small_library, policy) as bot:
            bot.rasa.is_away = True
            ids = [await bot.receive("food", chat=f"chat {n}") for n in range(20)]
            await bot.answered(*ids)
            trouble = small_library.messages.phrases.trouble[Language.VI]
            assert [sent.card.text for sent in bot.channel.sent] == [trouble] * 20

    async def test_it_is_not_held_against_rasa_how_long_a_message_waited_for_us(
        self, inbox: Inbox, small_library: Library
    ) -> None:
        message_id = await inbox.accept(FOOD)
        assert message_id is not None
        async with running(
            inbox, small_library, clock=lambda: utc_now() + datetime.timedelta(hours=1)
        ) as bot:
            bot.rasa.is_away = True
            await bot.rasa.was_asked(5)
            bot.rasa.is_away = False
            await bot.answered(message_id)
            assert bot.channel.to("a") == ["thanks", "culture.food"]

    @pytest.mark.parametrize("mishap", [[], 500, "nonsense", [{"text": "no plan"}]], ids=repr)
    async def test_a_failure_is_asked_again(self, bot: Bot, mishap: object) -> None:
        bot.rasa.mishaps["food"] = [mishap, mishap]
        await bot.answered(await bot.receive("food"))
        assert bot.channel.to("a") == ["thanks", "culture.food"]
        assert len(bot.rasa.asked) == 3

    async def test_three_failures_are_owned_up_to_and_the_chat_goes_on(self, bot: Bot) -> None:
        bot.rasa.mishaps["food"] = [500, 500, 500]
        await bot.answered(await bot.receive("food"), await bot.receive("music"))
        assert bot.channel.to("a") == ["fallback", "thanks", "culture.music"]


class TestPlatformTrouble:
    async def test_a_platform_that_asks_for_patience_gets_the_same_card_later(self, bot: Bot) -> None:
        bot.channel.always["a"] = TryLater("busy", 0.5)
        first, second = await bot.receive("food"), await bot.receive("music")
        await bot.channel.was_tried(1)
        await bot.answered(await bot.receive("music", chat="b"))
        assert bot.channel.to("a") == []
        bot.channel.always.clear()
        await bot.answered(first, second)
        assert bot.channel.to("a") == ["thanks", "culture.food", "thanks", "culture.music"]
        assert bot.rasa.texts.count("food") == 1, "the plan was kept"

    async def test_a_reply_that_can_never_be_sent_does_not_block_its_chat(self, bot: Bot) -> None:
        bot.channel.mishaps["a"] = [TryLater("busy", 0.03) for _ in range(QUICK.deliveries)]
        await bot.answered(await bot.receive("food"), await bot.receive("music"))
        assert bot.channel.to("a") == ["thanks", "culture.music"]

    async def test_after_patience_only_what_is_missing_is_sent(self, bot: Bot) -> None:
        bot.channel.gates["a"] = asyncio.Event()
        message_id = await bot.receive("food")
        await bot.channel.was_tried(1)
        bot.channel.mishaps["a"] = [TryLater("busy", 0.03)]
        bot.channel.gates["a"].set()
        await bot.answered(message_id)
        assert bot.channel.to("a") == ["thanks", "culture.food"]
        assert bot.channel.tries == 3

    async def test_the_reply_to_a_person_who_is_gone_is_dropped(self, bot: Bot) -> None:
        bot.channel.mishaps["a"] = [Unreachable("blocked")]
        await bot.answered(await bot.receive("food"))
        assert bot.channel.tries == 1

    @pytest.mark.parametrize("error", [MaybeSent("no answer"), Rejected("bad card")], ids=repr)
    async def test_a_card_that_sending_again_cannot_mend_is_passed_over(
        self, bot: Bot, error: Exception
    ) -> None:
        bot.channel.mishaps["a"] = [error]
        await bot.answered(await bot.receive("food"))
        assert bot.channel.to("a") == ["culture.food"]
        assert bot.channel.tries == 2


class TestMistakesOfOurs:
    async def test_a_mistake_is_tried_again(self, bot: Bot) -> None:
        bot.channel.mishaps["a"] = [ValueError("a slip"), ValueError("a slip")]
        await bot.answered(await bot.receive("food"))
        assert bot.channel.to("a") == ["thanks", "culture.food"]

    async def test_the_third_is_owned_up_to_and_the_chat_goes_on(self, bot: Bot) -> None:
        bot.channel.mishaps["a"] = [ValueError("a slip") for _ in range(3)]
        await bot.answered(await bot.receive("food"), await bot.receive("music"))
        assert bot.channel.to("a") == ["fallback", "thanks", "culture.music"]

    async def test_a_channel_that_only_fails_blocks_nothing(self, bot: Bot) -> None:
        bot.channel.always["a"] = ValueError("a bug")
        ids = [await bot.receive(text, chat) for text, chat in (("food", "a"), ("music", "a"), ("food", "b"))]
        await bot.answered(*ids)
        assert bot.channel.to("b") == ["thanks", "culture.food"]

    async def test_the_log_tells_type_and_place_and_nothing_that_was_said(self, bot: Bot) -> None:
        with capture_logs() as logs:
            bot.channel.mishaps["a"] = [ValueError("quoting: my secret question on food")]
            await bot.answered(await bot.receive("my secret question on food"))
        (entry,) = [entry for entry in logs if entry["event"] == "message_failed"]
        assert entry["error"] == "ValueError"
        assert entry["place"].startswith("bot/answering/sending.py:")
        assert "secret" not in str(logs)

    async def test_plans_that_an_older_version_saved_do_not_stop_the_worker(
        self, inbox: Inbox, small_library: Library
    ) -> None:
        message_id, entry = await in_hand(inbox)
        await inbox.save_plans(entry, [{"reply": "song", "language": "vi"}])
        await inbox.open()
        async with running(inbox, small_library) as bot:
            await bot.answered(message_id, await bot.receive("music", chat="b"))
            assert bot.channel.to("a") == ["fallback"]
            assert bot.channel.to("b") == ["thanks", "culture.music"]


class TestGroups:
    async def test_a_group_hears_answers_only(self, bot: Bot) -> None:
        await bot.answered(
            await bot.receive("who is hungry", is_quiet=True), await bot.receive("food", is_quiet=True)
        )
        assert bot.channel.to("a") == ["culture.food"]
        assert "working a" not in bot.channel.events

    async def test_a_group_does_not_hear_of_trouble(self, bot: Bot) -> None:
        bot.rasa.mishaps["food"] = [500, 500, 500]
        await bot.answered(await bot.receive("food", is_quiet=True))
        assert bot.channel.tries == 0


class TestStopping:
    async def test_what_is_in_hand_is_finished_and_the_rest_is_kept(
        self, bot: Bot, engine: AsyncEngine, small_library: Library
    ) -> None:
        bot.channel.gates["a"] = asyncio.Event()
        first, second = await bot.receive("food"), await bot.receive("music")
        await bot.channel.was_tried(1)
        bot.worker.stop()
        bot.channel.gates["a"].set()
        await bot.task
        assert bot.channel.to("a") == ["thanks", "culture.food"]
        assert await bot.inbox.replies.wait_answered(first, 0.1)
        # Not by `open`: the lease was given back.
        async with running(bot.inbox, small_library) as restarted:
            await restarted.answered(second)
            assert restarted.channel.to("a") == ["thanks", "culture.music"]

    async def test_nobody_waits_for_a_rasa_that_is_away(self, bot: Bot, small_library: Library) -> None:
        bot.rasa.is_away = True
        message_id = await bot.receive("food")
        await bot.rasa.was_asked(2)
        await bot.stop()
        assert bot.channel.sent == []
        async with running(bot.inbox, small_library) as restarted:
            await restarted.answered(message_id)
            assert restarted.channel.to("a") == ["thanks", "culture.food"]

    async def test_a_restart_repeats_no_card_that_was_noted(
        self, inbox: Inbox, small_library: Library
    ) -> None:
        message_id, entry = await in_hand(inbox)
        plans: Sequence[dict[str, object]] = [
            {"reply": Kind.SMALLTALK, "action": "thanks", "language": "vi"},
            {"reply": Kind.ANSWER, "id": "culture.music", "language": "vi"},
        ]
        await inbox.save_plans(entry, list(plans))
        await inbox.card_sent(entry, 1)
        await inbox.open()
        async with running(inbox, small_library) as bot:
            await bot.answered(message_id)
            assert bot.channel.to("a") == ["culture.music"]
            assert bot.rasa.asked == []
