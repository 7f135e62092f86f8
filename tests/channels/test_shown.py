"""What was written is what people see, on Telegram, Zalo and the page alike."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.formatting import escape, verbatim
from bot.channels.telegram.markup import to_html as to_telegram
from bot.channels.zalo_text import written
from bot.text.dialect import misread
from bot.text.html import to_html
from bot.text.rich import markdown, plain
from stand_ins.telegram.html import parse


def on_telegram(source: str) -> str:
    return parse(to_telegram(runs))[0] if plain(runs := markdown(source)).strip() else ""


def on_zalo(source: str) -> str:
    return written(markdown(source))


def on_page(source: str) -> str:
    shown = re.sub(r'<li value="(\d+)">', r"\n\1. ", to_html(source))
    return html.unescape(re.sub(r"<[^>]*>", "", shown.replace("<br />", "")))


SHOWN: list[Callable[[str], str]] = [on_telegram, on_zalo, on_page]

PIECES = """** __ 1. 2) 08. 2025. &lt; 101 5*3 *101*1# chợ a_b https://a.vn/x_y*z dichvucong.gov.vn <b> ```
~~~ --- ==="""
pieces = st.sampled_from([*"*_`#-+>~=&;\\<!|:[ \t\n", "\n\n", "    ", *PIECES.split()])
sources = st.lists(pieces, max_size=14).map("".join)


def letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


@pytest.mark.parametrize("show", SHOWN)
@given(source=sources)
def test_every_letter_and_digit_that_was_written_is_shown_in_order(
    show: Callable[[str], str], source: str
) -> None:
    assert letters(show(source)) == letters(source)


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize(
    "code",
    ["*101*1#", "*101#", "##002#", "**21*0912#", "5*3*2", "__init__", "a*b*c", "*101*", "1*1", "2**3**4"],
)
def test_a_code_is_shown_with_all_its_signs(show: Callable[[str], str], code: str) -> None:
    assert show(f"Bấm {code} nhé, rồi **gọi** 113.").strip() == f"Bấm {code} nhé, rồi gọi 113."
    assert misread(f"Bấm {code}") in ([], [code])


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize("text", [">1.", "1. *", "2) -", "> 3. +"])
def test_a_number_with_nothing_behind_it_is_shown(show: Callable[[str], str], text: str) -> None:
    assert letters(show(text)) == letters(text)


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize("text", ["100.000 đồng", "02923.812.345", "5.30 giờ"])
def test_a_number_at_the_beginning_of_a_line_stays_whole(show: Callable[[str], str], text: str) -> None:
    assert show(text).strip() == text


@pytest.mark.parametrize("show", SHOWN)
@given(text=sources)
def test_a_plain_text_is_shown_sign_by_sign_and_line_by_line(show: Callable[[str], str], text: str) -> None:
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    shown = [" ".join(line.split()) for line in show(verbatim(text)).splitlines() if line.strip()]
    assert shown == lines


@given(text=sources)
def test_an_escaped_text_has_no_markup(text: str) -> None:
    line = " ".join(text.split())
    assert plain(markdown(f"Hỏi: {escape(line)}")) == f"Hỏi: {line}".strip()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bấm **1.000**đ", ["**1.000**đ"]),
        ("Bấm **Gọi *101#**, **1022** hoặc `*102#`; [x](https://a.vn/%C3%A9)", []),
        ("Giá **5*3** và 5*3*2", []),
        ("[x](https://a.vn)*5 và *x*", []),
        ("![hình](https://a.vn/x.png)", []),
    ],
)
def test_an_editor_is_told_what_would_not_be_shown_as_it_was_written(text: str, found: list[str]) -> None:
    assert misread(text) == found
