"""One file of an answer: what it says, or what an editor should mend in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pydantic import ValidationError

from bot.content.directory import OFFICES_FILE
from bot.content.schema import MARK, Answer, AnswerStatus, Office
from bot.content.yaml_file import ContentError, KeyPath, YamlFile


def answer_in(
    file: YamlFile, answer_id: str, offices: Mapping[str, Office], faulty_offices: Collection[str]
) -> Answer:
    """The answer that a file holds.

    Args:
        file: as it was read.
        answer_id: its id, by the file's place.
        offices: those that can be used, by id.
        faulty_offices: the ids of those that have an error, and that a finding is told of already.

    Raises:
        ContentError: it cannot be used.
    """
    if not isinstance(file.value, dict):
        raise ContentError([file.finding((), "this file is empty or not a list of keys")])
    if "id" in file.value:
        raise ContentError([file.finding(("id",), "the id is the file's name; leave this key out")])
    try:
        answer = Answer.model_validate({**file.value, "id": answer_id})
    except ValidationError as error:
        raise file.invalid(error.errors()) from error
    if answer.office in faulty_offices and answer.office not in offices:
        raise ContentError([])  # the finding is that of the office
    if answer.office not in offices:
        raise ContentError([file.finding(("office",), f"{answer.office} is not in {OFFICES_FILE}")])
    if answer.status is AnswerStatus.PUBLISHED and (unfilled := list(_unfilled(file.value))):
        raise ContentError([file.finding(key, f"fill this in, in place of {MARK}") for key in unfilled])
    return answer


def _unfilled(value: object, key: KeyPath = ()) -> Iterator[KeyPath]:
    """Where a new file's marks still stand."""
    if isinstance(value, str) and MARK in value:
        yield key
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _unfilled(inner, (*key, str(name)))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _unfilled(inner, (*key, position))
