"""What becomes of a card that is sent, on good days and on bad ones."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from structlog.testing import capture_logs

from bot.channels.contract import MaybeSent, Rejected, TryLater, Unreachable
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram.pace import Pace
from bot.content.library import Library
from bot.domain.card import Button, Card, Picture
from bot.domain.language import Language
from bot.domain.plan import Kind
from bot.storage.inbox import Inbox
from stand_ins.failures import Failure
from stand_ins.telegram import TOKEN, Person, StandIn
from tests.support.telegram import SECRET

HELLO = Card(Kind.SMALLTALK, Language.VI, "Chào **bạn**", buttons=(Button("Trợ giúp", "say:help"),))
LONG = Card(Kind.ANSWER, Language.VI, "\n\n".join(["chữ " * 500] * 5), buttons=HELLO.buttons)


PAINTED = io.BytesIO()
Image.new("RGB", (1200, 630), "red").save(PAINTED, "PNG")
PNG = PAINTED.getvalue()
PATH = "/share/vi/clarification/x/0123456789ab.png"
SHARED = Card(
    Kind.ACTION, Language.VI, "Gửi tiếp được.", id="clarification.x", buttons=HELLO.buttons,
    picture=Picture(PATH, "Hình", "Không đúng: <Tin> & đồn", page="/vi/clarification/x"),
)  # fmt: skip


@pytest.fixture
def lan(telegram: StandIn) -> Person:
    return telegram.person("Lan")


def refusal(status: int, description: str, **parameters: int) -> Failure:
    body = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
    return Failure(status, body)


async def test_a_card_arrives_with_formatting_and_buttons(channel: TelegramChannel, lan: Person) -> None:
    await channel.send(str(lan.chat.id), 1, 0, HELLO)
    [message] = lan.chat.messages
    assert message["text"] == "Chào bạn"
    assert message["entities"] == [{"type": "bold", "offset": 5, "length": 3}]
    assert message["reply_markup"]["inline_keyboard"] == [[{"text": "Trợ giúp", "callback_data": "say:help"}]]


async def test_links_get_no_preview(channel: TelegramChannel, lan: Person, telegram: StandIn) -> None:
    await channel.send(str(lan.chat.id), 1, 0, HELLO)
    [call] = telegram.called("sendMessage")
    assert call.parameters["link_preview_options"] == '{"is_disabled": true}'


async def test_only_the_last_part_of_a_long_card_has_buttons(channel: TelegramChannel, lan: Person) -> None:
    await channel.send(str(lan.chat.id), 1, 0, LONG)
    assert ["reply_markup" in message for message in lan.chat.messages] == [False, False, True]


async def test_a_reply_in_a_forum_goes_to_its_topic(channel: TelegramChannel, telegram: StandIn) -> None:
    forum = telegram.group(is_forum=True)
    await channel.send(f"{forum.id}/45", 1, 0, HELLO)
    assert forum.messages[0]["message_thread_id"] == 45


async def test_html_that_telegram_refuses_is_sent_as_plain_text_and_logged(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    telegram.failures.plan("sendMessage", refusal(400, "Bad Request: can't parse entities: Unsupported tag"))
    with capture_logs() as logs:
        await channel.send(str(lan.chat.id), 1, 0, HELLO)
    [message] = lan.chat.messages
    assert (message["text"], message["entities"]) == ("Chào bạn", [])
    assert "reply_markup" in message
    assert [log["event"] for log in logs] == ["html_refused"]


async def test_too_many_requests_is_for_later_and_nothing_is_repeated_at_once(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    telegram.failures.plan("sendMessage", refusal(429, "Too Many Requests: retry after 7", retry_after=7))
    with pytest.raises(TryLater) as later:
        await channel.send(str(lan.chat.id), 1, 0, HELLO)
    assert later.value.seconds == pytest.approx(7.1)
    assert len(telegram.called("sendMessage")) == 1


async def test_one_flooded_chat_does_not_hold_up_the_others(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    telegram.failures.plan("sendMessage", refusal(429, "Too Many Requests", retry_after=3600))
    with pytest.raises(TryLater):
        await channel.send(str(lan.chat.id), 1, 0, HELLO)
    minh = telegram.person("Minh")
    await channel.send(str(minh.chat.id), 2, 0, HELLO)
    assert len(minh.chat.messages) == 1


async def test_a_long_card_goes_on_where_it_was_interrupted(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    await channel.send(str(lan.chat.id), 1, 0, LONG)
    whole = [message["text"] for message in lan.chat.messages]
    lan.chat.messages.clear()

    minh = telegram.person("Minh")
    telegram.failures.plan("sendMessage", Failure(502))
    with pytest.raises(TryLater):
        await channel.send(str(minh.chat.id), 2, 0, LONG)
    await channel.send(str(minh.chat.id), 2, 0, LONG)
    assert [message["text"] for message in minh.chat.messages] == whole


async def test_who_blocked_the_bot_is_unreachable(channel: TelegramChannel, lan: Person) -> None:
    lan.blocks_the_bot()
    with pytest.raises(Unreachable):
        await channel.send(str(lan.chat.id), 1, 0, HELLO)


async def test_a_chat_that_is_gone_is_unreachable(channel: TelegramChannel) -> None:
    with pytest.raises(Unreachable):
        await channel.send("12345", 1, 0, HELLO)


async def test_what_telegram_refuses_for_good_is_rejected(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    telegram.failures.plan("sendMessage", refusal(400, "Bad Request: BUTTON_DATA_INVALID"))
    with pytest.raises(Rejected):
        await channel.send(str(lan.chat.id), 1, 0, HELLO)


async def test_a_server_error_is_for_later(channel: TelegramChannel, lan: Person, telegram: StandIn) -> None:
    telegram.failures.plan("sendMessage", Failure(502))
    with pytest.raises(TryLater):
        await channel.send(str(lan.chat.id), 1, 0, HELLO)


async def test_a_connection_that_was_never_made_is_for_later(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    # A port that nothing listens on: the address that is left when Telegram is gone.
    channel._bot._base_url = f"http://127.0.0.1:1/bot{TOKEN}"
    with pytest.raises(TryLater):
        await channel.send(str(lan.chat.id), 1, 0, HELLO)


async def test_a_timed_out_send_is_not_repeated(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    telegram.failures.plan("sendMessage", Failure(is_done=True))
    with pytest.raises(MaybeSent):
        await channel.send(str(lan.chat.id), 1, 0, HELLO)
    assert len(lan.chat.messages) == 1


async def test_whoever_runs_the_bot_is_told_that_telegram_does_not_answer_until_it_does(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    channel._receiver.problem = None  # as if it were receiving
    telegram.failures.plan("sendMessage", Failure())
    with pytest.raises(MaybeSent):
        await channel.send(str(lan.chat.id), 1, 0, HELLO)
    assert "Telegram does not answer" in str(channel.problem)
    await channel.send(str(lan.chat.id), 2, 0, HELLO)
    assert channel.problem is None


async def test_a_timed_out_part_does_not_cost_the_parts_after_it(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    telegram.failures.plan("sendMessage", Failure(is_done=True))
    with pytest.raises(MaybeSent):
        await channel.send(str(lan.chat.id), 1, 0, LONG)
    assert len(lan.chat.messages) == 3


async def test_a_group_that_became_a_supergroup_gets_its_answer_once_under_the_new_id(
    channel: TelegramChannel, telegram: StandIn
) -> None:
    group = telegram.group()
    supergroup = telegram.upgrade(group)
    await channel.send(str(group.id), 1, 0, HELLO)
    await channel.send(str(group.id), 2, 0, HELLO)
    assert len(supergroup.from_bot()) == 2
    assert [call.status for call in telegram.called("sendMessage")] == [400, 200, 200]


async def test_what_is_delivered_to_the_old_id_of_a_group_is_looked_at_again(
    channel: TelegramChannel, telegram: StandIn
) -> None:
    group = telegram.group()
    supergroup = telegram.upgrade(group)
    before = len(supergroup.messages)
    for _ in range(2):
        with pytest.raises(TryLater) as later:
            await channel.send(str(group.id), -1, 0, HELLO)
        assert later.value.seconds == 0
    assert len(supergroup.messages) == before


async def test_a_group_that_had_its_share_of_a_minute_keeps_nobody_waiting(
    channel: TelegramChannel, telegram: StandIn
) -> None:
    channel._sender._pace = Pace(burst=100, seconds=1)
    group = telegram.group()
    began = time.monotonic()
    for number in range(20):
        await channel.send(str(group.id), number, 0, HELLO)
    with pytest.raises(TryLater) as later:
        await channel.send(str(group.id), 20, 0, HELLO)
    assert 0 < later.value.seconds <= 3
    await channel.send(str(telegram.group().id), 21, 0, HELLO)
    assert time.monotonic() - began < 5


async def test_an_answer_that_drips_on_for_ever_has_an_end(
    channel: TelegramChannel, lan: Person, dripping: str
) -> None:
    channel._sender._within = 0.5
    channel._bot._base_url = f"{dripping}/bot{TOKEN}"
    began = time.monotonic()
    with pytest.raises(MaybeSent):
        await channel.send(str(lan.chat.id), 1, 0, HELLO)
    assert time.monotonic() - began < 5


async def test_one_chat_gets_a_burst_and_then_a_message_a_second(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    for number in range(5):
        await channel.send(str(lan.chat.id), number, 0, HELLO)
    at = [call.at for call in telegram.called("sendMessage")]
    assert at[2] - at[0] < 0.9
    assert all(later - earlier > 0.9 for earlier, later in itertools.pairwise(at[2:]))


async def test_different_chats_do_not_wait_for_each_other(
    channel: TelegramChannel, telegram: StandIn
) -> None:
    begun = time.monotonic()
    for number in range(10):
        await channel.send(str(telegram.person().chat.id), number, 0, HELLO)
    assert time.monotonic() - begun < 2


async def test_typing_is_shown_if_the_answer_takes_a_while(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    await channel.show_working(str(lan.chat.id))
    await channel.show_working(str(lan.chat.id))
    await telegram.until(lambda: lan.chat.actions == ["typing"])


async def test_typing_is_not_shown_once_the_answer_is_there(
    channel: TelegramChannel, lan: Person, telegram: StandIn
) -> None:
    await channel.show_working(str(lan.chat.id))
    await channel.send(str(lan.chat.id), 1, 0, HELLO)
    minh = telegram.person("Minh")
    await channel.show_working(str(minh.chat.id))
    await telegram.until(lambda: minh.chat.actions == ["typing"])
    assert lan.chat.actions == []


async def test_showing_typing_never_fails(channel: TelegramChannel, telegram: StandIn) -> None:
    await channel.show_working("12345")
    await telegram.until(lambda: telegram.called("sendChatAction"))


class TestPictures:
    """A card's picture is a message of its own, with a caption that goes along when it is forwarded."""

    public_url = "https://bot.example"

    @pytest.fixture
    async def channel(
        self, api_url: str, inbox: Inbox, small_library: Library
    ) -> AsyncIterator[TelegramChannel]:
        async def photo(path: str) -> bytes | None:
            return PNG if path == PATH else None

        channel = TelegramChannel(
            inbox, lambda: small_library, token=TOKEN, secret=SECRET, api_url=api_url, photo=photo,
            public_url=self.public_url,
        )  # fmt: skip
        async with channel.connected():
            yield channel

    async def test_telegram_fetches_it_where_it_can(
        self, channel: TelegramChannel, lan: Person, telegram: StandIn
    ) -> None:
        telegram.web[f"https://bot.example{PATH}"] = PNG
        await channel.send(str(lan.chat.id), 1, 0, SHARED)
        photo, text = lan.chat.messages
        assert (photo["photo"][0]["width"], photo["photo"][0]["height"]) == (1200, 630)
        assert photo["caption"] == "Không đúng: <Tin> & đồn\nhttps://bot.example/vi/clarification/x"
        assert "reply_markup" not in photo
        assert (text["text"], "reply_markup" in text) == ("Gửi tiếp được.", True)
        assert len(telegram.called("sendPhoto")) == 1

    async def test_it_is_uploaded_where_telegram_cannot_fetch_it(
        self, channel: TelegramChannel, lan: Person, telegram: StandIn
    ) -> None:
        await channel.send(str(lan.chat.id), 1, 0, SHARED)
        assert "photo" in lan.chat.messages[0]
        assert [call.status for call in telegram.called("sendPhoto")] == [400, 200]

    async def test_without_it_its_caption_is_said_which_has_the_link(
        self, channel: TelegramChannel, lan: Person, telegram: StandIn
    ) -> None:
        telegram.failures.plan("sendPhoto", refusal(400, "Bad Request: IMAGE_PROCESS_FAILED"), times=2)
        await channel.send(str(lan.chat.id), 1, 0, SHARED)
        assert "https://bot.example/vi/clarification/x" in lan.chat.messages[0]["text"]

    async def test_after_too_many_requests_it_is_not_sent_twice(
        self, channel: TelegramChannel, lan: Person, telegram: StandIn
    ) -> None:
        telegram.failures.plan("sendMessage", refusal(429, "Too Many Requests: retry after 7", retry_after=7))
        with pytest.raises(TryLater):
            await channel.send(str(lan.chat.id), 1, 0, SHARED)
        await channel.send(str(lan.chat.id), 1, 0, SHARED)
        assert ["photo" in message for message in lan.chat.messages] == [True, False]

    async def test_who_blocked_the_bot_is_sent_no_caption_instead(
        self, channel: TelegramChannel, lan: Person, telegram: StandIn
    ) -> None:
        lan.blocks_the_bot()
        with pytest.raises(Unreachable):
            await channel.send(str(lan.chat.id), 1, 0, SHARED)
        assert len(telegram.calls) == 1
