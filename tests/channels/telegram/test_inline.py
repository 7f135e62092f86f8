"""What is listed when somebody types behind the bot's name in any chat."""

from __future__ import annotations

import datetime
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from telegram import InlineQueryResultArticle, InputTextMessageContent

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram.inline import RESULTS, InlineMode, Version
from bot.channels.telegram.results import as_result
from bot.content.library import Library
from bot.content.paths import share_path
from bot.domain.card import Card
from bot.domain.clock import local_day, utc_now
from bot.domain.language import Language
from bot.domain.plan import Kind
from bot.storage.inbox import Inbox
from stand_ins.telegram import TOKEN, Person, StandIn
from stand_ins.telegram.html import parse
from stand_ins.telegram.methods import AnswerInlineQuery
from stand_ins.utf16 import utf16
from tests.support.telegram import SECRET

PUBLIC_URL = "https://hoi.example"
ID_CARD = "clarification.id-card-after-merger"


@pytest.fixture(scope="module")
def known(city_library: Library) -> Version:
    """What there is to know of today's content/, once for all tests."""
    return Version.of(city_library, local_day(utc_now()))


@pytest.fixture
async def polled(
    telegram: StandIn, api_url: str, inbox: Inbox, city_library: Library, known: Version
) -> AsyncIterator[TelegramChannel]:
    """A channel that polls, of a service with pages."""
    channel = TelegramChannel(inbox, lambda: city_library, token=TOKEN, secret=SECRET, api_url=api_url)
    inline = channel._receiver._handler._inline
    inline._public_url, inline._kept = PUBLIC_URL, replace(known, results={})
    async with channel.connected(), channel.receiving():
        await telegram.until(lambda: telegram.me["supports_inline_queries"])
        yield channel


async def listed(telegram: StandIn, person: Person, text: str) -> AnswerInlineQuery:
    """The list that the person sees."""
    query_id = person.types(text)
    await telegram.until(lambda: query_id in telegram.listed)
    return telegram.listed[query_id]


@pytest.mark.usefixtures("polled")
@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("đổi căn cước sau sáp nhập", "vi:clarification.id-card-after-merger"),
        ("doi can cuoc sau sap nhap", "vi:clarification.id-card-after-merger"),
        ("chợ nổi cái răng", "vi:culture.cai-rang-floating-market"),
        ("cho noi cai rag", "vi:culture.cai-rang-floating-market"),
        ("floating market", "en:culture.cai-rang-floating-market"),
        ("cai rang flaoting market", "en:culture.cai-rang-floating-market"),
    ],
)
async def test_it_lists_answers_in_both_languages_without_diacritics_and_with_typos(
    telegram: StandIn, city_library: Library, typed: str, first: str
) -> None:
    shown = await listed(telegram, telegram.person("Lan", "vi"), typed)
    assert first in [result.id for result in shown.results]
    assert len(shown.results) <= RESULTS
    language, _, answer_id = first.partition(":")
    answer = city_library.answers[answer_id][Language(language)]
    result = next(result for result in shown.results if result.id == first)
    assert result.title == answer.title
    text, _ = parse(result.input_message_content.message_text)
    assert text.startswith(answer.title)
    assert city_library.answers[answer_id].sources[0].title in text, "an answer never goes without its source"
    assert result.reply_markup
    page, chat, *_ = [button.url for row in result.reply_markup.inline_keyboard for button in row]
    assert page == f"{PUBLIC_URL}/{language}/{answer_id.replace('.', '/')}"
    assert chat == f"https://t.me/hoicantho_bot?start={answer_id.replace('.', '_', 1)}"


@pytest.mark.usefixtures("polled")
async def test_a_clarification_shows_its_verdict_and_its_picture_in_the_list(
    telegram: StandIn, city_library: Library
) -> None:
    shown = await listed(telegram, telegram.person(), "đổi căn cước sau sáp nhập")
    result = next(result for result in shown.results if result.id == f"vi:{ID_CARD}")
    verdict = city_library.answers[ID_CARD].verdict
    assert verdict
    description = result.description or ""
    assert description.count(city_library.messages.verdicts.of(verdict).vi) == 1
    assert description.endswith("…")
    picture = share_path(city_library.answers[ID_CARD], Language.VI, city_library)
    assert result.thumbnail_url == PUBLIC_URL + picture


@pytest.mark.usefixtures("polled")
async def test_what_was_typed_decides_alone_so_that_one_list_serves_everybody(telegram: StandIn) -> None:
    lan, emma = telegram.person("Lan", "vi"), telegram.person("Emma", "en")
    first = await listed(telegram, lan, "floating market")
    assert (first.is_personal, first.cache_time) == (False, 300)
    assert await listed(telegram, emma, "floating market") is first
    assert len(telegram.called("answerInlineQuery")) == 1


@pytest.mark.usefixtures("polled")
async def test_who_typed_nothing_sees_the_newest_clarifications_in_their_language(
    telegram: StandIn, city_library: Library
) -> None:
    for person, language in ((telegram.person("Lan", "vi"), "vi"), (telegram.person("Emma", "en"), "en")):
        shown = await listed(telegram, person, "")
        assert shown.is_personal
        assert len(shown.results) == RESULTS
        ids = [result.id.partition(":") for result in shown.results]
        assert {found for found, _, _ in ids} == {language}
        clarified = [city_library.answers[answer_id].clarified for _, _, answer_id in ids]
        dates = [c.date if c else datetime.date.min for c in clarified]
        assert dates == sorted(dates, reverse=True)
        assert dates[0] > datetime.date.min


@pytest.mark.usefixtures("polled")
@pytest.mark.parametrize("typed", ["qwrtzx plmkjy", "😀", "\u202e\u200b", "<b>&", "x" * 256])
async def test_where_nothing_is_found_the_way_to_the_bot_is_shown(telegram: StandIn, typed: str) -> None:
    emma = telegram.person("Emma", "en")
    shown = await listed(telegram, emma, typed)
    assert shown.button
    assert shown.button.start_parameter == "inline"
    if typed == "qwrtzx plmkjy":
        assert shown.results == []
        assert shown.button.text == "Ask Cần Thơ in private"
        assert shown.is_personal, "the button is in her language"


@pytest.mark.usefixtures("polled")
async def test_the_next_query_is_answered_whatever_became_of_the_one_before(telegram: StandIn) -> None:
    lan = telegram.person()
    late = lan.types("căn cước")
    telegram._queries.remove(late)
    assert (await listed(telegram, lan, "chợ nổi")).results
    await telegram.until(lambda: len(telegram.called("answerInlineQuery")) == 2)
    assert {call.status for call in telegram.called("answerInlineQuery")} == {400, 200}


def text_of(result: InlineQueryResultArticle) -> str:
    content = result.input_message_content
    assert isinstance(content, InputTextMessageContent)
    return content.message_text


def test_every_answer_fits_a_result_in_both_languages(city_library: Library) -> None:
    mode = InlineMode(_Named(), lambda: city_library, PUBLIC_URL)  # type: ignore[arg-type]
    for answer in city_library.answers.values():
        if not city_library.published(answer.id):
            continue
        for language in Language:
            text, _ = parse(text_of(mode.result(answer, language)))
            assert 1 <= utf16(text) <= 4096


def test_what_is_longer_than_a_message_is_cut_and_its_id_fits(city_library: Library) -> None:
    card = Card(kind=Kind.ANSWER, language=Language.VI, id="a." + "b" * 90, title="T", text="chữ " * 3000)
    result = as_result(card, city_library.messages, "hoicantho_bot", "")
    assert len(result.id.encode()) == 64
    text, _ = parse(text_of(result))
    assert utf16(text) <= 4096


class _Named:
    username = "hoicantho_bot"


def test_a_list_takes_a_few_milliseconds(city_library: Library) -> None:
    """The measured numbers stand in benchmarks/results; this is only that it stays in their order."""
    mode = InlineMode(_Named(), lambda: city_library, PUBLIC_URL)  # type: ignore[arg-type]
    mode.listed("chợ nổi", Language.VI)
    began = time.process_time()
    for text in ("chợ", "cho noi", "can cuoc", "id card", "flaoting") * 4:
        for answer, language in mode.listed(text, Language.VI):
            mode.result(answer, language)
    assert (time.process_time() - began) / 20 < 0.06
