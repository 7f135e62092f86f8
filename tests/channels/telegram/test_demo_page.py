"""What `make telegram-demo` lets one do: the people that its page plays, without a bot."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from telegram import Update

from stand_ins.telegram import StandIn
from stand_ins.telegram.methods import AnswerInlineQuery
from stand_ins.telegram.page import SENT, TelegramOnPage


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    stand_in.me |= {"supports_guest_queries": True, "supports_inline_queries": True}
    yield stand_in
    await stand_in.close()


@pytest.fixture
def page(stand_in: StandIn) -> TelegramOnPage:
    page = TelegramOnPage(stand_in)
    page.new_chat("Lan", "vi")
    return page


def chat_called(page: TelegramOnPage, title: str) -> str:
    return next(chat["id"] for chat in page.chats() if title in chat["title"])


def test_in_a_family_group_one_asks_the_bot_about_what_the_aunt_wrote(
    stand_in: StandIn, page: TelegramOnPage
) -> None:
    group = chat_called(page, "Gia đình")
    page.command(group, "another rumour")
    asking = page.commands(group)[0].text
    page.command(group, asking)

    update = Update.de_json(stand_in.unacknowledged[-1], None)
    assert update.guest_message
    assert update.guest_message.reply_to_message
    *_, rumour, asked = page.bubbles(group)
    assert (rumour.above, rumour.is_mine) == ("Dì Ba", False)
    assert asked.is_mine
    assert str(update.guest_message.reply_to_message.text) in rumour.html


async def test_what_the_bot_lists_behind_its_name_is_put_into_the_chat(
    stand_in: StandIn, page: TelegramOnPage
) -> None:
    group, text = chat_called(page, "Gia đình"), f"{page.typed_behind}căn cước"
    assert page.offers(group, text) == [], "the bot was just asked"
    (query_id,) = (u["inline_query"]["id"] for u in stand_in.unacknowledged if "inline_query" in u)
    result = {
        "type": "article",
        "id": "1",
        "title": "Căn cước",
        "input_message_content": {"message_text": "Không."},
    }
    answer = {"inline_query_id": query_id, "results": json.dumps([result])}
    await stand_in._answer_inline_query(AnswerInlineQuery.model_validate(answer))

    (offer,) = page.offers(group, text)
    assert offer.title == "Căn cước"
    page.choose(group, text, offer.id)
    assert page.bubbles(group)[-1].html == "Không."
    assert page.bubbles(group)[-1].above == "via @hoicantho_bot"


@pytest.mark.parametrize("kind", SENT)
def test_everything_that_can_be_sent_is_as_telegram_sends_it(
    stand_in: StandIn, page: TelegramOnPage, kind: str
) -> None:
    lan = chat_called(page, "Lan (vi)")
    page.command(lan, kind)
    update = Update.de_json(stand_in.unacknowledged[-1], None)
    assert update.message
    assert getattr(update.message, kind)
    assert page.bubbles(lan)[-1].html == f"[{kind}]"
