"""A conversation over Telegram's protocol, in both languages, with everything real but Telegram."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.content.library import Library
from bot.domain.answer import Facet
from bot.domain.language import Language
from stand_ins.serving import serving
from stand_ins.telegram import TOKEN, StandIn
from tests.support.bot_process import BotProcess, telegram_settings
from tests.support.dialogues import Dialogue, dialogues, plainly
from tests.support.hostile_pictures import saved, written
from tests.support.telegram_talk import Talk, labels

pytestmark = pytest.mark.rasa

MARKET = "culture.cai-rang-floating-market"


@pytest.fixture(scope="module", params=["polling", "webhook"])
async def service(
    request: pytest.FixtureRequest, rasa_server: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[BotProcess, StandIn]]:
    """The bot, connected to Telegram in both ways that there are, one after the other: for all tests of this
    file, each of which is of people of its own.
    """
    telegram = StandIn(most_a_second=1)
    async with serving(telegram.app()) as url:
        bot = BotProcess(tmp_path_factory.mktemp("bot"), telegram_settings(url, rasa_server))
        try:
            await bot.start(**({"PUBLIC_URL": bot.url} if request.param == "webhook" else {}))
            yield bot, telegram
            assert await bot.stop() == 0
        finally:
            await bot.ensure_ended()
            await telegram.close()


@pytest.fixture
def started(service: tuple[BotProcess, StandIn]) -> BotProcess:
    return service[0]


@pytest.fixture
def telegram(service: tuple[BotProcess, StandIn]) -> StandIn:
    return service[1]


async def test_a_conversation_in_vietnamese(telegram: StandIn, library: Library) -> None:
    lan = Talk(telegram, telegram.person("Lan", "vi"))
    phrases, vi, en = library.messages.phrases, Language.VI, Language.EN
    market = library.answers[MARKET]

    greeting = await lan.say("/start")
    assert greeting["text"].startswith("Chào bạn!")
    assert library.messages.topic_name("culture")[vi] in labels(greeting)

    answer = await lan.say("Đi chợ nổi Cái Răng mấy giờ là đẹp nhất?")
    assert answer["text"].startswith(market[vi].title)
    answer = await lan.say(f"/start {MARKET.replace('.', '_')}")
    assert answer["text"].startswith(market[vi].title)
    assert market.sources[0].title in answer["text"]
    assert f"{market.checked:%d/%m/%Y}" in answer["text"]
    assert {"Chia sẻ", "Xem bản đồ", "English"} <= set(labels(answer))

    english = await lan.press(answer, "English")
    assert english["text"].startswith(market[en].title)
    vietnamese = await lan.press(english, "Tiếng Việt")
    assert vietnamese["text"].startswith(market[vi].title)

    price = await lan.say("giá bao nhiêu vậy?")
    assert market[vi].facets[Facet.PRICE].split(",")[0] in price["text"]

    topics = await lan.say("/topics")
    menu = await lan.press(topics, library.messages.topic_name("culture")[vi])
    opened = await lan.press(menu, labels(menu)[0])
    assert opened["text"].startswith(labels(menu)[0])

    lan.person.sends(voice={"file_id": "f", "file_unique_id": "u", "duration": 1})
    assert (await lan.hear())["text"] == phrases.voice[vi]

    nothing = await lan.say("qwrtz plmkj xcvbn")
    assert nothing["text"] == phrases.fallback[vi]


@pytest.mark.usefixtures("tesseract")
async def test_a_screenshot_of_a_rumour_is_read_and_checked(telegram: StandIn, library: Library) -> None:
    lan = Talk(telegram, telegram.person("Lan", "vi"))
    rumour = "Chợ nổi Cái Răng đã bị đóng cửa, giải tán."
    lan.person.sends_photo(saved(written(rumour, (1200, 160)), "JPEG"))
    read = await lan.hear()
    assert rumour in read["text"]
    answer = await lan.press(read, library.messages.labels.check_picture[Language.VI])
    assert library.answers["clarification.floating-market-closing"][Language.VI].title in answer["text"]

    lan.person.sends_photo(b"%PDF-1.7 named .jpg")
    phrases = library.messages.phrases
    assert (await lan.hear())["text"] == phrases.picture_refused[Language.VI]


async def test_the_dialogues_about_wards_say_what_they_say_on_the_page(
    started: BotProcess, telegram: StandIn
) -> None:
    about_wards = [dialogue for dialogue in dialogues() if dialogue.kind == "wards"]

    async with httpx.AsyncClient(base_url=started.url, timeout=60, trust_env=False) as page:
        found = await asyncio.gather(*(differences(dialogue, telegram, page) for dialogue in about_wards))

    assert len(about_wards) >= 12
    assert [difference for of_one in found for difference in of_one] == []


async def differences(dialogue: Dialogue, telegram: StandIn, page: httpx.AsyncClient) -> list[str]:
    """What a dialogue says on the page and not on Telegram, played on both turn by turn."""
    talk = Talk(telegram, telegram.person(dialogue.name, "vi"))
    conversation, payloads, last = secrets.token_hex(16), dict[str, str](), dict[str, Any]()
    missing: list[str] = []
    for turn in dialogue.turns:
        message = {"button": payloads[turn.button]} if turn.button else {"text": turn.user}
        answer = await page.post("/api/messages", json={"conversation": conversation, **message})
        cards = answer.raise_for_status().json()["replies"]
        payloads = {b["label"]: b["payload"] for card in cards for b in card["buttons"] if b["payload"]}
        first = await (talk.press(last, turn.button) if turn.button else talk.say(str(turn.user)))
        said = [first, *[await talk.hear() for _ in cards[1:]]]
        last = said[-1]
        heard = plainly(" ".join(one["text"] for one in said))
        wanted = [text for card in cards for text in (card["title"] or "", card["text"])]
        missing += [text for text in wanted if plainly(text) not in heard]
        missing += payloads.keys() - {label for one in said for label in labels(one)}
    return [f"{dialogue.name}: {what!r}" for what in missing]


async def test_a_conversation_in_english(telegram: StandIn, library: Library) -> None:
    emma = Talk(telegram, telegram.person("Emma", "en"))
    phrases, en = library.messages.phrases, Language.EN
    market = library.answers[MARKET]

    assert (await emma.say("/start"))["text"].startswith("Hello!")
    answer = await emma.say("What time should I visit Cai Rang floating market?")
    assert answer["text"].startswith(market[en].title)
    question = emma.person.says("What is vovinamm served with at the airoprt?")
    await emma.hear()
    emma.person.edits(question, "How do I get to the floating market?")
    assert (await emma.hear())["text"].startswith(market[en].title)

    languages = await emma.say("/language")
    assert (await emma.press(languages, "Tiếng Việt"))["text"]
    await emma.say("/language en")
    assert (await emma.say("/privacy"))["text"].startswith("I keep as little as possible")

    asked = await emma.say("/forget")
    assert (await emma.press(asked, "Yes"))["text"] == phrases.forget_done[en]


async def test_in_a_group_it_speaks_when_spoken_to_and_has_something_to_say(
    telegram: StandIn, library: Library
) -> None:
    group = telegram.group()
    lan = Talk(telegram, telegram.person("Lan", "vi"), group)
    lan.person.says("Mai đi chợ nổi không mọi người?", group)
    lan.person.says("@hoicantho_bot qwrtz plmkj xcvbn", group)
    answer = await lan.say("@hoicantho_bot Chợ nổi Cái Răng nằm ở đâu?")
    assert answer["text"].startswith(library.answers[MARKET][Language.VI].title)
    assert len(group.from_bot()) == 1


@pytest.mark.parametrize(
    "own", ["@hoicantho_bot đúng không?", "@hoicantho_bot", "@hoicantho_bot is this true?"]
)
async def test_a_rumour_in_a_group_is_checked_by_a_reply_that_names_the_bot(
    telegram: StandIn, library: Library, own: str
) -> None:
    group = telegram.group()
    rumour = library.answers["clarification.id-card-after-merger"]
    said = telegram.person("Minh").says(str(rumour.vi.claim), group)
    telegram.person("Lan", "vi").replies(said, own)
    answer = await telegram.reply(group, 0)
    assert answer["text"].startswith(tuple(rumour[language].title for language in Language))


async def test_an_album_is_answered_once_by_its_caption(telegram: StandIn, library: Library) -> None:
    lan = Talk(telegram, telegram.person("Lan", "vi"))
    lan.person.sends_album(None, "Chợ nổi Cái Răng nằm ở đâu?", None)
    assert (await lan.hear())["text"].startswith(library.answers[MARKET][Language.VI].title)
    assert (await lan.say("/help"))["text"]
    assert len(lan.chat.from_bot()) == 2


async def test_what_a_group_subscribed_to_can_be_given_up_in_the_supergroup(telegram: StandIn) -> None:
    group = telegram.group()
    lan = Talk(telegram, telegram.person("Lan", "vi"), group)
    asked = await lan.say("/subscribe@hoicantho_bot")
    await lan.press(asked, labels(asked)[0])
    supergroup = telegram.upgrade(group)
    await telegram.until(lambda: not telegram.unacknowledged)
    there = Talk(telegram, lan.person, supergroup)
    asked = await there.say("/unsubscribe@hoicantho_bot")
    assert len(labels(asked)) == 2  # yes and no: there is something to give up


async def test_who_blocked_the_bot_and_who_is_flooded_disturb_nobody(
    started: BotProcess, telegram: StandIn
) -> None:
    before = len(started.log)
    gone, eager, calm = (Talk(telegram, telegram.person(name)) for name in ("Gone", "Eager", "Calm"))
    gone.person.blocks_the_bot()
    gone.person.says("/help")
    for _ in range(12):
        eager.person.says("/help")
    assert (await calm.say("/help"))["text"]
    await telegram.until(lambda: len(eager.chat.from_bot()) == 12, 60)
    assert not [entry for entry in started.log[before:] if entry["level"] == "error"]


async def test_the_token_and_what_people_write_reach_no_log(started: BotProcess, telegram: StandIn) -> None:
    lan = Talk(telegram, telegram.person("Lan"))
    before = len(started.log)
    await lan.say("một câu rất riêng tư")
    await started.until_logged("answered", since=before)
    written = str(started.log)
    assert TOKEN not in written
    assert TOKEN.partition(":")[2] not in written
    assert "riêng tư" not in written
    assert str(lan.chat.id) not in written


async def test_a_guest_answers_a_rumour_in_its_language_where_there_is_an_official_answer(
    telegram: StandIn, library: Library
) -> None:
    await telegram.until(lambda: telegram.me["supports_guest_queries"])
    group, aunt, lan = telegram.group("Gia đình"), telegram.person("Dì Ba"), telegram.person("Lan")
    rumour = library.answers["clarification.id-card-after-merger"]
    not_sure = library.messages.telegram.not_sure
    for text, expected in (
        (str(rumour.vi.claim), rumour.vi.title),
        (str(rumour.en.claim), rumour.en.title),
        ("After the merger whoever does not change the ID card is fined!!!", rumour.en.title),
        ("Nghe nói tuần sau người ta sơn cầu Cần Thơ màu hồng", plainly(not_sure[Language.VI])),
    ):
        before = len(group.from_bot())
        said = telegram.new_message(group, aunt.as_json(), text=text)
        lan.names_the_bot(group, "@hoicantho_bot", said)
        assert (await telegram.reply(group, before))["text"].startswith(expected)
    assert len(group.from_bot()) == 4
