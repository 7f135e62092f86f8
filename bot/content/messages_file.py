"""Reads messages.yml so that one bad sentence does not hold up the others.

A sentence with a mistake keeps its last good version, and one that is missing, as those of yesterday's
content/ are after an update of the code, is said as the project brings it along.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.content.directory import MESSAGES_FILE
from bot.content.messages import Messages
from bot.content.yaml_file import Finding, KeyPath, YamlFile, read_yaml

_BROUGHT_ALONG = (
    Path(__file__).with_name(MESSAGES_FILE),  # in an image, where the editors' directory hides content/
    Path(__file__).parents[2] / "content" / MESSAGES_FILE,
)

_OF_THE_MOMENT = ("notice", "paused")
"""Keys that nobody wants said who has not written them."""


def read_messages(path: Path, served: Messages | None) -> tuple[Messages, YamlFile, list[Finding]]:
    """What the bot says, the file that says exactly this, and what is wrong with the one that was read.

    Args:
        path: the editors' file.
        served: the sentences in use, to which one with a mistake falls back.

    Raises:
        FileNotFoundError: it is not there.
        ContentError: it cannot be used.
    """
    file = read_yaml(path)
    try:
        return Messages.model_validate(file.value), file, list(file.warnings)
    except ValidationError as error:
        errors = error.errors()
    spare = _spare(path, served)
    value = copy.deepcopy(file.value)
    for detail in errors:
        _fall_back(value, detail["loc"], spare)
    try:
        messages = Messages.model_validate(value)
    except ValidationError as error:
        raise file.invalid(errors) from error
    missing = [detail for detail in errors if _is_new(detail)]
    wrong = [detail for detail in errors if not _is_new(detail)]
    findings = [
        replace(
            finding,
            problem="this key is missing; until you write it, the bot says what it brings along",
            is_error=False,
        )
        for finding in (file.invalid(missing).findings if missing else ())
    ]
    findings += file.invalid(wrong).findings if wrong else []
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    return messages, replace(file, text=text, value=value), [*file.warnings, *findings]


def _is_new(error: ErrorDetails) -> bool:
    """Whether a whole sentence is missing, and not one language of it."""
    return error["type"] == "missing" and error["loc"][-1] not in ("vi", "en")


def _spare(path: Path, served: Messages | None) -> dict[str, object]:
    """What is said in place of a sentence that cannot be used."""
    if served:
        return served.model_dump(by_alias=True, exclude_none=True)
    for brought_along in _BROUGHT_ALONG:
        if brought_along.is_file() and not (path.exists() and brought_along.samefile(path)):
            value = read_yaml(brought_along).value
            if isinstance(value, dict):
                return {key: part for key, part in value.items() if key not in _OF_THE_MOMENT}
    return {}


def _fall_back(value: object, place: KeyPath, spare: object) -> None:
    """Put the spare sentence at the place of an error; if there is none, take away what stands there."""
    for depth, key in enumerate(place):
        if not isinstance(value, dict):
            return
        inner = spare.get(key) if isinstance(spare, dict) else None
        is_sentence = not isinstance(inner, dict) or "vi" in inner
        if is_sentence or depth == len(place) - 1 or not isinstance(value.get(key), dict):
            if inner is None:
                value.pop(key, None)
            else:
                value[key] = inner
            return
        value, spare = value[key], inner
