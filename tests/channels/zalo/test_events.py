"""What Zalo delivers becomes a message, or is passed over; nothing it may send does harm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.actions import COMMANDS
from bot.channels.numbered import number_in
from bot.channels.zalo.events import (
    IGNORED,
    MEDIA,
    EventReader,
    Unreadable,
    button_in,
    is_our_own,
    read,
    words,
)
from bot.domain import payload
from bot.domain.message import Message
from stand_ins.zalo.people import ATTACHMENTS

OA, PERSON = "388613280878808645", "246845883529197922"

reader = EventReader(lambda name: f"hash of {name}")


def event(name: str = "user_send_text", **changes: Any) -> dict[str, Any]:
    return {
        "app_id": "360846524940903967",
        "sender": {"id": PERSON},
        "recipient": {"id": OA},
        "user_id_by_app": "552177279717587730",
        "event_name": name,
        "message": {"text": "Chợ nổi ở đâu?", "msg_id": "96d3cdf3af150460909"},
        "timestamp": "1543908534740",
        **changes,
    }


def message_of(given: dict[str, Any]) -> Message | None:
    return reader.message(read(json.dumps(given).encode()))


def said(text: str, **more: Any) -> dict[str, Any]:
    return event(message={"text": text, "msg_id": "1", **more})


def test_a_text_is_a_message_whose_context_is_under_a_hash() -> None:
    assert message_of(event()) == Message(
        channel="zalo",
        address=PERSON,
        conversation=f"hash of zalo:{PERSON}",
        key="user_send_text:96d3cdf3af150460909",
        text="Chợ nổi ở đâu?",
        language=None,  # Zalo does not tell
    )


def test_a_redelivery_has_the_same_key_though_its_timestamp_may_differ() -> None:
    first, second = message_of(event()), message_of(event(timestamp="1543908999999"))
    assert first
    assert second
    assert first.key == second.key


def test_the_message_id_is_read_under_both_its_names() -> None:
    message = message_of(event(message={"text": "a", "message_id": "5"}))
    assert message
    assert message.key == "user_send_text:5"


class TestButtons:
    @pytest.mark.parametrize("button", ["answer:culture.food", "topic:culture:2", "language:en", "say:help"])
    def test_a_press_comes_as_text_and_is_known_by_its_mark(self, button: str) -> None:
        message = message_of(said(f" #{button} "))
        assert message
        assert (message.button, message.text) == (button, "")

    @pytest.mark.parametrize("text", ["#cantho", "#answer", "answer:culture.food", "# answer:culture.food"])
    def test_other_texts_are_texts(self, text: str) -> None:
        assert button_in(text) is None
        message = message_of(said(text))
        assert message
        assert message.text == text

    @pytest.mark.parametrize(("name", "sent"), COMMANDS.items())
    def test_typed_commands_are_buttons(self, name: str, sent: str) -> None:
        assert button_in(f"/{name}") == sent

    def test_the_language_can_be_asked_for_by_a_command(self) -> None:
        assert button_in("/language") == payload.for_saying("which_language")
        assert button_in("/language en") == "language:en"

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("1", 1),
            (" 2. ", 2),
            ("3)", 3),
            ("12", 12),
            ("0", None),
            ("1 kg", None),
            ("113", None),
            ("١", None),
        ],
    )
    def test_a_number_that_may_pick_an_option(self, text: str, number: int | None) -> None:
        assert number_in(text) == number


class TestMedia:
    @pytest.mark.parametrize("kind", sorted(set(ATTACHMENTS) - {"link", "location"}))
    def test_what_is_no_text_cannot_be_read(self, kind: str) -> None:
        attachment = {"type": kind, "payload": ATTACHMENTS[kind]}
        message = message_of(event(f"user_send_{kind}", message={"msg_id": "1", "attachments": [attachment]}))
        assert message
        assert (message.unreadable, message.text) == (True, "")

    @pytest.mark.parametrize(
        ("kind", "button"),
        [("audio", "sent:voice"), ("video", "sent:video"), ("sticker", "sent:sticker"), ("image", None)],
    )
    def test_its_kind_is_told_where_that_makes_a_difference(self, kind: str, button: str | None) -> None:
        attachment = {"type": kind, "payload": ATTACHMENTS[kind]}
        message = message_of(event(f"user_send_{kind}", message={"msg_id": "1", "attachments": [attachment]}))
        assert message
        assert message.button == button

    def test_a_location_asks_for_the_ward_there(self) -> None:
        attachment = {"type": "location", "payload": ATTACHMENTS["location"]}
        given = event("user_send_location", message={"msg_id": "1", "attachments": [attachment]})
        message = message_of(given)
        assert message
        assert (message.button, message.unreadable) == ("near:10.034:105.787", False)

    @pytest.mark.parametrize("coordinates", [{}, {"latitude": "x", "longitude": []}, None])
    def test_a_location_without_a_place_cannot_be_read(self, coordinates: object) -> None:
        attachment = {"type": "location", "payload": {"coordinates": coordinates}}
        message = message_of(
            event("user_send_location", message={"msg_id": "1", "attachments": [attachment]})
        )
        assert message
        assert (message.button, message.unreadable) == (None, True)

    @pytest.mark.parametrize("name", sorted(MEDIA))
    def test_its_caption_can(self, name: str) -> None:
        message = message_of(event(name, message={"msg_id": "1", "text": "Chùa này ở đâu?"}))
        assert message
        assert (message.unreadable, message.text) == (False, "Chùa này ở đâu?")

    @pytest.mark.parametrize("place", ["message", "event"])
    def test_a_link_that_stands_alone_is_read_by_its_title(self, place: str) -> None:
        link = {"type": "link", "payload": {"url": "https://a.vn/x", "title": "Bỏ chợ nổi?"}}
        message: dict[str, Any] = {"text": "https://a.vn/x", "msg_id": "1"}
        given = event("user_send_link", message=message)
        (message if place == "message" else given)["attachments"] = [link]
        assert words(read(json.dumps(given).encode())) == "Bỏ chợ nổi?"

    def test_what_was_typed_beside_a_link_is_read_instead(self) -> None:
        link = {"type": "link", "payload": {"url": "https://a.vn/x", "title": "Bỏ chợ nổi?"}}
        given = event("user_send_link", message={"text": "đúng không? https://a.vn/x", "attachments": [link]})
        assert words(read(json.dumps(given).encode())) == "đúng không? https://a.vn/x"


class TestBeginnings:
    def test_following_and_opening_the_chat_greet_once_a_day(self) -> None:
        follow = event("follow", follower={"id": PERSON}, oa_id=OA)
        opened = event("user_click_chatnow", user_id=PERSON, oa_id=OA, timestamp="1543909999999")
        later = event("user_click_chatnow", user_id=PERSON, oa_id=OA, timestamp="1544008534740")
        for some in (follow, opened, later):
            del some["sender"], some["recipient"], some["message"]
        messages = [message_of(some) for some in (follow, opened, later)]
        assert [m.button for m in messages if m] == ["say:greet"] * 3
        assert len({m.key for m in messages if m}) == 2


class TestPassedOver:
    @pytest.mark.parametrize("name", ["oa_send_text", "oa_send_image", "oa_reacted_message"])
    def test_our_own_messages_that_come_back(self, name: str) -> None:
        swapped = event(name, sender={"id": OA}, recipient={"id": PERSON})
        assert is_our_own(read(json.dumps(swapped).encode()), OA)

    def test_whatever_else_the_account_itself_sends(self) -> None:
        assert is_our_own(read(json.dumps(event(sender={"id": OA})).encode()), OA)

    @pytest.mark.parametrize(
        "name", [*sorted(IGNORED), "unfollow", "user_send_group_text", "user_asks_in_2030", ""]
    )
    def test_receipts_and_what_is_unknown(self, name: str) -> None:
        assert message_of(event(name)) is None

    def test_somebody_without_an_id(self) -> None:
        given = event(anonymous_id="a", conversation_id="b")
        del given["sender"]
        assert message_of(given) is None

    @pytest.mark.parametrize(
        "body",
        [b"", b"{}", b"[]", b"null", b"\xff", b'{"event_name": 1}', b'{"event_name": {}, "timestamp": "1"}'],
    )
    def test_what_is_no_event(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            read(body)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
odd_events = st.fixed_dictionaries(
    {
        "event_name": st.sampled_from(["user_send_text", "user_send_link", "user_send_image", "follow"])
        | anything
    },
    optional={
        "timestamp": st.just("1543908534740") | anything,
        "sender": st.just({"id": PERSON}) | anything,
        "recipient": anything,
        "follower": anything,
        "oa_id": anything,
        "user_id": anything,
        "message": st.fixed_dictionaries(
            {}, optional={"text": anything, "msg_id": anything, "attachments": anything}
        )
        | anything,
        "attachments": anything,
        "more": anything,
    },
)


@given(odd_events)
def test_any_event_is_read_or_said_to_be_none(given_event: dict[str, Any]) -> None:
    try:
        found = read(json.dumps(given_event).encode())
    except Unreadable:
        return
    is_our_own(found, OA)
    message = reader.message(found)
    if message:
        assert message.address
        assert message.key
        assert message.text or message.button or message.unreadable or not words(found).strip()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_said_to_be_no_event(raw: bytes) -> None:
    try:
        read(raw)
    except Unreadable:
        return


@pytest.mark.parametrize("person", ["", "a\0b", "a b", "1" * 65, "../x", "tên"])
def test_whoever_has_no_id_that_can_be_written_to_gets_nothing(person: str) -> None:
    assert message_of(event(sender={"id": person})) is None
