"""A rumour in a family group, and somebody who names the bot there: the whole way but Rasa's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answering.pictures import ReadPicture
from bot.channels.telegram import TelegramChannel
from bot.content.library import Library
from bot.domain.language import Language
from bot.storage.inbox import Inbox
from bot.storage.models import Base
from stand_ins.rasa import Plan
from stand_ins.telegram import TOKEN, Chat, StandIn
from tests.support.telegram import SECRET
from tests.support.worker import Bot, running

RUMOUR = "Sáp nhập rồi, ai không đổi căn cước trước cuối tháng sẽ bị phạt 2 triệu!!!"
CLARIFIED = "clarification.id-card-after-merger"


def answers(answer_id: str, **more: object) -> Plan:
    return {"reply": "answer", "id": answer_id, **more}


@asynccontextmanager
async def in_a_group(
    telegram: StandIn,
    api_url: str,
    inbox: Inbox,
    city_library: Library,
    *plans: Plan,
    public_url: str = "",
    read_picture: ReadPicture | None = None,
) -> AsyncIterator[tuple[Bot, Chat]]:
    """The bot, which Rasa tells what to say, and a group in which it is not."""

    async def forget(conversation: str) -> None:
        bot.rasa.forgotten.append(conversation)

    channel = TelegramChannel(
        inbox, lambda: city_library, token=TOKEN, secret=SECRET, api_url=api_url, forget_context=forget
    )
    channel._public_url = public_url
    telegram.me["supports_guest_queries"] = True
    async with running(inbox, city_library, others=[channel], read_picture=read_picture) as bot:
        bot.rasa.plans = lambda _text: list(plans)
        async with channel.connected(), channel.receiving():
            await telegram.until(lambda: telegram.called("setMySettings"))
            yield bot, telegram.group("Gia đình")


def links(message: dict[str, Any]) -> list[str]:
    buttons = [button for row in message["reply_markup"]["inline_keyboard"] for button in row]
    assert all(button.keys() == {"text", "url"} for button in buttons), "nobody there can press anything else"
    return [button["url"] for button in buttons]


async def everything(engine: AsyncEngine) -> str:
    """All that the database holds."""
    async with engine.connect() as connection:
        rows = [list(await connection.execute(table.select())) for table in Base.metadata.sorted_tables]
    return str(rows)


async def test_the_official_clarification_appears_under_the_rumour_once_and_nothing_is_kept(
    telegram: StandIn, api_url: str, inbox: Inbox, city_library: Library, engine: AsyncEngine
) -> None:
    plans: list[Plan] = [{"reply": "smalltalk", "action": "thanks"}, answers(CLARIFIED)]
    public_url = "https://hoi.example"
    async with in_a_group(telegram, api_url, inbox, city_library, *plans, public_url=public_url) as (
        bot,
        group,
    ):
        aunt, lan = telegram.person("Dì Ba"), telegram.person("Lan")
        rumour = telegram.new_message(group, aunt.as_json(), text=RUMOUR)
        lan.names_the_bot(group, "@hoicantho_bot thật không?", rumour)
        said = await telegram.reply(group, 0)
        telegram.redeliver()
        await telegram.until(lambda: not telegram.unacknowledged and bot.rasa.forgotten)
        assert bot.rasa.asked == [(bot.rasa.asked[0][0], RUMOUR)], "the rumour's own words, without Lan's"
        assert bot.rasa.forgotten == [bot.rasa.asked[0][0]]
    answer = city_library.answers[CLARIFIED]
    assert said["text"].startswith(answer.vi.title)
    assert answer.sources[0].title in said["text"]
    assert links(said) == [
        "https://hoi.example/vi/clarification/id-card-after-merger",
        "https://t.me/hoicantho_bot?start=clarification_id-card-after-merger",
    ]
    assert len(group.from_bot()) == 1
    assert not telegram.called("sendMessage")
    assert not telegram.called("sendChatAction")
    kept = await everything(engine)
    for personal in (RUMOUR, "phạt", str(group.id), str(lan.id), bot.rasa.asked[0][0], *telegram.guest_chats):
        assert personal not in kept


async def test_a_rumour_that_is_read_as_one_side_of_a_clarification_brings_the_whole_of_it(
    telegram: StandIn, api_url: str, inbox: Inbox, city_library: Library
) -> None:
    plan: Plan = {"reply": "facet", "id": CLARIFIED, "facet": "contact"}
    async with in_a_group(telegram, api_url, inbox, city_library, plan) as (_, group):
        aunt, lan = telegram.person("Dì Ba"), telegram.person("Lan")
        lan.names_the_bot(group, "@hoicantho_bot", telegram.new_message(group, aunt.as_json(), text=RUMOUR))
        said = await telegram.reply(group, 0)
    answer = city_library.answers[CLARIFIED]
    assert said["text"].startswith(answer.vi.title)
    assert str(answer.vi.claim) in said["text"]


@pytest.mark.parametrize(
    "plan",
    [
        {"reply": "fallback", "reason": "no_answer"},
        {"reply": "choices", "ids": [CLARIFIED, "clarification.bank-transfer-tax"]},
        {"reply": "smalltalk", "action": "thanks"},
        # Beside a rumour any other answer would look like a clarification of it.
        {"reply": "answer", "id": "diaspora.identity-card"},
    ],
)
async def test_where_the_match_is_not_sure_there_is_one_line_and_the_way_to_the_bots_own_chat(
    telegram: StandIn, api_url: str, inbox: Inbox, city_library: Library, engine: AsyncEngine, plan: Plan
) -> None:
    async with in_a_group(telegram, api_url, inbox, city_library, plan, public_url="https://x.example") as (
        _,
        group,
    ):
        lan = telegram.person("Lan")
        rumour = telegram.new_message(group, lan.as_json(), text=RUMOUR)
        lan.names_the_bot(group, "@hoicantho_bot", rumour)
        said = await telegram.reply(group, 0)
        await telegram.until(lambda: not telegram.unacknowledged)
    assert said["text"] == city_library.messages.telegram.not_sure.vi
    assert links(said) == ["https://t.me/hoicantho_bot"]
    assert RUMOUR not in await everything(engine), "nor is it left as a question for the editors"


@pytest.mark.parametrize(
    ("asked", "plan", "begins"),
    [
        ("@hoicantho_bot chợ nổi Cái Răng mấy giờ đông?", answers("culture.cai-rang-floating-market"), None),
        ("@hoicantho_bot cứu với, nhà tôi cháy", {"reply": "action", "action": "emergency"}, "emergency"),
    ],
)
async def test_what_somebody_asks_there_in_their_own_words_is_answered(
    telegram: StandIn,
    api_url: str,
    inbox: Inbox,
    city_library: Library,
    asked: str,
    plan: Plan,
    begins: str | None,
) -> None:
    async with in_a_group(telegram, api_url, inbox, city_library, plan) as (bot, group):
        telegram.person("Lan").names_the_bot(group, asked)
        said = await telegram.reply(group, 0)
        assert bot.rasa.asked[0][1] == asked.removeprefix("@hoicantho_bot ")
    if begins is None:
        assert said["text"].startswith(city_library.answers["culture.cai-rang-floating-market"].vi.title)
    else:
        assert "114" in said["text"]


async def test_the_name_alone_is_a_greeting_and_a_picture_alone_cannot_be_read(
    telegram: StandIn, api_url: str, inbox: Inbox, city_library: Library
) -> None:
    greeting: Plan = {"reply": "smalltalk", "action": "greet"}
    async with in_a_group(telegram, api_url, inbox, city_library, greeting) as (_, group):
        emma = telegram.person("Emma", "en")
        emma.names_the_bot(group, "@hoicantho_bot")
        picture = telegram.new_message(group, emma.as_json(), photo=[])
        emma.names_the_bot(group, "@hoicantho_bot", picture)
        for number in range(2):
            said = await telegram.reply(group, number)
            assert said["text"] == city_library.messages.telegram.not_sure[Language.EN]


async def test_a_picture_that_is_replied_to_is_read_and_the_clarification_appears(
    telegram: StandIn, api_url: str, inbox: Inbox, city_library: Library, engine: AsyncEngine
) -> None:
    async def read(data: bytes) -> str:
        return data.decode()

    async with in_a_group(telegram, api_url, inbox, city_library, answers(CLARIFIED), read_picture=read) as (
        bot,
        group,
    ):
        emma = telegram.person("Emma", "en")
        photo = telegram.new_file(RUMOUR.encode()) | {"width": 1280, "height": 720}
        rumour = telegram.new_message(group, emma.as_json(), photo=[photo])
        telegram.person("Lan").names_the_bot(group, "@hoicantho_bot đúng không?", rumour)
        said = await telegram.reply(group, 0)
        assert bot.rasa.asked[0][1] == RUMOUR
        assert city_library.answers[CLARIFIED].vi.title in said["text"]
    assert RUMOUR not in await everything(engine)


async def test_an_answer_that_is_too_late_does_no_harm(
    telegram: StandIn, api_url: str, inbox: Inbox, city_library: Library
) -> None:
    async with in_a_group(telegram, api_url, inbox, city_library, answers(CLARIFIED)) as (_, group):
        lan = telegram.person("Lan")
        lan.names_the_bot(group, "@hoicantho_bot tin này đúng không?")
        telegram.late_queries |= telegram.guest_chats.keys()
        await telegram.until(lambda: telegram.called("answerGuestQuery"))
        lan.names_the_bot(group, "@hoicantho_bot tin này đúng không vậy?")
        await telegram.reply(group, 0)
        assert [call.status for call in telegram.called("answerGuestQuery")] == [400, 200]
        assert len(group.from_bot()) == 1


async def test_a_bot_that_is_in_the_group_after_all_answers_once(
    telegram: StandIn, api_url: str, inbox: Inbox, city_library: Library
) -> None:
    async with in_a_group(telegram, api_url, inbox, city_library, answers(CLARIFIED)) as (_, group):
        lan = telegram.person("Lan")
        said = lan.names_the_bot(group, "@hoicantho_bot tin này đúng không?")
        telegram.update(group, message=said)
        await telegram.until(lambda: not telegram.unacknowledged)
        lan.says("cảm ơn nhé")
        await telegram.reply(lan.chat, 0)
        assert len(group.from_bot()) == 1


async def test_other_bots_are_not_answered(
    telegram: StandIn, api_url: str, inbox: Inbox, city_library: Library
) -> None:
    async with in_a_group(telegram, api_url, inbox, city_library, answers(CLARIFIED)) as (bot, group):
        telegram.bot().names_the_bot(group, "@hoicantho_bot tin này đúng không?")
        await telegram.until(lambda: not telegram.unacknowledged)
        assert not bot.rasa.asked


async def test_a_field_that_the_library_does_not_know_does_not_cost_the_answer(
    telegram: StandIn, api_url: str, inbox: Inbox, city_library: Library
) -> None:
    async with in_a_group(telegram, api_url, inbox, city_library, answers(CLARIFIED)) as (_, group):
        lan = telegram.person("Lan")
        rumour = telegram.new_message(group, lan.as_json(), text=RUMOUR, poll={"question": [{"newer": 1}]})
        lan.names_the_bot(group, "@hoicantho_bot", rumour)
        assert (await telegram.reply(group, 0))["text"].startswith(city_library.answers[CLARIFIED].vi.title)
