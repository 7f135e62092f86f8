"""What people do on Telegram, and the message that the conversation gets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import Update

from bot.channels.telegram.updates import Identity, UpdateReader, language_of
from bot.content.library import Library
from bot.domain.language import Language
from bot.domain.message import TEXT_LIMIT, Message
from bot.storage.chat_move import ChatMove, ChatPlace
from stand_ins.telegram import Chat, Person, StandIn


class Phone:
    """Somebody's Telegram; `last` is what the bot made of the last thing that happened."""

    def __init__(self, telegram: StandIn, library: Library) -> None:
        self.telegram = telegram
        self.lan: Person = telegram.person("Lan", "vi-VN")
        me = Identity(telegram.me["id"], telegram.me["username"])
        self.reader = UpdateReader(me, lambda: library, lambda name: f"opaque {name}")

    @property
    def last(self) -> Message | None:
        raw = json.loads(json.dumps(self.telegram.unacknowledged[-1]))
        read = self.reader.read(Update.de_json(raw, None))
        assert not isinstance(read, ChatMove)
        return read

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
        {"something_new": {"that": "telegram will invent"}},
    ],
)  # fmt: skip
def test_what_is_no_text_is_unreadable(phone: Phone, content: dict[str, Any]) -> None:
    phone.lan.sends(**content)
    assert phone.got.unreadable


FILE = {"file_id": "f", "file_unique_id": "u"}
POLL = {
    "id": "1", "question": "Ai đúng?", "options": [], "total_voter_count": 0, "is_closed": False,
    "is_anonymous": True, "type": "regular", "allows_multiple_answers": False, "allows_revoting": False,
    "members_only": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "button"),
    [
        ({"voice": FILE | {"duration": 1}}, "sent:voice"),
        ({"audio": FILE | {"duration": 1}}, "sent:voice"),
        ({"video": FILE | {"duration": 1, "width": 1, "height": 1}}, "sent:video"),
        ({"video_note": FILE | {"duration": 1, "length": 1}}, "sent:video"),
        ({"contact": {"phone_number": "+84900000000", "first_name": "Dì Ba"}}, "sent:contact"),
        ({"poll": POLL}, "sent:poll"),
        ({"photo": [FILE | {"width": 1, "height": 1}]}, None),
        ({"video": FILE | {"duration": 1, "width": 1, "height": 1}, "media_group_id": "9"}, None),
    ],
)  # fmt: skip
def test_its_kind_is_told_where_that_makes_a_difference(
    phone: Phone, content: dict[str, Any], button: str | None
) -> None:
    phone.lan.sends(**content)
    assert (phone.got.button, phone.got.unreadable, phone.got.text) == (button, True, "")


def test_a_location_asks_for_the_ward_there_to_some_hundred_metres(phone: Phone) -> None:
    phone.lan.sends(location={"longitude": 105.78049, "latitude": 10.03251})
    assert (phone.got.button, phone.got.unreadable) == ("near:10.033:105.780", False)


def test_the_caption_of_a_photo_is_read(phone: Phone) -> None:
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
    phone.lan.sends(photo=photo, caption="Đây là đâu?")
    assert (phone.got.text, phone.got.unreadable) == ("Đây là đâu?", False)


def test_the_items_of_an_album_belong_together_and_are_told_apart(phone: Phone) -> None:
    keys, albums = set(), set()
    for _ in range(3):
        photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
        phone.lan.sends(photo=photo, media_group_id="77")
        keys.add(phone.got.key)
        albums.add(phone.got.part_of)
    assert (len(keys), len(albums)) == (3, 1)


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


def test_a_program_is_not_answered_and_telegrams_own_stand_for_people(phone: Phone) -> None:
    group = phone.telegram.group()
    other = phone.telegram.bot()
    ours = phone.bot_says(group)
    other.replies(ours, "chợ nổi mấy giờ?")
    assert phone.last is None
    other.says("/help@hoicantho_bot", group)
    assert phone.last is None
    other.sends_callback(ours, "say:help")
    assert phone.last is None
    for known in (1087968824, 136817688):
        other.id = known
        other.replies(ours, "chợ nổi mấy giờ?")
        assert phone.got.text == "chợ nổi mấy giờ?"


class TestReplies:
    """Few words beside a message that is replied to are about that message."""

    RUMOUR = "Từ 1/7 mọi người phải đổi căn cước"

    @pytest.fixture
    def rumour(self, phone: Phone) -> dict[str, Any]:
        return phone.lan.says(self.RUMOUR)

    @pytest.mark.parametrize(
        "own", ["đúng không?", "tin này có đúng không ạ", "is this true?", "thật hả", "?"]
    )
    def test_what_is_replied_to_is_asked_about(self, phone: Phone, rumour: dict[str, Any], own: str) -> None:
        phone.lan.replies(rumour, own)
        assert phone.got.text == f"{self.RUMOUR}. {own}"

    def test_of_a_quote_only_the_quote(self, phone: Phone, rumour: dict[str, Any]) -> None:
        phone.lan.replies(rumour, "đúng không?", quote="phải đổi căn cước")
        assert phone.got.text == "phải đổi căn cước. đúng không?"

    def test_a_caption_that_is_replied_to_is_read_too(self, phone: Phone) -> None:
        photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
        phone.lan.replies(phone.lan.sends(photo=photo, caption="Bỏ cấp xã!"), "thật không?")
        assert phone.got.text == "Bỏ cấp xã! thật không?"

    def test_who_asks_something_of_their_own_is_taken_at_their_word(
        self, phone: Phone, rumour: dict[str, Any]
    ) -> None:
        phone.lan.replies(rumour, "chợ nổi Cái Răng mở cửa lúc mấy giờ?")
        assert phone.got.text == "chợ nổi Cái Răng mở cửa lúc mấy giờ?"

    def test_our_own_words_are_not_asked_again(self, phone: Phone) -> None:
        said = phone.bot_says(phone.lan.chat, "Chợ nổi mở lúc 5 giờ")
        phone.lan.replies(said, "đúng không?")
        assert phone.got.text == "đúng không?"
        phone.lan.replies(said, "đúng không?", quote="5 giờ")
        assert phone.got.text == "đúng không?"

    def test_a_command_stays_a_command(self, phone: Phone, rumour: dict[str, Any]) -> None:
        phone.lan.replies(rumour, "/help")
        assert (phone.got.button, phone.got.text) == ("say:help", "")

    def test_a_sticker_in_reply_asks_nothing(self, phone: Phone, rumour: dict[str, Any]) -> None:
        phone.lan.sends(sticker={"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1,
                                 "type": "regular", "is_animated": False, "is_video": False},
                        reply_to_message=rumour)  # fmt: skip
        assert phone.got.unreadable

    @pytest.mark.parametrize(
        ("own", "text"),
        [
            ("@hoicantho_bot đúng không?", f"{RUMOUR}. đúng không?"),
            ("@hoicantho_bot", RUMOUR),
            ("is this true @HoiCanTho_bot?", f"{RUMOUR}. is this true ?"),
        ],
    )
    def test_in_a_group_whoever_names_the_bot_asks_it_about_anothers_message(
        self, phone: Phone, own: str, text: str
    ) -> None:
        group = phone.telegram.group()
        said = phone.telegram.person("Minh").says(self.RUMOUR, group)
        phone.lan.replies(said, own)
        assert (phone.got.text, phone.got.button, phone.got.is_quiet) == (text, None, True)

    def test_in_a_group_a_reply_to_another_without_the_name_stays_among_people(self, phone: Phone) -> None:
        group = phone.telegram.group()
        phone.lan.replies(phone.telegram.person("Minh").says(self.RUMOUR, group), "đúng không?")
        assert phone.last is None


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

    def test_the_name_in_the_caption_of_any_item_of_an_album_counts(self, phone: Phone, group: Chat) -> None:
        phone.lan.sends_album(None, "@hoicantho_bot đây là đâu?", chat=group, kind="document")
        assert phone.got.text == "đây là đâu?"
        assert phone.got.part_of

    def test_a_group_that_gets_another_id_is_a_move_from_the_one_to_the_other(
        self, phone: Phone, group: Chat
    ) -> None:
        supergroup = phone.telegram.upgrade(group)
        old, new = (ChatPlace(str(c.id), f"opaque telegram:{c.id}") for c in (group, supergroup))
        for update in phone.telegram.unacknowledged[-2:]:
            assert phone.reader.read(Update.de_json(update, None)) == ChatMove("telegram", old, new)

    def test_a_row_of_replies_is_no_forum_topic(self, phone: Phone, group: Chat) -> None:
        phone.lan.says("/help", group, message_thread_id=45)
        assert phone.got.address == str(group.id)


@pytest.mark.parametrize(
    ("code", "language"),
    [("vi", "vi"), ("vi-VN", "vi"), ("VI", "vi"), ("en-GB", "en"), ("ko", "en"), ("", None), (None, None)],
)
def test_the_language_of_the_app(code: str | None, language: str | None) -> None:
    assert language_of(code) == language
