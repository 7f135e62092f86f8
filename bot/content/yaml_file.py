"""A YAML file read with the place of each key, so that an error can name its line."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import ErrorDetails

from bot.domain.errors import UserError

KeyPath = tuple[str | int, ...]

Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML's safe loader, in C where it was built with libyaml: a hundred files in 0.2 instead of 1.5 s."""

SIZE_LIMIT = 128 * 1024
"""Bytes of a file that is read; the largest of content/ has a fifth of it."""

FINDINGS_MOST = 50
"""Of one file or folder; who mends these sees the next ones."""

KEPT_MOST = 256
"""Texts of which it is remembered what they say; content/ has some 150 files, and most are read again as
they were."""

_NAMELESS = Path()
"""Stands in the findings of a text until they have the name of its file: it may stand in several."""

DEPTH_LIMIT = 20
"""Lists and keys within each other; content/ needs five. Composing them recurs, in C without a bound."""

_LINE = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line for YAML."""

_FOR_PEOPLE = {"vi", "en", "title"}
"""Keys below which stands what people read; a note behind it is hardly meant as one."""


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


class ContentError(UserError):
    """Content that cannot be served. Carries its findings, each with file, line and key."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A file's text, its parsed value, and the line on which each of its keys stands.

    warnings: where YAML reads less than an editor sees.
    """

    path: Path
    text: str
    value: object
    lines: Mapping[KeyPath, int]
    warnings: tuple[Finding, ...] = ()

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
        errors = errors[:FINDINGS_MOST]
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
        ContentError: it cannot be read, is not UTF-8, too large, not YAML, or holds a key twice.
    """
    return parse_yaml(path, decode(path, read_bytes(path)))


def read_bytes(path: Path) -> bytes:
    """What stands in a file, up to one byte more than SIZE_LIMIT. Whatever lies under this name, reading
    it does not block: a pipe, a socket or a device is not opened.

    Raises:
        FileNotFoundError: it is not there.
        ContentError: it cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ContentError([Finding(path, 1, "", "this is not a file; take it away or rename it")])
        # It may have been exchanged since: so the opening must not wait, either.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ContentError([Finding(path, 1, "", "this is not a file; take it away or rename it")])
            return file.read(SIZE_LIMIT + 1) or b""
    except FileNotFoundError as error:
        if path.is_symlink():
            raise ContentError([Finding(path, 1, "", "this is a link that leads nowhere")]) from error
        raise
    except OSError as error:
        raise ContentError([Finding(path, 1, "", f"this file cannot be read: {error.strerror}")]) from error


def decode(path: Path, data: bytes) -> str:
    """The text of a file, with its lines ended by line feeds.

    Raises:
        ContentError: it is too large, or not UTF-8.
    """
    if len(data) > SIZE_LIMIT:
        raise ContentError([Finding(path, 1, "", f"this file is larger than {SIZE_LIMIT // 1024} KB")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError([Finding(path, 1, "", "save the file as UTF-8")]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def value_in(text: str) -> Any:
    """What a text of our own says, in plain values; nothing is bounded, nor remembered.

    Raises:
        yaml.YAMLError, ValueError: it is not YAML.
    """
    return yaml.load(text, Loader)  # noqa: S506 it is the safe one


def parse_yaml(path: Path, text: str) -> YamlFile:
    """What a file's text says. It is remembered: whoever wants to change the value makes a copy.

    Raises:
        ContentError: it is not YAML, nested too deeply, has anchors or aliases, or holds a key twice.
    """
    try:
        parsed = _parsed(text)
    except ContentError as error:
        raise ContentError(_in_file(path, error.findings)) from error
    return replace(parsed, path=path, warnings=tuple(_in_file(path, parsed.warnings)))


def _in_file(path: Path, findings: Iterable[Finding]) -> list[Finding]:
    return [replace(finding, file=path) for finding in findings]


@lru_cache(KEPT_MOST)
def _parsed(text: str) -> YamlFile:
    """What a text says, as a file without a name."""
    try:
        _bound(text)
        loader = Loader(text)
        try:
            node = loader.get_single_node()
            value = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        hint = f"this is not valid YAML ({error.problem}); is a text with ': ' or '#' in quotes?"
        raise ContentError([Finding(_NAMELESS, line, "", hint)]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ContentError([Finding(_NAMELESS, 1, "", f"this is not valid YAML ({error})")]) from error
    index = _Index(_LINE.split(text))
    if node is not None:
        index.add(node, ())
    if index.twice:
        raise ContentError(index.twice[:FINDINGS_MOST])
    return YamlFile(_NAMELESS, text, value, index.lines, tuple(index.cut[:FINDINGS_MOST]))


def _bound(text: str) -> None:
    """Refuse what is small to write and large to read, before anything is built of it."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if getattr(event, "anchor", None) is not None:
            problem = "a text that begins with * or & has to stand in quotes (YAML's aliases are not read)"
            raise ContentError([Finding(_NAMELESS, line, "", problem)])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_LIMIT:
            raise ContentError([Finding(_NAMELESS, line, "", "this is nested too deeply")])


class _Index:
    """Where each key stands, which stand twice, and which values a comment cuts off."""

    def __init__(self, rows: list[str]) -> None:
        self._rows = rows
        self.lines: dict[KeyPath, int] = {}
        self.twice: list[Finding] = []
        self.cut: list[Finding] = []

    def add(self, node: yaml.Node, key: KeyPath) -> None:
        """Look through a node and what is in it."""
        self.lines.setdefault(key, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for name, child in node.value:
                inner = (*key, str(name.value))
                line = name.start_mark.line + 1
                if inner in self.lines:
                    problem = "this key stands twice; keep one"
                    self.twice.append(Finding(_NAMELESS, line, ".".join(map(str, inner)), problem))
                self.lines[inner] = line
                self.add(child, inner)
        elif isinstance(node, yaml.SequenceNode):
            for position, child in enumerate(node.value):
                self.add(child, (*key, position))
        elif isinstance(node, yaml.ScalarNode) and not node.style and self._is_cut(node, key):
            problem = "what stands after # is not read; put the text in quotes, or the note on its own line"
            line = node.end_mark.line + 1
            self.cut.append(Finding(_NAMELESS, line, ".".join(map(str, key)), problem, is_error=False))

    def _is_cut(self, node: yaml.Node, key: KeyPath) -> bool:
        """Whether the comment behind a value that has no quotes may be part of what was meant."""
        row = self._rows[node.end_mark.line] if node.end_mark.line < len(self._rows) else ""
        rest = row[node.end_mark.column :].lstrip(" \t")
        is_note = rest.startswith("# ") and _FOR_PEOPLE.isdisjoint(key)
        return rest.startswith("#") and not is_note


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
