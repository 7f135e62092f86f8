"""What a message means after what was said: what is in hand, what was shown beside it, and what the words
name, weighed together.

All that a message may mean is a candidate: it is read as it stands, or an answer is meant, or a side of one.
Each has features, and the one with the greatest sum of their weights is meant. The weights, in
nlu/context.yml, are fitted to dialogues by `python -m benchmarks.context`: a conditional logit (McFadden,
"Conditional logit analysis of qualitative choice behavior", 1974).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

NO_ANSWER, UNSURE, DOUBT, TALK, CHOOSE = "out_of_scope", "nlu_fallback", "doubt", "smalltalk", "choose"
SOURCE, CONTACT = "source", "contact"

_DONE = ("forget", "subscribe", "unsubscribe", "language", "affirm", "deny", "none_of_these")

STANDS = frozenset(["emergency", "care", *_DONE])
"""Intents that are never anything else: to miss one, or to do something else for a "yes", would do harm."""

_OWN_CONFIDENCE = frozenset(
    ["faq", "faq_facet", "followup", UNSURE, NO_ANSWER, "ward", DOUBT, "declined", "live"]
)
"""Intents whose confidence has a weight of its own; that of all others, which are talk, share one."""

NAMED_MOST = 6
"""Answers that the words may name, from the best: of 730 messages in dialogues none meant a later one that
was not in hand, or shown, or offered. The weights are fitted to these candidates."""

WORDS_MOST = 15
"""Words from which on a message is as long as can be. The weights are fitted to lengths in this measure."""

SHARED_LEAST = 0.05
"""What a score or likelihood is a share of, at least: the best of scores near 0 is none. As WORDS_MOST."""

Features = dict[str, float]


@dataclass(frozen=True)
class Context:
    """What was said before.

    hand: the answer that the conversation is about. related: what is shown beside it. offered: the choices
    of the turn before. before: answers that were given earlier. sides: which sides each answer has.
    """

    hand: str | None = None
    related: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    sides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Words:
    """What was read in a message.

    intent, answer, side, confidence: the reading, and how likely it is right; answer and side are None
    without one. scores: the classifier's, of labels, about 1 for what is surely meant. sides: how likely each
    side is asked for, if one is. count: of its words. points: whether one of them points at what was said.
    hints: whether it goes on from it ("and the land?"). subjects: the sides that `answer` is all about.
    """

    intent: str
    answer: str | None = None
    side: str | None = None
    confidence: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)
    sides: Mapping[str, float] = field(default_factory=dict)
    count: int = 0
    points: bool = False
    hints: bool = False
    subjects: Sequence[str] = ()

    def of(self, intent: str) -> dict[str, float]:
        """The scores of a retrieval intent's labels by their detail, best first."""
        named = ((name.partition("/"), score) for name, score in self.scores.items())
        return {detail: max(score, 0.0) for (base, _, detail), score in named if base == intent and detail}


@dataclass(frozen=True)
class Meant:
    """An answer, or one side of it."""

    answer: str
    facet: str | None = None


@dataclass(frozen=True)
class Scores:
    """Which scores of a message's ranking say something in a conversation.

    doubt_least: of a doubt as a question for the source, to be about the answer in hand: "is that certain?",
        not "oh really?".
    hint_least: of an answer that was talked of before, to be the one that is gone back to.
    side_beside_least: of a side that is named together with it.
    lead: how many times the next one's score those two need.
    named_least, named_share: of an answer, to be offered where only a side is named and there is no topic in
        hand; and which share of the side's: "trụ sở thành phố" names both.
    likely_least: of an answer that has the side, to be offered where only a side is named: "papers" may mean
        each that needs some, "how much?" says nothing of what.
    beside_least: of an answer, to be named beside a refusal: that of today's weather names the climate's.
    """

    doubt_least: float = 0.08
    hint_least: float = 0.1
    side_beside_least: float = 0.12
    lead: float = 1.2
    named_least: float = 0.15
    named_share: float = 0.5
    likely_least: float = 0.04
    beside_least: float = 0.25


def meant(words: Words, context: Context, weights: Mapping[str, float], scores: Scores) -> Meant | None:
    """What the message means after all; None if it is read as it stands."""
    source = words.of("followup").get(SOURCE, 0.0)
    if words.intent == DOUBT and context.hand and source >= scores.doubt_least:
        return Meant(context.hand, SOURCE)
    best = max(candidates(words, context), key=lambda candidate: _weighed(candidate[1], weights))[0]
    return None if best == _read(words, context) else best


def candidates(words: Words, context: Context) -> Iterator[tuple[Meant | None, Features]]:
    """What the message may mean, with the features of each; the first is that it is read as it stands."""
    yield None, _as_read(words, context)
    if words.intent in STANDS or (words.intent == CHOOSE and context.offered):
        return
    answers, asked = words.of("faq"), words.of("followup")
    for answer in _near(words, context, answers):
        sides = tuple(dict.fromkeys([*context.sides.get(answer, ()), SOURCE, CONTACT]))
        about = _of_answer(answer, answers, words, context)
        yield Meant(answer), about | _of_whole(words, asked, answer, context)
        for side in sides:
            yield Meant(answer, side), about | _of_side(side, sides, words, asked, answer, context)


def _near(words: Words, context: Context, answers: Mapping[str, float]) -> Iterable[str]:
    """The answers that may be meant. Without anything before, the reading decides which; only whether the
    whole or a side of it is asked for is open."""
    if not (context.hand or context.offered):
        return [words.answer] if words.answer else []
    near = [context.hand, *context.offered, *context.related, *context.before]
    return dict.fromkeys([*list(answers)[:NAMED_MOST], *filter(None, near)])


def _weighed(features: Features, weights: Mapping[str, float]) -> float:
    return sum(value * weights.get(name, 0.0) for name, value in features.items())


def _read(words: Words, context: Context) -> Meant | None:
    """The reading as what is meant."""
    answer = context.hand if words.intent == "followup" else words.answer
    return Meant(answer, words.side) if answer else None


def _as_read(words: Words, context: Context) -> Features:
    kind = words.intent if words.intent in _OWN_CONFIDENCE else "talk"
    base = words.intent.removesuffix("_facet")
    score = max((s for name, s in words.scores.items() if name.partition("/")[0] == base), default=0.0)
    answer = words.answer or context.hand
    has = {SOURCE, CONTACT, *context.sides.get(answer or "", ())}
    lacks = bool(words.side and answer and words.side not in has)
    features = {
        f"read as {words.intent}": 1.0,
        f"confidence of {kind}": words.confidence,
        "score as read": score,
        f"score of {kind}": score,
        "as read, of a side that it lacks": float(lacks),
        "as read, at first": float(not context.hand and words.intent == "faq"),
        "a side as read, at first": float(not context.hand and words.intent == "faq_facet"),
    }
    return {name: value for name, value in features.items() if value}


def _of_answer(answer: str, answers: Mapping[str, float], words: Words, context: Context) -> Features:
    score, best = answers.get(answer, 0.0), max(words.scores.values(), default=0.0)
    other = max((s for name, s in answers.items() if name != answer), default=0.0)
    is_hand = answer == context.hand
    features = {
        "score": score,
        "share of the best score": score / max(best, SHARED_LEAST),
        "share of the best score, unsure": score / max(best, SHARED_LEAST) * (1 - words.confidence),
        "lead": max(score - other, 0.0),
        "in hand": is_hand,
        "score, in hand": score * is_hand,
        "another's score, in hand": other * is_hand,
        "words, in hand": is_hand * _length(words),
        "pointed at": is_hand and words.points,
        "not pointed at": words.points and not is_hand,
        "goes on, in hand": words.hints and is_hand,
        "goes on, another": words.hints and not is_hand,
        "shown as related": answer in context.related,
        "score, shown as related": score * (answer in context.related),
        "offered": answer in context.offered,
        "score, offered": score * (answer in context.offered),
        "given before": answer in context.before and not is_hand,
        "of the same topic": not is_hand and _topic(answer) == _topic(context.hand or ""),
        "as it was read": answer == words.answer,
    }
    return {name: float(value) for name, value in features.items() if value}


def _of_whole(words: Words, asked: Mapping[str, float], answer: str, context: Context) -> Features:
    subjects = words.subjects if answer == words.answer else ()
    features = {
        "whole": 1.0,
        "whole, in hand": float(answer == context.hand),
        "whole, at first": float(not context.hand),
        "whole, though a side scores": max(asked.values(), default=0.0),
        "whole, though a side is likely": max(
            (likely for side, likely in words.sides.items() if side not in subjects), default=0.0
        ),
        "whole, though what it is about is likely": max((words.sides[s] for s in subjects), default=0.0),
        "whole, words": _length(words),
    }
    return {name: value for name, value in features.items() if value}


def _of_side(
    side: str,
    sides: Sequence[str],
    words: Words,
    asked: Mapping[str, float],
    answer: str,
    context: Context,
) -> Features:
    likely = sum(words.sides.get(one, 0.0) for one in sides)
    scored = sum(asked.get(one, 0.0) for one in sides)
    is_subject = answer == words.answer and side in words.subjects
    features = {
        "side": 1.0,
        "side, in hand": float(answer == context.hand),
        "side, given before": float(answer in context.before and answer != context.hand),
        "side's likelihood, not in hand": words.sides.get(side, 0.0) * (answer != context.hand),
        "side, at first": float(not context.hand),
        "side's score": asked.get(side, 0.0),
        "side's share of the scores": asked.get(side, 0.0) / max(scored, SHARED_LEAST),
        "side's likelihood": words.sides.get(side, 0.0),
        "side's share of the likelihood": words.sides.get(side, 0.0) / max(likely, SHARED_LEAST),
        "side as it was read": float(side == words.side),
        "side that it is about": float(is_subject),
        "likelihood of what it is about": words.sides.get(side, 0.0) * is_subject,
        "words, side": _length(words),
        f"side is {side}": 1.0,
    }
    return {name: value for name, value in features.items() if value}


def _length(words: Words) -> float:
    """From 0 to 1."""
    return min(words.count, WORDS_MOST) / WORDS_MOST


def _topic(answer: str) -> str:
    return answer.partition(".")[0]


def ahead(scores: Mapping[str, float], least: float, lead: float) -> str | None:
    """The best, if it scores enough and is well ahead of the next."""
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    if not ranked or ranked[0][1] < least:
        return None
    return ranked[0][0] if len(ranked) == 1 or ranked[0][1] >= lead * ranked[1][1] else None
