"""What Telegram sends, as messages of ours."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from telegram import CallbackQuery, Chat, Update, User
from telegram import Message as TelegramMessage
from telegram.constants import ChatID, ChatType, MessageEntityType
from telegram.ext.filters import StatusUpdate

from bot.cards.actions import button_for
from bot.channels.incoming import incoming
from bot.content.library import Library
from bot.domain import payload
from bot.domain.commands import read_command
from bot.domain.language import Language
from bot.domain.message import ONCE, Message
from bot.reading.limits import BYTES_MOST
from bot.storage.chat_move import ChatMove, ChatPlace
from bot.text.asked_about import asks_about, with_what_is_asked_about
from bot.text.cleaning import clean

CHANNEL = "telegram"

EDIT_LATEST = datetime.timedelta(minutes=2)
"""An edit this soon mends the question that was just asked, so it is answered anew. A later one
tidies up an old chat: an answer out of the blue would only puzzle."""

PEOPLE = frozenset({ChatID.ANONYMOUS_ADMIN, ChatID.FAKE_CHANNEL})
"""Bots of Telegram's own in whose name people write: anonymous administrators, and channels."""

ID_MOST = 2**52
"""Ids have at most 52 significant bits (Bot API, User and Chat)."""

GUEST, GUEST_ABOUT = "guest:", "guest-about:"
"""Before the id of a guest query in an address: it is asked there, or asked about what is replied to."""

_START = re.compile(r"([a-z]+)_([a-z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Identity:
    """The bot itself, as getMe says."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class UpdateReader:
    """Turns updates into messages.

    me: who is spoken to in a group.
    library: to tell whether a deep link leads to anything.
    opaque: makes a chat's id into the name under which its context is remembered.
    """

    me: Identity
    library: Callable[[], Library]
    opaque: Callable[[str], str]

    def read(self, update: Update) -> Message | ChatMove | None:
        """The message in an update, or that its group has got another id; None if there is nothing to do.

        Raises:
            ValueError: it has ids that none can be.
        """
        if update.callback_query:
            return self._pressed(update.callback_query)
        if update.guest_message:
            return self._asked_as_guest(update.guest_message)
        if update.message:
            return self._moved(update.message) or self._said(update.message)
        edited = update.edited_message
        if edited and edited.text and edited.edit_date and edited.edit_date - edited.date <= EDIT_LATEST:
            return self._said(edited)
        return None

    def _moved(self, said: TelegramMessage) -> ChatMove | None:
        """A group became a supergroup: Telegram says so in both."""
        if said.migrate_to_chat_id:
            return move_of(said.chat.id, said.migrate_to_chat_id, self.opaque)
        if said.migrate_from_chat_id:
            return move_of(said.migrate_from_chat_id, said.chat.id, self.opaque)
        return None

    def _pressed(self, query: CallbackQuery) -> Message | None:
        # No message is there under somebody's inline result.
        if query.message is None or query.data is None or _is_bot(query.from_user):
            return None
        # The message may be one that Telegram no longer shows us; its chat is always there.
        under = query.message if isinstance(query.message, TelegramMessage) else None
        act = f"{query.message.chat.id}:{query.message.message_id}:{query.from_user.id}:{query.data}"
        return self._message(
            query.message.chat,
            _topic(under) if under else None,
            query.from_user,
            f"press:{query.id}",
            button=clean(query.data),
            act=f"press:{_digest(act)}",
        )

    def _said(self, said: TelegramMessage) -> Message | None:
        if _is_bot(said.from_user) or StatusUpdate.ALL.check_update(Update(0, message=said)):
            return None
        text = said.text or said.caption or ""
        button = self._button(text)
        is_group = said.chat.type != ChatType.PRIVATE
        if is_group and button is None:
            if not self._is_addressed(said, text):
                return None
            text = self._without_name(text)
        if button is None and (said.text or said.caption):
            text = with_what_is_asked_about(text, self._replied_to(said))
            if is_group and not text and said.text:
                button = payload.for_saying("greet")  # somebody called our name
        if button is None and said.location:
            button = payload.for_location(said.location.latitude, said.location.longitude)
        pictures = _pictures(said)
        if button is None and not pictures and text and not self._replied_to(said):
            pictures = self._pictures_asked_about(said, text)
        is_unreadable = not text and button is None
        media = _media(said) if is_unreadable and not said.media_group_id else None
        if is_group and button is None and text.startswith("/"):
            return None  # another bot's command
        return self._message(
            said.chat,
            _topic(said),
            said.from_user,
            _key(said, text),
            text="" if button else text,
            button=media or button,
            unreadable=is_unreadable,
            pictures=pictures,
            # Whoever presses or commands is answered in any case.
            is_quiet=is_group and button is None,
            part_of=f"album:{said.chat.id}:{said.media_group_id}" if said.media_group_id else None,
        )

    def _asked_as_guest(self, said: TelegramMessage) -> Message | None:
        """What is asked in a chat in which the bot is only named: mostly a rumour that is replied to.

        It is a conversation of its own, so that nothing is known of that chat, or of who asked there.
        """
        query_id = said.guest_query_id
        if not query_id or _is_bot(said.from_user):
            return None
        own = self._without_name(said.text or said.caption or "")
        about = self._replied_to(said).strip()
        # In the rumour's own words and language: a person's "is this true?" beside it says nothing of it.
        pictures = [] if about else self._pictures_asked_about(said, own)
        is_about = bool(pictures) or (bool(about) and asks_about(own))
        text = about if is_about else own
        is_named_alone = not own and said.reply_to_message is None
        return incoming(
            channel=CHANNEL,
            address=f"{GUEST_ABOUT if is_about else GUEST}{query_id}",
            conversation=guest_conversation(query_id, self.opaque),
            # If the bot is in that chat after all, it gets the same message a second time as another update.
            key=_key(said, with_what_is_asked_about(own, about)),
            text=text,
            button=payload.for_saying("greet") if is_named_alone else None,
            unreadable=not text and not is_named_alone,
            pictures=pictures,
            language=language_of(said.from_user.language_code if said.from_user else None),
        )

    def _replied_to(self, said: TelegramMessage) -> str:
        """What the message says that is replied to, or the part of it that was chosen.

        Nothing if it is ours: then the person goes on with what we said.
        """
        replied = said.reply_to_message
        if replied and self._is_ours(replied):
            return ""
        if said.quote:
            return said.quote.text
        return (replied.text or replied.caption or "") if replied else ""

    def _pictures_asked_about(self, said: TelegramMessage, own: str) -> list[str]:
        """The picture without words that a few words reply to ("is this true?")."""
        replied = said.reply_to_message
        if replied is None or self._is_ours(replied) or not asks_about(own):
            return []
        return _pictures(replied)

    def _message(
        self,
        chat: Chat,
        thread: int | None,
        sender: User | None,
        key: str,
        *,
        text: str = "",
        button: str | None = None,
        unreadable: bool = False,
        is_quiet: bool = False,
        pictures: Sequence[str] = (),
        part_of: str | None = None,
        act: str | None = None,
    ) -> Message:
        place = _place(chat.id, thread, self.opaque)
        return incoming(
            channel=CHANNEL,
            address=place.address,
            conversation=place.conversation,
            key=key,
            text=text,
            button=button,
            unreadable=unreadable,
            is_quiet=is_quiet,
            pictures=pictures,
            language=language_of(sender.language_code if sender else None),
            part_of=part_of,
            act=act,
        )

    def _button(self, text: str) -> str | None:
        """The payload that a command stands for; None if the text is no command to us."""
        command = read_command(text)
        if command is None or (command.bot and command.bot.lower() != self.me.username.lower()):
            return None
        return self._start(command.parameter) if command.name == "start" else button_for(command)

    def _start(self, parameter: str) -> str:
        """What a deep link leads to. Anybody can make one up, so an unknown one is a greeting."""
        found = _START.fullmatch(parameter)
        answer_id = f"{found[1]}.{found[2]}" if found else None
        if answer_id and self.library().tells_of(answer_id):
            return payload.for_answer(answer_id)
        return payload.for_saying("greet")

    def _is_addressed(self, said: TelegramMessage, text: str) -> bool:
        """Whether a message in a group is for us: it replies to us or names us."""
        replied = said.reply_to_message
        if replied and self._is_ours(replied):
            return True
        entities = said.parse_entities() if said.text else said.parse_caption_entities()
        return any(
            (entity.type == MessageEntityType.MENTION and self._is_name(named))
            or (
                entity.type == MessageEntityType.TEXT_MENTION and entity.user and entity.user.id == self.me.id
            )
            for entity, named in entities.items()
        )

    def _is_ours(self, said: TelegramMessage) -> bool:
        """Whether a message is the bot's own, also one that people put into a chat by inline mode."""
        return self.me.id in {user.id for user in (said.from_user, said.via_bot) if user}

    def _is_name(self, named: str) -> bool:
        return named.lower() == f"@{self.me.username}".lower()

    def _without_name(self, text: str) -> str:
        return re.sub(rf"@{re.escape(self.me.username)}\b", "", text, flags=re.IGNORECASE).strip(" ,:\n")


def _topic(said: TelegramMessage) -> int | None:
    """The forum topic a message stands in; elsewhere a thread is only a row of replies."""
    return said.message_thread_id if said.is_topic_message else None


def move_of(before: int, after: int, opaque: Callable[[str], str]) -> ChatMove:
    """That a group goes on under another id. Raises ValueError for what is no id."""
    return ChatMove(CHANNEL, _place(before, None, opaque), _place(after, None, opaque))


def _place(chat_id: int, thread: int | None, opaque: Callable[[str], str]) -> ChatPlace:
    if not all(isinstance(part, int) and abs(part) < ID_MOST for part in (chat_id, thread or 0)):
        raise ValueError("an id that is none")
    return ChatPlace(address_of(chat_id, thread), opaque(f"{CHANNEL}:{chat_id}"))


def _is_bot(sender: User | None) -> bool:
    """Whether a program wrote it. Two that answer each other never stop."""
    return sender is not None and sender.is_bot and sender.id not in PEOPLE


def _pictures(said: TelegramMessage) -> list[str]:
    """The file ids of a message's picture: of a photo the largest size that is read, or a picture sent as a
    file."""
    sizes = [size for size in said.photo if (size.file_size or 0) <= BYTES_MOST]
    if sizes:
        return [max(sizes, key=lambda size: size.width * size.height).file_id]
    document = said.document if said.animation is None else None
    is_picture = document is not None and (document.mime_type or "").startswith("image/")
    return [document.file_id] if document and is_picture else []


def _media(said: TelegramMessage) -> str | None:
    """Of which kind a message is that has no words, where that makes a difference."""
    kinds = {
        "voice": said.voice or said.audio,
        "video": said.video or said.video_note or said.animation,
        "sticker": said.sticker,
        "poll": said.poll,
        "contact": said.contact,
    }
    return next((payload.for_media(kind) for kind, content in kinds.items() if content), None)


def _key(said: TelegramMessage, text: str) -> str:
    """What the same message has at each delivery, and another one has not.

    Not the update's id: Telegram also reports an edit when only a link's preview was added, and
    that is one thing to answer.
    """
    return f"message:{said.chat.id}:{said.message_id}:{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def language_of(code: str | None) -> Language | None:
    """The language for an app's language tag, which may be missing.

    English for all but Vietnamese: a visitor whose app is in Korean reads it sooner.
    """
    if not code:
        return None
    return Language.VI if code.lower().partition("-")[0] == Language.VI else Language.EN


def address_of(chat_id: int, thread: int | None) -> str:
    """Where a reply goes: the chat and, in a forum, the topic in which was asked ("-100123/45")."""
    return f"{chat_id}/{thread}" if thread else str(chat_id)


def chat_of(address: str) -> tuple[int, int | None]:
    """The chat and the forum topic of an address."""
    chat_id, _, thread = address.partition("/")
    return int(chat_id), int(thread) if thread else None


def guest_conversation(query_id: str, opaque: Callable[[str], str]) -> str:
    """The name of the conversation that a guest query and its answer are."""
    return ONCE + opaque(f"{CHANNEL}:guest:{query_id}")


def guest_query_of(address: str) -> tuple[str, bool] | None:
    """The guest query that an address names, and whether it is about what was replied to."""
    for mark in (GUEST, GUEST_ABOUT):
        if address.startswith(mark):
            return address.removeprefix(mark), mark == GUEST_ABOUT
    return None
