"""Telegram's HTML, parsed as strictly as its servers do, and a little more.

Follows the rules of https://core.telegram.org/bots/api#html-style and of td/telegram/MessageEntity.cpp:
any other tag, a tag left open or crossed is an error. What Telegram silently drops (formatting
within code, a quote within a quote, a link that is none) is an error here too.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import NoReturn

from stand_ins.utf16 import utf16

ENTITIES_MOST = 100

TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote",
}  # fmt: skip

_TAG = re.compile(r"<(/?)([a-zA-Z0-9-]*)((?:\s+[a-zA-Z-]+(?:=\"[^\"<>]*\")?)*)\s*>")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)(?:=\"([^\"<>]*)\")?")
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")


class HtmlError(Exception):
    """Telegram would answer "can't parse entities"."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Formatting of a piece of the text; offset and length in UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str | None = None

    def as_json(self) -> dict[str, object]:
        """As in a Message."""
        found: dict[str, object] = {"type": self.type, "offset": self.offset, "length": self.length}
        return found | ({"url": self.url} if self.url else {})


def parse(source: str) -> tuple[str, list[Entity]]:
    """The text and its entities, without white space around them.

    Raises:
        HtmlError: with the reason that Telegram gives.
    """
    text, entities = "", []
    stack: list[tuple[str, str, int, str | None]] = []
    place = 0
    while place < len(source):
        match source[place]:
            case "<":
                tag = _TAG.match(source, place)
                if tag is None:
                    _refuse(source, place, "Unclosed or malformed tag")
                name = tag[2].lower()
                if tag[1]:
                    if not stack:
                        _refuse(source, place, "Unexpected end tag")
                    opened, kind, start, url = stack.pop()
                    if opened != name:
                        _refuse(
                            source, place, f'Unmatched end tag, expected "</{opened}>", found "</{name}>"'
                        )
                    if length := utf16(text) - start:
                        entities.append(Entity(kind, start, length, url))
                else:
                    kind, url = _opened(source, place, name, tag[3])
                    _check_nesting(source, place, kind, [inside[1] for inside in stack])
                    stack.append((name, kind, utf16(text), url))
                place = tag.end()
            case "&":
                reference = _REFERENCE.match(source, place)
                text += html.unescape(reference[0]) if reference else "&"
                place += len(reference[0]) if reference else 1
            case character:
                text += character
                place += 1
    if stack:
        raise HtmlError(f'Can\'t find end tag corresponding to start tag "{stack[-1][0]}"')
    return _stripped(text, entities)


def _opened(source: str, place: int, name: str, attributes: str) -> tuple[str, str | None]:
    """The kind of a start tag, and its link."""
    given = {m[1].lower(): html.unescape(m[2] or "") for m in _ATTRIBUTE.finditer(attributes)}
    if name not in TAGS:
        _refuse(source, place, f'Unsupported start tag "{name}"')
    if name == "a":
        url = given.pop("href", "")
        if given or not re.match(r"(https?|tg)://\S+$", url):
            _refuse(source, place, "A link needs an address, and nothing else")
        return "text_link", url
    if name == "blockquote" and given.keys() <= {"expandable"}:
        return ("expandable_blockquote" if given else "blockquote"), None
    if given:
        _refuse(source, place, f'Unexpected attribute of "{name}"')
    return TAGS[name], None


def _check_nesting(source: str, place: int, kind: str, inside: list[str]) -> None:
    if {"code", "pre"} & set(inside):
        _refuse(source, place, "Nothing may stand within code")
    if kind.endswith("blockquote") and any(outer.endswith("blockquote") for outer in inside):
        _refuse(source, place, "A quote may not stand within a quote")
    if kind in inside:
        _refuse(source, place, "The same formatting twice")


def _refuse(source: str, place: int, reason: str) -> NoReturn:
    raise HtmlError(f"{reason} at byte offset {len(source[:place].encode('utf-8', 'surrogatepass'))}")


def _stripped(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    before = utf16(text) - utf16(text.lstrip())
    text = text.strip()
    kept = []
    for entity in entities:
        start = max(entity.offset - before, 0)
        end = min(entity.offset + entity.length - before, utf16(text))
        if end > start:
            kept.append(Entity(entity.type, start, end - start, entity.url))
    return text, sorted(kept, key=lambda e: (e.offset, -e.length))[:ENTITIES_MOST]


_SHOWN = {
    "bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "expandable_blockquote": 'blockquote class="folded"',
    "text_link": 'a target="_blank" rel="noopener"', "spoiler": "span",
}  # fmt: skip


def for_page(text: str, entities: list[Entity]) -> str:
    """A message as HTML for the stand-in's page."""
    raw = text.encode("utf-16-le", "surrogatepass")
    written, place, open_until = [], 0, list[tuple[int, str]]()

    def advance(to: int) -> None:
        nonlocal place
        written.append(html.escape(raw[2 * place : 2 * to].decode("utf-16-le", "replace")))
        place = to

    def close(before: int) -> None:
        nonlocal place
        while open_until and open_until[-1][0] <= before:
            end, name = open_until.pop()
            advance(end)
            written.append(f"</{name}>")
            if name == "blockquote" and raw[2 * place : 2 * place + 2].decode("utf-16-le", "ignore") == "\n":
                place += 1  # the app shows the line after a quote without an empty one between

    for entity in entities:
        if entity.type not in _SHOWN:
            continue
        close(entity.offset)
        advance(entity.offset)
        tag = _SHOWN[entity.type]
        link = f' href="{html.escape(entity.url)}"' if entity.url else ""
        written.append(f"<{tag}{link}>")
        open_until.append((entity.offset + entity.length, tag.split()[0]))
    close(len(raw) // 2)
    advance(len(raw) // 2)
    return "".join(written)
