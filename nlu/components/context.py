"""What a message means after what was said: what is in hand, what was shown beside it, and what the words
name, weighed together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NO_ANSWER, UNSURE, DOUBT, TALK = "out_of_scope", "nlu_fallback", "doubt", "smalltalk"
SOURCE = "source"


@dataclass(frozen=True)
class Weights:
    """Settings of the plan generator (`weights` of `nlg` in endpoints.yml). Scores are the classifier's:
    about 1 for what is surely meant, and 0 for everything else.

    in_hand, pointed_at, related, offered: what is added to the score of the answer in hand, of the one that a
        word points at ("that pagoda"; then nothing is added to its relatives), of each that was shown as
        related, and of each choice that was offered just now. About what a single example with half of the
        message's words would add.
    sure, surely_none: confidence from which a reading stands, or a refusal, whatever was said before.
    words_most: most words of a message that goes on from what was said; a longer one tells all that it means.
        With the longer ones, of 2,955 full questions asked after another answer 59 lost their own.
    lead: by how much the meant one is ahead of the others.
    answer: score of an answer, context aside, to be meant where no answer is sure.
    nearly: share of the score of "no answer" that an answer needs, with what is added.
    offered_least: score of one of the choices that were offered just now, to be the one that is meant.
    side, side_words: score of a side, and most words of a message, to be about the answer in hand. Of the 148
        independent questions that have no answer, one is as short and scores as much.
    side_beside: score of a side that is named together with an answer.
    doubt: score that a doubt needs as a question for the source, to be about the answer in hand: "is that
        certain?", not "oh really?".
    hint: score of an answer that is hinted at ("and the land?"), if it is of the field of the one in hand.
    """

    in_hand: float = 0.1
    pointed_at: float = 0.3
    related: float = 0.08
    offered: float = 0.1
    sure: float = 0.8
    surely_none: float = 0.6
    words_most: int = 12
    lead: float = 1.2
    answer: float = 0.1
    nearly: float = 0.75
    offered_least: float = 0.12
    side: float = 0.23
    side_words: int = 6
    side_beside: float = 0.15
    doubt: float = 0.1
    hint: float = 0.1


@dataclass(frozen=True)
class Context:
    """What was said before. hand: the answer that the conversation is about. related: what is shown beside
    it. offered: the choices of the turn before."""

    hand: str | None = None
    related: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Words:
    """What the classifier read in a message.

    intent, answer, confidence: its reading, and how likely it is right; answer is None without one.
    answers, sides: their scores. aside: that of "no answer".
    count: of its words. points: whether one of them points at what was said. hints: whether it goes on from
    it ("and the land?").
    """

    intent: str
    answer: str | None
    confidence: float
    answers: Mapping[str, float]
    sides: Mapping[str, float]
    aside: float = 0.0
    count: int = 0
    points: bool = False
    hints: bool = False


@dataclass(frozen=True)
class Meant:
    """An answer, or one side of it."""

    answer: str
    facet: str | None = None


def meant(words: Words, context: Context, weights: Weights) -> Meant | None:
    """What the message means after all; None if it is read as it stands."""
    if words.count > weights.words_most or not (context.hand or context.offered):
        return None
    if words.intent == DOUBT:
        return _is_it_true(words, context, weights)
    if words.confidence >= weights.sure and words.intent not in {UNSURE, NO_ANSWER}:
        return None
    match words.intent:
        case "faq" | "faq_facet" if words.answer:
            return _other_than_read(words, context, weights)
        case "followup":
            return _not_a_side(words, context, weights)
        case "ward":
            return _not_a_ward(words, context, weights)
        case str(intent) if intent == UNSURE:
            return _one_of_several(words, context, weights) or _unsure(words, context, weights)
        case str(intent) if intent == NO_ANSWER or (intent == TALK and words.hints):
            return _unsure(words, context, weights)
    return None


def weighed(words: Words, context: Context, weights: Weights) -> dict[str, float]:
    """The score of each answer with what the context adds to it."""
    scores = {answer: max(score, 0.0) for answer, score in words.answers.items()}
    added = dict.fromkeys(context.offered, weights.offered)
    if not words.points:
        added |= dict.fromkeys(context.related, weights.related)
    if context.hand:
        added[context.hand] = weights.pointed_at if words.points else weights.in_hand
    return {answer: scores.get(answer, 0.0) + added.get(answer, 0.0) for answer in {**scores, **added}}


def ahead(scores: Mapping[str, float], least: float, lead: float) -> str | None:
    """The best, if it scores enough and is well ahead of the next."""
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    if not ranked or ranked[0][1] < least:
        return None
    return ranked[0][0] if len(ranked) == 1 or ranked[0][1] >= lead * ranked[1][1] else None


def _with_side(answer: str, words: Words, weights: Weights) -> Meant:
    return Meant(answer, ahead(words.sides, weights.side_beside, weights.lead))


def _is_it_true(words: Words, context: Context, weights: Weights) -> Meant | None:
    """Who says so, where what was answered is doubted."""
    is_about_it = context.hand and words.sides.get(SOURCE, 0.0) >= weights.doubt
    return Meant(context.hand or "", SOURCE) if is_about_it else None


def _other_than_read(words: Words, context: Context, weights: Weights) -> Meant | None:
    """Another answer than the one that was read, not surely."""
    scores = weighed(words, context, weights)
    best = ahead(scores, weights.answer, weights.lead)
    return _with_side(best, words, weights) if best and best != words.answer else None


def _not_a_side(words: Words, context: Context, weights: Weights) -> Meant | None:
    """An answer that is named as clearly as a side of the one in hand."""
    scores = weighed(words, context, weights)
    scores.pop(context.hand or "", None)
    best = ahead(scores, max(words.sides.values(), default=1.0), weights.lead)
    return Meant(best) if context.hand and best else None


def _not_a_ward(words: Words, context: Context, weights: Weights) -> Meant | None:
    """A side of the answer in hand, at a place that is told in it."""
    side = ahead(words.sides, weights.side, weights.lead)
    is_named = words.answers.get(context.hand or "", 0.0) >= weights.answer
    return Meant(context.hand, side) if context.hand and side and is_named else None


def _one_of_several(words: Words, context: Context, weights: Weights) -> Meant | None:
    """The one of several answers that the context speaks for."""
    best = ahead(weighed(words, context, weights), weights.answer, weights.lead)
    return _with_side(best, words, weights) if best and words.answers.get(best, 0) >= weights.answer else None


def _unsure(words: Words, context: Context, weights: Weights) -> Meant | None:
    """One of the choices offered just now, something near the answer in hand, or a side of it."""
    if list(context.offered) != list(words.answers)[: len(context.offered)]:
        scores = {answer: words.answers.get(answer, 0) for answer in context.offered}
        if picked := ahead(scores, weights.offered_least, weights.lead):
            return Meant(picked)
    if context.hand is None:
        return None
    rival = {"": 2 * max(words.answers.values(), default=0)}
    side = ahead({**words.sides, **rival}, weights.side, weights.lead)
    if side and words.count <= weights.side_words:
        return Meant(context.hand, side)
    scores = weighed(words, context, weights)
    best = ahead(scores, weights.nearly * words.aside, weights.lead)
    near = {context.hand, *context.related} if words.confidence < weights.surely_none else set()
    if best in near and words.answers.get(best, 0) >= weights.answer:
        return _with_side(best, words, weights) if best == context.hand else Meant(best)
    if words.hints:
        field = context.hand.partition(".")[0]
        hinted = {
            answer: score
            for answer, score in words.answers.items()
            if answer.partition(".")[0] == field and answer != context.hand
        }
        if answer := ahead(hinted, weights.hint, weights.lead):
            return Meant(answer)
    return None
