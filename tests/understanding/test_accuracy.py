"""A floor under what `make evaluate` measures, and what no accuracy excuses; with the real Rasa server."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest

from evaluation.ask import Exchange, ask_all
from evaluation.outcomes import is_among, is_first, is_in_its_language, is_not_answered, is_recognised
from evaluation.questions import read

pytestmark = pytest.mark.rasa

EVERY = 4
"""Of the questions every fourth is put to the bot here, all of them by `make evaluate`."""


@pytest.fixture(scope="session")
async def asked(running_bot: str) -> list[Exchange]:
    """Independent questions from all over tests/nlu/, with their first replies."""
    return await ask_all(read([])[::EVERY], running_bot, None, lambda: None)


def test_nearly_all_questions_get_their_answer_first(asked: list[Exchange]) -> None:
    inside = [one for one in asked if one.question.id]

    assert _share([is_first(one) for one in inside]) >= 0.92
    assert _share([is_among(one) for one in inside]) >= 0.95


def test_what_has_no_official_answer_is_rarely_answered(asked: list[Exchange]) -> None:
    assert _share([is_not_answered(one) for one in asked if one.question.is_out_of_scope]) >= 0.85


def test_small_talk_is_mostly_recognised(asked: list[Exchange]) -> None:
    assert _share([is_recognised(one) for one in asked if one.question.action]) >= 0.8


def test_replies_are_in_the_language_of_the_question(asked: list[Exchange]) -> None:
    assert _share([is_in_its_language(one) for one in asked]) >= 0.97


def _share(right: list[bool]) -> float:
    return sum(right) / len(right)


@pytest.mark.parametrize(
    "text",
    [
        "mai trời có mưa không",
        "mai troi mua khong",
        "what is the weather tomorrow",
        "asdfgh qwrtzp",
        "ສະບາຍດີ",
    ],
    ids=["weather", "weather without diacritics", "weather in English", "no known word", "another script"],
)
async def test_what_nobody_taught_an_answer_to_never_gets_an_answer_card(running_bot: str, text: str) -> None:
    response = await _send(running_bot, text)

    assert {reply["kind"] for reply in response.json()["replies"]}.isdisjoint({"answer", "facet"})


@pytest.mark.parametrize(
    "text",
    [
        "😀",
        "a" * 10_000,
        "chợ nổi " * 1250,
        "\u200b\u200d",
        "e" + "\u0301" * 500,
        "…?!",
        "/greet",
        "{}",
        "\0",
    ],
    ids=[
        "emoji",
        "one long word",
        "10,000 characters",
        "zero width",
        "combining",
        "signs",
        "slash",
        "json",
        "nul",
    ],
)
async def test_bad_input_is_replied_to_or_told_to_be_unreadable(running_bot: str, text: str) -> None:
    response = await _send(running_bot, text)

    assert response.status_code in {200, 422}
    assert response.status_code == 422 or response.json()["replies"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (
            "Chợ nổi Cái Răng họp mấy giờ? Bánh pía Sóc Trăng làm bằng gì?",
            {"culture.cai-rang-floating-market", "culture.banh-pia"},
        ),
        (
            "How do I renew my Vietnamese passport? What time does the Cai Rang floating market start?",
            {"diaspora.passport-renewal", "culture.cai-rang-floating-market"},
        ),
        (
            "How do I renew my Vietnamese passport? And do I need a visa exemption certificate?",
            {"diaspora.passport-renewal", "diaspora.visa-exemption"},
        ),
    ],
)
async def test_two_questions_get_two_answers(running_bot: str, text: str, ids: set[str]) -> None:
    response = await _send(running_bot, text)

    assert {reply["id"] for reply in response.json()["replies"]} >= ids


async def _send(url: str, text: str) -> httpx.Response:
    body: dict[str, Any] = {"conversation": secrets.token_hex(16), "key": secrets.token_hex(16), "text": text}
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        return await http.post(f"{url}/api/messages", json=body)
