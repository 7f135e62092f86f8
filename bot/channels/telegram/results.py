"""A card as something that is put into another chat than the bot's own: by inline mode, or as a guest.

Nobody there can press what only the bot's own chat answers to, so under it stand links alone: to the page
with the whole answer, and to the bot.
"""

from __future__ import annotations

import hashlib
import textwrap

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    LinkPreviewOptions,
)
from telegram.constants import ParseMode

from bot.cards.formatting import escape
from bot.channels.telegram.limits import RESULT_ID_BYTES
from bot.channels.telegram.render import deep_link, render
from bot.content.messages import Messages
from bot.content.paths import page_path
from bot.domain.card import Card
from bot.domain.language import Language
from bot.domain.plan import Kind
from bot.text.rich import markdown, plain

DESCRIPTION = 120
"""Characters under a result's title: an app shows two lines."""


def as_result(
    card: Card, messages: Messages, username: str, public_url: str, thumbnail: str | None = None
) -> InlineQueryResultArticle:
    """The result for a card of an answer.

    Of a card that is longer than a message the beginning is shown: the rest stands behind the links.

    Args:
        public_url: empty where there are no pages.
        thumbnail: the path of the picture beside it in a list, which Telegram fetches by https alone.
    """
    part = next(part for part in render(card, messages.labels, None).parts if part.photo is None)
    begins = plain(markdown(card.text))
    if card.verdict_label and not begins.startswith(card.verdict_label):
        begins = f"{card.verdict_label} · {begins}"
    return InlineQueryResultArticle(
        id=_id(f"{card.language}:{card.id}"),
        title=card.title or card.id or messages.telegram.open_chat[card.language],
        description=textwrap.shorten(begins, DESCRIPTION, placeholder="…"),
        input_message_content=InputTextMessageContent(
            part.html, parse_mode=ParseMode.HTML, link_preview_options=LinkPreviewOptions(is_disabled=True)
        ),
        reply_markup=_links(card, messages, username, public_url),
        thumbnail_url=f"{public_url}{thumbnail}" if thumbnail and public_url.startswith("https://") else None,
    )


def not_sure(language: Language, messages: Messages, username: str) -> InlineQueryResultArticle:
    """One line that there is nothing official that surely fits, and the way to the bot's own chat."""
    text = escape(messages.telegram.not_sure[language])
    card = Card(kind=Kind.FALLBACK, language=language, text=text)
    return as_result(card, messages, username, "")


def _links(card: Card, messages: Messages, username: str, public_url: str) -> InlineKeyboardMarkup:
    language, texts = card.language, messages.telegram
    # Without an id there is no answer to open, but the chat itself.
    chat = (deep_link(card.id, username) if card.id else None) or f"https://t.me/{username}"
    links = [(texts.open_chat[language], chat)]
    if card.id and public_url:
        links.insert(0, (texts.open_page[language], public_url + page_path(card.id, language)))
    if card.map_url:
        links.append((messages.labels.map[language], card.map_url))
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, url=url)] for label, url in links])


def _id(name: str) -> str:
    """An id of a result: the name itself, or what stands for it where it is too long."""
    if len(name.encode()) <= RESULT_ID_BYTES:
        return name
    return hashlib.sha256(name.encode()).hexdigest()[:RESULT_ID_BYTES]
