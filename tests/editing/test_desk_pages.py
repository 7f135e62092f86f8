"""The pages of questions, announcements and emergencies, without a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.editing.app import create_app
from bot.storage.models import Delivery, KeptQuestion, QuestionState
from tests.support.editors import KEY, ORIGIN, Pages, fields
from tests.support.staffed import PARKING, RUMOUR, Staffed, rumour


async def press(
    browser: httpx.AsyncClient, page: httpx.Response, action: str, **typed: str
) -> httpx.Response:
    """Send a form of a page as it is, with something typed."""
    return await browser.post(action, data={**fields(page, action), **typed})


class TestQuestions:
    async def test_one_click_puts_a_question_into_an_answers_draft(self, staffed: Staffed) -> None:
        pages, bot = staffed
        number = await bot.asked("giữ xe chỗ nào", nearest=PARKING)
        async with pages.browser() as browser:
            await pages.entered(browser)
            assert "giữ xe chỗ nào" in (await browser.get("/questions")).text
            page = await browser.get(f"/questions/{number}")
            form = {"seen": str(number), "text": str(number), "answer": PARKING}
            done = await browser.post(f"/questions/{number}/add", data=form)
            assert done.headers["location"] == f"/questions?added={PARKING}"
            assert "giữ xe chỗ nào" in (await browser.get(f"/answers/{PARKING}")).text
            assert "giữ xe chỗ nào" not in (await browser.get("/questions")).text
            assert "giữ xe chỗ nào" in (await browser.get("/questions?show=done")).text
            assert "Thêm vào “Gửi xe ở đâu”" in page.text

    async def test_what_came_after_the_page_was_drawn_is_not_settled_with_it(self, staffed: Staffed) -> None:
        pages, bot = staffed
        seen = await bot.asked("giữ xe chỗ nào", nearest=PARKING)
        await bot.asked("giữ xe chỗ nào", nearest=PARKING)
        async with pages.browser() as browser:
            await pages.entered(browser)
            await browser.post(f"/questions/{seen}/aside", data={"seen": str(seen)})
        states = [row.state for row in await bot.rows(KeptQuestion)]  # type: ignore[attr-defined]
        assert states == [QuestionState.HANDLED, QuestionState.OPEN]

    async def test_a_new_answer_is_begun_from_one_and_what_is_missing_is_said(self, staffed: Staffed) -> None:
        pages, bot = staffed
        number = await bot.asked("khi nào có tàu điện?", nearest=PARKING)
        async with pages.browser() as browser:
            await pages.entered(browser)
            page, action = await browser.get(f"/questions/{number}"), f"/questions/{number}/new"
            assert fields(page, action)["vi"] == "Khi nào có tàu điện"
            wrong = await press(browser, page, action, vi="")
            assert (wrong.status_code, 'role="alert"' in wrong.text) == (422, True)
            done = await press(browser, page, action, en="When the tram comes")
            assert done.headers["location"] == "/answers/city.khi-nao-co-tau-dien"

    async def test_a_reply_is_looked_at_then_sent_and_followed(self, staffed: Staffed) -> None:
        pages, bot = staffed
        number = await bot.asked("giữ xe chỗ nào", QuestionState.LEFT, nearest=PARKING, channel="zalo")
        async with pages.browser() as browser:
            await pages.entered(browser)
            page, action = await browser.get(f"/questions/{number}/reply"), f"/questions/{number}/reply"
            assert 'value="send"' not in page.text, "it is looked at first"
            looked = await press(browser, page, action, text="Bến Ninh Kiều.", answer=PARKING, then="preview")
            assert "Bến Ninh Kiều." in looked.text
            assert "Telegram" in looked.text
            sent = await press(browser, looked, action, then="send")
            assert sent.headers["location"] == f"/questions/{number}?replied"
            (queued,) = await bot.rows(Delivery)
            assert (queued.text, queued.answer) == ("Bến Ninh Kiều.", PARKING)  # type: ignore[attr-defined]
            assert "đang gửi" in (await browser.get(f"/questions/{number}")).text
            again = await press(browser, looked, action, then="send")
            assert (again.status_code, "không còn ai chờ" in again.text) == (422, True)

    async def test_another_offices_questions_are_nobodys_to_see(self, staffed: Staffed) -> None:
        pages, bot = staffed
        number = await bot.asked("giữ xe chỗ nào", QuestionState.LEFT, nearest=PARKING)
        async with pages.browser() as browser:
            await pages.entered(browser, offices=frozenset({"finance"}))
            assert "giữ xe" not in (await browser.get("/questions")).text
            for end in ("", "/reply"):
                assert (await browser.get(f"/questions/{number}{end}")).status_code == 404
            for end in ("add", "new", "aside", "reopen", "office", "reply"):
                answer = await browser.post(f"/questions/{number}/{end}", data={"seen": str(number)})
                assert answer.status_code == 404, end
        assert await bot.rows(Delivery) == []

    async def test_without_the_bots_database_it_is_said(self, pages: Pages) -> None:
        async with pages.browser() as browser:
            await pages.entered(browser, may_approve=True)
            for address in ("/questions", "/announce"):
                assert "không đọc được dữ liệu của bot" in (await browser.get(address)).text
            assert (await browser.get(f"/announce/{PARKING}/change")).status_code == 503


class TestAnnouncing:
    async def test_a_second_yes_sends_exactly_what_was_shown(self, staffed: Staffed) -> None:
        pages, bot = staffed
        rumour(pages)
        await bot.subscribed(12, ["city"], "telegram", "vi")
        await bot.subscribed(2, ["city"], "zalo", "en")
        base = f"/announce/{RUMOUR}/news"
        async with pages.browser() as browser:
            await pages.entered(browser, may_approve=True)
            assert base in (await browser.get("/announce")).text
            page = await browser.get(base)
            assert "khoảng 10" in page.text
            assert "dưới năm" in page.text
            page = await browser.get(f"{base}/confirm")
            assert (await press(browser, page, base, seal="x")).status_code == 409
            assert await bot.rows(Delivery) == []
            sent = await press(browser, page, base)
            assert sent.headers["location"] == f"{base}?sent"
            assert len(await bot.rows(Delivery)) == 14
            told = (await browser.get(f"{base}/progress")).json()
            assert told == {"is_over": False, "said": "đang gửi: khoảng 10"}
            await browser.post(f"{base}/stop")
            assert await bot.rows(Delivery) == []

    async def test_who_only_writes_sees_and_does_not_send(self, staffed: Staffed) -> None:
        pages, bot = staffed
        rumour(pages)
        await bot.subscribed(12, ["city"], "telegram", "vi")
        async with pages.browser() as browser:
            await pages.entered(browser)
            base = f"/announce/{RUMOUR}/news"
            assert "Chỉ người được duyệt" in (await browser.get(base)).text
            assert (await browser.get(f"{base}/confirm")).status_code == 403
            assert (await browser.post(base, data={"seal": "x"})).status_code == 403
            assert (await browser.post(f"{base}/stop")).status_code == 403
        assert await bot.rows(Delivery) == []

    async def test_after_a_withdrawal_those_who_wanted_to_hear_of_it_are_named(
        self, staffed: Staffed
    ) -> None:
        pages, bot = staffed
        await bot.watching(7, PARKING)
        async with pages.browser() as browser:
            await pages.entered(browser, may_approve=True)
            page = await browser.get(f"/emergency/withdraw/{PARKING}")
            assert "khoảng 5 người đã nhận bản cũ" in page.text
            await press(browser, page, f"/emergency/withdraw/{PARKING}")
            assert f"/announce/{PARKING}/change" in (await browser.get("/announce")).text
            base = f"/announce/{PARKING}/change"
            await press(browser, await browser.get(f"{base}/confirm"), base)
        assert len(await bot.rows(Delivery)) == 7


class TestEmergency:
    async def test_each_thing_is_asked_twice(self, pages: Pages) -> None:
        async with pages.browser() as browser:
            await pages.entered(browser, may_approve=True)
            page = await browser.get("/emergency")
            said = {"vi": "Lũ đang lên.", "en": "A flood is rising."}
            second = await press(browser, page, "/emergency/notice", **said)
            assert "Lũ đang lên." in second.text
            assert pages.desk.library().messages.notice is None, "nothing happened yet"
            await press(browser, second, "/emergency/notice")
            assert pages.desk.library().messages.notice
            page = await browser.get("/emergency")
            assert "đang hiện" in page.text
            second = await press(browser, page, "/emergency/notice-end")
            await press(browser, second, "/emergency/notice-end")
            assert pages.desk.library().messages.notice is None

    async def test_a_channel_is_paused_with_a_sentence_and_goes_on(self, pages: Pages) -> None:
        async with pages.browser() as browser:
            await pages.entered(browser, may_write=False, may_administer=True)
            base = re.search(r'name="base_file" value="(\w+)"', (await browser.get("/emergency")).text)
            assert base
            form = {"base_file": base[1], "channel": "zalo", "vi": "Tạm nghỉ.", "en": "A break."}
            second = await browser.post("/emergency/pause", data=form)
            assert "Có, tạm dừng Zalo" in second.text
            await press(browser, second, "/emergency/pause")
            assert pages.desk.library().messages.paused.on("zalo")
            second = await press(browser, await browser.get("/emergency"), "/emergency/resume")
            await press(browser, second, "/emergency/resume")
            assert pages.desk.library().messages.paused.on("zalo") is None

    @pytest.mark.parametrize("rights", [{}, {"may_approve": True, "offices": frozenset({"police"})}])
    async def test_who_speaks_for_one_office_or_only_writes_cannot(
        self, pages: Pages, rights: dict[str, Any]
    ) -> None:
        async with pages.browser() as browser:
            await pages.entered(browser, **rights)
            page = await browser.get("/emergency")
            assert "cần người được duyệt cho mọi cơ quan" in page.text
            for deed in ("notice", "notice-end", "pause", "resume"):
                form = {
                    "vi": "Lũ.", "en": "Flood.", "until": "2100-01-01T08:00", "channel": "web",
                    "sure": "yes", "base_file": "x",
                }  # fmt: skip
                assert (await browser.post(f"/emergency/{deed}", data=form)).status_code == 403, deed

    async def test_what_is_missing_is_said_beside_what_was_typed(self, pages: Pages) -> None:
        async with pages.browser() as browser:
            await pages.entered(browser, may_approve=True)
            page = await browser.get("/emergency")
            wrong = await press(browser, page, "/emergency/notice", vi="Lũ đang lên.", en="")
            assert (wrong.status_code, "Lũ đang lên." in wrong.text) == (422, True)
            assert "Nội dung, tiếng Anh" in wrong.text


class TestStartPage:
    async def test_it_counts_what_waits_and_links_to_it(self, staffed: Staffed) -> None:
        pages, bot = staffed
        await bot.asked("giữ xe chỗ nào", QuestionState.LEFT, nearest=PARKING, days=4)
        await bot.asked("một câu khác hẳn", nearest=PARKING)
        async with pages.browser() as browser:
            await pages.entered(browser)
            page = (await browser.get("/")).text
            assert re.search(
                r'href="/questions\?show=waiting"><strong>1</strong> người chờ trả lời quá', page
            )
            assert re.search(r'href="/questions"><strong>1</strong> câu hỏi chưa có', page)

    async def test_what_is_wrong_is_said_as_the_bot_says_it(self, staffed: Staffed) -> None:
        pages, _ = staffed
        told = {
            "ready": False, "wrong": ["model", "database"], "telegram": "the token is wrong",
            "zalo": {"state": "connected", "expires": "soon"}, "tasks": {"polling": "it ended"},
        }  # fmt: skip
        transport = httpx.MockTransport(lambda _: httpx.Response(503, json=told))
        asked = httpx.AsyncClient(transport=transport, base_url="http://bot")
        app = create_app(replace(pages.desk, bot_http=asked), KEY, ORIGIN)
        async with Pages(app, pages.database, pages.accounts, pages.clock, pages.desk).browser() as browser:
            await pages.entered(browser)
            page = (await browser.get("/")).text
        for said in ("Telegram: the token is wrong", "Bot không ghi được", "trục trặc: polling"):
            assert said in page
        assert "Zalo:" not in page

    async def test_that_nothing_is_to_be_done_is_said_kindly(self, staffed: Staffed) -> None:
        pages, _ = staffed
        async with pages.browser() as browser:
            await pages.entered(browser)
            page = (await browser.get("/")).text
            assert "Chúc bạn một ngày tốt lành" in page
            assert "hoạt động bình thường" in page


@pytest.mark.parametrize(
    "address",
    ["/questions/1/add", "/questions/1/new", "/questions/1/aside", "/questions/1/reopen",
     "/questions/1/office", "/questions/1/reply", f"/announce/{RUMOUR}/news",
     f"/announce/{RUMOUR}/news/stop", "/emergency/notice",
     "/emergency/notice-end", "/emergency/pause", "/emergency/resume", f"/emergency/withdraw/{PARKING}"],
)  # fmt: skip
async def test_no_other_site_does_any_of_it(pages: Pages, address: str) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, may_approve=True, may_administer=True)
        answer = await browser.post(address, data={}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
