"""A bot of Zalo's Bot Platform: the whole way but Rasa's own, by polling and by webhook."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from structlog.testing import capture_logs

from bot.answering.pictures import ReadPicture
from bot.channels.contract import MaybeSent, OnlyInReply, Rejected, TryLater, Unreachable
from bot.channels.numbered import NumberedOptions
from bot.channels.zalo_bot import ZaloBotChannel
from bot.channels.zalo_bot import channel as module
from bot.channels.zalo_bot.api import ZaloBotApi
from bot.channels.zalo_bot.events import EventReader, event_in
from bot.content.library import Library
from bot.domain.card import Button, Card
from bot.domain.language import Language
from bot.domain.plan import Kind
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from stand_ins.failures import Failure
from stand_ins.proxy import black_hole
from stand_ins.serving import free_port, serving
from stand_ins.zalo_bot import TOKEN, StandIn
from stand_ins.zalo_bot.server import NOTHING_NEW, error
from tests.support.clock import Clock
from tests.support.worker import Bot, running

CARD = Card(
    kind=Kind.ANSWER, language=Language.VI, title="Tựa", text="Lời.",
    buttons=(Button("Một", "say:help"), Button("Hai", "answer:culture.music")),
)  # fmt: skip

T = TypeVar("T")

Talking = Callable[..., AbstractAsyncContextManager[tuple[Bot, ZaloBotChannel]]]


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_FIRST", 0.01)


@pytest.fixture
async def platform() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    await stand_in.close()


@pytest.fixture
def talking(platform: StandIn, inbox: Inbox, database: Database, small_library: Library) -> Talking:
    """The bot, and a Rasa side that knows two answers."""

    @asynccontextmanager
    async def make(
        *,
        by_webhook: bool = False,
        poll_floor: float = 0.01,
        api_url: str | None = None,
        read_picture: ReadPicture | None = None,
    ) -> AsyncIterator[tuple[Bot, ZaloBotChannel]]:
        outer = Starlette()
        async with serving(platform.app()) as url, serving(outer) as own:
            channel = ZaloBotChannel(
                inbox, NumberedOptions(database), ZaloBotApi(api_url or url, TOKEN, 0.5),
                lambda: small_library, secret="a secret", public_url=own if by_webhook else "",
                poll_floor=poll_floor,
            )  # fmt: skip
            outer.router.routes.extend(channel.routes())
            async with (
                channel.connected(),  # it is left when the bot has sent what it had in hand
                running(inbox, small_library, others=[channel], read_picture=read_picture) as bot,
                channel.receiving(),
            ):
                yield bot, channel
            await platform.close()

    return make


async def until_settled(bot: Bot, clock: Clock, happens: Coroutine[Any, Any, T]) -> T:
    """Wait for something that comes once no more pictures are expected."""
    happening = asyncio.create_task(happens)
    while not happening.done():
        clock.advance(seconds=1)
        bot.inbox.arrived.set()
        await asyncio.wait([happening], timeout=0.05)
    return await happening


async def told(channel: ZaloBotChannel, words: str) -> str:
    """What /ready says of it, once that has these words in it."""
    async with asyncio.timeout(10):
        while words not in (problem := (await channel.health()).problem or ""):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return problem


@pytest.mark.parametrize("by_webhook", [False, True])
@pytest.mark.parametrize("is_odd", [False, True])
async def test_a_question_is_answered_and_a_number_picks_what_was_offered(
    talking: Talking, platform: StandIn, small_library: Library, by_webhook: bool, is_odd: bool
) -> None:
    platform.is_wrapped = platform.hands_out_again = is_odd
    lan = platform.person()
    async with talking(by_webhook=by_webhook) as (bot, channel):
        lan.says("food")
        assert await platform.reply(lan, 0, 5)
        answer = await platform.reply(lan, 1, 5)
        assert answer.startswith(f"📌 {small_library.answers['culture.food'].vi.title}")
        numbers = {label.strip(): number for number, label in re.findall(r"(\d+)\. ([^·\n]+)", answer)}
        lan.says(numbers["English"])
        await bot.rasa.was_asked(2)
        assert bot.rasa.asked[1][1].startswith("/")
        assert (await channel.health()).problem is None
    assert lan.actions == [] or set(lan.actions) == {"typing"}


async def test_what_is_handed_out_again_and_again_is_answered_once_and_not_asked_for_in_haste(
    talking: Talking, platform: StandIn
) -> None:
    platform.hands_out_again = True
    lan = platform.person()
    async with talking(poll_floor=0.1) as (bot, _):
        said = lan.says("music")
        await platform.reply(lan, 1, 5)
        for _ in range(3):
            platform.hand_out(said)
        await platform.until(lambda: len(platform.called("getUpdates")) > 12)
        polls = platform.called("getUpdates")
        assert len(lan.messages) == 2
        assert len(bot.rasa.asked) == 1
        assert (polls[-1].at - polls[0].at) / (len(polls) - 1) > 0.09


async def test_what_the_bot_said_itself_and_what_is_no_message_is_passed_over(
    talking: Talking, platform: StandIn
) -> None:
    lan = platform.person()
    async with talking() as (bot, _):
        for strange in ({}, {"event_name": "message.poll.received"}, {"event_name": 7, "message": []}):
            platform.hand_out(strange)
        platform.hand_out(platform.event(lan, "message.text.received", is_bot=True, text="food"))
        lan.says("music")
        await platform.reply(lan, 1, 5)
        assert bot.rasa.texts == ["music"]


@pytest.mark.parametrize(
    ("kind", "content", "phrase"),
    [
        ("voice", {"voice_url": "https://zalo.example/a.aac"}, "voice"),
        ("sticker", {"sticker": "20"}, "sticker"),
        ("image", {"photo": "https://zalo.example/a.jpg"}, "unreadable"),
        ("unsupported", {}, "unreadable"),
    ],
)
async def test_what_cannot_be_read_is_told_what_works_instead(
    talking: Talking,
    platform: StandIn,
    clock: Clock,
    small_library: Library,
    kind: str,
    content: dict[str, str],
    phrase: str,
) -> None:
    lan = platform.person()
    async with talking() as (bot, _):
        lan.sends(kind, **content)
        said = await until_settled(bot, clock, platform.reply(lan, 0, 5))
    assert said.startswith(getattr(small_library.messages.phrases, phrase).vi)


async def test_a_picture_is_read_and_its_number_has_it_checked(
    talking: Talking, platform: StandIn, clock: Clock
) -> None:
    async def read(data: bytes) -> str:
        return data.decode()

    lan = platform.person()
    async with talking(read_picture=read) as (bot, channel):
        for name in ("a", "b"):
            platform.pictures[f"{name}.jpg"] = f"food is forbidden, page {name}".encode()
            lan.sends("image", photo=f"{channel._api.url}/picture/{name}.jpg")
        said = await until_settled(bot, clock, platform.reply(lan, 0, 5))
        assert "food is forbidden, page a food is forbidden, page b" in said
        lan.says("1")
        await bot.rasa.was_asked(1)
        assert bot.rasa.asked[0][1] == "food is forbidden, page a food is forbidden, page b"


async def test_the_caption_of_a_photo_is_read(talking: Talking, platform: StandIn, clock: Clock) -> None:
    lan = platform.person()
    async with talking() as (bot, _):
        lan.sends("image", photo="https://zalo.example/a.jpg", caption="food")
        await until_settled(bot, clock, bot.rasa.was_asked(1))
        assert bot.rasa.asked[0][1] == "food"


@pytest.mark.parametrize("given", [None, "", "wrong", "sai-bí-mật".encode().decode("latin-1")])
async def test_who_does_not_know_the_secret_is_turned_away(
    talking: Talking, platform: StandIn, given: str | None
) -> None:
    async with talking(by_webhook=True) as (bot, _), httpx.AsyncClient() as client:
        await platform.until(lambda: platform.webhook)
        assert platform.webhook
        headers = {} if given is None else {b"X-Bot-Api-Secret-Token": given.encode("latin-1")}
        event = platform.event(platform.person(), "message.text.received", is_bot=False, text="food")
        answer = await client.post(platform.webhook.url, json=event, headers=headers)
        assert answer.status_code == 403
        right = {"X-Bot-Api-Secret-Token": platform.webhook.secret_token}
        bodies = (b"", b"{", b"[]", b"{}", b'"x"', b"7", b"[" * 100_000)
        answers = [await client.post(platform.webhook.url, content=b, headers=right) for b in bodies]
        assert [answer.status_code for answer in answers] == [400, 400, 200, 200, 200, 200, 400]
        assert not bot.rasa.asked


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (Failure(200, error(429, "Quota exceeded")), OnlyInReply),
        (Failure(200, error(404, "Chat not found")), Unreachable),
        (Failure(200, error(400, "Bad request")), Rejected),
        (Failure(200, error(403, "Internal server error")), TryLater),
        (Failure(200, error(401, "Unauthorized")), TryLater),
        (Failure(200, error(500, "Internal server error")), TryLater),
        (Failure(429), OnlyInReply),
        (Failure(502), MaybeSent),
        (Failure(), MaybeSent),
    ],
)
async def test_a_refusal_says_who_has_to_act(
    talking: Talking, platform: StandIn, failure: Failure, raised: type[Exception]
) -> None:
    lan = platform.person()
    async with talking() as (_, channel):
        platform.failures.plan("sendMessage", failure)
        with pytest.raises(raised):
            await channel.send(lan.id, 1, 0, CARD)
        await channel.send(lan.id, 1, 0, CARD)
    assert lan.messages == ["📌 Tựa\n\nLời.\n\nNhắn số để chọn: 1. Một · 2. Hai"]


async def test_a_message_that_surely_did_not_arrive_is_sent_again_later(talking: Talking) -> None:
    async with talking(api_url=f"http://127.0.0.1:{free_port()}") as (_, channel):
        with pytest.raises(TryLater):
            await channel.send("somebody", 1, 0, CARD)
        assert await told(channel, "out of reach")


async def test_it_polls_on_after_nothing_came_and_after_the_platform_refused(
    talking: Talking, platform: StandIn
) -> None:
    platform.failures.plan("getUpdates", Failure(200, error(NOTHING_NEW, "Request timeout")))
    platform.failures.plan("getUpdates", Failure(200, error(400, "A webhook is set")))
    lan = platform.person()
    with capture_logs() as logs:
        async with talking():
            lan.says("music")
            await platform.reply(lan, 1, 5)
    assert [log["problem"] for log in logs if log["event"] == "zalo_bot_problem"] == [
        "Zalo's Bot Platform refuses: 400 A webhook is set"
    ]


async def test_a_refused_token_stops_it_and_neither_log_nor_problem_shows_the_token(
    talking: Talking, platform: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    platform.token = "another"
    with caplog.at_level(logging.WARNING), capture_logs() as logs:
        async with talking() as (_, channel):
            await platform.until(lambda: platform.called("getMe"))
            problem = await told(channel, "refuses")
    assert problem == "Zalo refuses ZALO_BOT_TOKEN; get a valid one from Zalo Bot Manager"
    assert TOKEN not in caplog.text + str(logs)


async def test_where_it_is_out_of_reach_ready_says_so(talking: Talking) -> None:
    with black_hole() as nowhere, capture_logs() as logs:
        async with talking(api_url=nowhere) as (_, channel):
            problem = await told(channel, "out of reach")
    assert problem == "Zalo's Bot Platform is out of reach (no answer in time)"
    assert TOKEN not in str(logs)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event_name", "message", "result", "from", "chat", "id", "text", "message_id"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(json_like)
def test_nothing_that_may_come_does_harm(given: object) -> None:
    event = event_in(given)
    if event:
        EventReader("1", str).message(event)
