"""The units that are recognised, as content/wards.yml has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from rapidfuzz import process
from rapidfuzz.distance import OSA

from nlu.wards.spelling import Token, tokens

LOOKUP = "ward"
"""The name of Rasa's lookup table in which the bot hands the units over, a line each:

    31378|xã|Phú Hữu
    former:31384|xã|Đông Phước|district:hau-giang.huyen-chau-thanh|31378
    district:hau-giang.huyen-chau-thanh|huyện|Châu Thành|Hậu Giang
    answer:city.my-ward

A unit of today: code, type and name. One of before: also its district, and the units of today in which it is
now, with + between. A district of before: also its province. And the answer on wards in general.
"""

FUZZY_LETTERS = 6
"""A name with fewer letters is recognised only as it is written."""


TWO_SLIPS_LETTERS = 12


def slips_most(word: str) -> int:
    """How many slips a name may have that is written in one word."""
    return 2 if len(word) >= TWO_SLIPS_LETTERS else 1


class Level(Enum):
    """What a name may stand for: a unit of today, one of before, a district, a province."""

    NOW = "now"
    FORMER = "former"
    DISTRICT = "district"
    PROVINCE = "province"


@dataclass(frozen=True)
class Place:
    """Something that has a name.

    id: as in the lookup table; of a province its name. type: "xã", "huyện", "tỉnh".
    district: the id of a former unit's. province: of a district, and of a former unit.
    became: of a former unit, the codes of today.
    """

    id: str
    level: Level
    type: str
    name: str
    district: str | None = None
    province: str | None = None
    became: tuple[str, ...] = ()

    @property
    def is_ward(self) -> bool:
        """Whether it is of the lowest level, of today or of before."""
        return self.level in {Level.NOW, Level.FORMER}


Key = tuple[str, ...]
"""The syllables of a name without diacritics; a number, also a Roman one, as digits."""


@dataclass
class Names:
    """Finds places by what they are called.

    places: by the syllables of their names. first: the syllables with which names begin.
    written: the syllables of each name as it is spelled.
    joined: the syllables by the name in one word, of names long enough to be recognised with a slip.
    by_first, by_last: those, by their first two letters and by their last three; most_letters of one.
    initials: districts by the first letters of their names. longest: how many syllables a name has at most.
    answer: the id of the answer on wards in general.
    """

    places: dict[Key, list[Place]] = field(default_factory=lambda: defaultdict(list))
    first: set[str] = field(default_factory=set)
    written: dict[str, tuple[Token, ...]] = field(default_factory=dict)
    joined: dict[str, Key] = field(default_factory=dict)
    by_first: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_last: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    initials: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    longest: int = 0
    most_letters: int = 0
    answer: str | None = None

    @classmethod
    def of(cls, lines: Iterable[str]) -> Names:
        """The names of a lookup table; none of no lines.

        Raises:
            ValueError: a line has another form.
        """
        rows = [line.split("|") for line in lines]
        districts = {row[0]: _district(row) for row in rows if row[0].startswith("district:")}
        names = cls()
        for district in districts.values():
            names._add(district)
            names.initials["".join(token.bare[0] for token in tokens(district.name))].append(district)
        for row in rows:
            if row[0].startswith("answer:"):
                names.answer = row[0].partition(":")[2]
            elif row[0].startswith("former:"):
                names._add(_former(row, districts))
            elif not row[0].startswith("district:"):
                code, kind, name = row
                names._add(Place(code, Level.NOW, kind, name))
        for province in dict.fromkeys(district.province or "" for district in districts.values()):
            names._add(Place(province, Level.PROVINCE, "tỉnh", province, province=province))
        for joined in names.joined:
            names.by_first[joined[:2]].add(joined)
            names.by_last[joined[-3:]].add(joined)
        names.most_letters = max(map(len, names.joined), default=0)
        return names

    def near(self, word: str) -> list[Key]:
        """The names that are long enough and have few slips if this word is theirs, nearest first."""
        most = slips_most(word)
        if not FUZZY_LETTERS - most <= len(word) <= self.most_letters + most:
            return []
        # One slip, be it two letters swapped, cannot be in the first two letters and in the last three.
        likely = (
            set(self.joined)
            if most > 1
            else self.by_first.get(word[:2], set()) | self.by_last.get(word[-3:], set())
        )
        found = (
            (distance, joined)
            for joined, distance, _ in process.extract_iter(
                word, likely, scorer=OSA.distance, score_cutoff=most
            )
        )
        return [self.joined[joined] for _, joined in sorted(found)]

    def _add(self, place: Place) -> None:
        self.written[place.name] = written = tuple(tokens(place.name))
        key = tuple(token.bare if len(written) > 1 else token.number or token.bare for token in written)
        self.places[key].append(place)
        self.first.add(key[0])
        if sum(len(part) for part in key if part.isalpha()) >= FUZZY_LETTERS:
            self.joined["".join(key)] = key
        self.longest = max(self.longest, len(key))


def _district(row: list[str]) -> Place:
    district_id, kind, name, province = row
    return Place(district_id, Level.DISTRICT, kind, name, province=province)


def _former(row: list[str], districts: dict[str, Place]) -> Place:
    former_id, kind, name, district, became = row
    province = districts[district].province
    return Place(former_id, Level.FORMER, kind, name, district, province, tuple(became.split("+")))
