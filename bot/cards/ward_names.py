"""What wards, communes and districts are called in a language, and where they are on a map."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from bot.content.messages import WardSentences
from bot.content.wards import FormerDistrict, FormerWard, Place, Point, Ward
from bot.domain.language import Language


@dataclass(frozen=True, slots=True)
class WardNames:
    """Names in one language, as the sentences of content/messages.yml make them."""

    sentences: WardSentences
    language: Language

    def of(self, place: Place) -> str:
        """The name with its kind: "phường Ninh Kiều", "Ninh Kiều ward"."""
        sentences = self.sentences
        if isinstance(place, FormerDistrict):
            return self.of_district(place.name)
        if re.fullmatch(r"\d+|[IVX]+", place.name):
            return sentences.numbered[self.language].format(name=place.name)
        pattern = {"phường": sentences.ward, "xã": sentences.commune, "thị trấn": sentences.town}[place.type]
        return pattern[self.language].format(name=place.name)

    def of_district(self, full_name: str) -> str:
        """The name of a district that is given with its kind in Vietnamese."""
        sentences = self.sentences
        for kind, pattern in (
            ("quận ", sentences.urban_district),
            ("huyện ", sentences.rural_district),
            ("thị xã ", sentences.district_town),
            ("thành phố ", sentences.provincial_city),
        ):
            if full_name.startswith(kind):
                return pattern[self.language].format(name=full_name.removeprefix(kind))
        return full_name

    def around(self, place: FormerWard | FormerDistrict) -> str:
        """The district and the province of a unit of before; of a district the province."""
        if isinstance(place, FormerDistrict):
            return place.province
        return f"{self.of_district(place.district)}, {place.province}"

    def list_of(self, wards: Iterable[Ward]) -> str:
        """Several names in a row."""
        return ", ".join(self.of(ward) for ward in wards)


def capital(text: str) -> str:
    """The text with its first letter as a capital, be it in bold."""
    at = next((at for at, letter in enumerate(text) if letter.isalnum()), 0)
    return text[:at] + text[at : at + 1].upper() + text[at + 1 :]


def map_url(ward: Ward) -> str:
    """The office on a map if its place is known, else the middle of the ward (Google's Maps URL)."""
    point: Point = ward.office.map if ward.office and ward.office.map else ward.centre
    return "https://www.google.com/maps/search/?" + urlencode({"api": 1, "query": f"{point.lat},{point.lon}"})
