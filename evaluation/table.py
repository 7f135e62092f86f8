"""The numbers as text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from evaluation.confidence import Point
from evaluation.goals import GOAL_CALIBRATION, GOAL_RASA_SECONDS
from evaluation.measure import Line, Measured, Section
from evaluation.outcomes import got
from evaluation.statistics import percentile

QUESTION_SHOWN = 110
CURVE_AT = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5)


def lines(measured: Measured) -> Iterable[str]:
    """What is printed, line by line."""
    yield f"{len(measured.asked)} questions; word for word in the training data, too: {len(measured.taught)}"
    yield from section_lines(measured.sections)
    yield "\nConfidence"
    if measured.calibration:
        error, other = measured.calibration.error, measured.calibration.equal_width
        yield (
            f"  expected calibration error {error:.3f}   goal {GOAL_CALIBRATION:.2f}"
            f" {_mark(error <= GOAL_CALIBRATION)}   (bins of equal width: {other:.3f})"
        )
        yield "  by topic and style: mean confidence, share that is right"
        yield from (
            f"    {one.name:<22}{one.confidence:6.1%} {one.share.value:6.1%}   of {one.share.of}"
            for one in measured.trust
        )
    else:
        yield "  not measured: name the Rasa side with --rasa"
    if measured.curve:
        yield "  out of scope answered wrongly -> in scope answered rightly, as the threshold falls"
        yield from (f"    {wrong:6.1%} -> {right:6.1%}" for wrong, right in _sampled(measured.curve))
        now = measured.operating
        yield f"    now: {now.wrongly:.1%} -> {now.rightly:.1%}"
    yield "\nReply time, one at a time"
    yield from _times("POST /api/messages", measured.times.bot, None)
    yield from _times("Rasa's REST channel", measured.times.rasa, GOAL_RASA_SECONDS)
    yield "\nConfused: wanted -> got"
    for pair in measured.confusions:
        yield f"  {len(pair.asked)}x {pair.wanted} -> {pair.got}"
        for one in pair.asked:
            yield f"       [{one.question.style}] {_short(one.question.q)}"
    for title, found in (
        ("Out of scope, yet answered", measured.answered_out_of_scope),
        ("Small talk taken for something else", measured.missed_small_talk),
        ("In the other language", measured.wrong_language),
    ):
        yield f"\n{title}: {len(found)}"
        for one in found:
            wanted = f"{one.question.action} " if one.question.action else ""
            yield f"  {wanted}-> {got(one)}: [{one.question.style}] {_short(one.question.q)}"


def section_lines(sections: Iterable[Section]) -> Iterable[str]:
    """Shares with their names, section by section."""
    for section in sections:
        yield f"\n{section.title}"
        yield from map(_line, section.lines)


def _line(line: Line) -> str:
    below, above = line.share.interval
    goal = f"   goal {line.goal:.0%} {_mark(line.reaches)}" if line.goal is not None else ""
    counts = f"{line.share.right}/{line.share.of}"
    return f"  {line.name:<24}{line.share.value:6.1%}  [{below:6.1%}, {above:6.1%}]  {counts:>9}{goal}"


def _mark(is_reached: bool | None) -> str:
    return "reached" if is_reached else "NOT reached"


def _sampled(curve: tuple[Point, ...]) -> Iterable[tuple[float, float]]:
    """The best on the curve with at most so many answered wrongly."""
    for most in CURVE_AT:
        yield most, max(point.rightly for point in curve if point.wrongly <= most)


def _times(name: str, seconds: tuple[float, ...], goal: float | None) -> Iterable[str]:
    if not seconds:
        return
    middle, most = percentile(seconds, 0.5), percentile(seconds, 0.95)
    wanted = f"   goal p50 {goal * 1000:.0f} ms {_mark(middle <= goal)}" if goal else ""
    took = f"p50 {middle * 1000:.0f} ms   p95 {most * 1000:.0f} ms   ({len(seconds)} replies)"
    yield f"  {name:<24}{took}{wanted}"


def _short(text: str) -> str:
    return text if len(text) <= QUESTION_SHOWN else text[: QUESTION_SHOWN - 1] + "…"
