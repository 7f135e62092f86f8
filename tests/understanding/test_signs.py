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


@pytest.mark.parametrize(
    "doubtful",
    [
        "yes؟", "đồng ý❓", "yes ❔", "đồng ý ⁇", "sure‽", "đồng ý? 😊", "đồng ý? :)", "ok“?”", '"đồng ý?"',
        "?yes", "đồng ý 🤔", "đồng ý 👎", "ok ❌", "có 🚫", "👍👎", "✅❌", "👍❓", "😡👍",
        "đồng ý...", "đồng ý…",
        "đồng ý à", "đúng chứ", "ok chứ", "phải chứ",
    ],
)  # fmt: skip
async def test_a_yes_with_a_doubt_beside_it_deletes_nothing(running_bot: str, doubtful: str) -> None:
    asked, answered, _ = await _said(running_bot, "/forget", doubtful, "thôi")

    assert asked["action"] == "forget"
    assert answered["buttons"], "it is asked again, not done"


@pytest.mark.parametrize(
    "clear",
    ["đồng ý", "Đồng ý.", "dong y nha", "dạ đồng ý ạ", "có ạ", '"Đồng ý"', "ừ", "ok!", "👍👍", "đồng ý 🙏"],
)
async def test_a_plain_yes_is_taken(running_bot: str, clear: str) -> None:
    _, answered, after = await _said(running_bot, "/forget", clear, "đồng ý")

    assert answered["action"] == "forget"
    assert not answered["buttons"]
    assert after["action"] == "affirm"


@pytest.mark.parametrize("number", ["111", "114", "911", "24/7"])
async def test_a_number_tells_no_language(running_bot: str, number: str) -> None:
    (card,) = await _said(running_bot, number)

    assert card["language"] == "vi"
