"""Markdown of content/ as HTML for pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from bot.text.addresses import link_addresses
from bot.text.dialect import parser

_SAFE_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)


def to_html(markdown: str) -> str:
    """The text as HTML that is safe to put into a page.

    Paragraphs, bold, italics, lists, links and `code` come through; everything else, raw HTML above all,
    is shown as it was typed. Addresses become links, which open a new tab, so that the conversation stays
    where it is.
    """
    html: str = _MARKDOWN.render(markdown)
    return html.strip()


def _open_point(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    if tokens[index].info:  # the browser would count on from the first
        tokens[index].attrSet("value", tokens[index].info)
    return renderer.renderToken(tokens, index, options, env)


def _open_link(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    tokens[index].attrSet("target", "_blank")
    tokens[index].attrSet("rel", "noopener")
    return renderer.renderToken(tokens, index, options, env)


def _markdown() -> MarkdownIt:
    # What an answer may not hold is switched off rather than rendered: a heading or an image in
    # the middle of a card would break the page's outline and its security policy.
    markdown = parser()
    markdown.disable(["heading", "hr", "blockquote", "image"])
    # Stricter than the library's own list of forbidden schemes: only what a card needs.
    checked: Any = markdown
    checked.validateLink = lambda url: bool(_SAFE_LINK.match(url))
    markdown.core.ruler.push("addresses", link_addresses)
    markdown.add_render_rule("link_open", _open_link)
    markdown.add_render_rule("list_item_open", _open_point)
    return markdown


_MARKDOWN = _markdown()
