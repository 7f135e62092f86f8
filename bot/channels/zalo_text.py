"""A card as both of Zalo's platforms show it: plain text in parts that fit a message, and the buttons under
the last.

Zalo knows no markup, so emphasis is dropped and addresses are written out; small pictures set
title, verdict and sources apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import unquote

from bot.cards.formatting import day, source_line
from bot.content.messages import Labels, Messages
from bot.domain.answer import Facet, Source, Verdict
from bot.domain.card import Button, Card
from bot.text.rich import Run, markdown, plain, split, units

MESSAGE_UNITS = 1900
"""Text of a message. The limit is 2,000 characters (integrators; longer fails with -210); of what
is not documented, so UTF-16 units are counted, which are never fewer, with room to spare."""

BUTTONS = 5
"""Buttons of one message (zalo-php-sdk; integrators)."""

PAYLOAD_BYTES = 1000
"""A button's `payload` (1,000 characters, integrators; bytes are never fewer)."""

TURN_MESSAGES = 3
"""Messages in answer to one of a person's. Eight are free (Zalo's help desk), the ninth is charged;
that the rule fell in 2026 is said by two integrators and not by Zalo."""

MARK = "#"
"""Before the payload of a button, which comes back as if it had been typed."""

LINE_UNITS = 72
"""Options that fit so much stand in one line; longer ones have a line each."""

SOURCES = 3
"""Sources under an answer. Addresses are long and hide the answer above them."""

_VERDICTS = {
    Verdict.REFUTED: "❌",
    Verdict.MISLEADING: "⚠️",
    Verdict.PARTLY_TRUE: "⚠️",
    Verdict.CONFIRMED: "✅",
    Verdict.OUTDATED: "⌛",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A card as texts of messages; numbered: the payloads that its numbers stand for, from 1."""

    texts: tuple[str, ...]
    numbered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZaloMessages:
    """A card's messages in two shapes.

    picture: the path of one that goes first, and what goes with it.
    pressed: with `buttons` under the last message. plain: with every option written out, for when
    Zalo refuses buttons; up to that last message both are the same.
    """

    pressed: Shape
    buttons: tuple[Button, ...]
    plain: Shape
    picture: tuple[str, str] | None = None


def render(card: Card, messages: Messages, public_url: str = "") -> ZaloMessages:
    """The messages for a card; `messages` has the words beside facts and options, and `public_url` is where
    the bot's pages are."""
    buttons = [*card.buttons]
    if card.map_url:
        buttons.append(Button(messages.labels.map[card.language], url=card.map_url))
    possible = [button for button in buttons if _is_possible(button)]
    pressed, numbered = _divide(possible)
    parts = split_text("\n\n".join(filter(None, _blocks(card, messages))))
    pick, shortened = messages.zalo.pick[card.language], messages.zalo.shortened[card.language]
    return ZaloMessages(
        _shape(parts, numbered, pick, shortened),
        tuple(pressed),
        _shape(parts, possible, pick, shortened),
        _picture(card, public_url),
    )


def _picture(card: Card, public_url: str) -> tuple[str, str] | None:
    """The path of the card's picture and its caption, with the link to its page."""
    if card.picture is None:
        return None
    link = public_url + card.picture.page if public_url and card.picture.page else ""
    caption = "\n".join(filter(None, [card.picture.caption, link]))
    return card.picture.path, split_text(caption)[0]


def _blocks(card: Card, messages: Messages) -> list[str]:
    """The card from top to bottom; blocks that it does not have are empty."""
    return [
        f"⚠️ {written(markdown(card.alert))}" if card.alert else "",
        f"📌 {card.title}" if card.title else "",
        *_verdict(card, messages.labels),
        written(markdown(card.text)),
        f"ℹ️ {written(markdown(card.notice))}" if card.notice else "",
        _evidence(card, messages),
    ]


def _verdict(card: Card, labels: Labels) -> list[str]:
    """The claim that went round, what is so, and who says it."""
    if not card.claim or not card.verdict or not card.verdict_label:
        return []
    verdict = f"{_VERDICTS[card.verdict]} {card.verdict_label}"
    if card.clarified:
        verdict += f"\n{labels.clarified_by[card.language]}: {card.clarified}"
    return [f"💬 {labels.claim[card.language]}: {written(markdown(card.claim))}", verdict]


def _evidence(card: Card, messages: Messages) -> str:
    """The sources with their addresses, when it was checked, the office.

    Nothing can be folded here, so after a few sources it says how to see the others.
    """
    language, labels = card.language, messages.labels
    # The answer about the sources has them as its text.
    sources = card.sources if card.facet is not Facet.SOURCE else ()
    heading = [labels.source[language]] if sources else []
    if card.checked:
        heading.append(f"{labels.checked[language]} {day(card.checked)}")
    lines = [f"🔎 {' · '.join(heading)}"] if heading else []
    lines += [_source(source) for source in sources[:SOURCES]]
    if others := len(sources[SOURCES:]):
        lines.append(messages.zalo.more_sources[language].format(count=others))
    if card.office:
        lines.append(f"🏛 {labels.office[language]}: {card.office}")
    return "\n".join(lines)


def _source(source: Source) -> str:
    line = f"• {written(markdown(source_line(source.model_copy(update={'url': None}))))}"
    return f"{line}\n{source.url}" if source.url else line


def written(runs: Iterable[Run]) -> str:
    """Runs as plain text: an address stands behind the words that were the link to it."""
    texts = []
    for link, group in groupby(runs, key=lambda run: run.style.link):
        text = plain(group)
        if link is None or unquote(text) == unquote(link):
            texts.append(text)
        elif _bare(text.strip()) == _bare(link):
            texts.append(link)
        else:
            texts.append(f"{text}: {link}")
    return "".join(texts)


def _bare(address: str) -> str:
    """An address without what people leave out of it."""
    return re.sub(r"^(\w+://)?(www\.)?|/+$", "", address)


def split_text(text: str, limit: int = MESSAGE_UNITS) -> list[str]:
    """A text in parts of so many UTF-16 units."""
    return [plain(part) for part in split([Run(unicodedata.normalize("NFC", text))], limit)]


# Options.


def _is_possible(button: Button) -> bool:
    """Whether Zalo would take the button. One bad button must not cost the answer."""
    if button.payload is None:
        return button.url is not None
    return button.url is None and len(f"{MARK}{button.payload}".encode()) <= PAYLOAD_BYTES


def _divide(buttons: Sequence[Button]) -> tuple[list[Button], list[Button]]:
    """Which options are buttons and which are numbered, where there are more than a message takes.

    What belongs together stays so: the places to go on to, and what can be done here. The places
    are the buttons, unless they alone are too many.
    """
    if len(buttons) <= BUTTONS:
        return [*buttons], []
    places = [b for b in buttons if b.url or (b.payload or "").startswith("answer:")]
    places = places or [b for b in buttons if (b.payload or "").startswith("topic:")]
    others = [b for b in buttons if b not in places]
    pressed, numbered = (places, others) if len(places) <= BUTTONS else (others, places)
    return pressed[:BUTTONS], [*numbered, *pressed[BUTTONS:]]


def _shape(parts: Sequence[str], options: Sequence[Button], pick: str, shortened: str) -> Shape:
    """The text and, at its end, options written out; in no more messages than a turn has."""
    links = [f"{b.label}: {b.url}" for b in options if b.url]
    choices = [b for b in options if b.payload]
    end = "\n\n".join(filter(None, ["\n".join(links), _choices([b.label for b in choices], pick)]))
    texts = [*parts[:-1], *_joined([*parts[-1:], end])]
    if len(texts) > TURN_MESSAGES:
        end = "\n\n".join(filter(None, [shortened, end]))
        last = split_text(parts[TURN_MESSAGES - 1], MESSAGE_UNITS - units(end) - 2)[0]
        texts = [*parts[: TURN_MESSAGES - 1], f"{last}\n\n{end}"]
    return Shape(tuple(texts), tuple(b.payload for b in choices if b.payload))


def _choices(labels: Sequence[str], pick: str) -> str:
    if not labels:
        return ""
    numbered = [f"{number}. {label}" for number, label in enumerate(labels, 1)]
    line = f"{pick}: {' · '.join(numbered)}"
    return line if units(line) <= LINE_UNITS else "\n".join([f"{pick}:", *numbered])


def _joined(texts: Sequence[str]) -> list[str]:
    """The texts as one if that fits a message."""
    texts = [text for text in texts if text]
    one = "\n\n".join(texts)
    return [one] if one and units(one) <= MESSAGE_UNITS else texts
