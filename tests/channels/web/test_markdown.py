"""Markdown of content/ on a page: what an editor may write comes through, and nothing else."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.html import to_html

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


def link(href: str, text: str) -> str:
    return f'<a href="{href}" target="_blank" rel="noopener">{text}</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Trang web: https://canthopromotion.vn", "Trang web: {}"),
        ("xem https://canthopromotion.vn.", "xem {}."),
        ("(https://canthopromotion.vn)", "({})"),
        ("“https://canthopromotion.vn”, hay", "“{}”, hay"),
        ("**https://canthopromotion.vn**", "<strong>{}</strong>"),
        ("https://canthopromotion.vn… đó!", "{}… đó!"),
    ],
)
def test_an_address_in_a_text_is_a_link_without_what_stands_around_it(text: str, html: str) -> None:
    address = "https://canthopromotion.vn"
    assert to_html(text) == f"<p>{html.format(link(address, address))}</p>"


@pytest.mark.parametrize(
    ("written", "href"),
    [
        ("dichvucong.gov.vn", "https://dichvucong.gov.vn"),
        ("www.baocantho.com.vn/tin?a=1#b", "https://www.baocantho.com.vn/tin?a=1#b"),
        ("http://cantho.gov.vn:8080/a_b_c", "http://cantho.gov.vn:8080/a_b_c"),
        ("https://vi.wikipedia.org/wiki/Chợ_(Cần_Thơ)", "https://vi.wikipedia.org/wiki/Chợ_(Cần_Thơ)"),
        ("HTTPS://EVISA.GOV.VN", "HTTPS://EVISA.GOV.VN"),
    ],
)
def test_so_is_a_bare_name_or_a_long_address(written: str, href: str) -> None:
    assert to_html(f"Xem {written}, nhé") == f"<p>Xem {link(href, written)}, nhé</p>"


def test_an_address_whose_signs_were_escaped_is_whole() -> None:
    address = "https://a.vn/x_y*z"
    assert to_html(r"https://a.vn/x\_y\*z") == f"<p>{link(address, address)}</p>"


def test_a_link_and_an_address_in_brackets_stay_one_link() -> None:
    assert to_html("[trang https://a.vn](https://b.vn)").count("<a ") == 1
    assert to_html("<https://a.vn>") == f"<p>{link('https://a.vn', 'https://a.vn')}</p>"


@pytest.mark.parametrize(
    "text",
    [
        "Xong.Vn ạ", "mua ở chợ.Ai hỏi", "8.00-17.00", "ai@cantho.gov.vn", "javascript://a.vn", "ftp://a.vn",
        "https://", "https://localhost", "a.vn@evil.org", "v2.0.1", "tin.vnexpress", "data:text/html,a",
        "cầnthơ.vn", "ơn.vn",
    ],
)  # fmt: skip
def test_what_is_no_address_is_no_link(text: str) -> None:
    assert "<a" not in to_html(text)


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
