"""What Telegram sends, as messages of ours."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from telegram import CallbackQuery, Chat, Update, User
from telegram import Message as TelegramMessage
from telegram.constants import ChatType, MessageEntityType
from telegram.ext.filters import StatusUpdate

from bot.content.library import Library
from bot.content.schema import Language
from bot.conversation import payload
from bot.conversation.commands import button_for, read_command
from bot.conversation.message import Message, incoming

CHANNEL = "telegram"

EDIT_LATEST = datetime.timedelta(minutes=2)
"""An edit this soon mends the question that was just asked, so it is answered anew. A later one
tidies up an old chat: an answer out of the blue would only puzzle."""

_START = re.compile(r"([a-z]+)_([a-z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Identity:
    """The bot itself, as getMe says."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Turns updates into messages.

    me: who is spoken to in a group.
    library: to tell whether a deep link leads to anything.
    opaque: makes a chat's id into the name under which its context is remembered.
    """

    me: Identity
    library: Callable[[], Library]
    opaque: Callable[[str], str]

    def read(self, update: Update) -> Message | None:
        """The message in an update; None if there is nothing to answer."""
        if update.callback_query:
            return self._pressed(update.callback_query)
        if update.message:
            return self._said(update.message)
        edited = update.edited_message
        if edited and edited.text and edited.edit_date and edited.edit_date - edited.date <= EDIT_LATEST:
            return self._said(edited)
        return None

    def _pressed(self, query: CallbackQuery) -> Message | None:
        if query.message is None or query.data is None:  # a button under somebody's inline result
            return None
        # The message may be one that Telegram no longer shows us; its chat is always there.
        under = query.message if isinstance(query.message, TelegramMessage) else None
        return self._message(
            query.message.chat,
            _topic(under) if under else None,
            query.from_user,
            f"press:{query.id}",
            button=query.data,
        )

    def _said(self, said: TelegramMessage) -> Message | None:
        if StatusUpdate.ALL.check_update(Update(0, message=said)):
            return None
        text = said.text or said.caption or ""
        button = self._button(text)
        is_group = said.chat.type != ChatType.PRIVATE
        if is_group and button is None:
            if not self._is_addressed(said, text):
                return None
            text = self._without_name(text)
            if not text and said.text:
                button = payload.for_saying("greet")  # somebody called our name
        if is_group and button is None and text.startswith("/"):
            return None  # another bot's command
        return self._message(
            said.chat,
            _topic(said),
            said.from_user,
            _key(said, text),
            text="" if button else text,
            button=button,
            unreadable=not text and button is None,
            # Whoever presses or commands is answered in any case.
            is_quiet=is_group and button is None,
        )

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
    ) -> Message:
        return incoming(
            channel=CHANNEL,
            address=address_of(chat.id, thread),
            conversation=self.opaque(f"{CHANNEL}:{chat.id}"),
            key=key,
            text=text,
            button=button,
            unreadable=unreadable,
            is_quiet=is_quiet,
            language=language_of(sender.language_code if sender else None),
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
        if replied and replied.from_user and replied.from_user.id == self.me.id:
            return True
        entities = said.parse_entities() if said.text else said.parse_caption_entities()
        return any(
            (entity.type == MessageEntityType.MENTION and self._is_name(named))
            or (
                entity.type == MessageEntityType.TEXT_MENTION and entity.user and entity.user.id == self.me.id
            )
            for entity, named in entities.items()
        )

    def _is_name(self, named: str) -> bool:
        return named.lower() == f"@{self.me.username}".lower()

    def _without_name(self, text: str) -> str:
        return re.sub(rf"@{re.escape(self.me.username)}\b", "", text, flags=re.IGNORECASE).strip(" ,:\n")


def _topic(said: TelegramMessage) -> int | None:
    """The forum topic a message stands in; elsewhere a thread is only a row of replies."""
    return said.message_thread_id if said.is_topic_message else None


def _key(said: TelegramMessage, text: str) -> str:
    """What the same message has at each delivery, and another one has not.

    Not the update's id: Telegram also reports an edit when only a link's preview was added, and
    sends an album as a message for each picture. Both are one thing to answer.
    """
    if said.media_group_id:
        return f"album:{said.chat.id}:{said.media_group_id}"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"message:{said.chat.id}:{said.message_id}:{digest}"


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
