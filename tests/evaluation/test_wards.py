"""Whether a question about a ward was answered rightly."""

from __future__ import annotations

import pytest

from bot.domain.language import Language
from bot.domain.plan import Kind
from evaluation.ask import Exchange, ShownCard
from evaluation.wards import NO_WARD, WardQuestion, is_right, read_wards, ward_sections


def asked(kind: str, about: tuple[str, ...], card: ShownCard) -> Exchange:
    question = WardQuestion(q="?", lang=Language.VI, kind=kind, about=about)
    return Exchange(question=question, cards=(card,), language=Language.VI)


@pytest.mark.parametrize(
    ("kind", "about", "card", "right"),
    [
        ("old_to_new", ("1",), ShownCard(kind=Kind.WARD, ids=("1",)), True),
        ("ambiguous", ("1", "2"), ShownCard(kind=Kind.WARD, ids=("1", "2", "3")), True),
        ("ambiguous", ("1", "2"), ShownCard(kind=Kind.WARD, ids=("1",)), False),
        ("old_to_new", ("1",), ShownCard(kind=Kind.ANSWER, id="city.my-ward"), False),
        ("not_in_table", (), ShownCard(kind=Kind.WARD), True),
        ("not_in_table", (), ShownCard(kind=Kind.FALLBACK), True),
        ("not_in_table", (), ShownCard(kind=Kind.WARD, ids=("1",)), False),
        (NO_WARD, (), ShownCard(kind=Kind.ANSWER, id="culture.food"), True),
        (NO_WARD, (), ShownCard(kind=Kind.WARD, ids=("1",)), False),
    ],
)
def test_a_reply_is_right_if_it_names_what_was_meant(
    kind: str, about: tuple[str, ...], card: ShownCard, right: bool
) -> None:
    assert is_right(asked(kind, about, card)) is right


def test_shares_are_counted_by_kind_and_in_all() -> None:
    right = asked("divided", ("1",), ShownCard(kind=Kind.WARD, ids=("1",)))
    wrong = asked("district", ("1",), ShownCard(kind=Kind.FALLBACK))

    (section,) = ward_sections([right, wrong])

    assert [(line.name, line.share.right, line.share.of) for line in section.lines] == [
        ("district", 0, 1),
        ("divided", 1, 1),
        ("all", 1, 2),
    ]
    assert ward_sections([]) == ()


def test_there_are_a_hundred_questions() -> None:
    assert len({question.q for question in read_wards()}) == 100
