"""Whether confidence means something, and what other thresholds would come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from evaluation.ask import Exchange
from evaluation.statistics import Share

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Parses of like confidence. confidence: its mean; share: of those that were right."""

    confidence: float
    share: Share


@dataclass(frozen=True)
class Calibration:
    """Whether confidence means something.

    bins: of equally many parses, from unsure to sure.
    error: expected calibration error over them; equal_width: the same over ten equal steps of confidence.
    """

    bins: tuple[Bin, ...]
    error: float
    equal_width: float


@dataclass(frozen=True)
class Trust:
    """How far the confidence of one kind of question can be trusted. confidence: its mean; share: of those
    that were right. Where the first is much above the second, the thresholds are too low for this kind."""

    name: str
    confidence: float
    share: Share


@dataclass(frozen=True)
class Point:
    """At one threshold: who is answered rightly among those who have an answer, and wrongly among those
    who have none, each from 0 to 1."""

    rightly: float
    wrongly: float


def confidences(asked: Iterable[Exchange]) -> list[tuple[float, bool]]:
    """For `calibration`: of each text that was parsed, the confidence and whether the parse is right."""
    return [(one.parse.confidence, parse_is_right(one)) for one in asked if one.parse]


def trust(groups: Iterable[tuple[str, Iterable[Exchange]]]) -> tuple[Trust, ...]:
    """For each group of questions by its name, how far confidence can be trusted; without those in which
    nothing was parsed."""
    parses = ((name, confidences(asked)) for name, asked in groups)
    members = ((name, _bin(found)) for name, found in parses if found)
    return tuple(Trust(name, one.confidence, one.share) for name, one in members)


def parse_is_right(asked: Exchange) -> bool:
    """Whether what the confidence of a parse is about is so: that this is the answer, that it is among
    these, that there is none, or that it is this small talk."""
    question, parse = asked.question, asked.parse
    if parse is None:
        return False
    match parse.intent:
        case "faq" | "faq_facet":
            return bool(question.right & set(parse.answers[:1]))
        case "nlu_fallback":
            return bool(question.right & set(parse.answers))
        case "out_of_scope":
            return question.is_out_of_scope
        case intent:
            return intent == question.action


def calibration(parses: Sequence[tuple[float, bool]]) -> Calibration | None:
    """How far confidence is from the share of those that are right; None without parses.

    Args:
        parses: confidence from 0 to 1, and whether it was right.
    """
    if not parses:
        return None
    # Not by what was right: of the same confidence, the wrong ones would gather in one bin.
    ordered = sorted(parses, key=lambda parse: parse[0])
    count = min(BINS, len(ordered))
    edges = [len(ordered) * number // count for number in range(count + 1)]
    equal_size = [_bin(ordered[a:b]) for a, b in pairwise(edges)]
    steps: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for parse in ordered:
        steps[min(int(parse[0] * BINS), BINS - 1)].append(parse)
    equal_width = [_bin(members) for _, members in sorted(steps.items())]
    return Calibration(tuple(equal_size), _expected_error(equal_size), _expected_error(equal_width))


def _bin(parses: Sequence[tuple[float, bool]]) -> Bin:
    mean = sum(confidence for confidence, _ in parses) / len(parses)
    return Bin(mean, Share(sum(is_right for _, is_right in parses), len(parses)))


def _expected_error(bins: Sequence[Bin]) -> float:
    total = sum(one.share.of for one in bins)
    return sum(one.share.of * abs(one.confidence - one.share.value) for one in bins) / total


def trade_off(asked: Iterable[Exchange]) -> tuple[Point, ...]:
    """What stricter and looser thresholds would come to, strictest first; empty without parses or
    without questions on one of the two sides.

    Those that get an answer are ordered by its confidence. Behind them come those that get none, by the
    score of the answer that would be next: what a lower threshold would let in.
    """
    known = [(one, one.parse) for one in asked if one.parse and not one.question.action]
    inside = sum(one.question.id is not None for one, _ in known)
    outside = len(known) - inside
    if not inside or not outside:
        return ()
    candidates: list[tuple[int, float, Exchange, str]] = []
    for one, parse in known:
        label, score = parse.ranking[0] if parse.ranking else ("", 0.0)
        if parse.intent in {"faq", "faq_facet"} and parse.answers:
            candidates.append((1, parse.confidence, one, parse.answers[0]))
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
