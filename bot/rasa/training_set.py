"""The training data that content/ holds, as Rasa's own files."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from bot.content.library import Library
from bot.content.schema import Answer
from bot.domain.language import Language

_Dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

SENTENCE_WORDS = 4
"""A sentence of an answer with fewer words says too little to learn from."""

_MARKUP = re.compile(r"\]\([^)]*\)|[*_`\[\]]|^\s*[-+]\s+|^\s*\d+\.\s+", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\n+")


TrainingQuestions = tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
"""The questions of each answer that is taught: its id, the Vietnamese ones, the English ones."""


def training_questions(library: Library) -> TrainingQuestions:
    """What a model must know of content/. If only words differ that are not in here, it still does."""
    return tuple((answer.id, answer.vi.questions, answer.en.questions) for answer in library.taught())


def withdrawn(library: Library) -> set[str]:
    """The ids that content/ still names and teaches no more: they were taken back, and have not vanished."""
    return set(library.answers) - {answer.id for answer in library.taught()}


def training_files(library: Library) -> dict[str, str]:
    """Rasa's training files by name: the examples of every answer that a model has to know, in both
    languages, and the responses that Rasa expects of a retrieval intent."""
    answers = library.taught()
    data = {
        "version": "3.1",
        "nlu": [{"intent": f"faq/{answer.id}", "examples": list(_examples(answer))} for answer in answers],
        "responses": {f"utter_faq/{answer.id}": [{"text": answer.vi.title}] for answer in answers},
    }
    return {"answers.yml": yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000)}


def _examples(answer: Answer) -> Iterator[dict[str, object]]:
    """Questions, and beside them the sentences of the answer: people ask with its words, too."""
    for language in Language:
        text = answer[language]
        for question in text.questions:
            yield {"text": _one_line(question), "metadata": {"language": language.value}}
        metadata = {"language": language.value, "is_answer_text": True}
        yield {"text": _one_line(text.title), "metadata": {**metadata, "is_title": True}}
        for sentence in [*_sentences(text.answer), *filter(None, [text.claim])]:
            yield {"text": _one_line(sentence), "metadata": metadata}
        for facet, stated in text.facets.items():
            yield {"text": _one_line(stated), "metadata": {**metadata, "facet": facet.value}}


def _sentences(markdown: str) -> list[str]:
    plain = _MARKUP.sub("", markdown)
    return [part for part in _SENTENCE.split(plain) if len(part.split()) >= SENTENCE_WORDS]


def _one_line(text: str) -> str:
    """Without line breaks and without brackets, in which Rasa would read an entity."""
    return " ".join(re.sub(r"[\[\]{}]", "", text).split())
