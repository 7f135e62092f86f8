"""The emergency exit: an answer is taken back whatever else is wrong with its file.

So this reads a file in which anything may be wrong: its encoding, its YAML, the way its status is
written. It only ever finds that an answer is not to be served.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import replace

import yaml

from bot.content.schema import Answer, AnswerStatus
from bot.content.yaml_file import DEPTH_LIMIT, Loader, YamlFile

_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_WORD = r"(?P<status>draft|in[ _-]?review|withdr[a-z]{2,6})\b(?![^\S\n]*[:=：])"
_LINE = re.compile(
    rf"^(?P<indent>[^\S\n]*)(?:[?{{][^\S\n]*)?[\"']?status[\"']?\s*[:=：]?[^\w#]{{0,8}}{_WORD}",
    re.IGNORECASE | re.MULTILINE,
)
_KEY = re.compile(r"^([^\S\n]*)[\w\"']+\s*[:：]", re.MULTILINE)


_STATUS = re.compile(r"(status[\"']?\s*:\s*[\"']?)\w+")


def unless_unpublished(answer: Answer, file: YamlFile, data: bytes) -> tuple[Answer, YamlFile]:
    """The version in use of an answer whose file has an error, with the status that the file gives:
    whoever withdraws an answer in a hurry must not be held up by a slip.

    Args:
        answer: the answer in use.
        file: what it was read from.
        data: what stands in its file now.
    """
    status = unpublished_status(data)
    if status is None:
        return answer, file
    rows = file.text.split("\n")
    row = file.line_of(("status",)) - 1
    rows[row] = _STATUS.sub(rf"\g<1>{status}", rows[row], count=1)  # so that its copy is not served later
    return answer.model_copy(update={"status": status}), replace(file, text="\n".join(rows))


def unpublished_status(data: bytes) -> AnswerStatus | None:
    """The status that a file with an error gives its answer, if that is one in which it is not served."""
    text = re.sub(r"\r\n?|[\x85\u2028\u2029]", "\n", _decoded(data))
    return _by_yaml(text) or _by_lines(text)


def _decoded(data: bytes) -> str:
    """The text, in which at least the Latin letters are right."""
    for mark, encoding in _ENCODINGS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    return data.replace(b"\0", b"").decode("utf-8-sig", "replace")  # UTF-16 may come without a mark


def _by_yaml(text: str) -> AnswerStatus | None:
    """By the value of the outermost key `status`, in any way in which YAML lets it be written."""
    found: AnswerStatus | None = None
    depth, is_key, key = 0, True, ""
    try:
        for event in yaml.parse(text, Loader=Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH_LIMIT:
                break
            if depth != 1 or isinstance(event, yaml.CollectionStartEvent):
                continue
            value = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if not is_key and key.casefold() == "status":
                found = _status(value) or found
            is_key, key = not is_key, value
    except (yaml.YAMLError, ValueError):
        pass  # up to there it was YAML
    return found


def _by_lines(text: str) -> AnswerStatus | None:
    """By a line that says so, indented no more than the outermost keys but for a slip of one blank."""
    least = min((len(key[1]) for key in _KEY.finditer(text)), default=0)
    for line in _LINE.finditer(text):
        if len(line["indent"]) <= least + 1:
            return _status(line["status"])
    return None


def _status(written: str) -> AnswerStatus | None:
    word = re.fullmatch(rf"\W*{_WORD}\W*", written, re.IGNORECASE)
    if word is None:
        return None
    if word["status"].lower().startswith("withdr"):
        return AnswerStatus.WITHDRAWN  # "withdraw", "withdrawed": nothing else can be meant
    return AnswerStatus(re.sub(r"in[ _-]?review", "in_review", word["status"].lower()))
