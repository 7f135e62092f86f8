"""What the Rasa side found wrong with a model, in words that an editor can do something with."""

from __future__ import annotations

from bot.content.library import Library
from bot.content.schema import Language
from bot.rasa.status import Broken, Refused

NAMED_MOST = 10


def refusal(refused: Refused, library: Library) -> list[str]:
    """Why a model does not answer: answers that vanished, its accuracy if that fell, each question that it
    gets wrong."""
    lines = [question(broken, library) for broken in refused.broken]
    before, after = refused.accuracy_before, refused.accuracy
    if before is not None and after is not None and after < before:
        fell = f"from {before:.1%} to {after:.1%}"
        lines.insert(0, f"Fewer of the test questions are answered rightly: {fell}.")
    if refused.vanished:
        number, named = len(refused.vanished), ", ".join(refused.vanished[:NAMED_MOST])
        more = ", ..." if number > NAMED_MOST else ""
        lines.insert(0, f"{number} answers are gone that nobody withdrew: {named}{more}.")
    return lines


def question(broken: Broken, library: Library) -> str:
    """One question that is answered wrongly: what it should get, what it gets, what competes for it."""
    language = broken.language
    wanted = (
        f"should get {_named(broken.expected, language, library)}"
        if broken.expected
        else "should get no answer"
    )
    got = f"gets {_named(broken.got, language, library)}" if broken.got else "gets no answer"
    competing = ", ".join(_named(answer, language, library) for answer in broken.competing)
    return f'"{broken.question}" {wanted}, but {got}.' + (f" Close to it: {competing}." if competing else "")


def _named(label: str, language: Language, library: Library) -> str:
    """An answer's title and id, or an intent's name."""
    answer = library.answers.get(label)
    return f'"{answer[language].title}" ({label})' if answer else label
