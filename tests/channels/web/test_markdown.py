"""Markdown of content/ on a page: what an editor may write comes through, and nothing else."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.markdown import to_html

ALLOWED = {"p", "strong", "em", "ul", "ol", "li", "a", "br", "code"}


def test_paragraphs_bold_and_lists_are_rendered() -> None:
    html = to_html("Chợ đông lúc **5-6 giờ**.\n\n- một\n- hai")
    assert html == ("<p>Chợ đông lúc <strong>5-6 giờ</strong>.</p>\n<ul>\n<li>một</li>\n<li>hai</li>\n</ul>")


def test_links_open_a_new_tab_that_knows_nothing_of_the_page() -> None:
    assert to_html("[trang](https://example.org/?a=1&b=2)") == (
        '<p><a href="https://example.org/?a=1&amp;b=2" target="_blank" rel="noopener">trang</a></p>'
    )


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//evil", "/x"]
)
def test_a_link_to_anything_but_the_web_mail_or_a_phone_is_no_link(target: str) -> None:
    assert "<a" not in to_html(f"[x]({target}) <{target}>")


@pytest.mark.parametrize("text", ["<script>x</script>", "<img src=x onerror=y>", "![x](https://e.org/i.png)"])
def test_raw_html_and_images_are_shown_as_typed(text: str) -> None:
    assert not {"script", "img"} & tags(to_html(text))


def test_a_list_keeps_the_numbers_that_were_written() -> None:
    assert to_html("1. a\n3. b") == '<ol>\n<li value="1">a</li>\n<li value="3">b</li>\n</ol>'
    assert to_html("1. a\n\n2025. Năm") == '<ol>\n<li value="1">a</li>\n</ol>\n<p>2025.\u00a0Năm</p>'


def test_code_is_shown_as_it_is() -> None:
    assert to_html("Bấm `*101*1#`") == "<p>Bấm <code>*101*1#</code></p>"


@given(st.text(alphabet=st.sampled_from("ab <>/\"'=&[]()!*_`#-\\\n\t1.:https")))
def test_no_text_whatever_makes_other_tags_or_attributes(text: str) -> None:
    assert tags(to_html(text)) <= ALLOWED


def tags(html: str) -> set[str]:
    """The tags of a piece of HTML; fails on attributes that no card needs."""
    found: set[str] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.add(tag)
            assert {name for name, _ in attrs} <= {"href", "target", "rel", "title", "start", "value"}

    Reader().feed(html)
    return found
