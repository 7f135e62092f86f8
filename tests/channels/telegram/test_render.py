"""A card on Telegram: what stands where, and under it which buttons."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from telegram import InlineKeyboardButton

from bot.channels.telegram.render import TelegramMessages, deep_link, render
from bot.content.library import Library
from bot.domain.answer import Facet, Source, Verdict
from bot.domain.card import Button, Card
from bot.domain.language import Language
from bot.domain.plan import Kind
from stand_ins.telegram.html import parse
from stand_ins.utf16 import utf16

MARKET = Card(
    kind=Kind.ANSWER,
    language=Language.VI,
    id="culture.cai-rang-floating-market",
    title="Chợ nổi Cái Răng",
    text="Có mặt lúc **5-6 giờ sáng**.\n\n- Ghe treo cây bẹo.",
    sources=(
        Source(
            title="Quyết định <829>", number="829/QĐ-BVHTTDL", date="2016-03-10", url="https://a.vn/?a=1&b=2"
        ),
        Source(title="Đề án", issuer="Viện Kinh tế", date="2015"),
    ),
    checked=datetime.date(2026, 11, 22),
    office="Sở Văn hóa",
    map_url="https://www.google.com/maps/search/?api=1&query=ch%E1%BB%A3",
    buttons=(
        Button("Bến Ninh Kiều có gì vui?", "answer:culture.ninh-kieu-quay"),
        Button("English", "language:en"),
    ),
)

RUMOUR = Card(
    kind=Kind.ANSWER,
    language=Language.EN,
    id="clarification.id-cards",
    title="ID cards after the merger",
    text="No, your card stays valid.",
    claim="Everybody must get a *new* card.",
    verdict=Verdict.REFUTED,
    verdict_label="Not true",
    clarified="The police, 01/07/2025",
    notice="Note: may be out of date.",
    sources=(Source(title="Notice"),),
    checked=datetime.date(2026, 11, 22),
)


@pytest.fixture
def show(small_library: Library) -> Show:
    return Show(small_library)


class Show:
    """Renders a card with the bot's own words."""

    def __init__(self, library: Library) -> None:
        self._labels = library.messages.labels

    def __call__(self, card: Card, username: str | None = "hoicantho_bot") -> TelegramMessages:
        return render(card, self._labels, username)


def rows(rendered: TelegramMessages) -> list[list[InlineKeyboardButton]]:
    return [list(row) for row in rendered.keyboard.inline_keyboard] if rendered.keyboard else []


def labels(rendered: TelegramMessages) -> list[list[str]]:
    return [[button.text for button in row] for row in rows(rendered)]


def test_an_answer_has_title_text_and_folded_its_date_sources_and_office(show: Show) -> None:
    [part] = show(MARKET).parts
    assert part.html == (
        "<b>Chợ nổi Cái Răng</b>\n\n"
        "Có mặt lúc <b>5-6 giờ sáng</b>.\n\n• Ghe treo cây bẹo.\n"
        "<blockquote expandable><b>Nguồn · Kiểm tra ngày 22/11/2026</b>\n"
        '1. <a href="https://a.vn/?a=1&amp;b=2">Quyết định &lt;829&gt;</a>, 829/QĐ-BVHTTDL, 10/03/2016\n'
        "2. Đề án, Viện Kinh tế, 2015\n"
        "Cơ quan phụ trách: Sở Văn hóa</blockquote>"
    )


def test_a_clarification_sets_the_claim_apart_and_says_the_verdict_before_the_text(show: Show) -> None:
    [part] = show(RUMOUR).parts
    assert part.plain.splitlines() == [
        "ID cards after the merger",
        "Claim: Everybody must get a new card.",
        "Not true",
        "Clarified by: The police, 01/07/2025",
        "",
        "No, your card stays valid.",
        "",
        "Note: may be out of date.",
        "Source · Checked on 22/11/2026",
        "Notice",
    ]
    assert "<blockquote><b>Claim: </b>" in part.html


def test_answers_have_a_row_each_and_short_buttons_share_one(show: Show) -> None:
    card = replace(
        MARKET, buttons=(Button("Bến", "answer:a.b"), Button("Lễ", "answer:a.c"), *MARKET.buttons[1:])
    )
    assert labels(show(card)) == [["Bến"], ["Lễ"], ["English", "Xem bản đồ", "Chia sẻ"]]


def test_a_long_button_never_shares_a_row(show: Show) -> None:
    buttons = (
        Button("Kiều bào", "topic:a:1"),
        Button("Văn hóa và du lịch", "topic:b:1"),
        Button("Thôi", "no:forget"),
    )
    card = Card(Kind.ACTION, Language.VI, "Chọn:", buttons=buttons)
    assert labels(show(card)) == [["Kiều bào"], ["Văn hóa và du lịch"], ["Thôi"]]


def test_the_share_button_carries_a_link_that_opens_the_answer(show: Show) -> None:
    share = rows(show(MARKET))[-1][-1]
    assert share.url == (
        "https://t.me/share/url?url=https%3A%2F%2Ft.me%2Fhoicantho_bot%3Fstart%3D"
        "culture_cai-rang-floating-market&text=Ch%E1%BB%A3+n%E1%BB%95i+C%C3%A1i+R%C4%83ng"
    )


def test_there_is_no_share_button_before_the_bot_knows_its_name_nor_for_too_long_an_id(show: Show) -> None:
    assert "Chia sẻ" not in labels(show(MARKET, username=None))[-1]
    assert "Chia sẻ" not in labels(show(replace(MARKET, id="culture." + "a" * 60)))[-1]


def test_a_deep_link_holds_the_id(show: Show) -> None:
    assert deep_link("culture.food", "hoicantho_bot") == "https://t.me/hoicantho_bot?start=culture_food"


def test_the_answer_about_sources_does_not_list_them_twice(show: Show) -> None:
    card = replace(MARKET, kind=Kind.FACET, facet=Facet.SOURCE)
    assert "Quyết định" not in show(card).parts[0].plain


def test_a_button_that_telegram_would_refuse_is_left_out(show: Show) -> None:
    too_long = Button("Dài", "answer:culture." + "a" * 50)
    fits = Button("Vừa", "answer:" + "a" * 57)
    assert labels(show(Card(Kind.CHOICES, Language.VI, "Chọn:", buttons=(too_long, fits)))) == [["Vừa"]]


def test_a_card_without_buttons_has_no_keyboard(show: Show) -> None:
    assert show(Card(Kind.SMALLTALK, Language.VI, "Chào bạn")).keyboard is None


def test_a_long_answer_comes_in_parts_that_each_fit_and_parse(show: Show) -> None:
    card = replace(MARKET, text="\n\n".join(["Một **đoạn** văn " + "rất dài " * 60] * 30))
    parts = show(card).parts
    assert len(parts) == 4
    for part in parts:
        text, _ = parse(part.html)
        assert text == part.plain
        assert utf16(text) <= 4096
    assert parts[-1].plain.endswith("Cơ quan phụ trách: Sở Văn hóa")
