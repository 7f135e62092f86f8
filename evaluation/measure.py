"""Numbers from replies: shares with their intervals, calibration, the trade-off, what is confused."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from bot.domain.plan import Kind
from evaluation.ask import Asked, Times
from evaluation.taught import same_words

Z = 1.959964
"""Of a two-sided 95 % interval."""

BINS = 10

GOAL_FIRST, GOAL_AMONG, GOAL_STYLE, GOAL_OUT_OF_SCOPE, GOAL_SMALL_TALK = 0.94, 0.98, 0.90, 0.92, 0.92
GOAL_PLAIN = {"vi": 0.97, "en": 0.96}
GOAL_LANGUAGE = {"plain": 0.99, "no_diacritics": 0.97}
GOAL_CALIBRATION = 0.05
GOAL_RASA_SECONDS = 0.030

STYLES = ("plain", "no_diacritics", "chat", "typos", "mixed", "long", "keyword")


class Outcome(StrEnum):
    """What the first reply to a question was."""

    FIRST = "right answer first"
    SECOND = "right answer second"
    CHOICE = "right one among the choices"
    OTHER_CHOICES = "choices without it"
    OTHER = "another answer"
    TALK = "taken for something else"
    NOTHING = "no answer"


@dataclass(frozen=True)
class Share:
    """How many of how many."""

    right: int
    of: int

    @property
    def value(self) -> float:
        """From 0 to 1; 0 of none."""
        return self.right / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % score interval (E. B. Wilson, 1927)."""
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.value
        middle = p + Z**2 / (2 * n)
        half = Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
        below, above = (middle - half) / (1 + Z**2 / n), (middle + half) / (1 + Z**2 / n)
        # At the ends it touches them; rounding must not say otherwise.
        return (0.0 if not self.right else below), (1.0 if self.right == n else above)


@dataclass(frozen=True)
class Line:
    """A share by its name, with the goal there is for it."""

    name: str
    share: Share
    goal: float | None = None

    @property
    def reaches(self) -> bool | None:
        """Whether it reaches its goal; None without one."""
        return None if self.goal is None else self.share.value >= self.goal


@dataclass(frozen=True)
class Section:
    """Lines that belong together."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Bin:
    """Readings of like confidence: its mean, and how many were right."""

    confidence: float
    share: Share


@dataclass(frozen=True)
class Calibration:
    """Whether confidence means something.

    bins: of equally many readings, from unsure to sure.
    error: expected calibration error over them; equal_width: the same over ten equal steps of confidence.
    """

    bins: tuple[Bin, ...]
    error: float
    equal_width: float


@dataclass(frozen=True)
class Point:
    """At one threshold: who is answered rightly among those who have an answer, and wrongly among those
    who have none, each from 0 to 1."""

    rightly: float
    wrongly: float


@dataclass(frozen=True)
class Confusion:
    """Questions for one answer that got the same other thing."""

    wanted: str
    got: str
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class Measured:
    """All numbers of one evaluation.

    headline: the shares that issue 5 names, once each; sections: them and the others by kind.
    outcomes: for each style, how many questions had which outcome.
    taught: questions that are word for word in the training data, and so prove nothing.
    calibration, curve: where confidence is known. operating: where the bot stands beside the curve.
    """

    asked: tuple[Asked, ...]
    headline: tuple[Line, ...]
    sections: tuple[Section, ...]
    outcomes: dict[str, Counter[Outcome]]
    calibration: Calibration | None
    curve: tuple[Point, ...]
    operating: Point
    confusions: tuple[Confusion, ...]
    answered_out_of_scope: tuple[Asked, ...]
    missed_small_talk: tuple[Asked, ...]
    wrong_language: tuple[Asked, ...]
    taught: tuple[Asked, ...]
    times: Times


def measure(asked: Sequence[Asked], times: Times, taught: frozenset[str] = frozenset()) -> Measured:
    """The numbers of an evaluation.

    taught: the training examples, as `same_words` has them. What is asked word for word as it was taught
    counts, but is told, with what remains without it.
    """

    def new(members: list[Asked]) -> list[_Group]:
        rest = [one for one in members if same_words(one.question.q) not in taught]
        return [("not taught so", rest, None)] if len(rest) < len(members) else []

    inside = [one for one in asked if one.question.id]
    outside = [one for one in asked if one.question.is_out_of_scope]
    talk = [one for one in asked if one.question.action]
    first = _section("Right answer first", inside, is_first, [
        ("all", inside, GOAL_FIRST), *new(inside), *_styles_with_goals(inside),
    ])  # fmt: skip
    first_by_topic = _section("Right answer first, by topic and language", inside, is_first, [
        *((topic, members, None) for topic, members in _grouped(inside, lambda one: one.question.topic)),
        *((language, members, None) for language, members in _grouped(inside, lambda one: one.question.lang)),
    ])  # fmt: skip
    among = _section("Right first, or among the choices", inside, is_among, [
        ("all", inside, GOAL_AMONG),
        *((style, members, None) for style, members in _by_style(inside)),
    ])  # fmt: skip
    declined = _section("Out of scope, and not answered", outside, is_not_answered, [
        ("all", outside, GOAL_OUT_OF_SCOPE),
        ("near", [one for one in outside if one.question.near], GOAL_OUT_OF_SCOPE),
        ("far", [one for one in outside if one.question.near is False], GOAL_OUT_OF_SCOPE),
    ])  # fmt: skip
    recognised = _section("Small talk recognised", talk, is_recognised, [
        ("all", talk, GOAL_SMALL_TALK),
        *new(talk),
        *((name, members, None) for name, members in _grouped(talk, lambda one: one.question.action or "")),
    ])  # fmt: skip
    language = _section("Language of the reply", asked, is_in_its_language, [
        ("all", list(asked), None),
        *((style, members, GOAL_LANGUAGE.get(style)) for style, members in _by_style(asked)),
    ])  # fmt: skip
    every = (first, among, declined, recognised, language, first_by_topic)
    sections = tuple(section for section in every if section.lines)
    return Measured(
        asked=tuple(asked),
        headline=tuple(_headline(sections)),
        sections=sections,
        outcomes={style: Counter(outcome(one) for one in members) for style, members in _by_style(inside)},
        calibration=calibration(_sure_and_right(asked)),
        curve=trade_off(asked),
        operating=Point(
            _share(inside, is_first).value, 1 - _share(outside, is_not_answered).value if outside else 0.0
        ),
        confusions=_confusions(inside),
        answered_out_of_scope=tuple(one for one in outside if not is_not_answered(one)),
        missed_small_talk=tuple(one for one in talk if not is_recognised(one)),
        wrong_language=tuple(one for one in asked if not is_in_its_language(one)),
        taught=tuple(one for one in asked if same_words(one.question.q) in taught),
        times=times,
    )


# What is right


def given(asked: Asked) -> tuple[str, ...]:
    """The answers that were given, whole or one side of them."""
    return tuple(card.id for card in asked.cards if card.kind in {Kind.ANSWER, Kind.FACET} and card.id)


def outcome(asked: Asked) -> Outcome:
    """What the reply to a question that has an answer was."""
    right, answers = asked.question.right, given(asked)
    offered = {id_ for card in asked.cards if card.kind is Kind.CHOICES for id_ in card.ids}
    if answers and answers[0] in right:
        return Outcome.FIRST
    if right & set(answers):
        return Outcome.SECOND
    if right & offered:
        return Outcome.CHOICE
    if answers:
        return Outcome.OTHER
    if offered:
        return Outcome.OTHER_CHOICES
    kinds = {card.kind for card in asked.cards}
    return Outcome.TALK if kinds & {Kind.SMALLTALK, Kind.ACTION} else Outcome.NOTHING


def is_first(asked: Asked) -> bool:
    """Whether the first answer is right."""
    return outcome(asked) is Outcome.FIRST


def is_among(asked: Asked) -> bool:
    """Whether the right answer is given, or offered."""
    return outcome(asked) in {Outcome.FIRST, Outcome.SECOND, Outcome.CHOICE}


def is_not_answered(asked: Asked) -> bool:
    """Whether there is no answer in the reply; to offer choices is not to answer."""
    return not given(asked)


def is_recognised(asked: Asked) -> bool:
    """Whether small talk is replied to as what it is."""
    return bool(asked.cards) and asked.cards[0].action == asked.question.action


def is_in_its_language(asked: Asked) -> bool:
    """Whether the reply is in the question's language."""
    return asked.language == asked.question.lang


def got(asked: Asked) -> str:
    """What the reply was, in a word or the answer's id."""
    if not asked.cards:
        return "(nothing)"
    card = asked.cards[0]
    if card.kind is Kind.CHOICES:
        return "(choices)"
    return card.id or f"({card.action or card.kind})"


# Shares


_Group = tuple[str, list[Asked], float | None]


def _styles_with_goals(inside: list[Asked]) -> Iterable[_Group]:
    for style, members in _by_style(inside):
        if style != "plain":
            yield style, members, GOAL_STYLE
            continue
        for language, some in _grouped(members, lambda one: one.question.lang):
            yield f"plain {language}", some, GOAL_PLAIN[language]


def _section(
    title: str, asked: Sequence[Asked], is_right: Callable[[Asked], bool], groups: list[_Group]
) -> Section:
    lines = [Line(name, _share(members, is_right), goal) for name, members, goal in groups if members]
    return Section(title, tuple(lines if asked else []))


def _headline(sections: Iterable[Section]) -> Iterable[Line]:
    for section in sections:
        with_goal = [line for line in section.lines if line.goal is not None]
        whole = [line for line in with_goal if line.name == "all"]
        for line in whole or with_goal:
            name = section.title if whole else f"{section.title}: {line.name.replace('_', ' ')}"
            yield Line(name, line.share, line.goal)


def _share(asked: Sequence[Asked], is_right: Callable[[Asked], bool]) -> Share:
    return Share(sum(map(is_right, asked)), len(asked))


def _by_style(asked: Iterable[Asked]) -> list[tuple[str, list[Asked]]]:
    order = {style: number for number, style in enumerate(STYLES)}
    groups = _grouped(asked, lambda one: one.question.style)
    return sorted(groups, key=lambda group: (order.get(group[0], len(order)), group[0]))


def _grouped(asked: Iterable[Asked], key: Callable[[Asked], str]) -> list[tuple[str, list[Asked]]]:
    groups: defaultdict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        groups[str(key(one))].append(one)
    return sorted(groups.items())


def _confusions(inside: Iterable[Asked]) -> tuple[Confusion, ...]:
    """Most frequent first."""
    pairs: defaultdict[tuple[str, str], list[Asked]] = defaultdict(list)
    for one in inside:
        if not is_first(one):
            pairs[one.question.id or "", got(one)].append(one)
    found = [Confusion(wanted, other, tuple(members)) for (wanted, other), members in pairs.items()]
    return tuple(sorted(found, key=lambda pair: (-len(pair.asked), pair.wanted, pair.got)))


# Confidence


def _sure_and_right(asked: Iterable[Asked]) -> list[tuple[float, bool]]:
    return [(one.reading.confidence, reading_is_right(one)) for one in asked if one.reading]


def reading_is_right(asked: Asked) -> bool:
    """Whether what the reading's confidence is about is so: that this is the answer, that it is among
    these, that there is none, or that it is this small talk."""
    question, reading = asked.question, asked.reading
    if reading is None:
        return False
    match reading.intent:
        case "faq" | "faq_facet":
            return bool(question.right & set(reading.answers[:1]))
        case "nlu_fallback":
            return bool(question.right & set(reading.answers))
        case "out_of_scope":
            return question.is_out_of_scope
        case intent:
            return intent == question.action


def calibration(readings: Sequence[tuple[float, bool]]) -> Calibration | None:
    """How far confidence is from the share of those that are right; None without readings.

    Args:
        readings: confidence from 0 to 1, and whether it was right.
    """
    if not readings:
        return None
    # Not by what was right: of the same confidence, the wrong ones would gather in one bin.
    ordered = sorted(readings, key=lambda reading: reading[0])
    count = min(BINS, len(ordered))
    edges = [len(ordered) * number // count for number in range(count + 1)]
    equal_size = [_bin(ordered[a:b]) for a, b in pairwise(edges)]
    steps: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for reading in ordered:
        steps[min(int(reading[0] * BINS), BINS - 1)].append(reading)
    equal_width = [_bin(members) for _, members in sorted(steps.items())]
    return Calibration(tuple(equal_size), _expected_error(equal_size), _expected_error(equal_width))


def _bin(readings: Sequence[tuple[float, bool]]) -> Bin:
    mean = sum(confidence for confidence, _ in readings) / len(readings)
    return Bin(mean, Share(sum(is_right for _, is_right in readings), len(readings)))


def _expected_error(bins: Sequence[Bin]) -> float:
    total = sum(one.share.of for one in bins)
    return sum(one.share.of * abs(one.confidence - one.share.value) for one in bins) / total


def trade_off(asked: Iterable[Asked]) -> tuple[Point, ...]:
    """What stricter and looser thresholds would come to, strictest first; empty without readings or
    without questions on one of the two sides.

    Those that get an answer are ordered by its confidence. Behind them come those that get none, by the
    score of the answer that would be next: what a lower threshold would let in.
    """
    known = [(one, one.reading) for one in asked if one.reading and not one.question.action]
    inside = sum(one.question.id is not None for one, _ in known)
    outside = len(known) - inside
    if not inside or not outside:
        return ()
    candidates: list[tuple[int, float, Asked, str]] = []
    for one, reading in known:
        label, score = reading.ranking[0] if reading.ranking else ("", 0.0)
        if reading.intent in {"faq", "faq_facet"} and reading.answers:
            candidates.append((1, reading.confidence, one, reading.answers[0]))
        elif label.startswith("faq/"):
            candidates.append((0, score, one, label.removeprefix("faq/")))
    candidates.sort(key=lambda candidate: candidate[:2], reverse=True)
    points, rightly, wrongly = [Point(0.0, 0.0)], 0, 0
    for number, (given_now, sure, one, answer) in enumerate(candidates, 1):
        rightly += answer in one.question.right
        wrongly += one.question.is_out_of_scope
        # Those of the same confidence pass a threshold together.
        if number == len(candidates) or candidates[number][:2] != (given_now, sure):
            points.append(Point(rightly / inside, wrongly / outside))
    return tuple(points)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values is at or below (nearest rank); nan without values."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
