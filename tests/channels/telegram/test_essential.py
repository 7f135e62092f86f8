"""Of an update that the library cannot read, what matters is read all the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import Update

from bot.channels.telegram.essential import essential

NAMES = [
    "message", "edited_message", "callback_query", "chat", "from", "id", "type", "text", "caption", "data",
    "entities", "quote", "reply_to_message", "message_id", "date", "user", "offset", "length", "update_id",
]  # fmt: skip
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=30,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), values, max_size=6))
def test_nothing_that_may_come_does_harm(update: dict[str, Any]) -> None:
    kept = essential(update)
    assert kept is None or {"message", "edited_message", "callback_query"} & kept.keys()


def test_a_message_is_kept_with_whatever_makes_it_a_question() -> None:
    said: dict[str, Any] = {
        "message_id": 3, "date": 1, "chat": {"id": -5, "something": [1]}, "text": "@bot đúng không?",
        "from": {"id": 9, "first_name": 7, "language_code": "vi", "is_premium": "?"},
        "entities": [{"type": "mention", "offset": 0, "length": 4}, {"type": "newer"}],
        "reply_to_message": {"text": "Tin đồn", "chat": {}, "rich": {"blocks": 1}},
        "message_thread_id": 4, "is_topic_message": True, "effect": {"new": 1},
    }  # fmt: skip
    kept = essential({"update_id": 1, "message": said})
    assert kept
    message = Update.de_json(kept, None).message
    assert message
    assert message.reply_to_message
    assert message.from_user
    assert (message.text, message.reply_to_message.text) == ("@bot đúng không?", "Tin đồn")
    assert (message.chat.id, message.chat.type, message.message_thread_id) == (-5, "group", 4)
    assert (message.from_user.id, message.from_user.language_code, message.from_user.is_bot) == (
        9,
        "vi",
        False,
    )
    assert message.parse_entities() == {message.entities[0]: "@bot"}


def test_what_says_nothing_is_not_read() -> None:
    assert essential({"message": {"chat": {"id": 1}, "a_new_service": {}}}) is None
