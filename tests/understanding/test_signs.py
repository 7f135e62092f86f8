"""What has no word, or no word of a language, is taken for what it is; with the real Rasa server."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.rasa


async def _said(url: str, *texts: str) -> list[dict[str, Any]]:
    """The first card in reply to each text of a new conversation."""
    cards, conversation = [], secrets.token_hex(16)
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
        for text in texts:
            answer = await http.post("/api/messages", json={"conversation": conversation, "text": text})
            cards.append(answer.json()["replies"][0])
    return cards


@pytest.mark.parametrize(
    "sign", ["👍", "❤️", "🙏🙏", "👋", ":)", "<3", "^^", "=))", "T_T", "😂", "…", "???", "🧧"]
)
async def test_a_sign_is_small_talk_and_no_question_for_the_staff(running_bot: str, sign: str) -> None:
    cards = await _said(running_bot, sign, sign, sign, "gặp cán bộ")

    assert {card["kind"] for card in cards[:3]} <= {"smalltalk", "action"}
    assert cards[3]["action"] == "handoff"
    assert not cards[3]["buttons"], "there is a question to be left"


@pytest.mark.parametrize("sign", ["cảm ơn rose", ":>", "http://bit.ly/3xYz", "😍 <3", "xD"])
async def test_what_belongs_to_no_language_does_not_turn_a_conversation(running_bot: str, sign: str) -> None:
    cards = await _said(running_bot, "chùa Dơi ở đâu", sign)

    assert [card["language"] for card in cards] == ["vi", "vi"]


@pytest.mark.parametrize(
    "text", ["số 111 là số gì", "111", "what is 111", "bạo hành trẻ em gọi 111 được không"]
)
async def test_the_line_for_children_is_found_by_its_number(running_bot: str, text: str) -> None:
    (card,) = await _said(running_bot, text)

    assert card["id"] == "city.hotline" or card["action"] == "emergency" or "city.hotline" in card["ids"]


async def test_of_a_long_story_the_question_at_its_end_is_answered(running_bot: str) -> None:
    story = (
        "Hôm qua cả nhà tôi đi chơi từ sáng sớm tới tối mịt, trời thì nắng mà ai cũng vui, "
        "con nít chạy giỡn khắp nơi, về tới nhà mệt lả người luôn. "
    ) * 9

    (card,) = await _said(running_bot, story + "Cho tui hỏi chùa Dơi ở đâu?")

    assert card["id"] == "culture.khmer-pagodas"
    assert card["notice"]
