"""What a reply is to its question."""

from __future__ import annotations

import pytest

from evaluation.outcomes import ReplyOutcome, outcome
from tests.support.cases import asked


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ([("answer", "culture.food")], ReplyOutcome.FIRST),
        ([("facet", "culture.food")], ReplyOutcome.FIRST),
        ([("answer", "culture.cuisine")], ReplyOutcome.FIRST),
        ([("answer", "culture.music"), ("answer", "culture.food")], ReplyOutcome.SECOND),
        ([("choices", "culture.music", "culture.food")], ReplyOutcome.CHOICE),
        ([("choices", "culture.music", "city.overview")], ReplyOutcome.OTHER_CHOICES),
        ([("answer", "culture.music")], ReplyOutcome.OTHER),
        ([("action", "emergency")], ReplyOutcome.TALK),
        ([("fallback",)], ReplyOutcome.NOTHING),
        ([], ReplyOutcome.NOTHING),
    ],
)
def test_a_reply_has_one_outcome(cards: list[tuple[str, ...]], expected: ReplyOutcome) -> None:
    one = asked(id="culture.food", also=("culture.cuisine",), cards=cards)

    assert outcome(one) is expected
