"""Reads wards.yml."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from bot.content.wards import Wards
from bot.content.yaml_file import ContentError, YamlFile, read_yaml


def read_wards(path: Path) -> tuple[Wards, YamlFile]:
    """The table and the file that says it.

    Raises:
        FileNotFoundError: it is not there.
        ContentError: it cannot be used.
    """
    file = read_yaml(path)
    if not isinstance(file.value, dict):
        raise ContentError([file.finding((), "this file is empty or not a list of keys")])
    try:
        return Wards.model_validate(file.value), file
    except ValidationError as error:
        raise file.invalid(error.errors()) from error
