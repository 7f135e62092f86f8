"""Two versions that began from the same one, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.content.fields import Value, changed, flat, is_same, nested

Who = Literal["you", "them", "both"]


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field in which two versions differ; None: it is not there.

    base: what both began from. changed_by: who of the two changed it since; both, too, where nobody knows
    the base. chosen: whose content is preselected.
    """

    path: str
    base: object
    yours: object
    theirs: object
    changed_by: Who

    @property
    def chosen(self) -> Literal["yours", "theirs"]:
        """Theirs where they alone changed it. Where both did, yours, with theirs beside it."""
        return "theirs" if self.changed_by == "them" else "yours"


def differences(
    base: Mapping[str, object] | None, yours: Mapping[str, object], theirs: Mapping[str, object]
) -> tuple[FieldDifference, ...]:
    """The fields in which two versions differ; `base` is what both began from, None if nobody knows."""
    began, mine, other = flat(base) if base is not None else None, flat(yours), flat(theirs)
    return tuple(
        FieldDifference(
            path, began.get(path) if began is not None else None, mine.get(path), other.get(path),
            _who(began, path, mine.get(path), other.get(path)),
        )
        for path in changed(yours, theirs)
    )  # fmt: skip


def merged(yours: Mapping[str, object], found: Iterable[FieldDifference]) -> Value:
    """Your version with what they alone changed."""
    fields = flat(yours)
    for difference in found:
        if difference.chosen == "theirs":
            fields[difference.path] = difference.theirs
    return nested(fields)


def _who(base: Mapping[str, object] | None, path: str, yours: object, theirs: object) -> Who:
    if base is None:
        return "both"
    if is_same(base.get(path), theirs):
        return "you"
    return "them" if is_same(base.get(path), yours) else "both"
