"""What stands in messages and is no word: emoticons, emoji, addresses."""

from __future__ import annotations

import re
import unicodedata

from nlu.components.forms import words

_NO_LANGUAGE = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}|\[…\]"
    r"|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.(?:vn|com|org|net|gov|ly|me)\b\S*"
)
"""Addresses, and what stands in place of a masked number."""

_EMOTICON = re.compile(
    r"(?<!\w)(?:[<>]?[:;=x8][\-o*']?[)\](\[dpv/\\|}{@3<>o*$]+|[)\](\[/\\|}{@]+-?[:;=]|<+/?3+"
    r"|\^[._o-]*\^+|[o><-][._]+[o><-]|t[._]t|q[._]q|=+[)(>]+|:v+|:3+)(?!\w)",
    re.IGNORECASE,
)
"""Faces made of punctuation and letters: ":)", "=))", "<3", "^^", "T_T", ":v"."""


def without_emoticons(text: str) -> str:
    """The text without faces made of punctuation and letters, which say nothing beside words."""
    return _EMOTICON.sub(" ", text)


def spoken(text: str) -> str:
    """The text without what is no word of a language: addresses, masked numbers, emoticons."""
    return without_emoticons(_NO_LANGUAGE.sub(" ", text))


def signs(text: str) -> list[str]:
    """Of a text without words, the emoticons, emoji and other characters in order; empty if there is a word
    or an address in it."""
    rest = without_emoticons(text)
    if words(rest) or _NO_LANGUAGE.search(rest):
        return []
    drawn = (c for c in rest if not c.isspace() and unicodedata.category(c)[0] not in "MC")
    return [*_EMOTICON.findall(text), *drawn]
