"""A question gets its curated answer over the public interface, with the real Rasa server."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest

MARKET = "culture.cai-rang-floating-market"


class Person:
    """Somebody who chats: one conversation over POST /api/messages."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/messages"
        self._conversation = secrets.token_hex(16)

    async def says(self, text: str) -> dict[str, Any]:
        """The first card of the reply."""
        return await self._sends(text=text)

    async def presses(self, payload: str) -> dict[str, Any]:
        """The first card of the reply to a button."""
        return await self._sends(button=payload)

    async def _sends(self, **message: str) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            answer = await http.post(self._url, json={"conversation": self._conversation, **message})
        answer.raise_for_status()
        card: dict[str, Any] = answer.json()["replies"][0]
        return card


@pytest.fixture
def person(running_bot: str) -> Person:
    return Person(running_bot)


@pytest.mark.parametrize(
    ("text", "answer", "language"),
    [
        ("mấy giờ thì chợ nổi đông ghe nhất", MARKET, "vi"),
        ("cho noi may gio hop dong", MARKET, "vi"),
        ("What time does the Cai Rang floating market open?", MARKET, "en"),
        ("sáp nhập rồi phải làm lại căn cước hả", "clarification.id-card-after-merger", "vi"),
        ("Can overseas Vietnamese buy a house?", "diaspora.buy-house", "en"),
    ],
)
async def test_a_question_gets_its_answer_in_its_language(
    person: Person, text: str, answer: str, language: str
) -> None:
    card = await person.says(text)

    # The whole answer, or the side of it that the question names.
    assert card["kind"] in {"answer", "facet"}
    assert (card["id"], card["language"]) == (answer, language)


async def test_a_follow_up_stays_on_the_topic_in_hand(person: Person) -> None:
    await person.says("mấy giờ thì chợ nổi đông ghe nhất")
    card = await person.says("vé tàu bao nhiêu vậy")

    assert (card["kind"], card["id"], card["facet"]) == ("facet", MARKET, "price")


async def test_what_nobody_answered_officially_is_not_guessed(person: Person) -> None:
    card = await person.says("giải phương trình bậc hai như thế nào")

    assert card["kind"] == "fallback"
    assert card["buttons"]


async def test_the_days_prices_are_said_not_to_be_known(person: Person) -> None:
    card = await person.says("giá vàng hôm nay bao nhiêu một lượng")

    assert (card["kind"], card["action"]) == ("action", "live")


async def test_ok_confirms_only_what_was_just_asked(person: Person) -> None:
    asked = await person.says("xóa dữ liệu của tôi")
    await person.says("chợ nổi Cái Răng ở đâu")
    later = await person.says("ok")

    assert (asked["action"], later["action"]) == ("forget", "affirm")


async def test_ok_twice_acts_once(person: Person) -> None:
    await person.says("xóa dữ liệu của tôi")
    first = await person.says("ok")
    second = await person.says("ok")

    assert (first["action"], second["action"]) == ("forget", "affirm")


async def test_a_yes_under_another_question_confirms_nothing(person: Person) -> None:
    await person.says("/subscribe")
    await person.says("/forget")
    under_the_first = await person.presses("yes:subscribe")
    too_late = await person.presses("yes:forget")
    confirmed = await person.presses("yes:forget")
    again = await person.presses("yes:forget")

    assert under_the_first["action"] == "subscribe"
    assert under_the_first["buttons"][0]["payload"] == "yes:subscribe"
    assert [button["payload"] for button in too_late["buttons"]] == ["yes:forget", "no:forget"]
    assert (confirmed["action"], confirmed["buttons"]) == ("forget", [])
    assert [button["payload"] for button in again["buttons"]] == ["yes:forget", "no:forget"]


async def test_an_old_button_that_names_no_question_confirms_nothing(person: Person) -> None:
    await person.says("/forget")
    card = await person.presses("say:affirm")

    assert [button["payload"] for button in card["buttons"]] == ["yes:forget", "no:forget"]


async def test_after_forgetting_no_topic_is_in_hand(person: Person) -> None:
    await person.says("chợ nổi Cái Răng ở đâu")
    await person.says("xóa dữ liệu của tôi")
    await person.presses("yes:forget")
    card = await person.says("giá bao nhiêu vậy")

    assert card["kind"] == "fallback"
    assert card["id"] is None


async def test_the_last_answer_is_repeated_in_another_language(person: Person) -> None:
    await person.says("mấy giờ thì chợ nổi đông ghe nhất")
    card = await person.presses("language:en")

    assert (card["id"], card["language"]) == (MARKET, "en")
