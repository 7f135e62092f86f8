"""Markdown becomes HTML that Telegram accepts, in parts that fit, with nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.markup import to_html
from bot.text.rich import Quote, Run, Style, markdown, plain, split, units
from stand_ins.telegram.html import parse
from stand_ins.utf16 import utf16

# What Telegram itself replaces or drops is left out: control and format characters, surrogates.
letters = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
texts = st.text(letters | st.sampled_from("\n *_`[]()<>&#-.!😀ợ"), max_size=300)
styles = st.builds(
    Style,
    bold=st.booleans(),
    italic=st.booleans(),
    code=st.booleans(),
    link=st.none() | st.just('https://cantho.gov.vn/?a=1&b="2"'.replace('"', "%22")),
    quote=st.sampled_from([None, Quote.OPEN, Quote.FOLDED]),
)
runs = st.lists(
    st.builds(Run, st.text(letters | st.sampled_from(" \n<&😀"), min_size=1, max_size=80), styles)
)


def html_of(source: str) -> str:
    return to_html(markdown(source))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Chợ **nổi** và *bến*", "Chợ <b>nổi</b> và <i>bến</i>"),
        ("một\ndòng", "một dòng"),
        ("một\n\nhai", "một\n\nhai"),
        ("Xem:\n\n- một\n- hai\n  - ba\n\nhết", "Xem:\n\n• một\n• hai\n   • ba\n\nhết"),
        ("3. ba\n4. bốn", "3. ba\n4. bốn"),
        ("# Tựa\n\nchữ", "<b>Tựa</b>\n\nchữ"),
        ("[trang](https://a.vn/?x=1&y=2)", '<a href="https://a.vn/?x=1&amp;y=2">trang</a>'),
        ("1. một\n3. ba", "1. một\n3. ba"),
        ("1. một\n\n2025. Năm", "1. một\n\n2025.\u00a0Năm"),
        ("0292. 3 812 345", "0292.\u00a03 812 345"),
        ("[gọi](tel:115)", "gọi (115)"),
        ("[gọi 115](tel:115)", "gọi 115"),
        ("[thư](mailto:a@b.vn)", "thư (a@b.vn)"),
        ("bấm *101*1# hoặc *101#, giá 5*3*2", "bấm *101*1# hoặc *101#, giá 5*3*2"),
        ("**21*0912# và *101* và __init__ và a_b_c", "**21*0912# và *101* và __init__ và a_b_c"),
        ("**1022** và *bến*", "<b>1022</b> và <i>bến</i>"),
        ("`*101#`", "<code>*101#</code>"),
        ("&copy; &lt; [a]: b", "&amp;copy; &amp;lt; [a]: b"),
        ("    bốn khoảng trắng", "bốn khoảng trắng"),
        ("```python\nx\n```", "<code>python x </code>"),
        ("[xấu](javascript:alert(1))", "[xấu](javascript:alert(1))"),
        ("5 < 6 & <b>không</b>", "5 &lt; 6 &amp; &lt;b&gt;không&lt;/b&gt;"),
        ("**a `b` c**", "<b>a </b><code>b</code><b> c</b>"),
        ("> lời\n\nsau", "<blockquote>lời</blockquote>\n\nsau"),
        ("![hình](https://a.vn/x.png)", "hình"),
        ("829/QĐ\\-BVHTTDL \\*", "829/QĐ-BVHTTDL *"),
    ],
)
def test_markdown_reads_in_telegram_as_it_was_meant(source: str, expected: str) -> None:
    assert html_of(source) == expected


@given(texts)
def test_any_markdown_makes_html_that_telegram_accepts(source: str) -> None:
    written = markdown(source)
    if plain(written).strip():
        text, _ = parse(to_html(written))
        assert text == plain(written).strip()


@given(runs, st.integers(2, 60))
def test_parts_fit_and_only_white_space_at_their_ends_is_lost(given_runs: list[Run], limit: int) -> None:
    parts = split(given_runs, limit)
    for part in parts:
        text, _ = parse(to_html(part))
        assert text == plain(part)
        assert 0 < utf16(text) <= limit
    assert "".join("".join(map(plain, parts)).split()) == "".join(plain(given_runs).split())


@given(runs, st.integers(2, 60))
def test_a_character_keeps_its_style_when_the_text_is_split(given_runs: list[Run], limit: int) -> None:
    def styled(some: list[Run]) -> list[tuple[str, Style]]:
        return [(c, run.style) for run in some for c in run.text if not c.isspace()]

    assert [pair for part in split(given_runs, limit) for pair in styled(part)] == styled(given_runs)


@given(st.text())
def test_length_is_counted_in_utf_16_units(text: str) -> None:
    assert units(text) == utf16(text)


def test_a_long_text_is_divided_between_paragraphs_if_possible() -> None:
    paragraphs = [f"Đoạn {n}. " + "chữ " * 40 for n in range(6)]
    parts = split(markdown("\n\n".join(paragraphs)), 400)
    assert len(parts) == 3
    assert all(plain(part).startswith("Đoạn") for part in parts)


def test_a_long_paragraph_is_divided_between_sentences() -> None:
    parts = split(markdown("Câu này dài vừa phải thôi. " * 30), 200)
    assert all(plain(part).endswith(".") for part in parts)


def test_a_text_without_any_space_is_divided_all_the_same() -> None:
    parts = split([Run("😀" * 100)], 33)
    assert [units(plain(part)) for part in parts] == [32] * 6 + [8]
