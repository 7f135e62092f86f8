"""The Markdown of content/: CommonMark without what reads markup into text that has none.

Numbers, codes and addresses have to be shown as they were written: `*101*1#` is no emphasis, `2025.`
at the beginning of a line is no point of a list, and what looks like an entity is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

_NO_POINT = re.compile(
    r"^((?:[ \t]|>|[*+-][ \t]|\d{1,2}[.)][ \t])*?"
    r"(?:(?:0\d{1,8}|\d{3,9})[.)](?=[ \t]|$)|\d{1,2}[.)](?=[ \t]*$)))[ \t]*",
    re.MULTILINE,
)
"""A number that is no point of a list: of three digits or with a zero in front (a year, a hotline, an area
code), or with nothing behind it."""

_CODE_AHEAD = re.compile(r"[\d#]")

_CODE = re.compile(r"[\d*#]*(?:\d[*#]|[*#]\d)[\d*#]*")
"""What is dialled: digits with asterisks or `#` among them."""


def parser() -> MarkdownIt:
    """A parser for paragraphs, **bold**, *italics*, lists, links, `code`, headings, quotes and pictures.

    A list keeps the numbers that were written: they stand in the `info` of its points.
    """
    markdown = MarkdownIt("commonmark", {"html": False})
    markdown.disable(["code", "entity", "fence", "html_block", "html_inline", "lheading", "reference"])
    markdown.inline.ruler.at("emphasis", _emphasis)
    markdown.core.ruler.after("normalize", "numbers", _keep_numbers)
    return markdown


def _emphasis(state: StateInline, silent: bool) -> bool:
    """Asterisks around whole words alone; underscores never (a name with underscores is not emphasised).

    A single asterisk before a digit, `#` or another begins a code, such as `*101#`.
    """
    if silent or state.src[state.pos] != "*":
        return False
    found = state.scanDelims(state.pos, False)
    after = state.src[state.pos + found.length : state.pos + found.length + 1]
    is_code = found.length == 1 and _CODE_AHEAD.match(after) is not None
    # The library pairs what has the same marker, and knows these two: so one asterisk never ends with two.
    marker = ord("*") if found.length == 1 else ord("_")
    for _ in range(found.length):
        token = state.push("text", "", 0)
        token.content = "*"
        state.delimiters.append(
            Delimiter(
                marker=marker,
                length=found.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=found.can_open and not is_code,
                close=found.can_close,
            )
        )
    state.pos += found.length
    return True


def _keep_numbers(state: StateCore) -> None:
    # A blank that does not break is none that makes a list, and looks the same.
    state.src = _NO_POINT.sub("\\1\u00a0", state.src)


_PARSER = parser()


def misread(text: str) -> list[str]:
    """The words and codes of a Markdown text that readers would not see as they were written.

    Letters or digits that are missing, codes of which an asterisk or `#` is, and asterisks for bold that
    are shown, since they do not stand around whole words. Where links lead to is no text.
    """
    tokens = list(_all(_PARSER.parse(text)))
    visible = "".join(map(_visible, tokens))
    addresses = "".join(str(value) for token in tokens for value in token.attrs.values())
    known = visible + addresses + unquote(addresses)
    missing = Counter(filter(str.isalnum, text)) - Counter(filter(str.isalnum, known))
    return [
        *(word for word in text.split() if not missing.keys().isdisjoint(word) and word not in known),
        *(code for code in map(_without_bold, _CODE.findall(text.replace("\\", ""))) if code not in visible),
        *(word for word in visible.split() if "**" in word),
    ]


def _all(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _visible(token: Token) -> str:
    match token.type:
        case "text" | "text_special" | "code_inline":
            return token.content
        case "list_item_open":
            return f"\n{token.info} "
        case "softbreak" | "hardbreak" | "inline":
            return "\n"
    return ""


def _without_bold(code: str) -> str:
    """A code without the asterisks of bold that stand beside it."""
    bare = code.strip("*")
    return bare if bare.isdigit() else code.removeprefix("**").removesuffix("**")
