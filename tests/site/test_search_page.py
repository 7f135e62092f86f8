"""The search page: the bot's own answer above a list, and nothing of it anywhere else."""

from __future__ import annotations

import logging
import re

import httpx
import pytest
import structlog

from bot.site.routes import ASKED_A_MINUTE, BODY_LIMIT
from tests.support.public_pages import Public


async def asked(public: Public, text: str, language: str = "vi") -> httpx.Response:
    return await public.http.post(f"/{language}/search", data={"q": text})


async def test_the_form_is_sent_in_a_body(public: Public) -> None:
    for path in ("/vi/search", "/vi", "/vi/culture", "/vi/nothing"):
        html = (await public.http.get(path)).text
        assert re.search(r'<form [^>]*method="post" action="/vi/search"', html), path


async def test_the_list_ignores_diacritics_and_leads_to_pages(public: Public) -> None:
    for text in ("tua food", "Tựa FOOD", "cau tra loi food"):
        html = (await asked(public, text)).text
        found = html[html.index('id="found"') :]
        assert 'href="/vi/culture/food"' in found, text
        assert "hidden" not in found


async def test_above_it_the_bot_answers_with_its_honesty(public: Public) -> None:
    nothing = (await asked(public, "food")).text
    assert "Mình chưa có câu trả lời chính thức" in nothing
    assert nothing.index('id="answered"') < nothing.index('id="found"')
    public.rasa.plans = lambda _: [{"reply": "answer", "id": "clarification.e10"}]
    html = (await asked(public, "e10")).text
    answered = html[html.index('id="answered"') : html.index('id="found"')]
    assert "Tin e10 là thật &amp; đúng." in answered
    assert "Không đúng" in answered
    assert 'href="/vi/clarification/e10"' in answered
    assert "<b>giả" not in answered


async def test_choices_are_links(public: Public) -> None:
    public.rasa.plans = lambda _: [{"reply": "choices", "ids": ["culture.food", "culture.music"]}]
    html = (await asked(public, "what", "en")).text
    answered = html[html.index('id="answered"') : html.index('id="found"')]
    assert 'href="/en/culture/food"' in answered
    assert 'href="/en/culture/music"' in answered


async def test_what_needs_a_conversation_is_left_out(public: Public) -> None:
    public.rasa.plans = lambda _: [{"reply": "action", "action": "forget", "step": "ask"}]
    html = (await asked(public, "xóa dữ liệu")).text
    assert public.library.messages.phrases.forget_ask.vi[:20] not in html


async def test_without_rasa_there_is_the_list_alone(public: Public) -> None:
    public.rasa.is_away = True
    response = await asked(public, "food")
    assert response.status_code == 200
    assert "chưa hỏi được bot" in response.text
    assert 'href="/vi/culture/food"' in response.text


async def test_wards_are_found_by_old_and_new_names(public: Public) -> None:
    html = (await asked(public, "xa dong phuoc")).text
    assert 'href="/vi/phuong-xa/phu-huu-' in html
    html = (await asked(public, "bui huu nghia", "en")).text
    found = set(re.findall(r'href="(/en/wards/[^"]+)"', html))
    assert {link.rpartition("-")[0] for link in found} == {"/en/wards/cai-khe", "/en/wards/binh-thuy"}


@pytest.mark.parametrize("text", ["zzz qqq", "?!…", "🙂"])
async def test_what_nothing_matches_has_a_way_on(public: Public, text: str) -> None:
    response = await asked(public, text)
    assert response.status_code == 200
    assert "Không có trang nào khớp" in response.text


async def test_what_was_typed_is_shown_as_it_was_typed(public: Public) -> None:
    response = await asked(public, '"><script>alert(1)</script>')
    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert(1)" in response.text


async def test_nothing_of_it_is_kept(
    public: Public, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "bệnh lao phổi"
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logged:
        response = await asked(public, secret)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "etag" not in response.headers
    assert secret not in str(response.url)
    captured = capsys.readouterr()
    assert not any(word in f"{logged}{caplog.text}{captured.out}{captured.err}" for word in ("lao", "phổi"))
    assert public.rasa.texts == [secret]
    assert public.rasa.forgotten == public.rasa.senders  # the Rasa side forgets the conversation at once
    assert secret not in (await public.http.get("/vi/search")).text


async def test_personal_numbers_reach_nobody(public: Public) -> None:
    await asked(public, "sđt của tôi là 0912345678")
    assert "0912345678" not in public.rasa.texts[0]


async def test_each_search_is_a_conversation_of_its_own(public: Public) -> None:
    for _ in range(2):
        await asked(public, "food")
    assert len(set(public.rasa.senders)) == 2


async def test_whoever_searches_without_end_gets_the_list_alone(public: Public) -> None:
    searches = 0
    while len(public.rasa.asked) == searches:
        response = await asked(public, "food")
        searches += 1
        assert searches < 10 * ASKED_A_MINUTE
    assert searches > ASKED_A_MINUTE
    assert response.status_code == 200
    assert 'href="/vi/culture/food"' in response.text


async def test_what_is_no_search_is_the_form_again(public: Public) -> None:
    for body in (b"", b"q=", b"q=++", b"x=1", b"\xff\xfe", b"a=1&" * 50):
        response = await public.http.post("/vi/search", content=body)
        assert (response.status_code, 'id="found"' in response.text) == (200, False), body
    assert public.rasa.asked == []
    assert (await public.http.post("/vi/search", content=b"q=" + b"a" * BODY_LIMIT)).status_code == 413
