"""The wards and communes of the city, and the units of which they were made in 2025.

"Ward" stands for every unit of the lowest level here: ward (phường), commune (xã), town (thị trấn).
"""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from bot.content.schema import AnswerId
from bot.domain.answer import PartialDate, Source, Strict, Text, Url
from bot.text.folding import fold

WARDS = 103
FORMER_WARDS = 263
"""How many there are since Resolution 1668/NQ-UBTVQH15, and how many there were in the three provinces."""

KILOMETRES_A_DEGREE = 111.2
"""Of latitude. At the city's size the earth is flat enough."""

NEAR_KILOMETRES = 15
"""The largest unit is some 20 km long."""

Code = Annotated[Text, Field(pattern=r"^\d{5}$")]
"""The statistical office's. A former unit and the one that took it in may have the same."""


_DISTRICT = re.compile(r"^(quận|huyện|thị xã|thành phố) (.+)$")


class WardType(StrEnum):
    """What a unit of the lowest level is called; towns ended with the districts."""

    WARD = "phường"
    COMMUNE = "xã"
    TOWN = "thị trấn"


class Point(Strict):
    """A place on the map: degrees, WGS 84. It lies in Cần Thơ or not far from it."""

    lat: Annotated[float, Field(ge=8.5, le=11)]
    lon: Annotated[float, Field(ge=104.5, le=107)]


class FormerWard(Strict):
    """A unit as it was until 30 June 2025.

    district: with its type, "huyện Châu Thành". part: it was divided, and only a part came here.
    """

    code: Code
    type: WardType
    name: Text
    district: Annotated[Text, Field(pattern=_DISTRICT.pattern)]
    province: Text
    part: bool = False

    @property
    def full_name(self) -> str:
        """With its type: "xã Đông Phước"."""
        return f"{self.type} {self.name}"

    @property
    def district_type(self) -> str:
        """What its district was: "huyện"."""
        return _DISTRICT.sub(r"\1", self.district)

    @property
    def district_name(self) -> str:
        """Its district without the type: "Châu Thành"."""
        return _DISTRICT.sub(r"\2", self.district)

    @property
    def district_id(self) -> str:
        """A name for its district in a-z and hyphens, with the province, since names come twice:
        "hau-giang.huyen-chau-thanh"."""
        return ".".join(re.sub(r"[^a-z0-9]+", "-", fold(name)) for name in (self.province, self.district))


class WardOffice(Strict):
    """How to reach a unit's authority; what is not known is left out. map: the door, to be found on a map."""

    address: Text | None = None
    phone: Text | None = None
    map: Point | None = None
    page: Url | None = None
    source: Source | None = None
    checked: PartialDate | None = None

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.source is None and (self.address or self.phone or self.page):
            raise ValueError("an address, a phone or a page needs a `source` that gives it")
        return self


class Ward(Strict):
    """A unit as it is now.

    made_of: the former units that came to it. centre: its middle. office: None if nothing is known of it.
    """

    code: Code
    type: WardType
    name: Text
    made_of: Annotated[tuple[FormerWard, ...], Field(min_length=1)]
    centre: Point
    office: WardOffice | None = None

    @property
    def full_name(self) -> str:
        """With its type: "phường Ninh Kiều"."""
        return f"{self.type} {self.name}"

    @field_validator("type")
    @classmethod
    def _no_town(cls, ward_type: WardType) -> WardType:
        if ward_type is WardType.TOWN:
            raise ValueError("write phường or xã; there are no towns any more")
        return ward_type


@dataclass(frozen=True, slots=True)
class FormerDistrict:
    """A district, a town or a provincial city that ended with June 2025.

    name: with its type. former: its units; now: those in which they are.
    """

    id: str
    name: str
    province: str
    former: tuple[FormerWard, ...]
    now: tuple[Ward, ...]


Place = Ward | FormerWard | FormerDistrict


class Wards(Strict):
    """The whole table.

    since: the day from which the new units are. checked: when the table was last looked over.
    answer: the one on wards in general; papers: the one on papers that name a unit of before.
    """

    since: datetime.date
    checked: datetime.date
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    answer: AnswerId | None = None
    papers: AnswerId | None = None
    units: tuple[Ward, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Each unit of before and after once, and a divided one under two names of today at least."""
        if twice := _twice(ward.code for ward in self.units):
            raise ValueError(f"units: the code {twice} stands twice")
        if twice := _twice(ward.full_name for ward in self.units):
            raise ValueError(f"units: {twice} stands twice")
        if len(self.units) != WARDS:
            raise ValueError(f"units: there are {len(self.units)}, and the city has {WARDS}")
        for ward in self.units:
            if twice := _twice(former.code for former in ward.made_of):
                raise ValueError(f"units: the code {twice} stands twice below {ward.full_name}")
        for former, *others in self._formers.values():
            if any(other.model_copy(update={"part": former.part}) != former for other in others):
                raise ValueError(f"units: the former unit {former.code} is described in two ways")
            if any(one.part is not bool(others) for one in (former, *others)):
                problem = "stands under several units" if others else "stands under one unit only"
                raise ValueError(
                    f"units: {former.full_name} ({former.code}) {problem}; `part: true` is for divided ones"
                )
        if len(self._formers) != FORMER_WARDS:
            raise ValueError(f"units: {len(self._formers)} former units of {FORMER_WARDS} are accounted for")
        return self

    @cached_property
    def _formers(self) -> Mapping[str, list[FormerWard]]:
        found: dict[str, list[FormerWard]] = {}
        for ward in self.units:
            for former in ward.made_of:
                found.setdefault(former.code, []).append(former)
        return found

    @cached_property
    def now(self) -> Mapping[str, Ward]:
        """The units of today, by code."""
        return {ward.code: ward for ward in self.units}

    @cached_property
    def former(self) -> Mapping[str, FormerWard]:
        """The units of before, by code."""
        return {code: same[0] for code, same in self._formers.items()}

    @cached_property
    def became(self) -> Mapping[str, tuple[Ward, ...]]:
        """The units of today in which each unit of before is now, by its code."""
        found: dict[str, tuple[Ward, ...]] = {}
        for ward in self.units:
            for former in ward.made_of:
                found[former.code] = (*found.get(former.code, ()), ward)
        return found

    @cached_property
    def districts(self) -> Mapping[str, FormerDistrict]:
        """The districts of before, by id."""
        within: dict[str, list[FormerWard]] = {}
        for former in self.former.values():
            within.setdefault(former.district_id, []).append(former)
        return {
            district_id: FormerDistrict(
                id=district_id,
                name=formers[0].district,
                province=formers[0].province,
                former=tuple(formers),
                now=tuple(dict.fromkeys(ward for former in formers for ward in self.became[former.code])),
            )
            for district_id, formers in within.items()
        }

    def nearest(self, latitude: float, longitude: float, most: int) -> list[Ward]:
        """The units whose centres are nearest to a place, in degrees; none if it lies far from all."""

        def kilometres(ward: Ward) -> float:
            north = (ward.centre.lat - latitude) * KILOMETRES_A_DEGREE
            east = (ward.centre.lon - longitude) * KILOMETRES_A_DEGREE * math.cos(math.radians(latitude))
            return math.hypot(north, east)

        near = sorted(self.units, key=kilometres)[:most]
        return near if near and kilometres(near[0]) <= NEAR_KILOMETRES else []

    def find(self, place_id: str) -> Place | None:
        """What an id stands for: "31378" for a unit of today, "former:31384" for one of before,
        "district:hau-giang.huyen-chau-thanh" for a district."""
        kind, _, name = place_id.rpartition(":")
        places: Mapping[str, Mapping[str, Place]] = {
            "": self.now,
            "former": self.former,
            "district": self.districts,
        }
        return places.get(kind, {}).get(name)


def _twice(values: object) -> str | None:
    counts = Counter(values)  # type: ignore[call-overload]
    return next((value for value, count in counts.items() if count > 1), None)
