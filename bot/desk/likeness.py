"""Questions that ask much the same stand together: those whose nearest answer is the same and whose words are
close, and those whose words are very close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from rapidfuzz import fuzz, process

from bot.text.folding import words

CLOSE, CLOSE_TO_SAME = 88, 55
"""From this likeness on (0 to 100, of the sets of words) two questions are the same; and if the same answer
came nearest to both."""


class Question(Protocol):
    """What is looked at of a question. nearest: the answer that came nearest, if any did."""

    @property
    def text(self) -> str:
        """As it was typed."""

    @property
    def nearest(self) -> str | None:
        """An answer's id."""


Q = TypeVar("Q", bound=Question)


def alike(questions: Sequence[Q]) -> list[list[Q]]:
    """The questions in groups, each in the order given; the groups in the order of their first questions.

    A question joins the group that has its very words, else the one whose first question is most like it, if
    that is like enough; each is in one group.
    Takes a fifth of a second for 500 questions of which no two are alike.
    """
    groups: list[list[Q]] = []
    firsts: list[str] = []
    known: dict[str, int] = {}
    for question in questions:
        folded = " ".join(sorted(set(words(question.text))))
        place = known.get(folded)
        if place is None:
            place = _place(folded, question.nearest, groups, firsts)
        if place is None:
            place = len(groups)
            groups.append([])
            firsts.append(folded)
        groups[place].append(question)
        known[folded] = place
    return groups


def _place(folded: str, nearest: str | None, groups: list[list[Q]], firsts: list[str]) -> int | None:
    """The place of the group that a question joins; None if it begins one."""
    found = process.extract(folded, firsts, scorer=fuzz.ratio, score_cutoff=CLOSE_TO_SAME, limit=None)
    for _, likeness, place in found:  # the most alike first
        if likeness >= CLOSE or (nearest is not None and groups[place][0].nearest == nearest):
            return int(place)
    return None
