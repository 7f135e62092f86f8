"""What stands in messages and is no word: emoticons, emoji, addresses."""

from __future__ import annotations

import re
import unicodedata

from nlu.text.forms import plain, words

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


_SAYS_NOTHING = frozenset(".,!，．。！'\"‘’“”«»")
_TRAILING_OFF = re.compile(r"\.{2,}")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co"})


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
    return [*_EMOTICON.findall(text), *_drawn(rest)]


def signs_beside(text: str) -> list[str]:
    """The signs of a text that stand beside its words and may doubt or unsay them: not single points, commas,
    exclamation and quotation marks."""
    rest = _TRAILING_OFF.sub("…", without_emoticons(text))
    return [
        *_EMOTICON.findall(text),
        *(c for c in _drawn(rest) if c not in _SAYS_NOTHING and not plain(c).isalnum()),
    ]


def _drawn(text: str) -> list[str]:
    # An emoji that is newer than this Python is unassigned (Cn) to it; people see it all the same.
    return [
        c
        for c in text
        if not c.isspace()
        and (category := unicodedata.category(c))[0] != "M"
        and category not in _UNSEEN
        and not "\U0001f3fb" <= c <= "\U0001f3ff"
    ]
