"""A card as Telegram shows it: HTML in parts that fit a message, and the keyboard under the last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.helpers import create_deep_linked_url

from bot.cards.formatting import day, source_line
from bot.channels.telegram.limits import (
    BUTTONS,
    CALLBACK_BYTES,
    CAPTION_UNITS,
    MESSAGE_UNITS,
    START_PARAMETER,
)
from bot.channels.telegram.markup import to_html
from bot.content.messages import Labels
from bot.domain.answer import Facet
from bot.domain.card import Button, Card
from bot.domain.plan import Kind
from bot.text.rich import Quote, Run, Style, markdown, plain, split

SHORT = 12
ROW_BUTTONS = 3
"""So many buttons with labels of so many characters stay readable side by side on a phone."""

_BOLD, _ITALIC = Style(bold=True), Style(italic=True)


@dataclass(frozen=True, slots=True)
class Part:
    """One message: as HTML, and as plain text for when the HTML is refused.

    photo: the path of a picture, of which the text is the caption.
    """

    html: str
    plain: str
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class TelegramMessages:
    """A card's messages, at least one; the keyboard belongs to the last."""

    parts: tuple[Part, ...]
    keyboard: InlineKeyboardMarkup | None


def render(card: Card, labels: Labels, username: str | None, public_url: str = "") -> TelegramMessages:
    """The messages for a card.

    Args:
        card: what to say.
        labels: the words beside facts and on buttons.
        username: the bot's, for links to it; without it there are none.
        public_url: where the bot's pages are; empty: nobody reaches them.
    """
    parts = split(_join(_blocks(card, labels)), MESSAGE_UNITS)
    return TelegramMessages(
        parts=(*_photo(card, username, public_url), *(Part(to_html(part), plain(part)) for part in parts)),
        keyboard=_keyboard(_buttons(card, labels, username)),
    )


def deep_link(answer_id: str, username: str) -> str | None:
    """The address that opens the bot with an answer; None if the id is too long for one."""
    parameter = start_parameter(answer_id)
    return create_deep_linked_url(username, parameter) if len(parameter) <= START_PARAMETER else None


def start_parameter(answer_id: str) -> str:
    """An answer's id in the characters of a deep link: `culture_food` for `culture.food`."""
    return answer_id.replace(".", "_", 1)


def _photo(card: Card, username: str | None, public_url: str) -> list[Part]:
    """The card's picture, with a link in its caption that goes along wherever it is forwarded."""
    if card.picture is None:
        return []
    caption = [Run(card.picture.caption)]
    if link := _link(card, username, public_url):
        caption.append(Run(f"\n{link}"))
    whole = split(caption, CAPTION_UNITS)[0]
    return [Part(to_html(whole), plain(whole), photo=card.picture.path)]


def _link(card: Card, username: str | None, public_url: str) -> str | None:
    """Where the picture of a card leads: its page, or the bot if nobody reaches the page."""
    if card.picture is None or card.picture.page is None:
        return None
    if public_url:
        return public_url + card.picture.page
    return deep_link(card.id, username) if card.id and username else None


def _blocks(card: Card, labels: Labels) -> list[list[Run]]:
    """The card from top to bottom; blocks that it does not have are empty."""
    return [
        [Run("⚠️ "), *markdown(card.alert, _BOLD)] if card.alert else [],
        [Run(card.title, _BOLD)] if card.title else [],
        *_verdict(card, labels),
        markdown(card.text),
        markdown(card.notice, _ITALIC) if card.notice else [],
        _evidence(card, labels),
    ]


def _verdict(card: Card, labels: Labels) -> list[list[Run]]:
    """The claim that went round, set apart so as not to be taken for the answer; what is so; who says it."""
    if not card.claim or not card.verdict_label:
        return []
    claim = [
        Run(f"{labels.claim[card.language]}: ", Style(bold=True, quote=Quote.OPEN)),
        *markdown(card.claim, Style(quote=Quote.OPEN)),
    ]
    verdict = [Run(card.verdict_label, _BOLD)]
    if card.clarified:
        verdict.append(Run(f"\n{labels.clarified_by[card.language]}: {card.clarified}", _ITALIC))
    return [claim, verdict]


def _evidence(card: Card, labels: Labels) -> list[Run]:
    """When it was checked, the sources, the office: folded, to be looked at rather than read.

    A folded quote shows its first three lines: the date and the first source.
    """
    language, folded = card.language, Style(quote=Quote.FOLDED)
    # The answer about the sources has them as its text.
    sources = card.sources if card.facet is not Facet.SOURCE else ()
    heading = [labels.source[language]] if sources else []
    if card.checked:
        heading.append(f"{labels.checked[language]} {day(card.checked)}")
    lines = [[Run(" · ".join(heading), replace(folded, bold=True))]] if heading else []
    for number, source in enumerate(sources, 1):
        mark = [Run(f"{number}. ", folded)] if len(sources) > 1 else []
        lines.append([*mark, *markdown(source_line(source), folded)])
    if card.office:
        lines.append([Run(f"{labels.office[language]}: {card.office}", folded)])
    return [run for line in lines for run in (Run("\n", folded), *line)][1:]


def _join(blocks: Iterable[Sequence[Run]]) -> list[Run]:
    """One text of all blocks, an empty line between them; around a quote the line is its own edge."""
    joined: list[Run] = []
    for block in blocks:
        if joined and block:
            at_quote = joined[-1].style.quote or block[0].style.quote
            joined.append(Run("\n" if at_quote else "\n\n"))
        joined += block
    return joined


def _buttons(card: Card, labels: Labels, username: str | None) -> list[Button]:
    """The card's own buttons, and those that Telegram can do more with than text."""
    buttons = list(card.buttons)
    if card.map_url:
        buttons.append(Button(labels.map[card.language], url=card.map_url))
    has_picture = any((button.payload or "").startswith("share:") for button in buttons)
    link = deep_link(card.id, username) if card.id and username and not has_picture else None
    if card.kind is Kind.ANSWER and link:
        share = "https://t.me/share/url?" + urlencode({"url": link, "text": card.title})
        buttons.append(Button(labels.share[card.language], url=share))
    return buttons


def _keyboard(buttons: Iterable[Button]) -> InlineKeyboardMarkup | None:
    """Buttons in rows: what can be read on has a row to itself, short ones stand side by side.

    One that Telegram would refuse is left out.
    """
    rows: list[list[InlineKeyboardButton]] = []
    is_open = False
    for button in [b for b in buttons if _is_possible(b)][:BUTTONS]:
        is_short = len(button.label) <= SHORT and not (button.payload or "").startswith("answer:")
        if not (is_short and is_open and len(rows[-1]) < ROW_BUTTONS):
            rows.append([])
        rows[-1].append(InlineKeyboardButton(button.label, url=button.url, callback_data=button.payload))
        is_open = is_short
    return InlineKeyboardMarkup(rows) if rows else None


def _is_possible(button: Button) -> bool:
    """Whether the button does one thing, with data that fits. One bad button must not cost the answer."""
    if button.payload is None:
        return button.url is not None
    return button.url is None and 1 <= len(button.payload.encode()) <= CALLBACK_BYTES
