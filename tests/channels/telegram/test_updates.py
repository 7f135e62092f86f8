"""What people do on Telegram, and the message that the conversation gets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import Update

from bot.channels.telegram.updates import Identity, Reader, language_of
from bot.content.library import Library
from bot.content.schema import Language
from bot.conversation.message import TEXT_LIMIT, Message
from tests.stand_ins.telegram import Chat, Person, StandIn


class Phone:
    """Somebody's Telegram; `last` is what the bot made of the last thing that happened."""

    def __init__(self, telegram: StandIn, library: Library) -> None:
        self.telegram = telegram
        self.lan: Person = telegram.person("Lan", "vi-VN")
        me = Identity(telegram.me["id"], telegram.me["username"])
        self._reader = Reader(me, lambda: library, lambda name: f"opaque {name}")

    @property
    def last(self) -> Message | None:
        raw = json.loads(json.dumps(self.telegram.unacknowledged[-1]))
        return self._reader.read(Update.de_json(raw, None))

    @property
    def got(self) -> Message:
        assert self.last is not None
        return self.last

    def bot_says(self, chat: Chat, text: str = "Chào") -> dict[str, Any]:
        return self.telegram.new_message(chat, self.telegram.me, text=text)


@pytest.fixture
async def phone(small_library: Library) -> AsyncIterator[Phone]:
    telegram = StandIn()
    yield Phone(telegram, small_library)
    await telegram.close()


def test_a_text_is_a_message(phone: Phone) -> None:
    said = phone.lan.says("  Chợ nổi mấy giờ?")
    chat = phone.lan.chat.id
    assert phone.got.channel == "telegram"
    assert phone.got.address == str(chat)
    assert phone.got.conversation == f"opaque telegram:{chat}"
    assert phone.got.key.startswith(f"message:{chat}:{said['message_id']}:")
    assert phone.got.text == "Chợ nổi mấy giờ?"
    assert phone.got.language is Language.VI
    assert not phone.got.is_quiet


def test_a_very_long_text_is_cut(phone: Phone) -> None:
    phone.lan.says("dài " * 1000)
    assert phone.got.is_cut
    assert len(phone.got.text) <= TEXT_LIMIT


@pytest.mark.parametrize(
    ("command", "button"),
    [
        ("/start", "say:greet"),
        ("/start culture_food", "answer:culture.food"),
        ("/start culture_unknown", "say:greet"),
        ("/start ../../etc", "say:greet"),
        ("/start culture_food:x", "say:greet"),
        ("/help", "say:help"),
        ("/HELP@HoiCanTho_bot", "say:help"),
        ("/topics", "say:topics"),
        ("/privacy", "say:privacy"),
        ("/forget", "say:forget"),
        ("/language", "say:which_language"),
        ("/language en", "language:en"),
        ("/language xx", "say:which_language"),
    ],
)
def test_a_command_is_a_button(phone: Phone, command: str, button: str) -> None:
    phone.lan.says(command)
    assert (phone.got.button, phone.got.text, phone.got.unreadable) == (button, "", False)


def test_an_unknown_command_in_private_is_a_text(phone: Phone) -> None:
    phone.lan.says("/gia ve tau")
    assert (phone.got.button, phone.got.text) == (None, "/gia ve tau")


def test_a_pressed_button_is_its_payload(phone: Phone) -> None:
    query = phone.lan.sends_callback(phone.bot_says(phone.lan.chat), "topic:culture:2")
    assert (phone.got.button, phone.got.key) == ("topic:culture:2", f"press:{query}")


def test_a_button_under_a_message_that_telegram_no_longer_shows_still_works(phone: Phone) -> None:
    old = {"message_id": 7, "date": 0, "chat": phone.lan.chat.as_json()}
    phone.lan.sends_callback(old, "say:help")
    assert phone.got.button == "say:help"


@pytest.mark.parametrize(
    "content",
    [
        {"sticker": {"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1, "type": "regular",
                     "is_animated": False, "is_video": False}},
        {"photo": [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]},
        {"voice": {"file_id": "f", "file_unique_id": "u", "duration": 1}},
        {"location": {"longitude": 105.78, "latitude": 10.03}},
        {"something_new": {"that": "telegram will invent"}},
    ],
)  # fmt: skip
def test_what_is_no_text_is_unreadable(phone: Phone, content: dict[str, Any]) -> None:
    phone.lan.sends(**content)
    assert phone.got.unreadable


def test_the_caption_of_a_photo_is_read(phone: Phone) -> None:
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
    phone.lan.sends(photo=photo, caption="Đây là đâu?")
    assert (phone.got.text, phone.got.unreadable) == ("Đây là đâu?", False)


def test_an_album_is_one_thing_to_answer(phone: Phone) -> None:
    keys = set()
    for _ in range(3):
        photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
        phone.lan.sends(photo=photo, media_group_id="77")
        keys.add(phone.got.key)
    assert len(keys) == 1


def test_a_service_message_is_nothing_to_answer(phone: Phone) -> None:
    phone.lan.sends(pinned_message=phone.bot_says(phone.lan.chat))
    assert phone.last is None


def test_an_edit_within_two_minutes_is_answered_anew(phone: Phone) -> None:
    said = phone.lan.says("chợ nỗi")
    before = phone.got
    phone.lan.edits(said, "chợ nổi", after=110)
    assert phone.got.text == "chợ nổi"
    assert phone.got.key != before.key


def test_a_later_edit_is_not_answered(phone: Phone) -> None:
    phone.lan.edits(phone.lan.says("chợ nỗi"), "chợ nổi", after=130)
    assert phone.last is None


def test_an_edit_that_changes_no_word_is_taken_for_a_redelivery(phone: Phone) -> None:
    said = phone.lan.says("https://example.com có đúng không?")
    before = phone.got
    phone.lan.edits(said, said["text"], after=1)
    assert phone.got.key == before.key


class TestGroup:
    """In a group the bot speaks when spoken to."""

    @pytest.fixture
    def group(self, phone: Phone) -> Chat:
        return phone.telegram.group()

    def test_talk_among_people_is_none_of_its_business(self, phone: Phone, group: Chat) -> None:
        phone.lan.says("Mai đi chợ nổi không?", group)
        assert phone.last is None

    def test_stickers_and_photos_neither(self, phone: Phone, group: Chat) -> None:
        phone.lan.sends(group, voice={"file_id": "f", "file_unique_id": "u", "duration": 1})
        assert phone.last is None

    def test_a_mention_is_a_question_without_the_name(self, phone: Phone, group: Chat) -> None:
        phone.lan.says("@HoiCanTho_bot, chợ nổi mấy giờ?", group)
        assert (phone.got.text, phone.got.is_quiet) == ("chợ nổi mấy giờ?", True)

    def test_a_mention_of_somebody_else_is_not(self, phone: Phone, group: Chat) -> None:
        phone.lan.says("@hoicantho_bot2 chợ nổi mấy giờ?", group)
        assert phone.last is None

    def test_its_bare_name_is_a_greeting(self, phone: Phone, group: Chat) -> None:
        phone.lan.says("@hoicantho_bot", group)
        assert (phone.got.button, phone.got.is_quiet) == ("say:greet", False)

    def test_a_reply_to_it_is_a_question(self, phone: Phone, group: Chat) -> None:
        phone.lan.says("giá bao nhiêu?", group, reply_to_message=phone.bot_says(group))
        assert (phone.got.text, phone.got.is_quiet) == ("giá bao nhiêu?", True)

    def test_a_reply_to_another_is_not(self, phone: Phone, group: Chat) -> None:
        other = phone.telegram.person("Minh").says("ê", group)
        phone.lan.says("giá bao nhiêu?", group, reply_to_message=other)
        assert phone.last is None

    def test_its_commands_are_answered(self, phone: Phone, group: Chat) -> None:
        phone.lan.says("/help@hoicantho_bot", group)
        assert (phone.got.button, phone.got.is_quiet) == ("say:help", False)

    @pytest.mark.parametrize("command", ["/help@other_bot", "/poll", "/poll@other_bot"])
    def test_other_bots_commands_are_not(self, phone: Phone, group: Chat, command: str) -> None:
        phone.lan.says(command, group)
        assert phone.last is None

    def test_the_reply_goes_to_the_forum_topic_of_the_question(self, phone: Phone) -> None:
        forum = phone.telegram.group(is_forum=True)
        phone.lan.says("/help", forum, message_thread_id=45, is_topic_message=True)
        assert phone.got.address == f"{forum.id}/45"

    def test_a_row_of_replies_is_no_forum_topic(self, phone: Phone, group: Chat) -> None:
        phone.lan.says("/help", group, message_thread_id=45)
        assert phone.got.address == str(group.id)


@pytest.mark.parametrize(
    ("code", "language"),
    [("vi", "vi"), ("vi-VN", "vi"), ("VI", "vi"), ("en-GB", "en"), ("ko", "en"), ("", None), (None, None)],
)
def test_the_language_of_the_app(code: str | None, language: str | None) -> None:
    assert language_of(code) == language
