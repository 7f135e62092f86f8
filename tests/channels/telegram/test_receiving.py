"""How updates get into the inbox, by polling and by webhook, and what is acknowledged when."""

from __future__ import annotations

import asyncio
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
from bot.channels.telegram import channel as module
from bot.content.library import Library
from bot.store.database import Database
from bot.store.inbox import Inbox
from bot.store.models import InboxMessage
from tests.channels.telegram.conftest import SECRET, ByWebhook
from tests.stand_ins.failures import Failure
from tests.stand_ins.telegram import TOKEN, StandIn


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


class BrokenInbox(Inbox):
    """An inbox whose database is away for a while."""

    failures = 0

    async def accept(self, message: Any) -> int | None:
        if self.failures:
            self.failures -= 1
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        return await super().accept(message)


def polling(api_url: str, inbox: Inbox, library: Library) -> TelegramChannel:
    return TelegramChannel(inbox, lambda: library, token=TOKEN, secret=SECRET, api_url=api_url)


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
    @pytest.mark.parametrize("failure", [Failure(502), Failure(429, {"parameters": {"retry_after": 0}})])
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
    assert commands == [
        "start",
        "topics",
        "language",
        "help",
        "subscribe",
        "unsubscribe",
        "privacy",
        "forget",
    ]
    assert telegram.profile["menu_button", ""] == {"type": "commands"}


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
            assert telegram.webhook.allowed_updates == ["message", "edited_message", "callback_query"]
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
            channel._inbox = broken
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
