"""What an editor sees before it is live: where its questions go, whom it concerns, how it will look."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.channels.incoming import incoming
from bot.content.fields import FIELDS, LISTS, Value, nested
from bot.desk import consequences, drafting, findability, previews, publications
from bot.desk.bot_reader import BotReader
from bot.desk.consequences import Consequences
from bot.desk.drafting import Saved
from bot.desk.editing import EditingDesk
from bot.desk.findability import QuestionOutcome
from bot.domain.answer import ALL_NEWS, Facet
from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import QuestionState
from bot.storage.questions import keep_question
from bot.storage.schema import migrate
from bot.storage.subscriptions import subscribe
from tests.support.desk import CHIEF, FOOD, LAN, MUSIC, STATION, side, value_of
from tests.support.examples import examples

READINGS = {
    "food là gì": ("faq", [FOOD]),
    "nhạc ở đâu": ("faq", [MUSIC]),
    "đồn công an": ("faq", [STATION]),
    "xyzzy": ("nlu_fallback", [MUSIC, FOOD]),
    "plugh": ("out_of_scope", []),
}


def with_rasa(desk: EditingDesk, answer: httpx.MockTransport) -> EditingDesk:
    return dataclasses.replace(desk, rasa=httpx.AsyncClient(transport=answer, base_url="http://rasa"))


def rasa(request: httpx.Request) -> httpx.Response:
    text = json.loads(request.content)["text"]
    if request.url.path != "/parse" or text not in READINGS:
        return httpx.Response(500)
    intent, answers = READINGS[text]
    return httpx.Response(200, json={"intent": intent, "confidence": 0.9, "answers": answers, "ranking": []})


def with_questions(desk: EditingDesk, *questions: str) -> Value:
    value = copy.deepcopy(value_of(desk, FOOD))
    side(value, "vi")["questions"] = list(questions)
    side(value, "en")["questions"] = []
    return value


async def test_each_question_is_told_where_it_goes_today(desk: EditingDesk) -> None:
    asked = with_rasa(desk, httpx.MockTransport(rasa))
    value = with_questions(
        desk, "food là gì", "nhạc ở đâu", "/đồn công an", "music là gì", "xyzzy", "plugh", "hỏng"
    )
    found = await findability.ask(asked, LAN, FOOD, value)
    assert found.is_reachable
    assert [(one.outcome, one.answer, one.may_move) for one in found.questions] == [
        (QuestionOutcome.THIS, FOOD, False),
        (QuestionOutcome.OTHER, MUSIC, True),
        (QuestionOutcome.OTHER, STATION, False),
        (QuestionOutcome.SAME, MUSIC, True),
        (QuestionOutcome.NONE, MUSIC, True),
        (QuestionOutcome.NONE, None, False),
        (QuestionOutcome.NOT_ASKED, None, False),
    ]
    assert found.questions[1].title == "Tựa music"


async def test_without_a_model_it_says_that_nobody_could_be_asked(desk: EditingDesk) -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    for asked in (desk, with_rasa(desk, httpx.MockTransport(away))):
        found = await findability.ask(asked, LAN, FOOD, with_questions(desk, "à"))
        assert not found.is_reachable
        assert [one.outcome for one in found.questions] == [QuestionOutcome.NOT_ASKED]
        assert not (await publications.progress(asked)).is_reachable


async def test_a_question_is_moved_to_the_other_answers_draft(desk: EditingDesk) -> None:
    for question in ("nhạc ở đâu", "nghe nhạc ở đâu", "nhạc ở đâu"):
        assert isinstance(await findability.move_question(desk, LAN, MUSIC, Language.VI, question), Saved)
    opened = await drafting.open_(desk, LAN, MUSIC)
    assert side(opened.value, "vi")["questions"] == ["music là gì", "nhạc ở đâu", "nghe nhạc ở đâu"]


@pytest.fixture
async def with_bot(desk: EditingDesk, tmp_path: Path) -> AsyncIterator[EditingDesk]:
    """The desk, and a bot's database with a question and two subscribers."""
    url = f"sqlite:///{tmp_path / 'of-the-bot.db'}"
    database, reader = Database(url), BotReader(url)
    await migrate(database)
    inbox = Inbox(database, "secret")
    await inbox.open()
    for number, (topic, state) in enumerate(
        [("culture", QuestionState.LEFT), (ALL_NEWS, QuestionState.OPEN), ("city", QuestionState.LEFT)]
    ):
        message = incoming(
            channel="test", address="a", conversation=f"c{number}", key=str(number), text="Hỏi"
        )

        def keep(
            connection: Connection,
            message: Message = message,
            number: int = number,
            topic: str = topic,
            state: QuestionState = state,
        ) -> None:
            keep_question(
                connection,
                message,
                number + 1,
                language=Language.VI,
                nearest=FOOD,
                state=state,
                now=utc_now(),
            )
            subscribe(connection, message, Language.VI, topic, utc_now())

        await database.transact(keep)
    yield dataclasses.replace(desk, bot=reader)
    await reader.close()
    await database.close()


async def test_publishing_says_who_waits_and_who_gets_the_news(with_bot: EditingDesk) -> None:
    value = value_of(with_bot, FOOD)
    found = await consequences.consequences(with_bot, LAN, FOOD, value)
    assert found == Consequences(True, waiting=2, open_questions=1)
    claim = {**value, "related": [MUSIC]}
    found = await consequences.consequences(with_bot, LAN, "clarification.rumour", claim)
    assert found == Consequences(True, subscribers=2)


async def test_where_the_bots_database_is_out_of_reach_it_says_so(desk: EditingDesk, tmp_path: Path) -> None:
    for reader in (
        None,
        BotReader(f"sqlite:///{tmp_path}/none.db"),
        BotReader("postgresql+asyncpg://x@127.0.0.1:9/x"),
    ):
        away = dataclasses.replace(desk, bot=reader)
        assert await consequences.consequences(away, LAN, FOOD, value_of(desk, FOOD)) == Consequences(False)


async def test_a_preview_is_what_each_channel_would_show_in_both_languages(desk: EditingDesk) -> None:
    value = copy.deepcopy(value_of(desk, FOOD))
    side(value, "vi").update(answer="**Đậm** và <b>thẻ</b>", facets={"price": "10.000 đồng"})
    side(value, "en").update(facets={"price": "VND 10,000"})
    found = await previews.preview(desk, LAN, FOOD, value, "hoicantho_bot")
    assert [(card.language, card.facet) for card in found.cards] == [
        (Language.VI, None), (Language.VI, Facet.PRICE), (Language.EN, None), (Language.EN, Facet.PRICE),
    ]  # fmt: skip
    card = found.cards[0]
    assert card.web.html == "<p><strong>Đậm</strong> và &lt;b&gt;thẻ&lt;/b&gt;</p>"
    assert "<b>Đậm</b> và &lt;b&gt;thẻ&lt;/b&gt;" in card.telegram.messages[0]
    assert any("t.me/share" in (button.url or "") for row in card.telegram.rows for button in row)
    assert "Đậm và <b>thẻ</b>" in card.zalo.messages[0]
    assert (len(card.zalo.buttons), card.zalo.is_cut) == (4, False)
    assert "10.000" in found.cards[1].web.html
    assert found.missing == ()


async def test_what_is_not_written_yet_is_shown_as_missing(desk: EditingDesk) -> None:
    found = await previews.preview(desk, LAN, "culture.new", {"office": "culture", "vi": {"title": "Mới"}})
    assert [card.web.title for card in found.cards] == ["Mới", "…"]
    assert "vi.answer" in found.missing
    too_long = await previews.preview(desk, LAN, FOOD, {"office": "culture", "vi": {"title": "x" * 90}})
    assert too_long.cards[0].web.title == "x" * 59 + "…"


TEXTS = st.sampled_from(["", " ", "x", "2026-11-01", "refuted", "culture", "a" * 200, "#", "https://a.vn"])
CONTENTS = {
    path: st.lists(TEXTS, max_size=2) if path in LISTS
    else st.lists(st.dictionaries(st.sampled_from(["title", "url", "date"]), TEXTS), max_size=2)
    if path == "sources"
    else TEXTS
    for path in FIELDS
    if path != "office"
}  # fmt: skip


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries({}, optional=CONTENTS), st.sampled_from([FOOD, "clarification.rumour"]))
async def test_whatever_is_in_the_form_there_is_a_preview(
    desk: EditingDesk, fields: dict[str, object], name: str
) -> None:
    value = nested({**fields, "office": "culture"})
    found = await previews.preview(desk, CHIEF, name, value)
    assert {card.language for card in found.cards} == set(Language)
