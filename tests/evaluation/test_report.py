"""The report and the table: every number has its place, and nothing is fetched from elsewhere."""

from __future__ import annotations

import re

import pytest

from evaluation.ask import Exchange, Times
from evaluation.measure import measure
from evaluation.report import render
from evaluation.table import lines
from tests.support.cases import asked, parse

TIMES = Times(bot=(0.04, 0.05), rasa=(0.02, 0.025))


@pytest.fixture
def everything() -> list[Exchange]:
    return [
        asked(
            id="culture.food",
            cards=[("answer", "culture.food")],
            parse=parse("faq", 0.9, ["culture.food"]),
        ),
        asked(
            id="culture.music",
            cards=[("answer", "culture.food")],
            parse=parse("faq", 0.6, ["culture.food"]),
            style="typos",
            language="en",
        ),
        asked(near=True, cards=[("answer", "culture.food")], parse=parse("faq", 0.55, ["culture.food"])),
        asked(near=False, cards=[("fallback",)], parse=parse("out_of_scope", 0.9, [])),
        asked(action="deny", cards=[("smalltalk", "greet")], parse=parse("greet", 0.5, [])),
    ]


def test_the_report_is_one_file_with_its_drawings(everything: list[Exchange]) -> None:
    html = render(measure(everything, TIMES))

    assert html.count("<svg") >= 6
    assert 'class="curve"' in html
    assert 'class="dot"' in html
    assert re.search(r"""(?:src|href)=|url\(|@import|<script""", html) is None


def test_text_of_a_question_is_no_markup(everything: list[Exchange]) -> None:
    question = everything[1].question.model_copy(update={"q": "<script>alert(1)</script> & more"})
    html = render(measure([everything[1].model_copy(update={"question": question})], TIMES))

    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_the_report_does_without_what_was_not_measured(everything: list[Exchange]) -> None:
    bare = [one.model_copy(update={"parse": None}) for one in everything[:1]]
    html = render(measure(bare, Times(bot=(0.04,), rasa=())))

    assert "trade-off" not in html
    assert "calibration" not in html


def test_the_table_has_every_share_with_its_goal(everything: list[Exchange]) -> None:
    text = "\n".join(lines(measure(everything, TIMES)))

    assert re.search(r"Right answer first\n  all +50\.0%.*1/2 +goal 97% NOT reached", text)
    assert "1x culture.music -> culture.food" in text
    assert "Small talk taken for something else: 1" in text
    assert "In the other language: 1" in text
    assert "p50 20 ms" in text


def test_without_a_rasa_side_the_table_says_how_to_measure_confidence(everything: list[Exchange]) -> None:
    bare = [one.model_copy(update={"parse": None}) for one in everything]

    assert "--rasa" in "\n".join(lines(measure(bare, TIMES)))
