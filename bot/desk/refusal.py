"""Why a model was refused, in words that an editor can do something with."""

from __future__ import annotations

from collections.abc import Mapping

from bot.content.library import Library
from bot.domain.language import Language
from bot.rasa.status import BrokenQuestion, RefusedModel

NAMED_MOST = 10

Titles = Mapping[str, Mapping[Language, str]]
"""The titles of answers, by id."""


def problems(refused: RefusedModel, library: Library, *, is_public: bool = False) -> list[str]:
    """Why a model does not answer: answers that vanished, its accuracy if that fell, each question that it
    gets wrong.

    The public is told no title of an answer that is not served, or not yet.
    """
    titles = {
        answer.id: {language: answer[language].title for language in Language}
        for answer in library.answers.values()
        if not is_public or library.published(answer.id) is answer
    }
    lines = [_problem(broken, titles) for broken in refused.broken]
    before, after = refused.accuracy_before, refused.accuracy
    if before is not None and after is not None and after < before:
        fell = f"from {before:.1%} to {after:.1%}"
        lines.insert(0, f"Fewer of the test questions are answered rightly: {fell}.")
    if refused.vanished:
        number, named = len(refused.vanished), ", ".join(refused.vanished[:NAMED_MOST])
        more = ", ..." if number > NAMED_MOST else ""
        lines.insert(0, f"{number} answers are gone that nobody withdrew: {named}{more}.")
    return lines


def _problem(broken: BrokenQuestion, titles: Titles) -> str:
    """One question that is answered wrongly: what it should get, what it gets, what competes for it."""
    language = broken.language
    wanted = (
        f"should get {_named(broken.expected, language, titles)}"
        if broken.expected
        else "should get no answer"
    )
    got = f"gets {_named(broken.got, language, titles)}" if broken.got else "gets no answer"
    competing = ", ".join(_named(answer, language, titles) for answer in broken.competing)
    return f'"{broken.question}" {wanted}, but {got}.' + (f" Close to it: {competing}." if competing else "")


def _named(label: str, language: Language, titles: Titles) -> str:
    """An answer's title and id, or an id or an intent's name alone."""
    return f'"{titles[label][language]}" ({label})' if label in titles else label
