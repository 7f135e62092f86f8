"""A YAML file read with the place of each key, so that an error can name its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic_core import ErrorDetails

KeyPath = tuple[str | int, ...]

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML's safe loader, in C where it was built with libyaml: a hundred files in 0.2 instead of 1.5 s."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in content/ that an editor should mend. `key` is dotted, line counts from 1."""

    file: Path
    line: int
    key: str
    problem: str
    is_error: bool = True

    def __str__(self) -> str:
        kind = "error" if self.is_error else "warning"
        where = f"{self.file}:{self.line}"
        return (
            f"{where}: {kind}: {self.key}: {self.problem}" if self.key else f"{where}: {kind}: {self.problem}"
        )


class ContentError(Exception):
    """Content that cannot be served. Carries its findings, each with file, line and key."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A file's text, its parsed value, and the line on which each of its keys stands."""

    path: Path
    text: str
    value: object
    lines: dict[KeyPath, int]

    def line_of(self, key: KeyPath) -> int:
        """The line of the key, or of its nearest ancestor that is in the file."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def finding(self, key: KeyPath, problem: str, *, is_error: bool = True) -> Finding:
        """A finding at a key of this file."""
        return Finding(self.path, self.line_of(key), ".".join(map(str, key)), problem, is_error)

    def invalid(self, errors: list[ErrorDetails]) -> ContentError:
        """What pydantic found, as findings with their lines.

        A list without its faulty item is too short for pydantic; only the item is to be mended.
        """
        places = [error["loc"] for error in errors]
        causes = [
            error
            for error, place in zip(errors, places, strict=True)
            if not any(other != place and other[: len(place)] == place for other in places)
        ]
        return ContentError([self.finding(*_explain(error)) for error in causes])


def read_yaml(path: Path) -> YamlFile:
    """Read and parse one file.

    Raises:
        FileNotFoundError: it is not there.
        ContentError: it cannot be read, is not UTF-8, not YAML, or holds a key twice.
    """
    return parse_yaml(path, read_text(path))


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        FileNotFoundError: it is not there.
        ContentError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError([Finding(path, 1, "", "save the file as UTF-8")]) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ContentError([Finding(path, 1, "", f"this file cannot be read: {error.strerror}")]) from error


def parse_yaml(path: Path, text: str) -> YamlFile:
    """What a file's text says.

    Raises:
        ContentError: it is not YAML, or holds a key twice.
    """
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            value = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        hint = f"this is not valid YAML ({error.problem}); is a text with ': ' or '#' in quotes?"
        raise ContentError([Finding(path, line, "", hint)]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ContentError([Finding(path, 1, "", f"this is not valid YAML ({error})")]) from error
    except RecursionError as error:
        raise ContentError([_too_deep(path)]) from error
    lines: dict[KeyPath, int] = {}
    twice: list[Finding] = []
    try:
        if node is not None:
            _index(path, node, (), lines, twice)
    except RecursionError as error:
        raise ContentError([_too_deep(path)]) from error
    if twice:
        raise ContentError(twice)
    return YamlFile(path, text, value, lines)


def _too_deep(path: Path) -> Finding:
    return Finding(path, 1, "", "this is nested too deeply, or an alias (*) stands within its own anchor (&)")


def _index(
    path: Path, node: yaml.Node, key: KeyPath, lines: dict[KeyPath, int], twice: list[Finding]
) -> None:
    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for name, child in node.value:
            inner = (*key, str(name.value))
            if inner in lines:
                problem = "this key stands twice; keep one"
                twice.append(Finding(path, name.start_mark.line + 1, ".".join(map(str, inner)), problem))
            lines[inner] = name.start_mark.line + 1
            _index(path, child, inner, lines, twice)
    elif isinstance(node, yaml.SequenceNode):
        for position, child in enumerate(node.value):
            _index(path, child, (*key, position), lines, twice)


def _explain(error: ErrorDetails) -> tuple[KeyPath, str]:
    """Where pydantic's error is, and what it means in an editor's words."""
    key = tuple(part for part in error["loc"] if part != "[key]")
    match error["type"]:
        case "missing":
            return key, "this key is missing"
        case "extra_forbidden":
            return key, "this key is not known here; is it misspelt or indented wrongly?"
        case "string_type":
            return key, "this must be text; put it in quotes"
        case "string_too_short" | "too_short":
            return key, "this is empty"
        case "string_too_long" | "too_long":
            limit = error.get("ctx", {}).get("max_length")
            return key, f"this is too long: at most {limit} characters"
        case "date_from_datetime_parsing" | "date_type" | "date_parsing":
            return key, "write a date as year-month-day: 2026-11-20"
        case "tuple_type":
            return key, "this must be a list: one item a line, after '- '"
        case "model_type" | "dict_type":
            return key, "this must have keys of its own, indented below it"
        case "enum":
            return key, f"write one of: {error.get('ctx', {}).get('expected')}"
        case "value_error":
            return key, str(error.get("ctx", {}).get("error", error["msg"]))
        case _:
            return key, error["msg"]
