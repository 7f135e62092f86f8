"""Bots, Rasa sides and the database die all the time, and every message is answered once and in order.

The short form of `python -m benchmarks.survival`, with a model of few examples.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stand_ins.postgres import NoPostgres, cluster
from stand_ins.record import Sent
from stand_ins.survival import Asked, faults, survive
from tests.support.needs import missing
from tests.support.rasa_side import make_project

ANSWERS = ("culture.food", "culture.music")


def _tell(what: str) -> None:
    print(f"{time.monotonic():.1f} {what}")


@pytest.mark.rasa
async def test_every_message_is_answered_once_and_in_order_whoever_dies(
    tmp_path: Path, small_content: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    make_project(project)
    try:
        with cluster(settings={}) as postgres:
            outcome = await survive(
                tmp_path, project, small_content, postgres,
                answers=ANSWERS, questions=["what is food"], seconds=10, chats=6, pages=3, pause=0.5, lease=3,
                tell=_tell,
            )  # fmt: skip
    except NoPostgres as error:
        missing(str(error))
    print(outcome.told())
    assert outcome.faults == []
    assert min(outcome.messages, outcome.on_page) > 5
    assert outcome.kills["bot 1"] > 0
    assert outcome.kills["trainer"] > 0


def sent(*cards: tuple[int, int], answer: str = "culture.food") -> list[Sent]:
    return [Sent("a", message_id, position, "answer", answer, 0) for message_id, position in cards]


TWO = {"a": [Asked("culture.food", 0), Asked(None, 0)]}


def test_what_is_right_is_no_fault() -> None:
    assert faults(sent((1, 0), (1, 0), (2, 0), (2, 1), (2, 1)), TWO, kills=1) == []


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        (sent((1, 0)), "1 replies to 2"),
        (sent((2, 0), (1, 0)), "out of order"),
        (sent((1, 0), (2, 0), (1, 0)), "out of order, or two to one message"),
        (sent((1, 0), (2, 1)), "cards at [1]"),
        (sent((1, 0), (1, 0), (1, 0), (2, 0)), "came 3 times"),
        (sent((1, 0), (2, 0), answer="culture.music"), "is answered with"),
        ([*sent((1, 0), (2, 0)), *sent((3, 0))], "3 replies to 2"),
        (sent((1, 0), (2, 0), (2, 1), (2, 0)), "cards at [0, 1, 0]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_found(cards: list[Sent], said: str) -> None:
    assert any(said in fault for fault in faults(cards, TWO, kills=1))


def test_more_repeats_than_can_have_been_in_hand_are_found() -> None:
    cards = sent(*((number, 0) for number in range(1, 3) for _ in range(2)))
    assert "more than can have been in hand" in faults(cards, TWO, kills=0)[0]
