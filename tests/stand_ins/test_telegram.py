"""The stand-in judges the bot, so it is judged itself: it refuses what Telegram refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from stand_ins.failures import Failure
from stand_ins.serving import serving
from stand_ins.telegram import TOKEN, Person, StandIn
from stand_ins.telegram.html import Entity, HtmlError, for_page, parse


class TestHtml:
    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            ("<p>a</p>", "Unsupported start tag"),
            ("a<br>b", "Unsupported start tag"),
            ("<b>a", "Can't find end tag"),
            ("a</b>", "Unexpected end tag"),
            ("<b><i>a</b></i>", "Unmatched end tag"),
            ("1 < 2", "malformed tag"),
            ("<code><b>a</b></code>", "within code"),
            ("<blockquote><blockquote>a</blockquote></blockquote>", "within a quote"),
            ('<a href="javascript:x">a</a>', "needs an address"),
            ('<b class="x">a</b>', "Unexpected attribute"),
        ],
    )
    def test_what_telegram_refuses_is_refused(self, source: str, reason: str) -> None:
        with pytest.raises(HtmlError, match=reason):
            parse(source)

    def test_offsets_are_in_utf_16_units_of_the_trimmed_text(self) -> None:
        text, entities = parse(' 😀 <b>đậm</b> &amp; <a href="https://a.vn/?x=1&amp;y=2">nối</a>\n')
        assert text == "😀 đậm & nối"
        assert entities == [Entity("bold", 3, 3), Entity("text_link", 9, 3, "https://a.vn/?x=1&y=2")]

    def test_only_four_named_references_are_known(self) -> None:
        assert parse("&lt;&gt;&amp;&quot;&#39;&nbsp;")[0] == "<>&\"'&nbsp;"

    def test_a_message_is_shown_on_the_page_as_it_was_formatted(self) -> None:
        source = (
            '<b>a <i>b</i></b>\n<blockquote expandable>c &lt;</blockquote>\nd <a href="https://a.vn">e</a>'
        )
        assert for_page(*parse(source)) == (
            '<b>a <i>b</i></b>\n<blockquote class="folded">c &lt;</blockquote>'
            'd <a target="_blank" rel="noopener" href="https://a.vn">e</a>'
        )


class Bot:
    """Calls the Bot API as any client would."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def __call__(self, method: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
        response = await self._http.post(f"/bot{TOKEN}/{method}", json=parameters)
        return response.status_code, response.json()


@pytest.fixture
async def telegram() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    await stand_in.close()


@pytest.fixture
async def bot(telegram: StandIn) -> AsyncIterator[Bot]:
    async with serving(telegram.app()) as url, httpx.AsyncClient(base_url=url, timeout=10) as http:
        yield Bot(http)


@pytest.fixture
def lan(telegram: StandIn) -> Person:
    return telegram.person("Lan")


def keyboard(**button: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "x", **button}]]}


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, "text: Field required"),
        ({"text": " \n "}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": "<p>", "parse_mode": "HTML"}, "can't parse entities"),
        ({"text": "x", "parse_mode": "Markdown"}, "parse_mode"),
        ({"text": "x", "nonsense": 1}, "nonsense"),
        ({"text": "x", "reply_markup": keyboard(callback_data="đ" * 33)}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": keyboard(callback_data="")}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": keyboard()}, "buttons are unallowed"),
        ({"text": "x", "reply_markup": keyboard(callback_data="a", url="https://a.vn")}, "unallowed"),
        ({"text": "x", "message_thread_id": 7}, "thread not found"),
        ({"text": "x", "chat_id": 1}, "chat not found"),
    ],
    ids=str,
)
async def test_a_message_that_telegram_refuses_is_refused(
    bot: Bot, lan: Person, parameters: dict[str, Any], reason: str
) -> None:
    status, body = await bot("sendMessage", **{"chat_id": lan.chat.id, **parameters})
    assert (status, body["ok"]) == (400, False)
    assert reason in body["description"]
    assert lan.chat.messages == []


async def test_markup_does_not_count_towards_the_length(bot: Bot, lan: Person) -> None:
    text = "<b>" + "&lt;" * 4096 + "</b>"
    status, _ = await bot("sendMessage", chat_id=lan.chat.id, text=text, parse_mode="HTML")
    assert status == 200


async def test_an_unknown_method_and_a_wrong_token_are_refused(bot: Bot) -> None:
    assert (await bot("sendMesage"))[0] == 404
    assert (await bot._http.post("/botwrong/getMe")).status_code == 401


async def test_an_update_comes_again_until_its_offset_is_passed(bot: Bot, lan: Person) -> None:
    lan.says("a")
    _, first = await bot("getUpdates")
    _, again = await bot("getUpdates")
    assert first == again
    after = first["result"][0]["update_id"] + 1
    assert (await bot("getUpdates", offset=after))[1]["result"] == []


async def test_polling_waits_for_an_update(bot: Bot, lan: Person) -> None:
    poll = asyncio.create_task(bot("getUpdates", timeout=10))
    await bot("getMe")
    lan.says("a")
    assert len((await poll)[1]["result"]) == 1


async def test_of_two_pollers_the_first_is_sent_away(bot: Bot, telegram: StandIn, lan: Person) -> None:
    first = asyncio.create_task(bot("getUpdates", timeout=10))
    await telegram.until(lambda: telegram._poller)
    second = asyncio.create_task(bot("getUpdates", timeout=10))
    assert (await first)[0] == 409
    lan.says("a")
    assert (await second)[0] == 200


async def test_only_the_kinds_asked_for_are_sent(bot: Bot, lan: Person) -> None:
    await bot("getUpdates", allowed_updates=["callback_query"])
    lan.says("a")
    assert (await bot("getUpdates"))[1]["result"] == []


async def test_an_update_is_pushed_again_until_it_is_taken_and_before_the_next(
    bot: Bot, telegram: StandIn, lan: Person
) -> None:
    got: list[tuple[str, str]] = []

    async def hook(scope: Any, receive: Any, send: Any) -> None:
        body = json.loads((await receive())["body"])
        got.append(
            (body["message"]["text"], dict(scope["headers"])[b"x-telegram-bot-api-secret-token"].decode())
        )
        status = 500 if len(got) < 3 else 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with serving(hook) as url:
        await bot("setWebhook", url=url, secret_token="s3cret")
        assert (await bot("getUpdates"))[0] == 409
        lan.says("a")
        lan.says("b")
        await telegram.until(lambda: not telegram.unacknowledged)
        await bot("deleteWebhook")
    assert got == [("a", "s3cret")] * 3 + [("b", "s3cret")]


async def test_a_pressed_button_is_answered_once(bot: Bot, telegram: StandIn, lan: Person) -> None:
    _, sent = await bot(
        "sendMessage", chat_id=lan.chat.id, text="x", reply_markup=keyboard(callback_data="a")
    )
    query = lan.presses(sent["result"], "x")
    assert (await bot("answerCallbackQuery", callback_query_id=query))[0] == 200
    assert "query is too old" in (await bot("answerCallbackQuery", callback_query_id=query))[1]["description"]


async def test_planned_failures_happen_in_order_and_may_take_effect_all_the_same(
    bot: Bot, telegram: StandIn, lan: Person
) -> None:
    telegram.failures.plan("sendMessage", Failure(502))
    telegram.failures.plan("sendMessage", Failure(504, is_done=True))
    message = {"chat_id": lan.chat.id, "text": "x"}
    statuses = [
        (await bot._http.post(f"/bot{TOKEN}/sendMessage", json=message)).status_code for _ in range(3)
    ]
    assert statuses == [502, 504, 200]
    assert len(lan.chat.messages) == 2


async def test_too_many_messages_to_one_chat_are_refused(bot: Bot, telegram: StandIn, lan: Person) -> None:
    telegram.most_a_second = 1
    statuses = [(await bot("sendMessage", chat_id=lan.chat.id, text="x"))[0] for _ in range(10)]
    assert 429 in statuses


async def updates(bot: Bot) -> list[dict[str, Any]]:
    _, body = await bot("getUpdates")
    return [update["message"] for update in body["result"]]


async def test_the_items_of_an_album_come_one_by_one_and_name_it(bot: Bot, lan: Person) -> None:
    lan.sends_album(None, "Đây là đâu?")
    first, second = await updates(bot)
    assert first["media_group_id"] == second["media_group_id"]
    assert ("caption" in first, second["caption"]) == (False, "Đây là đâu?")


async def test_a_reply_has_what_it_replies_to_and_the_place_of_a_quote(bot: Bot, lan: Person) -> None:
    lan.replies(lan.replies(lan.says("😀 tin này"), "hả?"), "đúng không?", quote="?")
    *_, reply = await updates(bot)
    assert reply["reply_to_message"]["text"] == "hả?"
    assert "reply_to_message" not in reply["reply_to_message"]
    assert reply["quote"] == {"text": "?", "position": 2, "is_manual": True}


async def test_a_group_that_is_upgraded_says_so_in_both_and_takes_nothing_more(
    bot: Bot, telegram: StandIn
) -> None:
    group = telegram.group()
    supergroup = telegram.upgrade(group)
    old, new = await updates(bot)
    assert (old["chat"]["id"], old["migrate_to_chat_id"]) == (group.id, supergroup.id)
    assert (new["chat"]["id"], new["migrate_from_chat_id"]) == (supergroup.id, group.id)
    status, body = await bot("sendMessage", chat_id=group.id, text="x")
    assert (status, body["parameters"]) == (400, {"migrate_to_chat_id": supergroup.id})


async def test_another_bot_says_that_it_is_one(bot: Bot, telegram: StandIn) -> None:
    telegram.bot().says("xin chào", telegram.group())
    [said] = await updates(bot)
    assert said["from"]["is_bot"]
