"""How to reach the authorities of wards and communes, taken out of wards.yml and put back into it.

Which places belong to which ward, the rest of the file, is no editor's to change in a form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bot.content.fields import Value, as_value
from bot.content.writing import NotWritable, edit
from bot.content.yaml_file import parse_yaml

WARDS = "wards"
"""The name of the file among those that are edited."""

_POINT = re.compile(r"(?<![\d.])(\d{1,2}\.\d{1,10})°?[,;\s]+(\d{2,3}\.\d{1,10})(?![\d.])", re.ASCII)


def ward_offices(table: Mapping[str, object]) -> Value:
    """By the code of each ward its `office`, {} where nothing is known of it.

    Args:
        table: what the file says (bot.content.fields). A point on the map becomes a text, as people copy it
            from a map: "10.0452, 105.7469", latitude first.
    """
    units = table.get("units")
    return {
        str(unit.get("code")): _shown(unit.get("office"))
        for unit in (units if isinstance(units, list) else [])
        if isinstance(unit, Mapping)
    }


def edit_ward_offices(text: str, offices: Mapping[str, object]) -> str:
    """The text of the file with these offices in it; only the lines of what differs are other ones.

    Raises:
        NotWritable: an office is of no ward, or would be read back as something else.
        ContentError, ruamel.yaml.error.YAMLError: the text is no YAML.
    """
    table = as_value(parse_yaml(Path("wards.yml"), text).value)
    units = table.get("units") if isinstance(table, dict) else None
    if not isinstance(table, dict) or not isinstance(units, list):
        raise NotWritable("the file has no list of units")
    if strangers := offices.keys() - ward_offices(table).keys():
        raise NotWritable(f"there is no ward {', '.join(sorted(strangers))}")
    return edit(text, {**table, "units": [{**unit, "office": _office(unit, offices)} for unit in units]})


def as_written(office: Mapping[str, object]) -> dict[str, object]:
    """An office's entry as the file has it, its point as degrees. What is no point stays a text."""
    found = _POINT.fullmatch(str(office.get("map", "")))
    point = {"map": {"lat": float(found[1]), "lon": float(found[2])}} if found else {}
    return {**office, **point}


def point_in(typed: str) -> str:
    """The point in what somebody copied from a map, be it a link; what has none is left as it is."""
    found = _POINT.search(typed)
    return f"{float(found[1])}, {float(found[2])}" if found else typed


def _shown(office: object) -> Value:
    if not isinstance(office, Mapping):
        return {}
    point = office.get("map")
    at = {"map": f"{point.get('lat')}, {point.get('lon')}"} if isinstance(point, Mapping) else {}
    return {**office, **at}


def _office(unit: Mapping[str, object], offices: Mapping[str, object]) -> object:
    office = offices.get(str(unit["code"]))
    return as_written(office) if isinstance(office, Mapping) and office else None
