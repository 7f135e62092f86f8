"""Ten ways in which people write where somebody lives, made for every former unit."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator

from bot.content.wards import FormerWard
from bot.text.folding import fold

_ABBREVIATED = {
    "phường": "P.", "xã": "X.", "thị trấn": "TT.", "quận": "Q.", "huyện": "H.", "thị xã": "TX.",
    "thành phố": "TP.",
}  # fmt: skip
_ENGLISH = {
    "phường": "ward", "xã": "commune", "thị trấn": "town", "quận": "district", "huyện": "district",
    "thị xã": "town", "thành phố": "city",
}  # fmt: skip

TYPO_LETTERS = 6
"""A slip in a shorter name makes another name of it."""


def _full(ward: FormerWard) -> str:
    return f"{ward.full_name.capitalize()[0]}{ward.full_name[1:]}, {ward.district}, {ward.province}"


def _abbreviated(ward: FormerWard) -> str:
    unit, district = _ABBREVIATED[ward.type], _ABBREVIATED[ward.district_type]
    return f"{unit}{ward.name}, {district}{ward.district_name}"


def _english(ward: FormerWard) -> str:
    unit, district = _ENGLISH[ward.type], _ENGLISH[ward.district_type]
    name = f"{unit} {ward.name}" if _is_number(ward) else f"{ward.name} {unit}"
    return f"{name}, {ward.district_name} {district}"


WAYS: dict[str, Callable[[FormerWard], str]] = {
    "full": _full,
    "full, no diacritics": lambda ward: fold(_full(ward)),
    "type": lambda ward: ward.full_name,
    "type, no diacritics": lambda ward: fold(ward.full_name),
    "type and district": lambda ward: f"{ward.full_name} {ward.district}",
    "names alone": lambda ward: f"{_named(ward)} {ward.district_name}",
    "names alone, no diacritics": lambda ward: fold(f"{_named(ward)} {ward.district_name}"),
    "abbreviated": _abbreviated,
    "abbreviated, no diacritics": lambda ward: fold(_abbreviated(ward)).replace(".", " ").replace(",", ""),
    "from the province down": lambda ward: f"{ward.province}, {ward.district}, {ward.full_name}",
    "English": _english,
}
"""By what each is called: from a unit to how it is written."""

TELLS_THE_DISTRICT = frozenset(WAYS) - {"type", "type, no diacritics"}
"""Ways that leave no choice."""


def _named(ward: FormerWard) -> str:
    """The name, with the type if it is but a number."""
    return ward.full_name if _is_number(ward) else ward.name


def _is_number(ward: FormerWard) -> bool:
    return ward.name.isdigit() or set(ward.name) <= set("IVX")


def with_a_slip(ward: FormerWard, chance: random.Random) -> Iterator[str]:
    """A unit with its type and district, twice: with diacritics and without any, each with one slip in the
    unit's name if that is long enough, else in the district's."""
    letters = sum(letter.isalpha() for letter in ward.name)
    for written in (str, fold):
        name, district = written(ward.name), written(ward.district_name)
        if letters >= TYPO_LETTERS:
            name = _slipped(name, chance)
        elif len(district.replace(" ", "")) >= TYPO_LETTERS:
            district = _slipped(district, chance)
        yield f"{written(ward.type)} {name} {written(ward.district_type)} {district}"


def _slipped(name: str, chance: random.Random) -> str:
    """The name with a letter too many, too few, another, or two the wrong way round."""
    places = [at for at, letter in enumerate(name) if letter.isalpha()]
    at = chance.choice(places)
    letter = chance.choice(string.ascii_lowercase)
    kinds = [name[:at] + letter + name[at:], name[:at] + name[at + 1 :], name[:at] + letter + name[at + 1 :]]
    if at + 1 < len(name) and name[at + 1].isalpha():
        kinds.append(name[:at] + name[at + 1] + name[at] + name[at + 2 :])
    return chance.choice(kinds)
