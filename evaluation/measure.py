"""The numbers of an evaluation: shares by kind, calibration, and what is confused."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evaluation.ask import Exchange, Times
from evaluation.confidence import Calibration, Point, Trust, calibration, confidences, trade_off, trust
from evaluation.goals import (
    GOAL_AMONG,
    GOAL_FIRST,
    GOAL_LANGUAGE,
    GOAL_OUT_OF_SCOPE,
    GOAL_PLAIN,
    GOAL_SMALL_TALK,
    GOAL_STYLE,
)
from evaluation.outcomes import (
    ReplyOutcome,
    got,
    is_among,
    is_first,
    is_in_its_language,
    is_not_answered,
    is_recognised,
    is_side_first,
    outcome,
)
from evaluation.statistics import Share
from evaluation.taught import same_words

STYLES = ("plain", "no_diacritics", "chat", "typos", "mixed", "long", "keyword")


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
class Confusion:
    """Questions for one answer that got the same other thing."""

    wanted: str
    got: str
    asked: tuple[Exchange, ...]


@dataclass(frozen=True)
class Measured:
    """All numbers of one evaluation.

    headline: the shares that have a goal, once each; sections: them and the others by kind.
    outcomes: for each style, how many questions had which outcome.
    taught: questions that are word for word in the training data, and so prove nothing.
    calibration, trust, curve: where confidence is known; trust by topic and by style.
    operating: where the bot stands beside the curve.
    """

    asked: tuple[Exchange, ...]
    headline: tuple[Line, ...]
    sections: tuple[Section, ...]
    outcomes: dict[str, Counter[ReplyOutcome]]
    calibration: Calibration | None
    trust: tuple[Trust, ...]
    curve: tuple[Point, ...]
    operating: Point
    confusions: tuple[Confusion, ...]
    answered_out_of_scope: tuple[Exchange, ...]
    missed_small_talk: tuple[Exchange, ...]
    wrong_language: tuple[Exchange, ...]
    taught: tuple[Exchange, ...]
    times: Times


def measure(
    asked: Sequence[Exchange],
    times: Times,
    taught: frozenset[str] = frozenset(),
    with_slips: Sequence[Exchange] = (),
) -> Measured:
    """The numbers of an evaluation.

    with_slips: damaged questions of `evaluation.slips`, which count nowhere else.

    taught: the training examples, as `same_words` has them. What is asked word for word as it was taught
    counts, but is told, with what remains without it.
    """

    def new(members: list[Exchange]) -> list[_Group]:
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
    with_side = [one for one in inside if one.question.facet]
    sides = _section("The side that is asked for first", with_side, is_side_first, [
        ("all", with_side, None),
        *((style, members, None) for style, members in _grouped(with_side, lambda one: one.question.style)),
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
    robust = _section("Right answer first, of questions with slips", with_slips, is_first, [
        ("all", list(with_slips), None),
        *((style, members, None) for style, members in _grouped(with_slips, lambda one: one.question.style)),
    ])  # fmt: skip
    every = (first, among, sides, declined, recognised, language, first_by_topic, robust)
    sections = tuple(section for section in every if section.lines)
    return Measured(
        asked=tuple(asked),
        headline=tuple(_headline(sections)),
        sections=sections,
        outcomes={style: Counter(outcome(one) for one in members) for style, members in _by_style(inside)},
        calibration=calibration(confidences(asked)),
        trust=trust([*_grouped(inside, lambda one: one.question.topic), *_by_style(asked)]),
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


_Group = tuple[str, list[Exchange], float | None]


def _styles_with_goals(inside: list[Exchange]) -> Iterable[_Group]:
    for style, members in _by_style(inside):
        if style != "plain":
            yield style, members, GOAL_STYLE
            continue
        for language, some in _grouped(members, lambda one: one.question.lang):
            yield f"plain {language}", some, GOAL_PLAIN[language]


def _section(
    title: str, asked: Sequence[Exchange], is_right: Callable[[Exchange], bool], groups: list[_Group]
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


def _share(asked: Sequence[Exchange], is_right: Callable[[Exchange], bool]) -> Share:
    return Share(sum(map(is_right, asked)), len(asked))


def _by_style(asked: Iterable[Exchange]) -> list[tuple[str, list[Exchange]]]:
    order = {style: number for number, style in enumerate(STYLES)}
    groups = _grouped(asked, lambda one: one.question.style)
    return sorted(groups, key=lambda group: (order.get(group[0], len(order)), group[0]))


def _grouped(asked: Iterable[Exchange], key: Callable[[Exchange], str]) -> list[tuple[str, list[Exchange]]]:
    groups: defaultdict[str, list[Exchange]] = defaultdict(list)
    for one in asked:
        groups[str(key(one))].append(one)
    return sorted(groups.items())


def _confusions(inside: Iterable[Exchange]) -> tuple[Confusion, ...]:
    """Most frequent first."""
    pairs: defaultdict[tuple[str, str], list[Exchange]] = defaultdict(list)
    for one in inside:
        if not is_first(one):
            pairs[one.question.id or "", got(one)].append(one)
    found = [Confusion(wanted, other, tuple(members)) for (wanted, other), members in pairs.items()]
    return tuple(sorted(found, key=lambda pair: (-len(pair.asked), pair.wanted, pair.got)))
