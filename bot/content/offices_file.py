"""Reads offices.yml so that one bad entry does not hold up the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bot.content.schema import Office
from bot.content.yaml_file import FINDINGS_MOST, ContentError, Finding, YamlFile, read_yaml


@dataclass(frozen=True, slots=True)
class Offices:
    """What offices.yml holds.

    by_id: the offices, each as in use where its entry cannot be used.
    faulty: the ids of those entries. findings: what is wrong with the file.
    """

    by_id: dict[str, Office]
    faulty: frozenset[str]
    file: YamlFile
    findings: list[Finding]


def read_offices(path: Path, served: Mapping[str, Office]) -> Offices:
    """The offices of the editors' file; `served` are those in use.

    Raises:
        FileNotFoundError: it is not there.
        ContentError: it cannot be used.
    """
    file = read_yaml(path)
    if not isinstance(file.value, dict):
        raise ContentError([Finding(path, 1, "", "this file is empty or not a list of offices")])
    offices: dict[str, Office] = {}
    wrong: dict[str, list[Finding]] = {}
    for name, value in file.value.items():
        office_id = str(name)
        try:
            offices[office_id] = Office.model_validate(value)
        except ValidationError as error:
            details = error.errors()
            for detail in details:
                detail["loc"] = (office_id, *detail["loc"])
            wrong[office_id] = file.invalid(details).findings
            if office_id in served:
                offices[office_id] = served[office_id]
    found = [finding for findings in wrong.values() for finding in findings][:FINDINGS_MOST]
    return Offices(offices, frozenset(wrong), file, [*file.warnings, *found])
