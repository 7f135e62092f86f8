"""The languages that the bot answers in."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """A language the bot answers in."""

    VI = "vi"
    EN = "en"

    @property
    def other(self) -> Language:
        """The other of the two languages."""
        return Language.EN if self is Language.VI else Language.VI


DEFAULT_LANGUAGE = Language.VI
"""Of whoever has not shown another one."""
