"""What the classifier read in a message beyond its intent, as it travels with the message."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

READING = "reading"
"""The key under which it stands in Rasa's parse data."""


@dataclass(frozen=True)
class Reading:
    """also: further answers asked for in the same message. choices: the answers that it may mean,
    best first. choice: which of the choices offered before, from 1, or from the end if negative.
    sides: how likely the words ask for each side of an answer, if for one. subjects: those that the answer
    which was read is all about.
    points: whether a word points at what was said before ("that pagoda").
    language: what the message seems to be in, where that is not sure. other_language: the code of the
    language that it is in, if that is neither Vietnamese nor English. wards, is_unknown_ward, address,
    names_only_wards: what nlu.wards.recogniser.Recognition says of the units that it names."""

    also: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    choice: int | None = None
    sides: dict[str, float] = field(default_factory=dict)
    subjects: list[str] = field(default_factory=list)
    points: bool = False
    language: str | None = None
    other_language: str | None = None
    wards: list[str] = field(default_factory=list)
    is_unknown_ward: bool = False
    address: list[int] | None = None
    names_only_wards: bool = False

    def as_json(self) -> dict[str, Any]:
        """For Rasa's parse data."""
        return asdict(self)

    @classmethod
    def of(cls, message: Any) -> Reading:
        """The reading of a UserUttered event; an empty one for a button."""
        parse_data = getattr(message, "parse_data", None) or {}
        return cls(**parse_data.get(READING, {}))
