"""A changed value goes into its file, and nothing else in the file moves: comments, quotes, order.

ruamel.yaml keeps what stands around a value. PyYAML, which reads content/, follows YAML 1.1, where more words
mean something else than a text (`no`, `12:30`), so every new text is written such that PyYAML reads it back;
the result is read by it before it is given out.
"""

from __future__ import annotations

import datetime
import difflib
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, ScalarString

from bot.content.fields import FIELDS, as_value
from bot.content.yaml_file import value_in

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}")
_UNSAFE_IN_BLOCK = re.compile(
    "[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]|[ ]$",
    re.MULTILINE,
)
"""What a literal block cannot hold, or an editor program would take away: control characters, blanks at
the end of a line."""

_ORDER = tuple(dict.fromkeys(path.split(".")[0] for path in FIELDS))
_ORDER_IN_LANGUAGE = ("title", "claim", "answer", "questions", "facets")


class NotWritable(Exception):
    """The value would not be read back from the file as it was meant; says of which key."""


def edit(text: str, value: Mapping[str, object]) -> str:
    """The file's text with this value in it; only the lines of what differs are other ones.

    Args:
        text: of the file as it is; empty for a new one.
        value: what the file is to say, dates as text (see bot.content.fields).

    Raises:
        NotWritable: it would be read back as something else.
        ruamel.yaml.error.YAMLError: the text is no YAML.
    """
    round_trip = _round_trip()
    tree = round_trip.load(text) if text.strip() else None
    head = text if tree is None else ""  # blank, or comments alone
    if tree is None:
        if not value:
            return text
        tree = CommentedMap()
    if not isinstance(tree, CommentedMap):
        raise NotWritable("the file is no list of keys")
    _change_map(tree, value)
    stream = io.StringIO()
    round_trip.dump(tree, stream)
    written = head + stream.getvalue()
    _check(written, value)
    return written


def _round_trip() -> YAML:
    round_trip = YAML(typ="rt")
    round_trip.preserve_quotes = True
    round_trip.width = 10**6  # what wraps lines has open bugs, and makes changes of nothing
    round_trip.indent(mapping=2, sequence=4, offset=2)
    round_trip.allow_duplicate_keys = False
    return round_trip


def _check(written: str, value: Mapping[str, object]) -> None:
    read = as_value(value_in(written))
    wanted = as_value(value)
    if read == wanted:
        return
    keys = [key for key in {*value} if not isinstance(read, dict) or read.get(key) != value[key]]
    raise NotWritable(f"{', '.join(sorted(keys)) or 'the file'} would not be read back as it is meant")


def _change_map(tree: CommentedMap, value: Mapping[str, object]) -> None:
    for key in [key for key in tree if key not in value]:
        _remove(tree, key)
    for key, new in value.items():
        if key not in tree:
            tree.insert(_position(tree, key), key, _new(new))
        elif as_value(tree[key]) != as_value(new):
            _change_entry(tree, key, new)


def _change_entry(tree: Any, key: Any, new: object) -> None:
    """Put a new value in the place of an old one, in the old one's style."""
    old = tree[key]
    if isinstance(old, CommentedMap) and isinstance(new, Mapping):
        _change_map(old, new)
    elif isinstance(old, CommentedSeq) and isinstance(new, Sequence) and not isinstance(new, str) and new:
        _change_list(old, new)
    else:
        tree[key] = _in_style_of(old, new)


def _change_list(old: CommentedSeq, new: Sequence[object]) -> None:
    """Items that stay are not touched, so that their comments and quotes stay, too."""
    before = [_name(item) for item in old]
    after = [_name(item) for item in new]
    steps = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for kind, start, end, new_start, new_end in reversed(steps):
        if kind == "equal":
            continue
        both = min(end - start, new_end - new_start)
        for position in range(end - 1, start + both - 1, -1):
            _remove(old, position)
        for position in range(new_end - 1, new_start + both - 1, -1):
            old.insert(start + both, _new(new[position]))
        for offset in range(both):
            _change_entry(old, start + offset, new[new_start + offset])


def _name(item: object) -> str:
    return repr(as_value(item))


def _remove(tree: Any, key: Any) -> None:
    """Take an entry out; the comment behind it, which speaks of the next one, stays."""
    comment = _comment_behind(tree, key)
    keys = list(range(len(tree))) if isinstance(tree, CommentedSeq) else list(tree)
    place = keys.index(key)
    del tree[key]
    if comment and place > 0:
        _append_comment(tree, keys[place - 1], comment)


def _comment_behind(tree: Any, key: Any) -> str:
    """The lines of comment between an entry and the next one."""
    tokens = [token for token in _tokens(tree, key) if token is not None]
    text = "".join(token.value for token in tokens if hasattr(token, "value"))
    _, _, behind = text.partition("\n")
    return behind if "#" in behind else ""


def _tokens(tree: Any, key: Any) -> list[Any]:
    value = tree[key]
    found: list[Any] = []
    entry = tree.ca.items.get(key)
    if entry:
        found += entry if isinstance(entry, list) else [entry]
    if isinstance(value, LiteralScalarString):
        found.append(getattr(value, "comment", None))
    elif isinstance(value, CommentedMap | CommentedSeq) and value:
        last = len(value) - 1 if isinstance(value, CommentedSeq) else list(value)[-1]
        found += _tokens(value, last)
    flattened: list[Any] = []
    for token in found:
        flattened += token if isinstance(token, list) else [token]
    return flattened


def _append_comment(tree: Any, key: Any, text: str) -> None:
    holder, name = tree, key
    while (
        isinstance(holder[name], CommentedMap | CommentedSeq) and holder[name] and not _is_flow(holder[name])
    ):
        holder = holder[name]
        name = len(holder) - 1 if isinstance(holder, CommentedSeq) else list(holder)[-1]
    tokens = [token for token in _tokens(holder, name) if token is not None and hasattr(token, "value")]
    if tokens:
        tokens[-1].value = tokens[-1].value.rstrip("\n") + "\n" + text
    elif isinstance(holder, CommentedMap):
        lines = text.strip("\n").splitlines()
        following = list(holder)
        place = following.index(name)
        if holder is tree and place + 1 < len(following):
            column = len(lines[0]) - len(lines[0].lstrip())
            bare = "\n".join(line.strip().removeprefix("#").removeprefix(" ") for line in lines)
            holder.yaml_set_comment_before_after_key(following[place + 1], before=bare, indent=column)


def _is_flow(node: Any) -> bool:
    return bool(node.fa.flow_style())


def _position(tree: CommentedMap, key: str) -> int:
    """Where a new key belongs: behind those that come before it in other files."""
    order = _ORDER_IN_LANGUAGE if "title" in tree or key in _ORDER_IN_LANGUAGE else _ORDER
    if key not in order:
        return len(tree)
    earlier = order[: order.index(key)]
    places = [place for place, known in enumerate(tree, start=1) if known in earlier]
    return max(places, default=0)


def _in_style_of(old: object, new: object) -> object:
    if isinstance(old, LiteralScalarString) and isinstance(new, str) and not _UNSAFE_IN_BLOCK.search(new):
        written = _literal(new)
        if isinstance(written, LiteralScalarString) and hasattr(old, "comment"):
            setattr(written, "comment", old.comment)  # noqa: B010  (it is not in its type)
        return written
    if isinstance(old, ScalarString) and not isinstance(old, LiteralScalarString) and isinstance(new, str):
        same = type(old)(new)
        if "\n" not in new and not _UNSAFE_IN_BLOCK.search(new) and not _DATE.match(new):
            return same
    return _new(new)


def _new(value: object) -> object:
    """A value as it is written where there was none."""
    if isinstance(value, Mapping):
        tree = CommentedMap()
        for key, inner in value.items():
            tree[key] = _new(inner)
        return tree
    if isinstance(value, list | tuple):
        items = CommentedSeq([_new(inner) for inner in value])
        if all(isinstance(item, str) and re.fullmatch(r"[a-z]+\.[a-z0-9-]+", item) for item in value):
            items.fa.set_flow_style()  # ids, as files have them
        return items
    if not isinstance(value, str):
        return value
    if _DATE.fullmatch(value):
        return _date_or_text(value)
    if _MOMENT.fullmatch(value):
        return value if isinstance(_read_plain(value), str) else DoubleQuotedScalarString(value)
    return _literal(value) if "\n" in value else _one_line(value)


def _date_or_text(value: str) -> object:
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        return DoubleQuotedScalarString(value)


def _literal(value: str) -> object:
    if _UNSAFE_IN_BLOCK.search(value) or value.startswith((" ", "\n")) or not value.strip():
        return DoubleQuotedScalarString(value)
    return LiteralScalarString(value)


def _one_line(value: str) -> object:
    is_plain = not _UNSAFE_IN_BLOCK.search(value) and _read_plain(value) == value and "#" not in value
    return value if is_plain else DoubleQuotedScalarString(value)


def _read_plain(value: str) -> object:
    """What YAML 1.1 makes of a text without quotes, in a block or within brackets; None if nothing."""
    try:
        in_block, in_flow = value_in(f"key: {value}"), value_in(f"[{value}]")
    except (yaml.YAMLError, ValueError):
        return None
    if isinstance(in_block, dict) and isinstance(in_flow, list) and in_flow == [in_block.get("key")]:
        found: object = in_flow[0]
        return found
    return None
