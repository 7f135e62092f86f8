"""The page on which one chats with the bot: what it shows, and what it does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from stand_ins.page import page_routes
from stand_ins.serving import serving
from stand_ins.telegram import TOKEN, StandIn
from stand_ins.telegram.page import TelegramOnPage
from stand_ins.zalo import StandIn as Zalo
from stand_ins.zalo.page import ZaloOnPage


@pytest.fixture
async def telegram() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    await stand_in.close()


@pytest.fixture
async def http(telegram: StandIn) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[*page_routes(TelegramOnPage(telegram)), *telegram.routes()])
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


async def test_one_chats_as_a_person_and_sees_the_card(http: httpx.AsyncClient, telegram: StandIn) -> None:
    assert "<title>" in (await http.get("/")).text
    chat = (await http.post("/page/new", json={"name": "Lan", "language": "vi"})).json()["chat"]
    await http.post("/page/say", json={"chat": chat, "text": "<b>Chợ nổi</b>"})
    keyboard = {"inline_keyboard": [[{"text": "Trợ giúp", "callback_data": "say:help"}]]}
    card = {"chat_id": chat, "text": "Chợ <b>nổi</b>", "parse_mode": "HTML", "reply_markup": keyboard}
    await http.post(f"/bot{TOKEN}/sendMessage", json=card)

    state = (await http.get("/page/state")).json()
    start, said, answer = state["bubbles"]
    assert (start["html"], said["html"]) == ("/start", "&lt;b&gt;Chợ nổi&lt;/b&gt;")
    assert (answer["html"], answer["is_from_bot"]) == ("Chợ <b>nổi</b>", True)
    assert answer["keys"] == [[{"label": "Trợ giúp", "data": "say:help", "url": None}]]

    await http.post("/page/press", json={"chat": chat, "bubble": answer["id"], "data": "say:help"})
    assert [next(iter(update.keys() - {"update_id"})) for update in telegram.unacknowledged] == [
        "message",
        "message",
        "callback_query",
    ]


async def test_one_can_let_things_go_wrong(http: httpx.AsyncClient, telegram: StandIn) -> None:
    await http.post("/page/fail", json={"method": "sendMessage", "failure": {"status": 502}, "times": 2})
    assert (await http.get("/page/state")).json()["failures"] == 2
    chat = telegram.person().chat.id
    statuses = [
        (await http.post(f"/bot{TOKEN}/sendMessage", json={"chat_id": chat, "text": "x"})).status_code
        for _ in range(3)
    ]
    assert statuses == [502, 502, 200]


async def test_on_zalo_one_sees_plain_text_with_links_and_a_list_of_buttons() -> None:
    zalo = Zalo()
    app = Starlette(routes=[*page_routes(ZaloOnPage(zalo)), *zalo.routes()])
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as http:
        chat = (await http.post("/page/new", json={"name": "Lan", "language": "vi"})).json()["chat"]
        buttons = [
            {"title": "Trợ giúp", "type": "oa.query.hide", "payload": "#say:help"},
            {"title": "Bản đồ", "type": "oa.open.url", "payload": {"url": "https://maps.example/"}},
        ]
        attachment = {"type": "template", "payload": {"buttons": buttons}}
        content = {"text": "**1 < 2**, https://cantho.gov.vn/a.", "attachment": attachment}
        card = {"recipient": {"user_id": chat}, "message": content}
        headers = {"access_token": zalo.grant.explorer()["access_token"]}
        await http.post("/v3.0/oa/message/cs", json=card, headers=headers)

        state = (await http.get("/page/state")).json()
        (answer,) = state["bubbles"]
        assert answer["html"].startswith("**1 &lt; 2**, <a target")
        assert answer["html"].endswith('href="https://cantho.gov.vn/a">https://cantho.gov.vn/a</a>.')
        assert [[key["label"] for key in row] for row in answer["keys"]] == [["Trợ giúp"], ["Bản đồ"]]

        await http.post("/page/press", json={"chat": chat, "bubble": answer["id"], "data": "#say:help"})
        await http.post("/page/command", json={"chat": chat, "text": "sticker"})
        names = [event["event_name"] for event in zalo.webhook.lost]  # no webhook is saved
        assert names == ["user_click_chatnow", "oa_send_text", "user_send_text", "user_send_sticker"]
        await zalo.close()
