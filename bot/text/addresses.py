"""Addresses that stand bare in a text become links, as messengers make them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_ADDRESS = re.compile(
    r"""(?<![\w@./:-])                                  # not within a word, another address, an e-mail's
    (?:https?://(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}   # written out: any name
      |(?:[a-z0-9-]{1,63}\.){1,8}(?-i:vn|com|org|net)   # bare: what is no missing blank
    )(?![\w@-]|\.\w)
    (?::[0-9]{1,5})?
    (?:[/?\#][^\s<>"“”‘’«»`|\\^{}]{0,1000})?""",
    re.VERBOSE | re.IGNORECASE,
)
_TRAILING = ".,;:!?…'*_~"
_PAIRS = {")": "(", "]": "["}


def link_addresses(state: StateCore) -> None:
    """A rule of markdown-it's core: it comes last, when what was escaped is text again."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = list(_linked(block.children))


def _linked(tokens: list[Token]) -> Iterator[Token]:
    links = 0
    for token in tokens:
        links += token.nesting if token.type in {"link_open", "link_close"} else 0
        if token.type == "text" and not links:
            yield from _split(token)
        else:
            yield token


def _split(text: Token) -> Iterator[Token]:
    place = 0
    for found in _ADDRESS.finditer(text.content):
        address = _without_end_of_sentence(found.group())
        yield _text(text, text.content[place : found.start()])
        has_scheme = address.lower().startswith(("http://", "https://"))
        href = address if has_scheme else f"https://{address}"
        yield Token("link_open", "a", 1, {"href": href}, level=text.level)
        yield _text(text, address)
        yield Token("link_close", "a", -1, level=text.level)
        place = found.start() + len(address)
    yield _text(text, text.content[place:])


def _text(like: Token, content: str) -> Token:
    return Token("text", "", 0, content=content, level=like.level)


def _without_end_of_sentence(address: str) -> str:
    """The address without what ends the sentence or the bracket around it."""
    while address:
        last = address[-1]
        is_unpaired = last in _PAIRS and address.count(last) > address.count(_PAIRS[last])
        if last not in _TRAILING and not is_unpaired:
            break
        address = address[:-1]
    return address
