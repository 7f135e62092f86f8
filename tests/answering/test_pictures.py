"""A picture is read, what stands in it is shown, and asked about when the person wants that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest
from sqlalchemy import Connection, func, insert, select

from bot.answering.pictures import FETCHES
from bot.channels.contract import TryLater
from bot.content.library import Library
from bot.domain.language import Language
from bot.domain.payload import CHECK_PICTURE, TYPE_PICTURE
from bot.reading.limits import WAITING_MOST
from bot.reading.reader import NotRead
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import InboxMessage, PictureText, UploadedPicture
from bot.storage.pictures import upload
from bot.storage.retention import PICTURE
from tests.support.clock import Clock
from tests.support.content import until
from tests.support.databases import on_both_databases
from tests.support.worker import Bot, running

RUMOUR = "food is forbidden from tomorrow, call 0912 345 678"
MASKED = "food is forbidden from tomorrow, call […]"


class Reader:
    """Reads what the bytes say; `gate` holds it up."""

    def __init__(self) -> None:
        self.read_at_a_time = self.most_at_a_time = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, data: bytes) -> str:
        self.read_at_a_time += 1
        self.most_at_a_time = max(self.most_at_a_time, self.read_at_a_time)
        await self.gate.wait()
        self.read_at_a_time -= 1
        if data == b"broken":
            raise NotRead("refused")
        return data.decode()


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
async def bot(inbox: Inbox, small_library: Library, reader: Reader, clock: Clock) -> AsyncIterator[Bot]:
    async with running(inbox, small_library, clock=clock, read_picture=reader) as bot:
        bot.channel.pictures |= {"rumour": RUMOUR.encode(), "broken": b"broken", "blank": b" . "}
        yield bot


async def sent(
    bot: Bot, *pictures: str, text: str = "", chat: str = "a", is_quiet: bool = False
) -> list[str]:
    """What is said to a message with pictures."""
    before = len(bot.channel.to(chat))
    message_id = await bot.receive(
        text, chat, pictures=pictures, unreadable=not text, language=Language.EN, is_quiet=is_quiet
    )
    await bot.answered(message_id)
    return bot.channel.to(chat)[before:]


async def pressed(bot: Bot, button: str, chat: str = "a") -> list[str]:
    before = len(bot.channel.to(chat))
    await bot.answered(await bot.receive(chat=chat, button=button, language=Language.EN))
    return bot.channel.to(chat)[before:]


async def number_of(inbox: Inbox, table: type[PictureText] | type[UploadedPicture]) -> int:
    query = select(func.count()).select_from(table)
    return await inbox._database.transact(lambda connection: connection.scalar(query) or 0)


class TestAPictureAlone:
    async def test_the_bot_says_what_it_read_and_asks_nobody(self, bot: Bot) -> None:
        assert await sent(bot, "rumour") == ["picture_read"]
        card = bot.channel.sent[-1].card
        assert MASKED.replace("[…]", r"\[…\]") in card.text
        assert [button.payload for button in card.buttons] == [CHECK_PICTURE, TYPE_PICTURE]
        assert bot.rasa.asked == []

    async def test_personal_numbers_are_masked_before_anything_is_kept(self, bot: Bot, inbox: Inbox) -> None:
        await sent(bot, "rumour")
        assert await inbox.picture_text("hash of a") == MASKED

    async def test_its_button_asks_as_if_the_words_had_been_typed(self, bot: Bot) -> None:
        await sent(bot, "rumour")
        await pressed(bot, CHECK_PICTURE)
        assert bot.rasa.asked == [("hash of a", MASKED)]
        assert "culture.food" in bot.channel.to("a")

    @pytest.mark.parametrize(
        ("words", "plan"),
        [
            ("yes", {"reply": "smalltalk", "action": "affirm"}),
            ("is it true?", {"reply": "action", "action": "no_clarification"}),
            ("hmm", {"reply": "fallback", "reason": "no_answer"}),
        ],
    )
    async def test_words_may_stand_for_the_button(
        self, bot: Bot, inbox: Inbox, words: str, plan: dict[str, object]
    ) -> None:
        answers = bot.rasa.plans
        bot.rasa.plans = lambda text: [plan] if text == words else answers(text)
        await sent(bot, "rumour")
        await bot.answered(await bot.receive(words, language=Language.EN))
        assert bot.rasa.texts == [words, MASKED]
        assert "culture.food" in bot.channel.to("a")
        assert await number_of(inbox, PictureText) == 0

    async def test_a_question_of_its_own_does_not(self, bot: Bot, inbox: Inbox) -> None:
        await sent(bot, "rumour")
        await bot.answered(await bot.receive("food", language=Language.EN))
        assert bot.rasa.texts == ["food"]
        assert await number_of(inbox, PictureText) == 1

    async def test_once_asked_about_its_words_are_gone(self, bot: Bot, inbox: Inbox) -> None:
        await sent(bot, "rumour")
        await pressed(bot, CHECK_PICTURE)
        assert await number_of(inbox, PictureText) == 0
        assert await pressed(bot, CHECK_PICTURE) == ["fallback"]
        assert "ten minutes" in bot.channel.sent[-1].card.text

    async def test_who_would_rather_type_is_asked_to_and_the_words_are_gone(
        self, bot: Bot, inbox: Inbox
    ) -> None:
        await sent(bot, "rumour")
        assert await pressed(bot, TYPE_PICTURE) == ["type_picture"]
        assert await number_of(inbox, PictureText) == 0

    async def test_its_words_wait_ten_minutes_and_no_longer(
        self, bot: Bot, inbox: Inbox, clock: Clock
    ) -> None:
        await sent(bot, "rumour")
        clock.advance(seconds=PICTURE.total_seconds() + 1)
        assert await inbox.picture_text("hash of a") is None
        await inbox.tidy()
        assert await number_of(inbox, PictureText) == 0

    async def test_the_next_picture_takes_the_place_of_the_last(self, bot: Bot, inbox: Inbox) -> None:
        bot.channel.pictures["other"] = b"something else altogether"
        await sent(bot, "rumour")
        await sent(bot, "other")
        assert await inbox.picture_text("hash of a") == "something else altogether"

    async def test_nobody_is_answered_with_another_ones_words(self, bot: Bot) -> None:
        await sent(bot, "rumour", chat="a")
        assert await pressed(bot, CHECK_PICTURE, chat="b") == ["fallback"]
        assert bot.rasa.asked == []

    @pytest.mark.parametrize(
        ("picture", "said"),
        [("broken", "could not open"), ("not there", "could not open"), ("blank", "any words")],
    )
    async def test_one_that_cannot_be_read_gets_a_kind_sentence(
        self, bot: Bot, picture: str, said: str
    ) -> None:
        assert await sent(bot, picture) == ["fallback"]
        assert said in bot.channel.sent[-1].card.text


class TestAPictureWithACaption:
    async def test_few_words_are_asked_about_the_picture(self, bot: Bot) -> None:
        said = await sent(bot, "rumour", text="is this true?")
        assert bot.rasa.asked == [("hash of a", f"{MASKED}. is this true?")]
        assert said[-1] == "picture_read"
        assert "culture.food" in said

    async def test_a_question_of_ones_own_stands_for_itself(self, bot: Bot) -> None:
        text = "where can I get food at night in Ninh Kieu"
        said = await sent(bot, "rumour", text=text)
        assert bot.rasa.asked == [("hash of a", text)]
        assert said[-1] == "picture_read"

    async def test_it_is_answered_where_the_picture_cannot_be_read(self, bot: Bot) -> None:
        assert "culture.food" in await sent(bot, "broken", text="food")
        assert bot.rasa.asked == [("hash of a", "food")]

    async def test_a_group_hears_the_answer_alone(self, bot: Bot) -> None:
        said = await sent(bot, "rumour", text="is this true?", is_quiet=True)
        assert "culture.food" in said
        assert "picture_read" not in said


class TestAnAlbum:
    async def test_its_pictures_are_read_as_one(self, bot: Bot, inbox: Inbox) -> None:
        bot.channel.pictures |= {"1": b"first page", "2": b"second page"}
        assert await sent(bot, "1", "broken", "2") == ["picture_read"]
        assert await inbox.picture_text("hash of a") == "first page second page"


class TestManyAtOnce:
    async def test_one_is_read_at_a_time_and_words_do_not_wait_for_it(self, bot: Bot, reader: Reader) -> None:
        reader.gate.clear()
        waiting = [
            await bot.receive(chat=str(chat), pictures=("rumour",), unreadable=True) for chat in range(12)
        ]
        await bot.answered(await bot.receive("food", chat="typed"))
        assert "culture.food" in bot.channel.to("typed")
        reader.gate.set()
        await bot.answered(*waiting)
        assert reader.most_at_a_time == 1

    async def test_who_comes_when_twenty_wait_is_asked_to_type(self, bot: Bot, reader: Reader) -> None:
        reader.gate.clear()
        waiting = [
            await bot.receive(chat=str(chat), pictures=("rumour",), unreadable=True)
            for chat in range(WAITING_MOST)
        ]
        pictures = bot.worker._answerer._pictures
        await until(lambda: pictures._waiting == WAITING_MOST)
        assert await sent(bot, "rumour", chat="late") == ["fallback"]
        assert "cannot keep up" in bot.channel.sent[-1].card.text
        reader.gate.set()
        await bot.answered(*waiting)


class TestNothingIsLost:
    async def test_a_picture_that_was_being_read_is_read_by_the_next_process(
        self, inbox: Inbox, small_library: Library, reader: Reader, clock: Clock
    ) -> None:
        def bots() -> AbstractAsyncContextManager[Bot]:
            return running(inbox, small_library, clock=clock, read_picture=reader)

        reader.gate.clear()
        async with bots() as bot:
            bot.channel.pictures["rumour"] = RUMOUR.encode()
            message_id = await bot.receive(pictures=("rumour",), unreadable=True)
            await until(lambda: reader.read_at_a_time)
            bot.task.cancel()  # as a crash does
            with pytest.raises(asyncio.CancelledError):
                await bot.task
            bot.task = asyncio.create_task(asyncio.sleep(0))
        reader.gate.set()
        await inbox.open()
        async with bots() as bot:
            bot.channel.pictures["rumour"] = RUMOUR.encode()
            await bot.answered(message_id)
            assert bot.channel.to("a") == ["picture_read"]

    async def test_a_platform_that_is_away_is_asked_again_and_at_last_the_person_is_told(
        self, bot: Bot, clock: Clock
    ) -> None:
        bot.channel.pictures["away"] = TryLater("away", 1)
        message_id = await bot.receive(pictures=("away",), unreadable=True, language=Language.EN)
        for _ in range(FETCHES * 3):
            clock.advance(minutes=1)
            bot.inbox.arrived.set()
            if await bot.inbox.replies.wait_answered(message_id, 0.5):
                break
        assert bot.channel.to("a") == ["fallback"]

    async def test_what_is_answered_tells_of_no_picture(self, bot: Bot, inbox: Inbox) -> None:
        await sent(bot, "rumour")
        query = select(InboxMessage.pictures)
        assert await inbox._database.transact(lambda connection: connection.scalar(query)) is None


@on_both_databases
class TestUploads:
    async def test_the_bytes_are_gone_once_they_are_read(self, bot: Bot, inbox: Inbox, clock: Clock) -> None:
        bot.channel.pictures["page"] = RUMOUR.encode()
        await inbox._database.transact(lambda c: upload(c, "page", "hash of a", b"x", clock()))
        await sent(bot, "page")
        assert await number_of(inbox, UploadedPicture) == 0

    async def test_there_is_room_for_so_many_only(self, database: Database, clock: Clock) -> None:
        def fill(connection: Connection) -> list[bool]:
            return [upload(connection, str(number), "c", b"x", clock()) for number in range(22)]

        assert await database.transact(fill) == [True] * 20 + [False] * 2

    async def test_what_nobody_read_goes_after_ten_minutes(self, inbox: Inbox, clock: Clock) -> None:
        row = {"id": "1", "conversation": "c", "data": b"x", "uploaded_at": clock()}
        await inbox._database.transact(lambda c: c.execute(insert(UploadedPicture).values(row)) and None)
        clock.advance(minutes=10, seconds=1)
        await inbox.tidy()
        assert await number_of(inbox, UploadedPicture) == 0


class TestWithoutTheProgram:
    async def test_a_picture_is_answered_as_before(
        self, inbox: Inbox, small_library: Library, clock: Clock
    ) -> None:
        async with running(inbox, small_library, clock=clock) as bot:
            assert await sent(bot, "rumour") == ["fallback"]
            assert "only read text" in bot.channel.sent[-1].card.text

    async def test_its_caption_is_answered(self, inbox: Inbox, small_library: Library, clock: Clock) -> None:
        async with running(inbox, small_library, clock=clock) as bot:
            assert "culture.food" in await sent(bot, "rumour", text="food")
