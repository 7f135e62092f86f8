"""The forms of a text that are learned from: as it is read, and without diacritics."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from nlu.text.decorated_letters import DECORATED

_MARKS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c)[0] == "M")
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
_LEFT_OVER = re.compile(rf"(?<=[a-z\u00c0-\u024f\u1e00-\u1eff])[{_MARKS}]+")
_SENTENCE = re.compile(r"(?<=[.?!…;\n])\s+|\n+")
_ASKS = re.compile(
    r"[?？]|\b(?:không|hông|chưa|sao|gì|nào|đâu|mấy|bao nhiêu|bao lâu|nhiêu|ai|hả|"
    r"khong|chua|gi|nao|dau|may gio|bao nhieu|bao lau|"
    r"what|where|when|who|whom|which|why|how)\b|"
    r"^\W*(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have)\b",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\b(?!(?:gần|từ|ở|tới|đến|qua|lúc|khi|hồi|bữa|hôm|ngày|tuần|tháng|mùa|năm|giờ) )\w+ (?:đó|này|nầy)\b|"
    r"\b(?:it|its|they|them|their|that|this|those|these)\b"
)
_FIRST_MARK = "\u0300"
"""There is no combining mark before it."""


@dataclass(frozen=True)
class Forms:
    """read: lower case, chat spelling written out, missing diacritics restored; what is encoded.
    folded: `read` without any diacritics; what word and letter sequences are counted on.
    beside: another way to read it, of which half of the vector is made; empty if there is none."""

    read: str
    folded: str
    beside: str = ""


def plain(text: str) -> str:
    """The text in ordinary letters, lower case: decorative, full-width and composed forms of a letter are
    one, and marks that belong to no Latin letter are gone. "𝗖𝗵𝗼̛̣" -> "chợ"."""
    composed = unicodedata.normalize("NFKC", text.translate(DECORATED)).lower()
    return _LEFT_OVER.sub("", unicodedata.normalize("NFKC", composed))


def fold(text: str) -> str:
    """Lower case without diacritics: "Chợ nổi" -> "cho noi"."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.translate(DECORATED).casefold().replace("đ", "d"))
    bare = "".join([c for c in decomposed if c < _FIRST_MARK or unicodedata.category(c) != "Mn"])
    return bare.casefold().replace("đ", "d")


fold_word = lru_cache(20_000)(fold)
"""`fold` for single words, of which few come again and again."""


def words(text: str) -> list[str]:
    """The words of a text, as `plain`, without punctuation."""
    found: list[str] = _WORD.findall(plain(text))
    return found


def sentences(text: str, most: int) -> list[str]:
    """The sentences of a text with two words or more, at most `most`: the last ones, since people
    tell the story first and ask at the end. Where some ask, only those, each together with the one before
    it, if that tells and does not ask: it says what the question is about. Empty if there is but one."""
    parts = [part for part in _SENTENCE.split(text) if len(words(part)) > 1]
    if len(parts) < 2:
        return []
    before = ["", *parts]
    read = [
        part if asks(earlier) else f"{earlier} {part}".strip()
        for earlier, part in zip(before, parts, strict=False)
        if asks(part)
    ]
    return (read or parts)[-most:]


def points_back(read: str) -> bool:
    """Whether a word of a text, as it is read, points at what was said before: "that pagoda", "chùa đó". A
    place ("near there") is where something else is asked for."""
    return bool(_POINTS.search(read))


def asks(sentence: str) -> bool:
    """Whether a sentence has a question mark or a word that asks."""
    return bool(_ASKS.search(unicodedata.normalize("NFC", sentence)))
