"""Whether the pictures of answers can be shown on every channel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.content.media import MediaError, checked_media
from bot.content.schema import Answer, AnswerStatus
from bot.content.yaml_file import Finding, YamlFile
from bot.domain.language import Language


def picture_findings(directory: Path, file: YamlFile, answer: Answer) -> Iterator[Finding]:
    """The pictures of an answer that are missing, too large, or not what their names say."""
    if answer.media is None or answer.status is AnswerStatus.WITHDRAWN:
        return
    for language in Language:
        try:
            checked_media(directory, answer.media.file[language])
        except MediaError as error:
            yield file.finding(("media", "file", language.value), f"the picture cannot be shown: {error}")
