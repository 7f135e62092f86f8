"""The training data that content/ holds, as Rasa's own files."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from bot.content.library import Library
from bot.content.schema import Answer
from bot.content.wards import Wards
from bot.domain.language import Language

_Dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

SENTENCE_WORDS = 4
"""A sentence of an answer with fewer words says too little to learn from."""

_MARKUP = re.compile(r"\]\([^)]*\)|[*_`\[\]]|^\s*[-+]\s+|^\s*\d+\.\s+", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\n+")


WARD_LOOKUP = "ward"
"""Rasa's lookup table with the units of content/wards.yml; nlu/wards/table.py says what its lines mean."""

TrainingQuestions = tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...]
"""The questions of each answer that is taught: its id, the Vietnamese ones, the English ones, and what may be
asked for next: the ids of what is shown with it, and its sides. Beside them the lines of the lookup table,
under its name."""


def training_questions(library: Library) -> TrainingQuestions:
    """What a model must know of content/. If only words differ that are not in here, it still does."""
    questions = [
        (answer.id, answer.vi.questions, answer.en.questions, (*answer.related, *_sides(answer)))
        for answer in library.taught()
    ]
    if lines := ward_lines(library.wards):
        questions.append((WARD_LOOKUP, tuple(lines), (), ()))
    return tuple(questions)


def withdrawn(library: Library) -> set[str]:
    """The ids that content/ still names and teaches no more: they were taken back, and have not vanished."""
    return set(library.answers) - {answer.id for answer in library.taught()}


def training_files(library: Library) -> dict[str, str]:
    """Rasa's training files by name: the examples of every answer that a model has to know, in both
    languages, and the responses that Rasa expects of a retrieval intent; and the names of the wards."""
    answers = library.taught()
    questions: dict[str, object] = {
        "version": "3.1",
        "nlu": [{"intent": f"faq/{answer.id}", "examples": list(_examples(answer))} for answer in answers],
        "responses": {f"utter_faq/{answer.id}": [_response(answer)] for answer in answers},
    }
    files = {"answers.yml": questions}
    if lines := ward_lines(library.wards):
        examples = "".join(f"- {line}\n" for line in lines)
        files["wards.yml"] = {"version": "3.1", "nlu": [{"lookup": WARD_LOOKUP, "examples": examples}]}
    return {
        name: yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000)
        for name, data in files.items()
    }


def ward_lines(wards: Wards | None) -> list[str]:
    """The units that are recognised, of today and of before, and the former districts: a line each."""
    if wards is None:
        return []
    districts = [
        "|".join(
            [
                f"district:{district_id}",
                district.former[0].district_type,
                district.former[0].district_name,
                district.province,
            ]
        )
        for district_id, district in wards.districts.items()
    ]
    former = [
        "|".join(
            [
                f"former:{code}",
                ward.type,
                ward.name,
                f"district:{ward.district_id}",
                "+".join(now.code for now in wards.became[code]),
            ]
        )
        for code, ward in wards.former.items()
    ]
    now = [f"{ward.code}|{ward.type}|{ward.name}" for ward in wards.units]
    return [*now, *districts, *former, *([f"answer:{wards.answer}"] if wards.answer else [])]


def _response(answer: Answer) -> dict[str, object]:
    """What Rasa expects of a retrieval intent, with what may be asked for next: what is shown beside the
    answer, and its sides."""
    return {
        "text": answer.vi.title,
        "metadata": {"related": list(answer.related), "sides": list(_sides(answer))},
    }


def _sides(answer: Answer) -> tuple[str, ...]:
    return tuple(sorted({facet.value for facet in (*answer.vi.facets, *answer.en.facets)}))


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
