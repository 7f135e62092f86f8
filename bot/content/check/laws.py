"""content/replaced_laws.yml: which laws are no longer cited as they were, so that the check finds them."""

from __future__ import annotations

import datetime
import re
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from bot.content.yaml_file import ContentError, Finding, read_yaml
from bot.domain.answer import Strict, Text

_KINDS = {"NĐ": "Nghị định|Decree", "TT": "Thông tư|Circular", "QĐ": "Quyết định|Decision", "QH": "Luật|Law"}
"""What a document is called, by the letters of its number."""

_PAST = re.compile(
    r"\b(?:thay|bãi bỏ|hết hiệu lực|hết hạn|trước đây|cũ|không còn|đến hết|chỉ đến)\b"
    r"|\btrước (?:ngày |tháng |năm )?\d"
    r"|\b(?:replac|repeal|former|expire)|\b(?:no longer|ended|old|until|before|earlier|only to|then)\b",
    re.IGNORECASE,
)
_AMENDED = re.compile(r"\bsửa|\bbổ sung|\bhợp nhất|\bamend|\bchanged\b|\bconsolidated", re.IGNORECASE)


class LawState(StrEnum):
    """What became of a law: a newer one stands in its place, it ended, a newer one governs its subject
    although its end was not found, or it goes on as amended."""

    REPLACED = "replaced"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"
    AMENDED = "amended"


_Number = Annotated[Text, Field(pattern=r"^\d+/(\d{4}/)?[A-ZĐ]+\d*(-[A-ZĐa-z]+)*$")]


class Law(Strict):
    """A law as it was cited.

    since: the day from which that is wrong. names: how texts also call it.
    """

    old: _Number
    new: _Number | None = None
    since: datetime.date | None = None
    kind: LawState
    names: tuple[Text, ...] = ()
    note: Text | None = None

    def advice(self, sentence: str, text: str, today: datetime.date) -> str | None:
        """What is wrong with a sentence of a text that cites it; None if nothing is, or it is not cited.

        That it was amended may stand elsewhere in the text.
        """
        if (self.since and self.since > today) or not (cited := self._cited.search(sentence)):
            return None
        if self.new and self.new in sentence:
            return None
        if _AMENDED.search(text) if self.kind is LawState.AMENDED else _PAST.search(sentence):
            return None
        since = f" since {self.since}" if self.since else ""
        by = f" by {self.new}" if self.new else ""
        what = {
            LawState.REPLACED: f"was replaced{by}{since}: cite that, or say that it was replaced",
            LawState.EXPIRED: f"ended{since}: say so, or leave it out",
            LawState.OVERTAKEN: f"was overtaken{by}{since}: cite that, or say that it is the former rule",
            LawState.AMENDED: f"was amended{by}{since}: cite it as amended",
        }[self.kind]
        return f"{cited.group()} {what}"

    @cached_property
    def _cited(self) -> re.Pattern[str]:
        """Its number, its short form with the word for what it is, and its names."""
        number = re.escape(self.old)
        ways = [rf"(?<![\d/]){number}(?!\w)", *(rf"\b{re.escape(name)}(?![\d/]|\w)" for name in self.names)]
        short, _, letters = self.old.rpartition("/")
        if (word := _KINDS.get(letters[:2])) and "/" in short:
            ways.append(rf"\b(?:{word}) (?:số )?{re.escape(short)}(?![\d/])")
        return re.compile("|".join(ways))


_LAWS = TypeAdapter(tuple[Law, ...])


def read_laws(path: Path) -> tuple[tuple[Law, ...], list[Finding]]:
    """The laws of the table, none if there is none, and what is wrong with it."""
    try:
        file = read_yaml(path)
    except FileNotFoundError:
        return (), []
    except ContentError as error:
        return (), error.findings
    try:
        return _LAWS.validate_python(file.value or ()), list(file.warnings)
    except ValidationError as error:
        return (), file.invalid(error.errors()).findings
