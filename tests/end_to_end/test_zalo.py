"""Conversations over Zalo's protocol, in both languages, with everything real but Zalo."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from bot.channels.zalo.signature import HEADER
from bot.content.library import Library
from bot.domain.language import Language
from stand_ins.failures import Failure
from stand_ins.zalo import APP_SECRET, OA_ID, OA_SECRET, Said, StandIn
from stand_ins.zalo.people import Person
from stand_ins.zalo.webhook import encode
from tests.support.dialogues import Act, Outcome, Turn, plainly, play_elsewhere, telling
from tests.support.hostile_pictures import saved, written
from tests.support.soak import seconds
from tests.support.zalo_bot import TOKEN_KEY, Talk, ZaloBot, zalo_bot

pytestmark = pytest.mark.rasa

MARKET = "culture.cai-rang-floating-market"


@pytest.fixture(scope="module")
async def shared(
    rasa_server: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[StandIn, ZaloBot]]:
    """Zalo and the bot, for tests that leave both as they were."""
    zalo = StandIn()
    async with zalo_bot(zalo, rasa_server, tmp_path_factory.mktemp("zalo")) as bot:
        yield zalo, bot


@pytest.fixture
async def own(rasa_server: str, tmp_path: Path) -> AsyncIterator[tuple[StandIn, ZaloBot]]:
    """Zalo and the bot, for one test."""
    zalo = StandIn()
    async with zalo_bot(zalo, rasa_server, tmp_path) as bot:
        yield zalo, bot


@pytest.mark.soak
async def test_dialogues_say_on_zalo_what_they_say_on_the_page(
    shared: tuple[StandIn, ZaloBot], page_dialogues: list[list[Outcome]]
) -> None:
    zalo, bot = shared

    def somebody(name: str) -> Act:
        person = zalo.person(name)

        def act(turn: Turn) -> Callable[[], list[str]]:
            before = len(person.from_oa())
            if turn.button:
                _choose(person, turn.button)
            else:
                person.says(str(turn.user))
            return lambda: [text for one in person.from_oa()[before:] for text in (one.text, *one.labels())]

        return act

    played = page_dialogues if seconds(0) else telling(page_dialogues)
    assert await play_elsewhere(played, zalo, somebody) == []
    # One that a crowded machine answers late is sent again; none is refused, and none lost.
    assert {delivery.status for delivery in zalo.webhook.deliveries if delivery.status} == {200}
    assert zalo.webhook.lost == []
    assert (await bot.state())["state"] == "connected"


def _choose(person: Person, label: str) -> None:
    """Press the button, or send its number, as the last message that has the option shows it."""
    for said in reversed(person.from_oa()):
        if label in said.labels():
            person.presses(said, label)
            return
        if found := re.search(rf"(\d+)\. {re.escape(label)}", said.text):
            person.says(found[1])
            return


async def test_where_zalo_takes_no_buttons_their_numbers_do(
    own: tuple[StandIn, ZaloBot], library: Library
) -> None:
    zalo, _ = own
    zalo.refuses_buttons = -201
    lan, market = Talk(zalo), library.answers[MARKET]
    greeting = await lan.say("xin chào")
    number = option(greeting, library.messages.topic_name("culture")[Language.VI])
    menu = await lan.say(number)
    title = market[Language.VI].title
    answer = await lan.say(option(menu, title))
    assert answer.text.startswith(f"📌 {title}")
    last = answer if "English" in answer.text else await lan.hear()  # a long answer takes two messages
    english = await lan.say(option(last, "English"))
    assert english.text.startswith(f"📌 {market[Language.EN].title}")


@pytest.mark.usefixtures("tesseract")
async def test_a_screenshot_of_a_rumour_is_read_and_checked(
    shared: tuple[StandIn, ZaloBot], library: Library
) -> None:
    zalo, bot = shared
    lan, vi = Talk(zalo), Language.VI
    rumour = "Chợ nổi Cái Răng đã bị đóng cửa, giải tán."
    zalo.pictures["a.jpg"] = saved(written(rumour, (1200, 160)), "JPEG")
    lan.person.sends_attachment("image", url=f"{bot.zalo_url}/picture/a.jpg")
    read = await lan.hear()
    assert rumour in read.text
    answer = await lan.press(read, library.messages.labels.check_picture[vi])
    assert library.answers["clarification.floating-market-closing"][vi].title in answer.text

    lan = Talk(zalo, "Bảy")
    lan.person.sends_attachment("image", url="https://127.0.0.1/not-zalos.jpg")
    assert (await lan.hear()).text.startswith(library.messages.phrases.picture_refused[vi][:40])


async def test_the_staffs_reply_comes_at_once_or_with_the_next_reply(
    own: tuple[StandIn, ZaloBot], library: Library
) -> None:
    zalo, bot = own
    phrases, vi = library.messages.phrases, Language.VI
    for hours in (0, 49):
        lan = Talk(zalo, f"Lan {hours}")
        await lan.say("xin chào")
        nothing = await lan.say("qwrtz plmkj xcvbn")
        asked = await lan.say(option(nothing, "Gửi cho cán bộ"))
        left = await lan.press(asked, "Đồng ý")
        assert left.text.startswith(plainly(phrases.handoff_done[vi])[:30])
        question = re.search(r"^ *(\d+) .* reply wanted ", await bot.command("questions"), re.MULTILINE)
        assert question
        assert lan.person.spoke_at
        lan.person.spoke_at -= hours * 3600
        await bot.command("reply", question[1], "Mở cửa cả ngày.")
        if hours:
            await bot.until("reply waits for their next message (the person wrote 49 hours ago")
            await lan.say("xin chào")
        assert "Mở cửa cả ngày." in (await lan.hear()).text


def option(said: Said, label: str) -> str:
    """The number of an option."""
    found = re.search(rf"(\d+)\. {re.escape(label)}", said.text)
    assert found, said.text
    return found[1]


PEOPLE, TEXTS, FORGED = 100, 3, 400
"""A thousand webhooks: everybody's texts, each of them twice, and what is not Zalo's."""

BUSY_HURRY = 50
"""The retries come slower than in other tests (over two minutes): a thousand need their time."""


async def test_a_thousand_webhooks_at_once_are_each_answered_once_or_dropped(
    own: tuple[StandIn, ZaloBot],
) -> None:
    zalo, bot = own
    zalo.webhook.hurry = BUSY_HURRY
    zalo.webhook.hold()
    people = [zalo.person(str(number)) for number in range(PEOPLE)]
    for person in people:
        for _ in range(TEXTS):
            event = person.says("cảm ơn")
            zalo.webhook.send_again(person.id, event, timestamp=str(int(event["timestamp"]) + 7))
    # Not more in a row than one message is tried: after that it counts as said, or cannot be.
    zalo.failures.plan("cs", Failure(502))
    zalo.refuse(-220)
    zalo.refuse(-200)
    forged = encode(
        zalo.event(
            "user_send_text", sender={"id": people[0].id}, recipient={"id": OA_ID}, message={"text": "x"}
        )
    )
    zalo.webhook.release(lambda held: held[::-1])
    async with httpx.AsyncClient(timeout=60, trust_env=False) as anybody:
        for _ in range(FORGED):  # beside the others, which are under way
            answer = await anybody.post(
                f"{bot.process.url}/zalo/webhook", content=forged, headers={HEADER: "mac=0"}
            )
            assert answer.status_code == 200
    await zalo.until(lambda: all(len(person.from_oa()) >= TEXTS for person in people), 300)
    await zalo.until(lambda: zalo.webhook.is_idle, 150)
    assert {len(person.from_oa()) for person in people} == {TEXTS}
    assert zalo.webhook.lost == []
    assert zalo.grant.refreshes == 1
    assert (await bot.state())["dropped"]["signature"] == FORGED


async def test_no_secret_and_nothing_that_people_write_reaches_a_log(own: tuple[StandIn, ZaloBot]) -> None:
    zalo, bot = own
    lan = Talk(zalo)
    await lan.say("một câu rất riêng tư")
    zalo.refuse(-216)
    await lan.say("một câu nữa, cũng riêng tư")
    assert zalo.grant.refreshes == 1
    assert await bot.process.stop() == 0
    log = str(bot.process.log)
    assert "answered" in log
    secrets_of_zalo = (APP_SECRET, OA_SECRET, TOKEN_KEY, zalo.grant._access[0], zalo.grant._refresh[0])
    for secret in (*secrets_of_zalo, "riêng tư", lan.person.id):
        assert secret not in log
