"""Will people find it? Every question of an answer is put to the model that answers people now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.content.fields import Value
from bot.content.library import Library
from bot.desk.accounts import Account
from bot.desk.drafting import Conflict, Form, Saved, checked_value, open_, save, seen
from bot.desk.editing import EditingDesk, Right, may
from bot.domain.language import Language
from bot.text.cleaning import clean
from bot.text.folding import words
from bot.text.personal_numbers import mask_personal

AT_A_TIME = 4
"""Questions that are put to the Rasa side at once: people's own come between them."""

WITHIN = 15.0
"""Seconds for all the questions; what is not asked by then is told as such."""

QUESTIONS_MOST = 200
"""Questions of an answer that are asked."""

ADD_TRIES = 3
"""Tries to add a question to a draft that others save meanwhile."""

FALLBACK = "nlu_fallback"
"""The intent of what is not understood; `answers` are then what would be offered."""


class QuestionOutcome(StrEnum):
    """What becomes of a question today."""

    THIS = "this"
    OTHER = "other"
    SAME = "same"
    """It stands under another answer already, word for word but for order and diacritics."""

    NONE = "none"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class QuestionFound:
    """A question and what becomes of it.

    answer, title: the other answer to which it goes, or under which it stands, its title in the question's
    language; of what is not understood, the one that would be offered first. may_move: the account may write
    for that answer.
    """

    language: Language
    position: int
    question: str
    outcome: QuestionOutcome
    answer: str | None = None
    title: str | None = None
    confidence: float | None = None
    may_move: bool = False


@dataclass(frozen=True, slots=True)
class Findability:
    """What becomes of the questions; is_reachable: whether the model could be asked at all."""

    is_reachable: bool
    questions: tuple[QuestionFound, ...]


class Reading(BaseModel):
    """How the Rasa side reads a text; see its POST /parse."""

    model_config = ConfigDict(frozen=True)

    intent: str
    confidence: float
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    language: Language
    position: int
    text: str


async def ask(desk: EditingDesk, account: Account, name: str, value: Value) -> Findability:
    """What becomes of each question of a value that may not be saved yet.

    Of an answer that is not published yet the model knows nothing: that its questions are not understood is
    as it should be, and that they go elsewhere is not.

    Raises:
        NotFound, NotYours, Refused: the form cannot be read.
    """
    typed = checked_value(name, value)
    await seen(desk, account, name, typed)
    library = desk.library()
    questions = _questions(typed)[:QUESTIONS_MOST]
    taken = _taken(library, name)
    readings = await _readings(desk.rasa, questions) if desk.rasa else [None] * len(questions)
    found = [
        _found(question, reading, name, library, account, taken)
        for question, reading in zip(questions, readings, strict=True)
    ]
    return Findability(any(reading is not None for reading in readings), tuple(found))


async def move_question(
    desk: EditingDesk, account: Account, to: str, language: Language, question: str
) -> Saved | Conflict:
    """Add a question to another answer's draft; the page takes it out of its own form.

    Raises:
        NotFound, NotYours, Refused: nothing was changed.
    """
    for _ in range(ADD_TRIES):
        opened = await open_(desk, account, to)
        side = opened.value.get(language.value)
        texts = dict(side) if isinstance(side, dict) else {}
        known = texts.get("questions")
        texts["questions"] = list(dict.fromkeys([*(known if isinstance(known, list) else []), question]))
        value = {**opened.value, language.value: texts}
        form = Form(to, "", opened.base_draft, opened.base_file, value)
        saved = await save(desk, account, form)
        if isinstance(saved, Saved) or saved.moved == "file":
            break
    return saved


async def take_out_question(
    desk: EditingDesk, account: Account, name: str, language: Language, question: str
) -> Saved | Conflict:
    """Take a question, which another answer has got, out of an answer's draft.

    Raises:
        NotFound, NotYours, Refused: nothing was changed.
    """
    opened = await open_(desk, account, name)
    side = opened.value.get(language.value)
    texts = dict(side) if isinstance(side, dict) else {}
    known = texts.get("questions")
    texts["questions"] = [one for one in (known if isinstance(known, list) else []) if one != question]
    value = {**opened.value, language.value: texts}
    return await save(desk, account, Form(name, "", opened.base_draft, opened.base_file, value))


def _questions(value: Value) -> list[_Question]:
    found = []
    for language in Language:
        side = value.get(language.value)
        listed = side.get("questions") if isinstance(side, dict) else None
        for position, text in enumerate(listed if isinstance(listed, list) else []):
            if str(text).strip():
                found.append(_Question(language, position, str(text).strip()))
    return found


def _taken(library: Library, name: str) -> dict[frozenset[str], str]:
    """Under which other answer a question stands, by its words."""
    return {
        frozenset(words(question)): answer.id
        for answer in library.taught()
        if answer.id != name
        for language in Language
        for question in answer[language].questions
    }


async def _readings(http: httpx.AsyncClient, questions: list[_Question]) -> list[Reading | None]:
    turn = asyncio.Semaphore(AT_A_TIME)
    readings: list[Reading | None] = [None] * len(questions)

    async def one(number: int, question: _Question) -> None:
        async with turn:
            readings[number] = await read(http, question.text)

    try:
        async with asyncio.timeout(WITHIN), asyncio.TaskGroup() as group:
            for number, question in enumerate(questions):
                group.create_task(one(number, question))
    except TimeoutError:  # what was read by then counts
        pass
    return readings


async def read(http: httpx.AsyncClient, text: str) -> Reading | None:
    """How the model that answers people reads a text; None if it cannot be asked."""
    # As a person's message reaches the Rasa side; what begins with a slash would be a command.
    heard = mask_personal(clean(text)).lstrip("/ ")
    try:
        response = await http.post("/parse", json={"text": heard})
        return Reading.model_validate_json(response.content) if response.status_code == 200 else None
    except (httpx.HTTPError, ValidationError):
        return None


def _found(
    question: _Question, reading: Reading | None, name: str, library: Library, account: Account,
    taken: dict[frozenset[str], str],
) -> QuestionFound:  # fmt: skip
    outcome, answer = _outcome(question, reading, name, library, taken)
    other = library.answers.get(answer or "")
    return QuestionFound(
        question.language, question.position, question.text, outcome, answer,
        other[question.language].title if other else None,
        reading.confidence if reading else None,
        other is not None
        and outcome is not QuestionOutcome.THIS
        and may(account, Right.WRITE, {other.office}),
    )  # fmt: skip


def _outcome(
    question: _Question, reading: Reading | None, name: str, library: Library,
    taken: dict[frozenset[str], str],
) -> tuple[QuestionOutcome, str | None]:  # fmt: skip
    if same := taken.get(frozenset(words(question.text))):
        return QuestionOutcome.SAME, same
    if reading is None:
        return QuestionOutcome.NOT_ASKED, None
    served = [one.id if (one := library.published(answer)) else answer for answer in reading.answers]
    if not served or reading.intent == FALLBACK:
        return QuestionOutcome.NONE, next((answer for answer in served if answer != name), None)
    return (QuestionOutcome.THIS, name) if served[0] == name else (QuestionOutcome.OTHER, served[0])
