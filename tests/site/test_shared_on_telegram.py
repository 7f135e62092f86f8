"""From a rumour to the picture that can be forwarded: the whole service, with Telegram and Rasa played."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app import create_app
from bot.channels.registry import ServiceSettings
from bot.settings import load_as
from stand_ins.rasa import RasaStandIn
from stand_ins.serving import serving
from stand_ins.telegram import TOKEN, StandIn
from tests.support import ROOT

RUMOUR = "clarification.bank-impersonation"


async def test_a_clarification_is_shared_as_a_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    telegram, rasa = StandIn(), RasaStandIn(plans=lambda _text: [{"reply": "answer", "id": RUMOUR}])
    async with serving(telegram.app()) as telegram_url, rasa.serving() as rasa_url:
        monkeypatch.setenv("TELEGRAM_TOKEN", TOKEN)
        monkeypatch.setenv("TELEGRAM_API_URL", telegram_url)
        monkeypatch.setenv("RASA_URL", rasa_url)
        monkeypatch.setenv("CONTENT_DIR", str(ROOT / "content"))
        app = create_app(load_as(ServiceSettings))
        async with app.router.lifespan_context(app):
            lan = telegram.person("Lan")
            lan.says("ngân hàng nhắn tin kêu bấm link")
            answer = await telegram.reply(lan.chat, 0)
            lan.presses(answer, "Chia sẻ")
            photo = await telegram.reply(lan.chat, 1)
            offer = await telegram.reply(lan.chat, 2)
            await telegram.close()
    assert (photo["photo"][0]["width"], photo["photo"][0]["height"]) == (1200, 630)
    assert photo["caption"].splitlines() == [
        "Không đúng: Tin nhắn, cuộc gọi giả ngân hàng, điện lực",
        "https://t.me/hoicantho_bot?start=clarification_bank-impersonation",
    ]
    assert "gửi tiếp" in offer["text"]
    assert rasa.texts == ["ngân hàng nhắn tin kêu bấm link"]
