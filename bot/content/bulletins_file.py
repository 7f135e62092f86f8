"""Reads bulletins.yml."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from bot.content.bulletins import Bulletin
from bot.content.yaml_file import ContentError, YamlFile, read_yaml


def read_bulletins(path: Path) -> tuple[dict[str, Bulletin], YamlFile]:
    """The bulletins by their ids, and the file that says them.

    Raises:
        FileNotFoundError: it is not there.
        ContentError: it cannot be used.
    """
    file = read_yaml(path)
    value = file.value if file.value is not None else {}
    if not isinstance(value, dict):
        raise ContentError([file.finding((), "this file is not a list of bulletins by their ids")])
    found: dict[str, Bulletin] = {}
    for key, entry in value.items():
        if not isinstance(entry, dict):
            problem = "a bulletin has keys: status, date, every, answers, vi, en"
            raise ContentError([file.finding((str(key),), problem)])
        try:
            found[str(key)] = Bulletin.model_validate({**entry, "id": str(key)})
        except ValidationError as error:
            errors = error.errors()
            for one in errors:
                one["loc"] = (str(key), *one["loc"])
            raise file.invalid(errors) from error
    return found, file
