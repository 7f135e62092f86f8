"""How updates get into the inbox, by polling and by webhook, and what is acknowledged when."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram import receiving as module
from bot.content.library import Library
from bot.content.messages import Commands
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import InboxMessage
from stand_ins.failures import Failure
from stand_ins.telegram import TOKEN, StandIn
from stand_ins.telegram.server import error
from tests.support.telegram import SECRET, ByWebhook


@pytest.fixture
def texts(engine: AsyncEngine) -> Callable[[], Any]:
    """What stands in the inbox, in order."""

    async def read() -> list[str | None]:
        async with engine.connect() as connection:
            rows = await connection.execute(
                select(InboxMessage.text, InboxMessage.button).order_by(InboxMessage.id)
            )
            return [row.text or row.button for row in rows]

    return read


@pytest.fixture
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that a test can wait for."""
    monkeypatch.setattr(module, "PAUSE_FIRST", 0.01)
    monkeypatch.setattr(module, "PAUSE_MOST", 0.05)
    monkeypatch.setattr(module, "seconds_of", lambda _: 0.01)


class BrokenInbox(Inbox):
    """An inbox whose database is away for a while."""

    failures = 0

    async def accept(self, message: Any) -> int | None:
        if self.failures:
            self.failures -= 1
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        return await super().accept(message)


def polling(api_url: str, inbox: Inbox, library: Library, **more: Any) -> TelegramChannel:
    return TelegramChannel(inbox, lambda: library, token=TOKEN, secret=SECRET, api_url=api_url, **more)


@pytest.fixture
async def polled(api_url: str, inbox: Inbox, small_library: Library) -> AsyncIterator[TelegramChannel]:
    """A channel that polls."""
    channel = polling(api_url, inbox, small_library)
    async with channel.connected(), channel.receiving():
        yield channel


class TestPolling:
    """Without an address of its own the bot asks for updates."""

    async def test_messages_get_into_the_inbox_in_order(
        self, polled: TelegramChannel, telegram: StandIn, texts: Any
    ) -> None:
        lan = telegram.person()
        for number in range(120):
            lan.says(f"câu {number}")
        await telegram.until(lambda: not telegram.unacknowledged)
        assert await texts() == [f"câu {number}" for number in range(120)]
        assert polled.problem is None

    async def test_a_webhook_that_was_set_before_is_taken_away(
        self, api_url: str, inbox: Inbox, small_library: Library, telegram: StandIn, texts: Any
    ) -> None:
        async with httpx.AsyncClient() as client:
            url = {"url": "http://127.0.0.1:1/gone"}
            (await client.post(f"{api_url}/bot{telegram.token}/setWebhook", json=url)).raise_for_status()
        channel = polling(api_url, inbox, small_library)
        async with channel.connected(), channel.receiving():
            telegram.person().says("có ai không?")
            await telegram.until(lambda: not telegram.unacknowledged)
        assert await texts() == ["có ai không?"]

    async def test_what_was_redelivered_after_a_restart_is_dropped(
        self, api_url: str, inbox: Inbox, small_library: Library, telegram: StandIn, texts: Any
    ) -> None:
        telegram.person().says("một lần thôi")
        for _ in range(2):
            channel = polling(api_url, inbox, small_library)
            async with channel.connected(), channel.receiving():
                await telegram.until(lambda: not telegram.unacknowledged)
            telegram.redeliver()
        assert await texts() == ["một lần thôi"]

    @pytest.mark.usefixtures("in_haste")
    async def test_an_update_is_acknowledged_only_when_the_inbox_has_it(
        self, api_url: str, database: Database, small_library: Library, telegram: StandIn, texts: Any
    ) -> None:
        inbox = BrokenInbox(database, "secret")
        inbox.failures = 3
        lan = telegram.person()
        lan.says("một")
        lan.says("hai")
        channel = polling(api_url, inbox, small_library)
        with capture_logs() as logs:
            async with channel.connected(), channel.receiving():
                await telegram.until(lambda: not telegram.unacknowledged)
        assert await texts() == ["một", "hai"]
        offsets = {int(call.parameters["offset"]) for call in telegram.called("getUpdates")[:4]}
        assert offsets == {0}
        assert [log["event"] for log in logs].count("poll_failed") == 3

    @pytest.mark.usefixtures("in_haste")
    @pytest.mark.parametrize(
        "failure", [Failure(502), Failure(429, error(429, "Too Many Requests", retry_after=1))]
    )
    async def test_it_comes_through_a_time_when_telegram_is_away(
        self,
        api_url: str,
        inbox: Inbox,
        small_library: Library,
        telegram: StandIn,
        texts: Any,
        failure: Failure,
    ) -> None:
        for method in ("getMe", "deleteWebhook", "getUpdates", "setMyCommands"):
            telegram.failures.plan(method, failure, times=3)
        telegram.person().says("kiên nhẫn")
        channel = polling(api_url, inbox, small_library)
        async with channel.connected(), channel.receiving():
            await telegram.until(lambda: not telegram.unacknowledged and not telegram.failures.waiting())
        assert await texts() == ["kiên nhẫn"]

    @pytest.mark.usefixtures("in_haste")
    async def test_a_second_poller_is_told_and_goes_on(
        self, polled: TelegramChannel, telegram: StandIn, api_url: str
    ) -> None:
        await telegram.until(lambda: telegram.called("getMe") and polled.problem is None)
        with capture_logs() as logs:
            async with httpx.AsyncClient() as client:
                while not any(log["event"] == "poll_failed" for log in logs):
                    await client.post(f"{api_url}/bot{telegram.token}/getUpdates", json={"timeout": 0})
        assert "another process polls" in next(log["reason"] for log in logs if log["event"] == "poll_failed")
        telegram.person().says("vẫn đây")
        await telegram.until(lambda: not telegram.unacknowledged)

    async def test_a_wrong_token_stops_it_in_words_that_do_not_show_the_token(
        self, api_url: str, inbox: Inbox, small_library: Library, telegram: StandIn
    ) -> None:
        telegram.token = "another"
        channel = polling(api_url, inbox, small_library)
        with capture_logs() as logs:
            async with channel.connected(), channel.receiving():
                await asyncio.wait([task for task in asyncio.all_tasks() if task.get_name() == "telegram"])
        assert [log["event"] for log in logs] == ["telegram_stopped"]
        assert channel.problem == "Telegram refuses TELEGRAM_TOKEN; get a valid one from @BotFather"


@pytest.mark.parametrize("method", ["deleteWebhook", "getMe"])
async def test_a_refused_setup_is_told_in_telegrams_words(
    api_url: str, inbox: Inbox, small_library: Library, telegram: StandIn, method: str
) -> None:
    telegram.failures.plan(method, Failure(403, error(403, "Forbidden: the bot was deleted")))
    channel = polling(api_url, inbox, small_library)
    with capture_logs() as logs:
        async with channel.connected(), channel.receiving():
            await asyncio.wait([task for task in asyncio.all_tasks() if task.get_name() == "telegram"])
    assert "telegram_stopped" in [log["event"] for log in logs]
    assert channel.problem == "Telegram refuses the setup: Forbidden: the bot was deleted"


async def test_while_another_process_polls_this_one_does_not(
    api_url: str, inbox: Inbox, small_library: Library, telegram: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    leads = False
    channel = polling(api_url, inbox, small_library, leads=lambda: leads)
    async with channel.connected(), channel.receiving():
        await telegram.until(lambda: telegram.called("deleteWebhook") and channel.problem is None)
        telegram.person().says("ai đó trả lời")
        assert not telegram.called("getUpdates")
        leads = True
        await telegram.until(lambda: not telegram.unacknowledged)


async def test_an_update_that_cannot_be_read_does_not_keep_its_chat_waiting(
    polled: TelegramChannel, telegram: StandIn, texts: Any
) -> None:
    lan = telegram.person()
    telegram.update(lan.chat, message={"chat": {"id": "nonsense"}, "text": "bí mật"})
    lan.says("sau đó")
    with capture_logs() as logs:
        await telegram.until(lambda: not telegram.unacknowledged)
    assert await texts() == ["sau đó"]
    assert "bí mật" not in str(logs)


@pytest.mark.parametrize(
    "broken",
    [
        {"callback_query": {"data": "a\0b"}},
        {"callback_query": {"data": "\ud800"}},
        {"callback_query": {"id": "\ud800\0"}},
        {"message": {"chat": {"id": 10**400, "type": "private"}, "text": "a"}},
        {"message": {"chat": {"id": "1; DROP", "type": "private"}, "text": "a"}},
        {"message": {"chat": {"id": 1.5e300, "type": "private"}, "text": "a"}},
        {"message": {"chat": {"id": 5, "type": "private"}, "message_id": "\ud800", "text": "a\0\ud800b"}},
        {"message": {"chat": {"id": 5, "type": "private"}, "media_group_id": "\ud800", "text": "a"}},
        {"message": {"chat": {"id": 5, "type": "private"}, "text": "@\ud800", "entities": [
            {"type": "mention", "offset": -(10**9), "length": 10**30}]}},
        {"message": {"chat": {"id": -5, "type": "group"}, "migrate_to_chat_id": "\ud800"}},
        {"message": {"chat": [], "text": {}}},
        {"edited_message": None, "something_new": {"a": 1}},
    ],
)  # fmt: skip
async def test_what_nobody_can_write_down_does_not_keep_the_next_update_waiting(
    polled: TelegramChannel, telegram: StandIn, texts: Any, broken: dict[str, Any]
) -> None:
    lan = telegram.person()
    under = {"message_id": 1, "date": 1, "chat": lan.chat.as_json()}
    whole: dict[str, dict[str, Any]] = {
        "callback_query": {"id": "1", "from": lan.as_json(), "chat_instance": "1", "data": "say:help",
                           "message": under},
        "message": under | {"from": lan.as_json()},
    }  # fmt: skip
    kinds = {kind: {**whole.get(kind, {}), **(content or {})} for kind, content in broken.items()}
    telegram.receive(lan.chat, **kinds)
    lan.says("sau đó")
    await telegram.until(lambda: not telegram.unacknowledged)
    assert (await texts())[-1] == "sau đó"
    assert polled.problem is None


@pytest.mark.parametrize(
    "strange",
    [
        {"poll": {"question": [{"a newer": "form"}]}},
        {"reply_to_message": {"message_id": 3, "chat": {"id": 5}, "rich_text": {"blocks": 7}}},
        {"external_reply": {"origin": 7}},
        {"entities": [{"type": "date_time", "at": 7}, 5]},
        {"quote": {"text": "không có vị trí"}},
    ],
)
async def test_a_field_that_the_library_does_not_understand_does_not_cost_the_answer(
    polled: TelegramChannel, telegram: StandIn, texts: Any, strange: dict[str, Any]
) -> None:
    telegram.person().says("chợ nổi mở cửa lúc mấy giờ vậy bạn ơi?", **strange)
    await telegram.until(lambda: not telegram.unacknowledged)
    assert await texts() == ["chợ nổi mở cửa lúc mấy giờ vậy bạn ơi?"]


async def test_the_same_button_pressed_twice_at_once_is_one_message_and_again_later_another(
    api_url: str, database: Database, engine: AsyncEngine, small_library: Library, telegram: StandIn
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    inbox = Inbox(database, "secret", lambda: now)

    async def pressed() -> list[str]:
        async with engine.connect() as connection:
            return [button for button in await connection.scalars(select(InboxMessage.button)) if button]

    channel = polling(api_url, inbox, small_library)
    async with channel.connected(), channel.receiving():
        lan = telegram.person()
        message = telegram.new_message(lan.chat, telegram.me, text="Chào")
        lan.sends_callback(message, "say:help")
        lan.sends_callback(message, "say:help")
        lan.sends_callback(message, "say:topics")
        await telegram.until(lambda: not telegram.unacknowledged)
        assert await pressed() == ["say:help", "say:topics"]
        now += datetime.timedelta(seconds=4)
        telegram.redeliver()
        await telegram.until(lambda: not telegram.unacknowledged)
        assert await pressed() == ["say:help", "say:topics"]
        lan.sends_callback(message, "say:help")
        await telegram.until(lambda: not telegram.unacknowledged)
        assert await pressed() == ["say:help", "say:topics", "say:help"]


@pytest.mark.parametrize("kind", ["photo", "document"])
@pytest.mark.parametrize(
    ("captions", "text"),
    [
        ((None, "Đây là đâu?", None), "Đây là đâu?"),
        ((None, None, "Đây là đâu?"), "Đây là đâu?"),
        (("Đây là đâu?", None, None), "Đây là đâu?"),
        (("Chợ nổi?", None, "Mấy giờ mở?"), "Chợ nổi? Mấy giờ mở?"),
    ],
)
async def test_the_captions_of_an_album_are_one_question_wherever_they_stand(
    polled: TelegramChannel,
    telegram: StandIn,
    engine: AsyncEngine,
    texts: Any,
    kind: str,
    captions: tuple[str | None, ...],
    text: str,
) -> None:
    telegram.person().sends_album(*captions, kind=kind)
    await telegram.until(lambda: not telegram.unacknowledged)
    telegram.redeliver()
    await telegram.until(lambda: not telegram.unacknowledged)
    assert await texts() == [text]
    async with engine.connect() as connection:
        assert await connection.scalar(select(InboxMessage.unreadable)) is False


async def test_an_album_without_a_caption_is_one_thing_that_cannot_be_read(
    polled: TelegramChannel, telegram: StandIn, engine: AsyncEngine
) -> None:
    telegram.person().sends_album(None, None, None)
    await telegram.until(lambda: not telegram.unacknowledged)
    async with engine.connect() as connection:
        assert list(await connection.scalars(select(InboxMessage.unreadable))) == [True]


async def test_a_pressed_button_stops_spinning_at_once(
    polled: TelegramChannel, telegram: StandIn, texts: Any
) -> None:
    lan = telegram.person()
    message = telegram.new_message(lan.chat, telegram.me, text="Chào")
    query = lan.sends_callback(message, "say:help")
    await telegram.until(lambda: telegram.answered_queries[query] == 1 and not telegram.unacknowledged)
    assert await texts() == ["say:help"]


async def test_a_button_pressed_too_long_ago_is_answered_all_the_same(
    polled: TelegramChannel, telegram: StandIn, texts: Any
) -> None:
    lan = telegram.person()
    message = telegram.new_message(lan.chat, telegram.me, text="Chào")
    query = lan.sends_callback(message, "say:help")
    telegram._queries.clear()
    with capture_logs() as logs:
        await telegram.until(lambda: telegram.answered_queries[query] and not telegram.unacknowledged)
    assert await texts() == ["say:help"]
    assert not [log for log in logs if log["log_level"] in {"error", "warning"}]


async def test_commands_description_and_menu_are_set_in_both_languages_and_for_all_others(
    polled: TelegramChannel, telegram: StandIn, small_library: Library
) -> None:
    await telegram.until(lambda: ("menu_button", "") in telegram.profile)
    texts = small_library.messages.telegram
    assert telegram.profile["description", "vi"] == texts.description.vi
    assert telegram.profile["description", ""] == texts.description.en
    assert telegram.profile["short_description", "en"] == texts.short_description.en
    commands = [command.command for command in telegram.profile["commands", "vi"]]
    assert commands == list(Commands.model_fields)
    assert telegram.profile["menu_button", ""] == {"type": "commands"}


async def set_up_of(channel: TelegramChannel) -> Any:
    """What /ready says of it once it was looked at."""
    async with asyncio.timeout(20):
        while not (said := (await channel.health()).details["set_up"]):  # noqa: ASYNC110  (it wakes nobody)
            await asyncio.sleep(0.01)
    return said


async def test_it_switches_on_what_it_needs_and_looks_whether_it_is_so(
    polled: TelegramChannel, telegram: StandIn
) -> None:
    telegram.me |= {"can_join_groups": False, "can_read_all_group_messages": True}
    names = ["profile", "inline", "guest", "groups", "privacy"]
    assert await set_up_of(polled) == dict.fromkeys(names, "as wanted")
    assert telegram.me["supports_inline_queries"]
    assert telegram.me["supports_guest_queries"]
    assert telegram.profile["inline_query_placeholder", ""] == "căn cước, tin đồn… · ID card, rumour…"
    assert polled.problem is None


async def test_where_the_server_cannot_switch_it_names_the_step_and_works_on(
    api_url: str, inbox: Inbox, small_library: Library, telegram: StandIn, texts: Any
) -> None:
    telegram.unknown = {"setMySettings"}
    channel = polling(api_url, inbox, small_library)
    async with channel.connected(), channel.receiving():
        telegram.person().says("vẫn chạy")
        await telegram.until(lambda: not telegram.unacknowledged)
        told = await set_up_of(channel)
    why = "off, for this server does not know setMySettings; do it in @BotFather:"
    assert channel.problem is None
    assert told == {
        "profile": "as wanted",
        "inline": f"{why} /setinline",
        "guest": f"{why} the bot's settings: guest mode, on",
        "groups": "as wanted",
        "privacy": "as wanted",
    }
    assert await texts() == ["vẫn chạy"]


async def test_what_telegram_refuses_or_only_says_it_did_is_told(
    api_url: str, inbox: Inbox, small_library: Library, telegram: StandIn
) -> None:
    refusal = {"ok": False, "error_code": 400, "description": "Bad Request: SETTING_INVALID"}
    telegram.failures.plan("setMySettings", Failure(400, refusal))
    telegram.failures.plan("setMyDescription", Failure(400, refusal))
    telegram.failures.plan("setMySettings", Failure(200, {"ok": True, "result": True}))
    for said in ("Telegram refuses it: Setting_invalid", "Telegram did not do it"):
        channel = polling(api_url, inbox, small_library)
        async with channel.connected(), channel.receiving():
            told = await set_up_of(channel)
        assert told["inline"] == f"off, for {said}; do it in @BotFather: /setinline"
        is_first = said.endswith("invalid")
        assert told["profile"] == ("Telegram refuses the texts: Setting_invalid" if is_first else "as wanted")


async def test_the_token_and_the_texts_reach_no_log(
    polled: TelegramChannel, telegram: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="telegram"), capture_logs() as logs:
        telegram.failures.plan("getUpdates", Failure(502))
        telegram.person().says("bí mật")
        await telegram.until(lambda: not telegram.unacknowledged)
    shown = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert telegram.token not in str(shown) + str(logs)
    assert "bí mật" not in str(shown) + str(logs)


class TestWebhook:
    """With an address of its own the bot is called."""

    async def test_updates_are_pushed_with_the_secret(
        self, by_webhook: ByWebhook, telegram: StandIn, texts: Any
    ) -> None:
        async with by_webhook() as (channel, url):
            await telegram.until(lambda: telegram.webhook)
            assert telegram.webhook
            assert telegram.webhook.url == f"{url}/telegram"
            assert telegram.webhook.allowed_updates == [
                "message", "edited_message", "callback_query", "inline_query", "guest_message",
            ]  # fmt: skip
            lan, minh = telegram.person("Lan"), telegram.person("Minh")
            for number in range(20):
                lan.says(f"Lan {number}")
                minh.says(f"Minh {number}")
            await telegram.until(lambda: not telegram.unacknowledged)
            assert channel.problem is None
        assert [text for text in await texts() if "Lan" in text] == [f"Lan {n}" for n in range(20)]
        assert telegram.called("setWebhook")[0].status == 200
        assert len(telegram.called("setWebhook")) == 1

    @pytest.mark.parametrize("given", [None, "", "wrong", "s" * 64, "sai-bí-mật".encode().decode("latin-1")])
    async def test_who_does_not_know_the_secret_is_turned_away(
        self, by_webhook: ByWebhook, telegram: StandIn, texts: Any, given: str | None
    ) -> None:
        async with by_webhook() as (_, url), httpx.AsyncClient() as client:
            await telegram.until(lambda: telegram.webhook)
            header = b"X-Telegram-Bot-Api-Secret-Token"
            headers = {} if given is None else {header: given.encode("latin-1")}
            response = await client.post(f"{url}/telegram", json={"update_id": 1}, headers=headers)
        assert response.status_code == 403
        assert await texts() == []

    async def test_a_redelivered_update_is_dropped(
        self, by_webhook: ByWebhook, telegram: StandIn, texts: Any
    ) -> None:
        async with by_webhook():
            telegram.person().says("một lần thôi")
            await telegram.until(lambda: telegram.webhook and not telegram.unacknowledged)
            telegram.redeliver()
            await telegram.until(lambda: not telegram.unacknowledged)
        assert await texts() == ["một lần thôi"]

    async def test_what_the_inbox_did_not_take_comes_again_in_order(
        self, database: Database, telegram: StandIn, texts: Any, by_webhook: ByWebhook
    ) -> None:
        async with by_webhook() as (channel, _):
            broken = BrokenInbox(database, "secret")
            broken.failures = 2
            channel._receiver._handler._inbox = broken
            lan = telegram.person()
            lan.says("một")
            lan.says("hai")
            await telegram.until(lambda: telegram.webhook and not telegram.unacknowledged)
        assert await texts() == ["một", "hai"]

    async def test_nonsense_with_the_right_secret_is_no_crash(
        self, by_webhook: ByWebhook, telegram: StandIn, texts: Any
    ) -> None:
        async with by_webhook() as (_, url), httpx.AsyncClient() as client:
            await telegram.until(lambda: telegram.webhook)
            assert telegram.webhook
            headers = {"X-Telegram-Bot-Api-Secret-Token": str(telegram.webhook.secret_token)}
            statuses = [
                (await client.post(f"{url}/telegram", content=body, headers=headers)).status_code
                for body in (b"", b"{", b"\xff", b"[]", b"{}", b'"x"', b'{"update_id": 1, "message": 7}')
            ]
        assert statuses == [400, 400, 400, 200, 200, 200, 200]
        assert await texts() == []

    async def test_without_a_public_address_there_is_no_route(self, channel: TelegramChannel) -> None:
        assert channel.routes() == []
