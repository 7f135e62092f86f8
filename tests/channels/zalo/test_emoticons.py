"""Zalo's codes for emoji are read as the emoji they show."""

from __future__ import annotations

import time

import pytest

from bot.channels.zalo.emoticons import EMOJI, as_emoji
from bot.channels.zalo.events import Event, EventMessage, button_in, words


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("/-strong", "👍"),
        ("/-rose /-rose", "🌹 🌹"),
        ("/-rose/-rose", "🌹🌹"),
        (":-((", "😭"),
        (":((", "😢"),
        (":>", "😆"),
        ("/-Heart", "❤️"),
        ("cảm ơn /-rose", "cảm ơn 🌹"),
        ("/-heart chợ nổi mấy giờ?", "❤️ chợ nổi mấy giờ?"),
        ("chợ nổi\n:-bye", "chợ nổi\n👋"),
        ("/-newcode", "🙂"),
        ("/-okay", "🙂"),
        ("/-strong?", "👍?"),
        ("/-ok/-ok!!", "👌👌!!"),
        ("rồi :((...", "rồi 😢..."),
    ],
)
def test_a_code_becomes_the_emoji_it_shows(text: str, read: str) -> None:
    assert as_emoji(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "https://a.vn/-rose", "https://a.vn/-ok/:>", "5:30", "8-10 giờ", "lúc 5:o7", "số 12/-3", "/topics",
        "a/-b", "(x-)", "/-12", "đường/-rose", "giờ:))", "--", ":", "829/QĐ-BVHTTDL",
    ],
)  # fmt: skip
def test_what_is_more_than_codes_is_left_alone(text: str) -> None:
    assert as_emoji(text) == text


@pytest.mark.parametrize("code", EMOJI)
def test_each_code_alone_is_no_command_and_holds_no_letter(code: str) -> None:
    text = words(Event(event_name="user_send_text", timestamp="0", message=EventMessage(text=code)))
    assert text == EMOJI[code]
    assert button_in(text) is None
    assert not any(c.isalnum() for c in text)


@pytest.mark.parametrize("unit", ["a", "/-rose", "/-", ":", "a:", "x-)", "x-)/", "-b", "a://"])
def test_a_long_text_is_read_in_a_time_that_grows_with_its_length(unit: str) -> None:
    """Twenty times the length takes about twenty times as long, not four hundred times."""

    def seconds(length: int) -> float:
        event = Event(
            event_name="user_send_text",
            timestamp="0",
            message=EventMessage(text=(unit * length)[:length]),
        )
        began = time.process_time()
        words(event)
        return time.process_time() - began

    assert seconds(60_000) < max(60 * seconds(3_000), 0.1)
