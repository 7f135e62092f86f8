"""A card looks intended for Zalo: plain, with its sources, and with what to ask next."""

from __future__ import annotations

import datetime
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.compose import compose
from bot.cards.formatting import escape
from bot.channels.zalo import ZaloChannel
from bot.channels.zalo.render import as_message
from bot.channels.zalo_text import (
    BUTTONS,
    MESSAGE_UNITS,
    TURN_MESSAGES,
    ZaloMessages,
    render,
    written,
)
from bot.content.library import Library
from bot.content.loading import load
from bot.domain.answer import Source, Verdict
from bot.domain.card import Button, Card
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan
from bot.text.rich import markdown
from stand_ins.utf16 import utf16
from stand_ins.zalo.messages import Consultation
from stand_ins.zalo.messages import read as as_zalo_reads
from tests.support import ROOT

SOURCES = tuple(
    Source(
        title=f"Văn bản *{n}*", number=f"{n}/QĐ", issuer="UBND", date="2026-03-10", url=f"https://a.vn/{n}_x_"
    )
    for n in range(1, 6)
)

CARD = Card(
    kind=Kind.ANSWER,
    language=Language.VI,
    id="clarification.market",
    title="Chợ nổi",
    claim="Chợ nổi **bị đóng cửa**.",
    verdict=Verdict.REFUTED,
    verdict_label="Không đúng",
    clarified="Sở Văn hóa, 01/11/2026",
    text="Chợ **vẫn mở**.\n\n- từ 5 giờ\n- xem [trang](https://b.vn/x)",
    notice="Lưu ý: có thể đã cũ.",
    sources=SOURCES[:2],
    checked=datetime.date(2026, 11, 20),
    office="Sở Văn hóa",
)

WRITTEN = """\
📌 Chợ nổi

💬 Tin đồn: Chợ nổi bị đóng cửa.

❌ Không đúng
Bên đính chính: Sở Văn hóa, 01/11/2026

Chợ vẫn mở.

• từ 5 giờ
• xem trang: https://b.vn/x

ℹ️ Lưu ý: có thể đã cũ.

🔎 Nguồn · Kiểm tra ngày 20/11/2026
• Văn bản *1*, 1/QĐ, UBND, 10/03/2026
https://a.vn/1_x_
• Văn bản *2*, 2/QĐ, UBND, 10/03/2026
https://a.vn/2_x_
🏛 Cơ quan phụ trách: Sở Văn hóa"""


def card(*buttons: Button, text: str = "A text.", **more: object) -> Card:
    return Card(kind=Kind.ANSWER, language=Language.EN, text=text, buttons=buttons, **more)  # type: ignore[arg-type]


def answers(number: int) -> list[Button]:
    return [Button(f"Answer {n}", f"answer:culture.a{n}") for n in range(number)]


TOOLS = [
    Button("Helpful", "helpful:culture.a:en"),
    Button("Not helpful", "unhelpful:culture.a:en"),
    Button("Tiếng Việt", "language:vi"),
]


def rendered(some: Card, library: Library) -> ZaloMessages:
    return render(some, library.messages)


def test_a_whole_card_reads_from_top_to_bottom(small_library: Library) -> None:
    assert rendered(CARD, small_library).pressed.texts == (WRITTEN,)


def test_many_sources_do_not_hide_the_answer(small_library: Library) -> None:
    [text] = rendered(card(sources=SOURCES), small_library).pressed.texts
    assert text.count("https://a.vn/") == 3
    assert text.endswith('2 more: write "sources" to see them all.')


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("**đậm** và *nghiêng* và `mã`", "đậm và nghiêng và mã"),
        ("# Tựa\n\nchữ", "Tựa\n\nchữ"),
        ("- một\n- hai", "• một\n• hai"),
        ("1. một\n2. hai", "1. một\n2. hai"),
        ("[trang **này**](https://a.vn/x), rồi", "trang này: https://a.vn/x, rồi"),
        ("[a.vn](https://a.vn) hay [https://b.vn/](https://b.vn/)", "https://a.vn hay https://b.vn/"),
        ("[a.vn](https://www.a.vn)", "https://www.a.vn"),
        ("[gọi](tel:115)", "gọi (115)"),
        ("> lời", "lời"),
        ("\\*sao\\* và _gạch", "*sao* và _gạch"),
        ("<b>không</b>", "<b>không</b>"),
    ],
)
def test_no_markup_is_left_over(source: str, expected: str) -> None:
    assert written(markdown(source)) == expected


def test_text_is_sent_composed_since_zalo_counts_characters(small_library: Library) -> None:
    [text] = rendered(card(text=unicodedata.normalize("NFD", "Cần Thơ")), small_library).pressed.texts
    assert text == unicodedata.normalize("NFC", "Cần Thơ")


class TestOptions:
    def test_as_many_as_fit_are_buttons(self, small_library: Library) -> None:
        found = rendered(card(*answers(2), *TOOLS), small_library)
        assert [b.label for b in found.buttons] == [
            "Answer 0", "Answer 1", "Helpful", "Not helpful", "Tiếng Việt",
        ]  # fmt: skip
        assert found.pressed.numbered == ()
        assert found.pressed.texts == ("A text.",)

    def test_beyond_that_the_places_to_go_to_are_buttons_and_the_rest_has_numbers(
        self, small_library: Library
    ) -> None:
        found = rendered(card(*answers(3), *TOOLS, map_url="https://maps.example.org/"), small_library)
        assert [b.label for b in found.buttons] == ["Answer 0", "Answer 1", "Answer 2", "See the map"]
        assert found.pressed.texts == (
            "A text.\n\nReply with a number: 1. Helpful · 2. Not helpful · 3. Tiếng Việt",
        )
        assert found.pressed.numbered == tuple(b.payload for b in TOOLS)

    def test_a_menu_is_numbered_and_its_ways_on_are_buttons(self, small_library: Library) -> None:
        ways = [Button("More", "topic:culture:2"), Button("Topics", "say:topics")]
        found = rendered(card(*answers(6), *ways), small_library)
        assert [b.label for b in found.buttons] == ["More", "Topics"]
        [text] = found.pressed.texts
        assert text.endswith("Reply with a number:\n" + "\n".join(f"{n + 1}. Answer {n}" for n in range(6)))

    def test_the_topics_are_buttons_and_leaving_a_question_has_a_number(self, small_library: Library) -> None:
        topics = [Button(f"Topic {n}", f"topic:t{n}:1") for n in range(5)]
        found = rendered(card(Button("Leave it", "say:handoff"), *topics), small_library)
        assert list(found.buttons) == topics
        assert found.pressed.numbered == ("say:handoff",)

    def test_without_buttons_everything_has_a_number_and_addresses_are_written_out(
        self, small_library: Library
    ) -> None:
        found = rendered(card(*answers(2), map_url="https://maps.example.org/"), small_library)
        assert found.plain.texts == (
            "A text.\n\nSee the map: https://maps.example.org/\n\n"
            "Reply with a number: 1. Answer 0 · 2. Answer 1",
        )
        assert found.plain.numbered == ("answer:culture.a0", "answer:culture.a1")

    def test_without_buttons_a_menu_keeps_its_order(self, small_library: Library) -> None:
        menu = [*answers(6), Button("More", "topic:culture:2")]
        found = rendered(card(*menu), small_library)
        assert found.pressed.numbered + tuple(b.payload for b in found.buttons) == found.plain.numbered
        assert found.plain.numbered == tuple(b.payload for b in menu)

    def test_a_button_that_zalo_would_refuse_is_left_out(self, small_library: Library) -> None:
        long = Button("Too much", "answer:" + "ợ" * 400)
        assert rendered(card(long, *answers(1)), small_library).buttons == tuple(answers(1))


def test_what_is_longer_than_a_turn_is_cut_and_says_so(small_library: Library) -> None:
    found = rendered(card(*answers(1), text="Một câu dài. " * 1000), small_library)
    assert len(found.pressed.texts) == TURN_MESSAGES
    assert found.pressed.texts[-1].endswith("so it stops here.)")
    assert found.plain.texts[-1].endswith("so it stops here.)\n\nReply with a number: 1. Answer 0")


letters = st.characters(exclude_categories=("Cc", "Cs"))
texts = st.text(letters | st.sampled_from("\n *_`[]()#-.!😀ợ"), min_size=1, max_size=4000).filter(str.strip)
labels = st.text(letters, min_size=1, max_size=150).filter(str.strip)
buttons = st.builds(Button, labels, st.sampled_from(["answer:a.b", "topic:city:1", "say:help"])) | st.builds(
    Button, labels, st.none(), st.just("https://maps.example.org/x")
)
cards = st.builds(
    Card,
    kind=st.just(Kind.ANSWER),
    language=st.sampled_from(Language),
    text=texts.map(escape),
    title=st.none() | labels,
    claim=st.none() | labels.map(escape),
    verdict=st.none() | st.sampled_from(Verdict),
    verdict_label=st.none() | labels,
    notice=st.none() | labels.map(escape),
    sources=st.lists(st.sampled_from(SOURCES), max_size=4).map(tuple),
    buttons=st.lists(buttons, max_size=8).map(tuple),
)


@given(some=cards)
def test_any_card_makes_messages_that_zalo_takes(some: Card, small_library: Library) -> None:
    found = rendered(some, small_library)
    for shape, pressed in ((found.pressed, found.buttons), (found.plain, ())):
        assert 0 < len(shape.texts) <= TURN_MESSAGES
        for number, text in enumerate(shape.texts, 1):
            assert utf16(text) <= MESSAGE_UNITS
            message = as_message(text, pressed if number == len(shape.texts) else ())
            as_zalo_reads(Consultation, {"recipient": {"user_id": "2468458835296197922"}, "message": message})
    assert len(found.buttons) <= BUTTONS
    # Nothing that could be chosen is lost.
    payloads = [b.payload for b in some.buttons if b.payload]
    chosen = [b.payload for b in found.buttons if b.payload]
    assert sorted([*chosen, *found.pressed.numbered]) == sorted(payloads) == sorted(found.plain.numbered)


@given(some=cards)
def test_up_to_the_last_message_both_shapes_are_the_same(some: Card, small_library: Library) -> None:
    found = rendered(some, small_library)
    before = len(found.pressed.texts) - 1
    assert found.pressed.texts[:before] == found.plain.texts[:before]


def test_every_answer_of_the_city_fits_and_has_no_markup() -> None:
    library = load(ROOT / "content").library
    today = datetime.date(2026, 11, 25)
    for answer_id, answer in library.answers.items():
        if library.published(answer_id) is None:
            continue
        for language in Language:
            plans = (Plan(reply=Kind.ANSWER, language=language, id=answer.id),)
            [said] = compose(plans, library, today, arrival=ZaloChannel.arrival).cards
            found = render(said, library.messages)
            assert len(found.pressed.texts) <= 2, answer_id
            assert not re.search(r"\*\*|\]\(|^#|^- ", "\n".join(found.plain.texts), re.MULTILINE), answer_id
            assert json.dumps(as_message(found.pressed.texts[-1], found.buttons))
